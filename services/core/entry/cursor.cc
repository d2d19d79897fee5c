#include "services/core/entry/cursor.h"

#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/entry/audience.h"

namespace entente::entry {
namespace {

using base::Reason;

absl::Status BadCursor(std::string_view text) {
  return base::RefuseArgument(Reason::kCursorMalformed,
                              "cursor {}; use one from this service, or none to start over", text);
}

}  // namespace

std::string Cursor::Encode(std::string_view service) const {
  std::string text = "entente-cursor-v1\n" + std::string(service) + "\n";
  for (const auto& [ledger, index] : next) text += fmt::format("{} {}\n", ledger, index);
  return text;
}

absl::StatusOr<Cursor> Cursor::Decode(std::string_view service, std::string_view bytes) {
  Cursor cursor;
  if (bytes.size() > kCursorBytesMax) return BadCursor("is larger than 512 KiB");
  const auto lines = base::Split(bytes, '\n');
  if (lines.size() < 3 || lines[0] != "entente-cursor-v1" || !lines.back().empty()) {
    return BadCursor("is malformed");
  }
  if (lines[1] != service) return BadCursor("is of another service");
  for (size_t i = 2; i + 1 < lines.size(); ++i) {
    const auto parts = base::Split(lines[i], ' ');
    const auto index = parts.size() == 2 ? base::ParseDecimal(parts[1]) : std::nullopt;
    if (!index || !IsLedgerId(parts[0]) ||
        !cursor.next.emplace(std::string(parts[0]), *index).second) {
      return BadCursor("is malformed");
    }
  }
  return cursor;
}

}  // namespace entente::entry
