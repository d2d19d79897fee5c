// IEM's matters (alerts, trend reports, requests for information and for release), as their
// originators signed them.
#ifndef ENTENTE_CLIENTS_SDK_IEM_MATTERS_H_
#define ENTENTE_CLIENTS_SDK_IEM_MATTERS_H_

#include <functional>
#include <string>

#include "clients/sdk/chain.h"
#include "entente/iem/v1/matter_service.pb.h"

namespace entente::sdk {

// A matter, folded from the verified documents of its chain.
struct VerifiedMatter {
  Chain chain;
  google::protobuf::Any body;  // the newest content: an Alert, a TrendReport or a request
  iem::v1::MatterState state = iem::v1::MATTER_STATE_OPEN;
  bool erased = false;  // the document with the newest content was
};

// DATA_LOSS/LEDGER_FORKED where the documents are none of a matter.
absl::StatusOr<VerifiedMatter> FoldMatter(Chain chain);
absl::StatusOr<VerifiedMatter> FetchMatter(const Client& client, const std::string& name);

// Calls `take` with each matter that a filter finds, as the service says, until it returns false.
absl::Status ForEachMatter(const Client& client, const std::string& filter,
                           const std::function<bool(const iem::v1::Matter&)>& take);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_IEM_MATTERS_H_
