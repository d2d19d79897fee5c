// What the groups' read services share: documents by position, pages, page tokens.
#ifndef ENTENTE_SERVICES_CORE_RPC_READING_H_
#define ENTENTE_SERVICES_CORE_RPC_READING_H_

#include <string>
#include <string_view>

#include "services/core/rpc/exchange_service.h"

namespace entente::rpc {

// A page ends after the item that passes this, well below the 4 MiB that gRPC clients accept.
inline constexpr size_t kPageBytesMax = 1 << 20;
inline constexpr int kPageDefault = 50;
inline constexpr int kPageMax = 500;
inline constexpr int kChainPageMax = 100;  // of entries
// What a page looks at: a selective filter gives short pages rather than a long wait.
inline constexpr size_t kLookMax = 5000;

// The page size asked for, within limits; FIELD_INVALID if negative.
absl::StatusOr<int> PageSize(int asked, int most = kPageMax);

// A page token says where the page before it ended, and is good for the same request only:
// `request` is anything that tells requests apart. It is no secret: what it names is looked up as
// any name is.
std::string MakePageToken(std::string_view request, std::string_view last);
absl::StatusOr<std::string> OpenPageToken(std::string_view request, std::string_view token);
absl::Status BadPageToken();
// The chain after which the next page begins, by what OpenPageToken gave; null: with the first. For
// readers that hold the machine's lock.
absl::StatusOr<const machine::Chain*> OpenChainToken(const machine::Machine& machine,
                                                     const machine::Reader& reader,
                                                     std::string_view last);

// A document as it is kept.
struct KeptDocument {
  pb::Leaf leaf;
  pb::Document header;
};
// The position must be a document's.
absl::StatusOr<KeptDocument> ReadDocument(journal::Journal& journal, uint64_t position);

// The entry at a position, which must be a document's.
absl::Status ReadEntry(journal::Journal& journal, uint64_t position, pb::Entry& entry);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_READING_H_
