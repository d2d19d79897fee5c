#include "clients/sdk/kinds.h"

#include <set>

#include "entente/exchange/v1/erasure.pb.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "entente/iem/v1/request.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "entente/tem/v1/annex.pb.h"
#include "entente/tem/v1/crosswalk.pb.h"
#include "entente/tem/v1/proposal.pb.h"

namespace entente::sdk {

// One kind of each file that declares some.
size_t KnowKinds() {
  static const std::set<const google::protobuf::FileDescriptor*> kFiles = {
      exchange::v1::Erasure::descriptor()->file(),
      iem::v1::Alert::descriptor()->file(),
      iem::v1::TrendReport::descriptor()->file(),
      iem::v1::ReleaseRequest::descriptor()->file(),
      leem::v1::DenialNotification::descriptor()->file(),
      tem::v1::AnnexEdition::descriptor()->file(),
      tem::v1::Crosswalk::descriptor()->file(),
      tem::v1::Proposal::descriptor()->file()};
  return kFiles.size();
}

}  // namespace entente::sdk
