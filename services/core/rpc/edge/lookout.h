// Nothing is read from any socket by gRPC unless somebody has looked at the connections a moment
// ago: where the thread that looks is late, whoever is about to read looks first (ADR 16).
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_LOOKOUT_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_LOOKOUT_H_

#include <chrono>
#include <functional>
#include <utility>

#include "services/core/base/mutex.h"

namespace entente::rpc {

// Calls a server's look, at the latest when a reader finds the last one too old. Thread-safe.
class Lookout {
 public:
  // `look` is called by one thread at a time. It must not read from a socket, nor wait for anybody
  // who may be reading; all reading waits for it. Without a call of Look for so long, readers call
  // it.
  Lookout(std::function<void()> look, std::chrono::milliseconds late_after);
  // Waits for a look that runs.
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  void Look();

 private:
  friend struct Lookouts;
  using Time = std::chrono::steady_clock::time_point;
  // When it is late next. Looks if it is late now.
  Time LookIfLate();
  void LookNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void()> look_;
  const std::chrono::milliseconds late_after_;
  base::Mutex mutex_;
  Time looked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_LOOKOUT_H_
