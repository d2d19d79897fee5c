// Values of a ledger: its id from an audience, leaf and record bytes, checkpoints, receipts,
// cursors. Server and clients use this same code, so both sides agree byte for byte.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_ENTRY_H_
#define ENTENTE_SERVICES_CORE_ENTRY_ENTRY_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "entente/exchange/v1/document.pb.h"
#include "entente/exchange/v1/ledger.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/crypto/keys.h"

namespace entente::entry {

namespace pb = ::entente::exchange::v1;

// Who may read: a pure function of the audience and the reader's state. `is_partner` tells whether
// that state is a partner now, which "all partners" asks when it is read.
bool Includes(const pb::Audience& audience, std::string_view state, bool is_partner);
// Different audiences that one state may address in a group. A cursor has a line of some 40 bytes
// for each of its reader's ledgers, so that 64 states make at most kCursorBytesMax.
inline constexpr int kAudiencesPerStateMax = 128;
inline constexpr size_t kCursorBytesMax = 512 << 10;

// What a note of ours comes to, at most: a checkpoint's three lines and a signature by each key in
// use.
inline constexpr size_t kNoteBytesMax = 1024;

// Whether `id` has the form of a ledger's: "all", "public", or "x" and 32 hex digits.
bool IsLedgerId(std::string_view id);
// The ledger of a group that holds documents for `audience`.
std::string LedgerIdOf(std::string_view group, const pb::Audience& audience);
// First line of a ledger's checkpoints: "mtcr.example/leem/all".
std::string OriginOf(std::string_view trust_domain, std::string_view group,
                     std::string_view ledger);

// The protocol buffer's time, to the microsecond, and back.
void SetTime(absl::Time time, google::protobuf::Timestamp* out);
absl::Time GetTime(const google::protobuf::Timestamp& time);

// Size and root of a ledger.
struct Head {
  uint64_t size = 0;
  base::Digest root;
  bool operator==(const Head&) const = default;
};

// Serialises a leaf: the only place that does.
std::string SerialiseLeaf(const pb::Leaf& leaf);

// C2SP signed-note key name and id. vkey = name "+" hex8(id) "+" base64(0x01 || key), Ed25519 only.
class NoteVerifier {
 public:
  static absl::StatusOr<NoteVerifier> FromVkey(std::string_view vkey);
  const std::string& name() const { return name_; }
  uint32_t id() const { return id_; }
  absl::Status Verify(std::string_view signature, std::string_view text) const {
    return key_.Verify(signature, text);
  }

 private:
  NoteVerifier(std::string name, uint32_t id, crypto::PublicKey key)
      : name_(std::move(name)), id_(id), key_(std::move(key)) {}
  std::string name_;
  uint32_t id_;
  crypto::PublicKey key_;
};

// Signs notes with an Ed25519 key.
class NoteSigner {
 public:
  // INVALID_ARGUMENT unless the key is Ed25519 and the name has no space, plus or line feed.
  static absl::StatusOr<NoteSigner> Create(std::string name, crypto::PrivateKey key);
  // `text` must end in a line feed. Adds the blank line and the signature line.
  std::string Sign(std::string_view text) const;
  std::string Vkey() const;

 private:
  NoteSigner(std::string name, uint32_t id, crypto::PrivateKey key)
      : name_(std::move(name)), id_(id), key_(std::move(key)) {}
  std::string name_;
  uint32_t id_;
  crypto::PrivateKey key_;
};

// Text of a signed note after at least one known key has verified and none has failed; else
// DATA_LOSS/CHECKPOINT_INVALID. Signatures by unknown keys are ignored, as C2SP signed-note says.
absl::StatusOr<std::string> OpenNote(std::string_view note, std::span<const NoteVerifier> known);

// A C2SP tlog-checkpoint's body.
struct Checkpoint {
  std::string origin;
  Head head;
  std::string Text() const;
  // Refuses leading zeros, wrong lengths and missing lines; extension lines are accepted and
  // ignored.
  static absl::StatusOr<Checkpoint> Parse(std::string_view text);
};

// Reads the checkpoint in a note without checking signatures: only for notes that were opened, and
// so checked, before they were kept.
absl::StatusOr<Checkpoint> ReadKeptCheckpoint(std::string_view note);
// Opens a checkpoint note and checks its origin.
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, std::string_view origin,
                                          std::span<const NoteVerifier> known);

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

// Where a follower goes on: next index per ledger. Opaque on the wire.
struct Cursor {
  std::map<std::string, uint64_t> next;  // ledger -> first index not yet had
  // Bytes that name the service they belong to.
  std::string Encode(std::string_view service) const;
  // INVALID_ARGUMENT/CURSOR_MALFORMED if it is not one, or of another service. At most 512 KiB.
  static absl::StatusOr<Cursor> Decode(std::string_view service, std::string_view bytes);
};

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_ENTRY_H_
