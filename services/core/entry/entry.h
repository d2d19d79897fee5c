// Leaves, entries and receipts. Servers and clients use this same code, so both sides agree byte
// for byte.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_ENTRY_H_
#define ENTENTE_SERVICES_CORE_ENTRY_ENTRY_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "entente/exchange/v1/document.pb.h"
#include "entente/exchange/v1/ledger.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/entry/checkpoint.h"
#include "services/core/entry/note.h"

namespace entente::entry {

namespace pb = ::entente::exchange::v1;

// The protocol buffer's time, to the microsecond, and back.
void SetTime(absl::Time time, google::protobuf::Timestamp* out);
absl::Time GetTime(const google::protobuf::Timestamp& time);

// Serialises a leaf: the only place that does.
std::string SerialiseLeaf(const pb::Leaf& leaf);

// Verified content of a receipt or an entry.
struct VerifiedLeaf {
  pb::Leaf leaf;
  base::Digest leaf_hash;
};

// Parses a leaf and checks that it commits to this serialised SignedDocument.
absl::StatusOr<VerifiedLeaf> CheckEntry(const pb::Entry& entry);
// Checks a receipt for a document: leaf commits to its digest, proof leads to the signed
// checkpoint.
absl::StatusOr<VerifiedLeaf> CheckReceipt(const pb::Receipt& receipt, const base::Digest& document,
                                          std::string_view trust_domain, std::string_view group,
                                          std::span<const NoteVerifier> known);

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_ENTRY_H_
