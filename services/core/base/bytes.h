// Bytes and their text forms. Byte strings are std::string and std::string_view throughout, as in
// Protocol Buffers' `bytes`.
#ifndef ENTENTE_SERVICES_CORE_BASE_BYTES_H_
#define ENTENTE_SERVICES_CORE_BASE_BYTES_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace entente::base {

// A SHA-256 value.
struct Digest {
  std::array<uint8_t, 32> bytes{};

  // From exactly 32 bytes; nothing for any other length.
  static std::optional<Digest> From(std::string_view data);
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string str() const { return std::string(view()); }
  std::string hex() const;
  auto operator<=>(const Digest&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const Digest& d) {
    uint64_t word;
    std::memcpy(&word, d.bytes.data(), sizeof word);
    return H::combine(std::move(h), word);
  }
};

// Lower-case hexadecimal.
std::string ToHex(std::string_view data);
// Nothing if `text` is not an even number of hexadecimal digits.
std::optional<std::string> FromHex(std::string_view text);
// RFC 4648 §4, with padding.
std::string ToBase64(std::string_view data);
// Strict RFC 4648 §4: padding required, no white space, no non-zero trailing bits.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_BYTES_H_
