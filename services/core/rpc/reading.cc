#include "services/core/rpc/reading.h"

#include <algorithm>
#include <charconv>

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::rpc {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kPageTokenMax = 512;

std::string KeyOf(std::string_view request) {
  return crypto::Sha256(request).hex().substr(0, kKeyBytes);
}

}  // namespace

absl::StatusOr<int> PageSize(int asked, int most) {
  if (asked >= 0) return asked == 0 ? std::min(kPageDefault, most) : std::min(asked, most);
  base::FieldViolations violations;
  violations.Add("page_size", "must not be negative");
  return violations.ToStatus();
}

absl::Status BadPageToken() {
  return base::RefuseArgument(base::Reason::kCursorMalformed,
                              "page_token is not of this request and this service; start over");
}

std::string MakePageToken(std::string_view request, std::string_view last) {
  return base::ToBase64(KeyOf(request) + std::string(last));
}

absl::StatusOr<std::string> OpenPageToken(std::string_view request, std::string_view token) {
  if (token.empty()) return std::string();
  if (token.size() > kPageTokenMax) return BadPageToken();
  const auto bytes = base::FromBase64(token);
  if (!bytes || bytes->size() <= kKeyBytes || bytes->substr(0, kKeyBytes) != KeyOf(request)) {
    return BadPageToken();
  }
  return bytes->substr(kKeyBytes);
}

absl::StatusOr<KeptDocument> ReadDocument(journal::Journal& journal, uint64_t position) {
  ENTENTE_ASSIGN_OR_RETURN(auto records, journal.Read(position, position + 1, 1));
  KeptDocument kept;
  pb::SignedDocument signed_document;
  ENTENTE_CHECK(kept.leaf.ParseFromString(records[0].header) &&
                signed_document.ParseFromString(records[0].body) &&
                kept.header.ParseFromString(signed_document.document()));
  return kept;
}

absl::StatusOr<std::string> ReadChain(journal::Journal& journal,
                                      const std::vector<uint64_t>& positions, int page_size,
                                      const std::string& page_token,
                                      google::protobuf::RepeatedPtrField<pb::Entry>* entries) {
  ENTENTE_ASSIGN_OR_RETURN(const int limit, PageSize(page_size, 100));
  size_t next = 0;
  if (!page_token.empty()) {
    const char* end = page_token.data() + page_token.size();
    const auto [at, error] = std::from_chars(page_token.data(), end, next);
    if (error != std::errc() || at != end || next > positions.size()) return BadPageToken();
  }
  size_t bytes = 0;
  for (; next < positions.size() && entries->size() < limit && bytes < kPageBytesMax; ++next) {
    ENTENTE_ASSIGN_OR_RETURN(auto records, journal.Read(positions[next], positions[next] + 1, 1));
    bytes += records[0].header.size() + records[0].body.size();
    auto* entry = entries->Add();
    entry->set_leaf(std::move(records[0].header));
    entry->set_signed_document(std::move(records[0].body));
  }
  return next < positions.size() ? std::to_string(next) : std::string();
}

}  // namespace entente::rpc
