// How a process's memory is shared out: what calls, connections and buffers may take at most, and
// what is left for what is recorded (docs/OPERATING.md, "Memory").
#ifndef ENTENTE_SERVICES_CORE_RPC_MEMORY_PLAN_H_
#define ENTENTE_SERVICES_CORE_RPC_MEMORY_PLAN_H_

#include <cstdint>
#include <string>

#include "entente/config/v1/server_config.pb.h"

namespace entente::rpc {

// The quota of gRPC's own buffers, of one group.
inline constexpr uint64_t kTransportBytesMax = 96 << 20;
// Serialised entries that one group keeps for followers.
inline constexpr uint64_t kFeedBytesMax = 24 << 20;

// Bytes.
struct MemoryPlan {
  uint64_t limit = 0;      // of the process
  uint64_t base = 0;       // programs, libraries, threads, SQLite's cache
  uint64_t in_flight = 0;  // all that Budget may give
  uint64_t transport = 0;  // gRPC's quota
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

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_MEMORY_PLAN_H_
