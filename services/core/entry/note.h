// C2SP signed notes: text with Ed25519 signatures of named keys.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_NOTE_H_
#define ENTENTE_SERVICES_CORE_ENTRY_NOTE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/core/crypto/keys.h"

namespace entente::entry {

// What a note of ours comes to, at most: a checkpoint's three lines and a signature by each key in
// use.
inline constexpr size_t kNoteBytesMax = 1024;

// DATA_LOSS/CHECKPOINT_INVALID.
absl::Status BadNote(std::string_view why);

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

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_NOTE_H_
