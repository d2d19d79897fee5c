// How a process's memory is shared out: what calls, connections and buffers may take at most, and
// what is left for what is recorded (docs/OPERATING.md, "Memory").
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_MEMORY_PLAN_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_MEMORY_PLAN_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "entente/config/v1/server_config.pb.h"
#include "services/core/base/mutex.h"

namespace entente::rpc {

// What gRPC's own buffers may take, of one group.
inline constexpr uint64_t kTransportBytesMax = 96 << 20;
// Serialised entries that one group keeps for followers.
inline constexpr uint64_t kFeedBytesMax = 24 << 20;

// Bytes.
struct MemoryPlan {
  uint64_t limit = 0;      // of the process
  uint64_t base = 0;       // programs, libraries, threads, SQLite's cache
  uint64_t in_flight = 0;  // all that Budget may give
  uint64_t transport = 0;  // gRPC's own buffers
  uint64_t unproven = 0;   // connections that gRPC has and nobody has proven
  uint64_t feed = 0;
  uint64_t state = 0;  // what is left for one group's state
  std::string Text() const;
};

// Of a process that serves `groups` groups to `agencies` agencies. Where nothing is left a group
// gets 16 MiB all the same: what was recorded is read, and nothing new is taken.
MemoryPlan PlanMemory(const entente::config::v1::Limits& limits, int groups, int agencies);

// The memory limit of this process's cgroup, of either version; 0: none.
uint64_t CgroupMemoryLimit();

// Whether a process has more memory than its plan explains. Thread-safe.
class MemoryWatch {
 public:
  // Bytes in memory of a process, as the system counts them.
  using Resident = std::function<uint64_t()>;
  explicit MemoryWatch(Resident resident = nullptr) : resident_(std::move(resident)) {}
  // What is recorded takes, in a group. The plan is the same for all of a process.
  void Note(const MemoryPlan& plan, const std::string& group, uint64_t state_bytes);
  // True if gRPC's buffers must have passed their share: everything else is at its most, and half
  // of the limit is used.
  bool IsShort() const;
  // Gives back to the system what is free; false, and nothing is done, within a second of the last
  // time.
  bool Trim();

 private:
  Resident resident_;
  mutable base::Mutex mutex_;
  uint64_t bytes_max_ ABSL_GUARDED_BY(mutex_) = UINT64_MAX;
  std::map<std::string, uint64_t> states_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point trimmed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_MEMORY_PLAN_H_
