// Signature keys: ECDSA P-256 with SHA-256, P-384 with SHA-384, and Ed25519. OpenSSL stays behind
// this folder.
#ifndef ENTENTE_SERVICES_CORE_CRYPTO_KEYS_H_
#define ENTENTE_SERVICES_CORE_CRYPTO_KEYS_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace entente::crypto {

struct OpensslAccess;  // openssl_util.h

enum class KeyKind { kP256, kP384, kEd25519 };

// A public key of an accepted kind. Immutable; thread-safe; cheap to copy.
class PublicKey {
 public:
  // From PEM SubjectPublicKeyInfo.
  static absl::StatusOr<PublicKey> FromPem(std::string_view pem);
  // From 32 raw Ed25519 bytes; refuses non-canonical and small-order points.
  static absl::StatusOr<PublicKey> FromEd25519(std::string_view raw);

  KeyKind kind() const { return kind_; }
  // OK, or INVALID_ARGUMENT/SIGNATURE_INVALID.
  absl::Status Verify(std::string_view signature, std::string_view message) const;
  // DER SubjectPublicKeyInfo.
  std::string Spki() const;
  std::string Pem() const;
  // The 32 bytes of an Ed25519 key; empty for other kinds.
  std::string Ed25519Bytes() const;

 private:
  friend struct OpensslAccess;
  PublicKey(std::shared_ptr<void> handle, KeyKind kind) : handle_(std::move(handle)), kind_(kind) {}
  std::shared_ptr<void> handle_;  // OpenSSL's EVP_PKEY
  KeyKind kind_;
};

// What signs with a private key, wherever that is kept. Thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const PublicKey& public_key() const = 0;
  // A signature over `message` that PublicKey::Verify accepts. Fails only where the key is kept
  // elsewhere, with FAILED_PRECONDITION/SIGNING_FAILED.
  virtual absl::StatusOr<std::string> Sign(std::string_view message) const = 0;
};

// A private key of an accepted kind. Immutable; thread-safe.
class PrivateKey {
 public:
  static absl::StatusOr<PrivateKey> Generate(KeyKind kind);
  // From PEM, unencrypted.
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem);
  static absl::StatusOr<PrivateKey> FromFile(const std::string& path);

  const PublicKey& public_key() const { return public_key_; }
  // A signature over `message` that PublicKey::Verify accepts.
  std::string Sign(std::string_view message) const;
  // PKCS #8 PEM, unencrypted.
  std::string Pem() const;

 private:
  explicit PrivateKey(PublicKey key) : public_key_(std::move(key)) {}
  PublicKey public_key_;  // the handle holds both halves
};

// A private key that is here.
class PrivateKeySigner final : public Signer {
 public:
  explicit PrivateKeySigner(PrivateKey key) : key_(std::move(key)) {}
  const PublicKey& public_key() const override { return key_.public_key(); }
  absl::StatusOr<std::string> Sign(std::string_view message) const override {
    return key_.Sign(message);
  }

 private:
  const PrivateKey key_;
};

// What a key of that kind signs of a message: SHA-256 (P-256), SHA-384 (P-384), or the message
// itself (Ed25519).
std::string DigestForSigning(KeyKind kind, std::string_view message);
// The DER of an ECDSA signature of r and s, each half of `raw`; INVALID_ARGUMENT/SIGNATURE_INVALID
// if those are none.
absl::StatusOr<std::string> EcdsaDer(std::string_view raw);

}  // namespace entente::crypto

#endif  // ENTENTE_SERVICES_CORE_CRYPTO_KEYS_H_
