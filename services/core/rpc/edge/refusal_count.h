// Counts refusals, so that few lines tell of many: nobody fills a disk by being refused.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_REFUSAL_COUNT_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_REFUSAL_COUNT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "services/core/base/mutex.h"

namespace entente::rpc {

// Thread-safe. Callers are agencies of the directory, so few.
class RefusalCount {
 public:
  // Each caller has `lines_max` lines in a second.
  explicit RefusalCount(int lines_max) : lines_max_(lines_max) {}

  // How many refusals the line that is due now stands for, this one and those that had none before
  // it; 0: none is due.
  uint64_t Count(const std::string& caller, absl::Time now) {
    base::MutexLock lock(mutex_);
    auto [it, fresh] = counts_.try_emplace(caller, Since{now});
    Since& since = it->second;
    ++since.refusals;
    if (now - since.began >= absl::Seconds(1)) {
      since.began = now;
      since.lines = 0;
    }
    if (since.lines >= lines_max_) return 0;
    ++since.lines;
    return std::exchange(since.refusals, 0);
  }

 private:
  struct Since {
    absl::Time began;
    int lines = 0;  // since then
    uint64_t refusals = 0;
  };
  const int lines_max_;
  base::Mutex mutex_;
  std::map<std::string, Since> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_REFUSAL_COUNT_H_
