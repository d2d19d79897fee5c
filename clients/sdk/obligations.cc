#include "clients/sdk/obligations.h"

#include <iterator>

#include "services/core/base/status.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::sdk {

absl::StatusOr<std::vector<pb::Obligation>> FetchObligations(const Client& client) {
  std::vector<pb::Obligation> all;
  pb::ListObligationsRequest request;
  request.set_page_size(500);
  size_t bytes = 0;
  // A page may be empty though there are more.
  for (size_t pages = 0; pages <= kObligationsMax; ++pages) {
    grpc::ClientContext call;
    SetCallDeadline(call);
    pb::ListObligationsResponse response;
    ENTENTE_RETURN_IF_ERROR(
        rpc::FromGrpcStatus(client.stub().ListObligations(&call, request, &response)));
    bytes += response.ByteSizeLong();
    auto& page = *response.mutable_obligations();
    all.insert(all.end(), std::make_move_iterator(page.begin()),
               std::make_move_iterator(page.end()));
    if (response.next_page_token().empty()) return all;
    if (all.size() > kObligationsMax || bytes > kObligationBytesMax) break;
    request.set_page_token(response.next_page_token());
  }
  return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kDocumentMalformed,
                      "{} gives pages of obligations without an end", client.group());
}

}  // namespace entente::sdk
