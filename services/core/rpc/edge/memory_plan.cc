#include "services/core/rpc/edge/memory_plan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/rpc/edge/budget.h"

namespace entente::rpc {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kBase = 30 * kMiB;
constexpr uint64_t kUnprovenConnectionBytes = 50 << 10;
constexpr uint64_t kStateLeast = 16 * kMiB;

uint64_t OrDefault(int64_t value, uint64_t fallback) {
  return value > 0 ? static_cast<uint64_t>(value) : fallback;
}

uint64_t MachineMemory() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

// The number in a file; 0 where there is none, as in "max".
uint64_t NumberIn(const std::string& path) {
  const std::string text = base::ReadFile(path).value_or("");
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The second number of /proc/self/statm, in pages; 0 where there is none.
uint64_t ResidentBytes() {
  static const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char text[128] = {};
  if (::pread(fd, text, sizeof text - 1, 0) <= 0) return 0;
  const std::string_view numbers = text;
  const size_t second = numbers.find(' ') + 1;
  uint64_t pages = 0;
  std::from_chars(numbers.data() + second, numbers.data() + numbers.size(), pages);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

}  // namespace

uint64_t CgroupMemoryLimit() {
  // Lines "hierarchy:controllers:path"; version 2 has no controllers in its line.
  const std::string groups = base::ReadFile("/proc/self/cgroup").value_or("");
  uint64_t least = 0;
  for (size_t at = 0; at < groups.size();) {
    const size_t end = std::min(groups.find('\n', at), groups.size());
    const std::string line = groups.substr(at, end - at);
    at = end + 1;
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    // In a container the group is mounted at the root, whatever its path is outside.
    for (const std::string& below : {path, std::string()}) {
      uint64_t limit = 0;
      if (controllers.empty()) limit = NumberIn("/sys/fs/cgroup" + below + "/memory.max");
      if (controllers == "memory") {
        limit = NumberIn("/sys/fs/cgroup/memory" + below + "/memory.limit_in_bytes");
      }
      if (limit != 0 && limit < MachineMemory()) {
        least = least == 0 ? limit : std::min(least, limit);
      }
    }
  }
  return least;
}

MemoryPlan PlanMemory(const entente::config::v1::Limits& limits, int groups, int agencies) {
  const auto many = static_cast<uint64_t>(std::max(groups, 1));
  const Budget::Options budget;
  MemoryPlan plan;
  const uint64_t cgroup = CgroupMemoryLimit();
  plan.limit = OrDefault(limits.memory_bytes_max(), cgroup != 0 ? cgroup : MachineMemory() / 2);
  plan.base = kBase;
  plan.in_flight = many * (OrDefault(limits.in_flight_bytes_max(), budget.shared_bytes_max) +
                           static_cast<uint64_t>(std::max(agencies, 0)) * budget.guaranteed_bytes);
  plan.transport = many * kTransportBytesMax;
  plan.unproven =
      many * OrDefault(limits.unproven_connections_max(), 256) * kUnprovenConnectionBytes;
  plan.feed = many * OrDefault(limits.feed_bytes_max(), kFeedBytesMax);
  const uint64_t taken = plan.base + plan.in_flight + plan.transport + plan.unproven + plan.feed;
  const uint64_t left = plan.limit > taken ? plan.limit - taken : 0;
  plan.state = std::max(left / many, kStateLeast);
  return plan;
}

void MemoryWatch::Note(const MemoryPlan& plan, const std::string& group, uint64_t state_bytes) {
  base::MutexLock lock(mutex_);
  states_[group] = state_bytes;
  uint64_t explained = plan.base + plan.in_flight + plan.transport + plan.unproven + plan.feed;
  for (const auto& [name, bytes] : states_) explained += bytes;
  const uint64_t most = plan.limit > plan.transport ? plan.limit - plan.transport : plan.limit;
  bytes_max_ = std::min(std::max(explained, plan.limit / 2), most);
}

bool MemoryWatch::IsShort() const {
  const uint64_t resident = resident_ ? resident_() : ResidentBytes();
  base::MutexLock lock(mutex_);
  return resident > bytes_max_;
}

bool MemoryWatch::Trim() {
  constexpr auto kTrimEvery = std::chrono::seconds(1);
  {
    const auto now = std::chrono::steady_clock::now();
    base::MutexLock lock(mutex_);
    if (now - trimmed_ < kTrimEvery) return false;
    trimmed_ = now;
  }
  ::malloc_trim(0);
  return true;
}

std::string MemoryPlan::Text() const {
  return fmt::format(
      "{} MiB: base {}, in flight {}, transport {}, unproven connections {}, feed {}, state {} a "
      "group",
      limit / kMiB, base / kMiB, in_flight / kMiB, transport / kMiB, unproven / kMiB, feed / kMiB,
      state / kMiB);
}

}  // namespace entente::rpc
