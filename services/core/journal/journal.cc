#include "services/core/journal/journal.h"

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

base::Digest ChainDigest(const base::Digest& previous, const Record& record) {
  const auto length = static_cast<uint32_t>(record.header.size());
  const char prefix[5] = {static_cast<char>(record.kind), static_cast<char>(length >> 24),
                          static_cast<char>(length >> 16), static_cast<char>(length >> 8),
                          static_cast<char>(length)};
  return crypto::Sha256({previous.view(), std::string_view(prefix, sizeof prefix), record.header,
                         record.body_digest.view()});
}

}  // namespace entente::journal
