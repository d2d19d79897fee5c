#include "services/core/entry/entry.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/merkle/merkle.h"

namespace entente::entry {
namespace {

using base::Reason;

constexpr char kAlgorithmEd25519 = 0x01;
constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // em dash, space
constexpr size_t kNoteSignaturesMax = 64;

absl::Status BadNote(std::string_view text) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kCheckpointInvalid, "checkpoint: {}",
                      text);
}

absl::Status BadCursor(std::string_view text) {
  return base::RefuseArgument(Reason::kCursorMalformed,
                              "cursor {}; use one from this service, or none to start over", text);
}

uint32_t NoteKeyId(std::string_view name, std::string_view typed_key) {
  const base::Digest digest = crypto::Sha256({name, "\n", typed_key});
  return static_cast<uint32_t>(digest.bytes[0]) << 24 |
         static_cast<uint32_t>(digest.bytes[1]) << 16 |
         static_cast<uint32_t>(digest.bytes[2]) << 8 | digest.bytes[3];
}

std::string IdBytes(uint32_t id) {
  return {static_cast<char>(id >> 24), static_cast<char>(id >> 16), static_cast<char>(id >> 8),
          static_cast<char>(id)};
}

bool IsNoteName(std::string_view name) {
  return !name.empty() && name.find_first_of(" +\n\t\r") == std::string_view::npos &&
         base::IsPlainText(name);
}

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  uint64_t value = 0;
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One line of a note's signature block: whether a known key's signature verifies. `seen` are the
// keys of the lines before it: checking costs, so each key is heard once.
absl::StatusOr<bool> CheckNoteLine(std::string_view line, std::string_view text,
                                   std::span<const NoteVerifier> known,
                                   std::set<const NoteVerifier*>& seen) {
  if (line.substr(0, kSignaturePrefix.size()) != kSignaturePrefix) {
    return BadNote("a signature line does not start with an em dash");
  }
  const auto parts = base::Split(line.substr(kSignaturePrefix.size()), ' ');
  if (parts.size() != 2) return BadNote("a signature line is malformed");
  auto blob = base::FromBase64(parts[1]);
  if (!blob.has_value() || blob->size() < 5) return BadNote("a signature is not base64");
  for (const NoteVerifier& verifier : known) {
    if (verifier.name() != parts[0] || IdBytes(verifier.id()) != blob->substr(0, 4)) continue;
    if (!seen.insert(&verifier).second) return BadNote("one key has signed twice");
    if (!verifier.Verify(std::string_view(*blob).substr(4), text).ok()) {
      return BadNote("the signature by a known key does not verify");
    }
    return true;
  }
  return false;
}

}  // namespace

bool Includes(const pb::Audience& audience, std::string_view state, bool is_partner) {
  switch (audience.kind_case()) {
    case pb::Audience::kAllPartners:
      return is_partner;
    case pb::Audience::kListed:
      return is_partner &&
             std::find(audience.listed().states().begin(), audience.listed().states().end(),
                       state) != audience.listed().states().end();
    case pb::Audience::kPublic:
      return true;
    case pb::Audience::KIND_NOT_SET:
      return false;
  }
  return false;
}

bool IsLedgerId(std::string_view id) {
  return id == "all" || id == "public" ||
         (id.size() == 33 && id[0] == 'x' && base::FromHex(id.substr(1)).has_value());
}

std::string LedgerIdOf(std::string_view group, const pb::Audience& audience) {
  switch (audience.kind_case()) {
    case pb::Audience::kAllPartners:
      return "all";
    case pb::Audience::kPublic:
      return "public";
    case pb::Audience::kListed:
      break;
    case pb::Audience::KIND_NOT_SET:
      ENTENTE_CHECK(false);
  }
  std::string set = "entente-ledger-v1\n" + std::string(group);
  for (const std::string& state : audience.listed().states()) set += "\n" + state;
  return "x" + crypto::Sha256(set).hex().substr(0, 32);
}

std::string OriginOf(std::string_view trust_domain, std::string_view group,
                     std::string_view ledger) {
  return fmt::format("{}/{}/{}", trust_domain, group, ledger);
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(rest * 1000));
}

absl::Time GetTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string SerialiseLeaf(const pb::Leaf& leaf) { return leaf.SerializeAsString(); }

absl::StatusOr<NoteVerifier> NoteVerifier::FromVkey(std::string_view vkey) {
  // The key's base64 may itself hold "+", so only the first two separate.
  const size_t first = vkey.find('+');
  const size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  const auto bad = [] {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "a log key must be \"name+hash+base64\" with an Ed25519 key");
  };
  if (second == std::string_view::npos || second - first != 9) return bad();
  const std::string_view name = vkey.substr(0, first);
  auto id = base::FromHex(vkey.substr(first + 1, 8));
  auto key = base::FromBase64(vkey.substr(second + 1));
  if (!IsNoteName(name) || !id || !key || key->size() != 33 || (*key)[0] != kAlgorithmEd25519 ||
      IdBytes(NoteKeyId(name, *key)) != *id) {
    return bad();
  }
  ENTENTE_ASSIGN_OR_RETURN(auto public_key, crypto::PublicKey::FromEd25519(key->substr(1)));
  return NoteVerifier(std::string(name), NoteKeyId(name, *key), std::move(public_key));
}

absl::StatusOr<NoteSigner> NoteSigner::Create(std::string name, crypto::PrivateKey key) {
  if (!IsNoteName(name) || key.public_key().kind() != crypto::KeyKind::kEd25519) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "a log key must be Ed25519");
  }
  const uint32_t id = NoteKeyId(name, kAlgorithmEd25519 + key.public_key().Ed25519Bytes());
  return NoteSigner(std::move(name), id, std::move(key));
}

std::string NoteSigner::Sign(std::string_view text) const {
  ENTENTE_CHECK(!text.empty() && text.back() == '\n');
  return fmt::format("{}\n{}{} {}\n", text, kSignaturePrefix, name_,
                     base::ToBase64(IdBytes(id_) + key_.Sign(text)));
}

std::string NoteSigner::Vkey() const {
  return fmt::format("{}+{}+{}", name_, base::ToHex(IdBytes(id_)),
                     base::ToBase64(kAlgorithmEd25519 + key_.public_key().Ed25519Bytes()));
}

absl::StatusOr<std::string> OpenNote(std::string_view note, std::span<const NoteVerifier> known) {
  if (note.size() > 65536 || !base::IsPlainText(note) ||
      note.find('\t') != std::string_view::npos) {
    return BadNote("not plain UTF-8 of at most 64 KiB");
  }
  const size_t split = note.rfind("\n\n");
  if (split == std::string_view::npos || note.back() != '\n') {
    return BadNote("no signature block");
  }
  const std::string_view text = note.substr(0, split + 1);
  auto lines = base::Split(note.substr(split + 2), '\n');
  lines.pop_back();  // what follows the last line feed: nothing
  if (lines.empty() || lines.size() > kNoteSignaturesMax)
    return BadNote("no signature, or too many");
  bool verified = false;
  std::set<const NoteVerifier*> seen;
  for (std::string_view line : lines) {
    ENTENTE_ASSIGN_OR_RETURN(const bool ok, CheckNoteLine(line, text, known, seen));
    verified = verified || ok;
  }
  if (!verified) return BadNote("no signature by a known key");
  return std::string(text);
}

std::string Checkpoint::Text() const {
  return fmt::format("{}\n{}\n{}\n", origin, head.size, base::ToBase64(head.root.view()));
}

absl::StatusOr<Checkpoint> Checkpoint::Parse(std::string_view text) {
  const auto lines = base::Split(text, '\n');
  if (lines.size() < 4 || !lines.back().empty()) return BadNote("fewer than three lines");
  Checkpoint result;
  result.origin = std::string(lines[0]);
  const auto size = ParseDecimal(lines[1]);
  const auto root = base::FromBase64(lines[2]);
  const auto digest = root ? base::Digest::From(*root) : std::nullopt;
  if (result.origin.empty() || !size || !digest)
    return BadNote("origin, size or root is malformed");
  result.head = {*size, *digest};
  return result;
}

absl::StatusOr<Checkpoint> ReadKeptCheckpoint(std::string_view note) {
  const size_t end = note.rfind("\n\n");
  return Checkpoint::Parse(end == std::string_view::npos ? "" : note.substr(0, end + 1));
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, std::string_view origin,
                                          std::span<const NoteVerifier> known) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, OpenNote(note, known));
  ENTENTE_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::Parse(text));
  if (checkpoint.origin != origin) {
    return BadNote(fmt::format("is of {}, not of {}", checkpoint.origin, origin));
  }
  return checkpoint;
}

absl::StatusOr<VerifiedLeaf> CheckEntry(const pb::Entry& entry) {
  const auto broken = [](std::string_view text) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "entry: {}", text);
  };
  VerifiedLeaf result;
  pb::SignedDocument signed_document;
  if (!result.leaf.ParseFromString(entry.leaf())) return broken("leaf does not parse");
  if (!signed_document.ParseFromString(entry.signed_document())) {
    return broken("signed document does not parse");
  }
  if (crypto::Sha256(entry.signed_document()).view() != result.leaf.envelope_digest()) {
    return broken("leaf commits to other signatures");
  }
  if (crypto::Sha256(signed_document.document()).view() != result.leaf.document_digest()) {
    return broken("leaf commits to another document");
  }
  result.leaf_hash = merkle::LeafHash(entry.leaf());
  return result;
}

absl::StatusOr<VerifiedLeaf> CheckReceipt(const pb::Receipt& receipt, const base::Digest& document,
                                          std::string_view trust_domain, std::string_view group,
                                          std::span<const NoteVerifier> known) {
  const auto broken = [](std::string_view text) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "receipt: {}", text);
  };
  VerifiedLeaf result;
  if (!result.leaf.ParseFromString(receipt.leaf())) return broken("leaf does not parse");
  if (result.leaf.document_digest() != document.view()) return broken("is for another document");
  const pb::Stamp& stamp = result.leaf.stamp();
  ENTENTE_ASSIGN_OR_RETURN(
      const Checkpoint checkpoint,
      OpenCheckpoint(receipt.checkpoint(), OriginOf(trust_domain, group, stamp.ledger()), known));
  std::vector<base::Digest> proof;
  for (const std::string& node : receipt.inclusion_proof()) {
    auto digest = base::Digest::From(node);
    if (!digest) return broken("a proof node is not of 32 bytes");
    proof.push_back(*digest);
  }
  result.leaf_hash = merkle::LeafHash(receipt.leaf());
  ENTENTE_RETURN_IF_ERROR(merkle::VerifyInclusion(
      result.leaf_hash, stamp.index(), checkpoint.head.size, proof, checkpoint.head.root));
  return result;
}

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
    const auto index = parts.size() == 2 ? ParseDecimal(parts[1]) : std::nullopt;
    if (!index || !IsLedgerId(parts[0]) ||
        !cursor.next.emplace(std::string(parts[0]), *index).second) {
      return BadCursor("is malformed");
    }
  }
  return cursor;
}

}  // namespace entente::entry
