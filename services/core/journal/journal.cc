#include "services/core/journal/journal.h"

#include <utility>

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::journal {

absl::Status CheckFormat(const std::string& where, int64_t format) {
  if (format == kFormat) return absl::OkStatus();
  const bool newer = format > kFormat;
  return base::Refuse(
      absl::StatusCode::kFailedPrecondition, base::Reason::kJournalFormat,
      "{}: written by {} release (format {}, this one knows {}); {}", where,
      newer ? "a newer" : "an older", format, kFormat,
      newer ? "start that release" : "start the release that wrote it, or begin a new journal");
}

std::string ErasedColumn(const Record& record) {
  if (!record.erased_at.has_value()) return "";
  std::string column = record.body_digest.str();
  for (const uint64_t number : {*record.erased_at, record.whole_bytes}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      column.push_back(static_cast<char>(number >> shift));
    }
  }
  return column;
}

bool ReadErasedColumn(std::string_view column, Record& record) {
  if (column.empty()) {
    record.body_digest = crypto::Sha256(record.body);
    record.erased_at.reset();
    return true;
  }
  const auto digest = base::Digest::From(column.substr(0, 32));
  if (column.size() != 48 || !digest.has_value()) return false;
  const auto number = [&](size_t at) {
    uint64_t value = 0;
    for (const char byte : column.substr(at, 8)) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  };
  record.body_digest = *digest;
  record.erased_at = number(32);
  record.whole_bytes = number(40);
  return true;
}

absl::Status NothingToErase(uint64_t position) {
  return base::Refuse(absl::StatusCode::kOutOfRange, base::Reason::kIndexOutOfRange,
                      "there is no document at position {} to erase", position);
}

absl::StatusOr<std::vector<Record>> Journal::ReadAt(std::span<const uint64_t> positions,
                                                    size_t bytes_max) {
  const uint64_t head = Head();
  for (const uint64_t position : positions) {
    if (position >= head) return Read(position, position + 1, 1).status();
  }
  std::vector<Record> result;
  size_t bytes = 0;
  for (const uint64_t position : positions) {
    if (!result.empty() && bytes >= bytes_max) break;
    ENTENTE_ASSIGN_OR_RETURN(auto one, Read(position, position + 1, 1));
    bytes += one[0].header.size() + one[0].body.size();
    result.push_back(std::move(one[0]));
  }
  return result;
}

base::Digest ChainDigest(const base::Digest& previous, const Record& record) {
  const auto length = static_cast<uint32_t>(record.header.size());
  const char prefix[5] = {static_cast<char>(record.kind), static_cast<char>(length >> 24),
                          static_cast<char>(length >> 16), static_cast<char>(length >> 8),
                          static_cast<char>(length)};
  return crypto::Sha256({previous.view(), std::string_view(prefix, sizeof prefix), record.header,
                         record.body_digest.view()});
}

}  // namespace entente::journal
