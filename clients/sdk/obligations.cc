#include "clients/sdk/obligations.h"

#include <iterator>

#include "clients/sdk/calls.h"

namespace entente::sdk {

constexpr int kPageSize = 500;

absl::StatusOr<std::vector<pb::Obligation>> FetchObligations(const Client& client) {
  std::vector<pb::Obligation> all;
  pb::ListObligationsRequest request;
  request.set_page_size(kPageSize);
  ENTENTE_RETURN_IF_ERROR(ForEachPage(
      client, &pb::ExchangeService::Stub::ListObligations, request,
      [&](pb::ListObligationsResponse& response) -> absl::StatusOr<bool> {
        auto& page = *response.mutable_obligations();
        all.insert(all.end(), std::make_move_iterator(page.begin()),
                   std::make_move_iterator(page.end()));
        return true;
      },
      kListInMemory));
  return all;
}

}  // namespace entente::sdk
