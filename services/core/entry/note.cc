#include "services/core/entry/note.h"

#include <set>

#include "services/core/base/bytes.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"

namespace entente::entry {
namespace {

using base::Reason;

constexpr char kAlgorithmEd25519 = 0x01;
constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // em dash, space
constexpr size_t kNoteSignaturesMax = 64;

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

absl::Status BadNote(std::string_view text) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kCheckpointInvalid, "checkpoint: {}",
                      text);
}

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

}  // namespace entente::entry
