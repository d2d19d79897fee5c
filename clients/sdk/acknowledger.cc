#include "clients/sdk/acknowledger.h"

#include "services/core/base/status.h"
#include "services/core/identity/acknowledgement.h"

namespace entente::sdk {

namespace pb = entente::exchange::v1;

std::vector<pb::AcknowledgeRequest> Acknowledger::Due(const Agency& agency, absl::Time now,
                                                      bool all) const {
  std::vector<pb::AcknowledgeRequest> requests;
  for (const auto& [ledger, head] : marked_) {
    auto said = said_.find(ledger);
    if (said != said_.end() &&
        (head.size <= said->second.size || (!all && now < said->second.time + interval_))) {
      continue;
    }
    pb::Acknowledgement acknowledgement;
    acknowledgement.set_service(service_);
    acknowledgement.set_agency(agency.name().str());
    acknowledgement.set_ledger(ledger);
    acknowledgement.set_size(head.size);
    acknowledgement.set_root(head.root.str());
    entry::SetTime(now, acknowledgement.mutable_acknowledged_time());
    if (requests.empty() ||
        requests.back().acknowledgements_size() == identity::kAcknowledgementsMax) {
      requests.emplace_back();
    }
    *requests.back().add_acknowledgements() =
        identity::SignAcknowledgement(acknowledgement, *agency.tls());
  }
  return requests;
}

void Acknowledger::Done(const pb::AcknowledgeRequest& request, absl::Time now) {
  for (const auto& one : request.acknowledgements()) {
    pb::Acknowledgement acknowledgement;
    ENTENTE_CHECK(acknowledgement.ParseFromString(one.acknowledgement()));
    said_[acknowledgement.ledger()] = {acknowledgement.size(), now};
  }
}

}  // namespace entente::sdk
