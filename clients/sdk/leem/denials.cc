#include "clients/sdk/leem/denials.h"

#include "clients/sdk/calls.h"
#include "entente/leem/v1/denial_service.grpc.pb.h"
#include "services/core/base/status.h"

namespace entente::sdk {

constexpr int kPageSize = 500;

absl::StatusOr<VerifiedDenial> FoldDenial(Chain chain) {
  VerifiedDenial denial;
  for (const VerifiedEntry& entry : chain) {
    const absl::Status taken = leem::Take(entry.document, entry.leaf, denial.standing);
    if (!taken.ok()) {
      return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked, "{}",
                          base::Text(taken));
    }
    leem::v1::DenialNotification notification;
    leem::v1::DenialAmendment amendment;
    const auto& body = entry.document.body();
    if (body.UnpackTo(&notification)) {
      denial.content = std::move(*notification.mutable_content());
    } else if (body.UnpackTo(&amendment)) {
      denial.content = std::move(*amendment.mutable_content());
    } else {
      continue;
    }
    denial.erased = entry.erased();
  }
  denial.chain = std::move(chain);
  return denial;
}

absl::StatusOr<VerifiedDenial> FetchDenial(const Client& client, const std::string& name) {
  ENTENTE_ASSIGN_OR_RETURN(Chain chain, FetchChain(client, name));
  return FoldDenial(std::move(chain));
}

absl::Status ForEachDenial(const Client& client, const leem::v1::DenialFilter& filter,
                           const std::function<bool(const leem::v1::Denial&)>& take) {
  leem::v1::ListDenialsRequest request;
  *request.mutable_filter() = filter;
  request.set_page_size(kPageSize);
  return ForEachPage(client, &leem::v1::DenialService::Stub::ListDenials, request,
                     [&](leem::v1::ListDenialsResponse& page) -> absl::StatusOr<bool> {
                       for (const auto& denial : page.denials()) {
                         if (!take(denial)) return false;
                       }
                       return true;
                     });
}

}  // namespace entente::sdk
