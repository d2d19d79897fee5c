// What a follower tells the service of what it holds: each ledger at most once a minute, all of
// them when it ends, and never more than checkpoints cover.
#ifndef ENTENTE_CLIENTS_SDK_ACKNOWLEDGER_H_
#define ENTENTE_CLIENTS_SDK_ACKNOWLEDGER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/sdk/agency.h"
#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/entry/entry.h"

namespace entente::sdk {

// Not thread-safe.
class Acknowledger {
 public:
  Acknowledger(std::string service, absl::Duration interval)
      : service_(std::move(service)), interval_(interval) {}

  // What is safely held, and covered by checkpoints.
  void Mark(std::map<std::string, entry::Head> heads) { marked_ = std::move(heads); }
  // Signs what is due at `now`, or with `all` whatever is not acknowledged yet, in requests that
  // are small enough. Empty: nothing is due.
  std::vector<entry::pb::AcknowledgeRequest> Due(const Agency& agency, absl::Time now,
                                                 bool all) const;
  // The service has them, or will not have them before the next are due.
  void Done(const entry::pb::AcknowledgeRequest& request, absl::Time now);

 private:
  struct Said {
    uint64_t size = 0;
    absl::Time time = absl::InfinitePast();
  };
  const std::string service_;
  const absl::Duration interval_;
  std::map<std::string, entry::Head> marked_;
  std::map<std::string, Said> said_;  // by ledger
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_ACKNOWLEDGER_H_
