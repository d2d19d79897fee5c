#include "clients/sdk/iem/matters.h"

#include "clients/sdk/calls.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/matter_service.grpc.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "entente/iem/v1/request.pb.h"
#include "services/core/base/status.h"

namespace entente::sdk {
namespace {

constexpr int kPageSize = 500;

// Takes the next document of a matter's chain; false for what is none.
bool Take(const VerifiedEntry& entry, VerifiedMatter& matter) {
  const auto& body = entry.document.body();
  iem::v1::AlertClosure closure;
  if (matter.state != iem::v1::MATTER_STATE_OPEN) return false;
  if (body.Is<iem::v1::Alert>() || body.Is<iem::v1::TrendReport>() ||
      body.Is<iem::v1::InformationRequest>() || body.Is<iem::v1::ReleaseRequest>()) {
    if (!matter.body.type_url().empty() && matter.body.type_url() != body.type_url()) return false;
    matter.body = body;
    matter.erased = entry.erased();
    return true;
  }
  if (body.UnpackTo(&closure) && matter.body.Is<iem::v1::Alert>()) {
    matter.state = closure.outcome() == iem::v1::AlertClosure::OUTCOME_WITHDRAWN
                       ? iem::v1::MATTER_STATE_WITHDRAWN
                       : iem::v1::MATTER_STATE_CLOSED;
    return true;
  }
  if (!body.Is<iem::v1::RequestClosure>() || !matter.body.Is<iem::v1::InformationRequest>()) {
    return false;
  }
  matter.state = iem::v1::MATTER_STATE_CLOSED;
  return true;
}

}  // namespace

absl::StatusOr<VerifiedMatter> FoldMatter(Chain chain) {
  VerifiedMatter matter;
  for (const VerifiedEntry& entry : chain) {
    if (Take(entry, matter)) continue;
    return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked,
                        "{} is no document of a matter, or out of order", entry.name());
  }
  matter.chain = std::move(chain);
  return matter;
}

absl::StatusOr<VerifiedMatter> FetchMatter(const Client& client, const std::string& name) {
  ENTENTE_ASSIGN_OR_RETURN(Chain chain, FetchChain(client, name));
  return FoldMatter(std::move(chain));
}

absl::Status ForEachMatter(const Client& client, const std::string& filter,
                           const std::function<bool(const iem::v1::Matter&)>& take) {
  iem::v1::ListMattersRequest request;
  request.set_filter(filter);
  request.set_page_size(kPageSize);
  return ForEachPage(client, &iem::v1::MatterService::Stub::ListMatters, request,
                     [&](iem::v1::ListMattersResponse& page) -> absl::StatusOr<bool> {
                       for (const auto& matter : page.matters()) {
                         if (!take(matter)) return false;
                       }
                       return true;
                     });
}

}  // namespace entente::sdk
