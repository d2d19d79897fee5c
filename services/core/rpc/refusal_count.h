// Counts refusals of callers who come too often: one line per caller and second is written for all.
#ifndef ENTENTE_SERVICES_CORE_RPC_REFUSAL_COUNT_H_
#define ENTENTE_SERVICES_CORE_RPC_REFUSAL_COUNT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "services/core/base/mutex.h"

namespace entente::rpc {

// Thread-safe. Callers are agencies of the directory, so few.
class RefusalCount {
 public:
  // How many refusals the line that is due now stands for, this one included; 0: none is due.
  uint64_t Count(const std::string& caller, absl::Time now) {
    base::MutexLock lock(mutex_);
    auto [it, fresh] = counts_.try_emplace(caller, Since{now, 0});
    Since& since = it->second;
    ++since.refusals;
    if (!fresh && now - since.told < absl::Seconds(1)) return 0;
    since.told = now;
    return std::exchange(since.refusals, 0);
  }

 private:
  struct Since {
    absl::Time told;
    uint64_t refusals = 0;
  };
  base::Mutex mutex_;
  std::map<std::string, Since> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_REFUSAL_COUNT_H_
