// A text that a register keeps for good: eight bytes beside what it says, where a string takes 32.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_KEPT_TEXT_H_
#define ENTENTE_SERVICES_CORE_MACHINE_KEPT_TEXT_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "services/core/machine/footprint.h"

namespace entente::machine {

class KeptText {
 public:
  KeptText() = default;
  // At most 4 GiB.
  explicit KeptText(std::string_view text) {
    if (text.empty()) return;
    const auto size = static_cast<uint32_t>(text.size());
    bytes_ = std::make_unique_for_overwrite<char[]>(sizeof size + size);
    std::memcpy(bytes_.get(), &size, sizeof size);
    std::memcpy(bytes_.get() + sizeof size, text.data(), size);
  }

  std::string_view view() const {
    if (bytes_ == nullptr) return {};
    uint32_t size = 0;
    std::memcpy(&size, bytes_.get(), sizeof size);
    return {bytes_.get() + sizeof size, size};
  }
  // Bytes of memory beside the object itself.
  uint64_t HeapBytes() const {
    return bytes_ == nullptr ? 0 : AllocationBytes(sizeof(uint32_t) + view().size());
  }

 private:
  std::unique_ptr<char[]> bytes_;  // its length, then itself; null: empty
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_KEPT_TEXT_H_
