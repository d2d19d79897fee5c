// What kept values cost in memory: what an allocator gives, its own part included. Registers add
// them up as they apply, so that a service knows how much its state takes without looking at it all
// (docs/OPERATING.md, "Memory").
#ifndef ENTENTE_SERVICES_CORE_MACHINE_FOOTPRINT_H_
#define ENTENTE_SERVICES_CORE_MACHINE_FOOTPRINT_H_

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"

namespace entente::machine {

// An allocation of so many bytes: glibc's header, rounded up to 16.
inline uint64_t AllocationBytes(uint64_t bytes) {
  return bytes == 0 ? 0 : std::max<uint64_t>(32, (bytes + 8 + 15) / 16 * 16);
}
// Beside the string itself.
inline uint64_t HeapBytes(const std::string& text) {
  return text.capacity() <= 15 ? 0 : AllocationBytes(text.capacity() + 1);
}
template <typename T>
uint64_t HeapBytes(const std::vector<T>& list) {
  return AllocationBytes(list.capacity() * sizeof(T));
}
inline uint64_t HeapBytes(const std::vector<std::string>& list) {
  uint64_t bytes = AllocationBytes(list.capacity() * sizeof(std::string));
  for (const std::string& text : list) bytes += HeapBytes(text);
  return bytes;
}
template <typename T, size_t kInline>
uint64_t HeapBytes(const absl::InlinedVector<T, kInline>& list) {
  uint64_t bytes = list.capacity() <= kInline ? 0 : AllocationBytes(list.capacity() * sizeof(T));
  if constexpr (std::is_same_v<T, std::string>) {
    for (const std::string& text : list) bytes += HeapBytes(text);
  }
  return bytes;
}
// A set's texts are taken for short ones: adding up thousands at each change would cost more than
// it tells.
inline uint64_t HeapBytes(const std::set<std::string>& set) {
  return set.size() * AllocationBytes(32 + sizeof(std::string));
}

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_FOOTPRINT_H_
