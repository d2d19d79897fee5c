// Where a follower goes on.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_CURSOR_H_
#define ENTENTE_SERVICES_CORE_ENTRY_CURSOR_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace entente::entry {

inline constexpr size_t kCursorBytesMax = 512 << 10;

// Where a follower goes on: next index per ledger. Opaque on the wire.
struct Cursor {
  std::map<std::string, uint64_t> next;  // ledger -> first index not yet had
  // Bytes that name the service they belong to.
  std::string Encode(std::string_view service) const;
  // INVALID_ARGUMENT/CURSOR_MALFORMED if it is not one, or of another service. At most 512 KiB.
  static absl::StatusOr<Cursor> Decode(std::string_view service, std::string_view bytes);
};

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_CURSOR_H_
