#include "services/core/crypto/keys.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/crypto/openssl_util.h"

namespace entente::crypto {
namespace {

using base::Reason;

std::shared_ptr<EVP_PKEY> Share(EVP_PKEY* owned) { return {owned, EVP_PKEY_free}; }

absl::StatusOr<KeyKind> KindOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) return KeyKind::kEd25519;
  char group[64] = {};
  size_t length = 0;
  if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &length)) {
    if (std::string_view(group) == "prime256v1") return KeyKind::kP256;
    if (std::string_view(group) == "secp384r1") return KeyKind::kP384;
  }
  return base::RefuseArgument(Reason::kCertificateRejected,
                              "key is not ECDSA P-256, ECDSA P-384 or Ed25519");
}

const EVP_MD* DigestOf(KeyKind kind) {
  // Fetched once: implicit fetching costs a lock and a search at each use.
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static EVP_MD* const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
  switch (kind) {
    case KeyKind::kP256:
      return sha256;
    case KeyKind::kP384:
      return sha384;
    case KeyKind::kEd25519:
      return nullptr;
  }
  return nullptr;
}

// y coordinates (little-endian, sign bit clear) of Ed25519's points of order 1, 2, 4 and 8.
constexpr std::string_view kSmallOrder[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
};

absl::Status CheckEd25519Point(std::string raw) {
  raw[31] = static_cast<char>(raw[31] & 0x7f);
  const std::string hex = base::ToHex(raw);
  const bool small =
      std::find(std::begin(kSmallOrder), std::end(kSmallOrder), hex) != std::end(kSmallOrder);
  // y >= 2^255 - 19 is not a canonical encoding.
  bool above =
      static_cast<unsigned char>(raw[31]) == 0x7f && static_cast<unsigned char>(raw[0]) >= 0xed;
  for (int i = 1; i < 31 && above; ++i) above = static_cast<unsigned char>(raw[i]) == 0xff;
  if (small || above) {
    return base::RefuseArgument(Reason::kCertificateRejected,
                                "Ed25519 key is of small order or not canonical");
  }
  return absl::OkStatus();
}

}  // namespace

base::Digest Sha256(std::string_view data) { return Sha256({data}); }

base::Digest Sha256(std::initializer_list<std::string_view> parts) {
  // Fetched once: the one-shot SHA256() looks the algorithm up by name each time, which costs as
  // much as hashing a page.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local MdCtxPtr context(EVP_MD_CTX_new());
  base::Digest digest;
  bool ok = EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1;
  for (std::string_view part : parts) {
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  ENTENTE_CHECK(ok && EVP_DigestFinal_ex(context.get(), digest.bytes.data(), nullptr) == 1);
  return digest;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  ENTENTE_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

absl::StatusOr<PublicKey> OpensslAccess::MakeKey(EVP_PKEY* handle) {
  if (handle == nullptr || EVP_PKEY_up_ref(handle) != 1) {
    return base::RefuseArgument(Reason::kCertificateRejected, "no readable public key");
  }
  auto key = Share(handle);
  ENTENTE_ASSIGN_OR_RETURN(const KeyKind kind, KindOf(handle));
  PublicKey result(std::move(key), kind);
  if (kind == KeyKind::kEd25519) {
    ENTENTE_RETURN_IF_ERROR(CheckEd25519Point(result.Ed25519Bytes()));
  }
  return result;
}

absl::StatusOr<PublicKey> PublicKey::FromPem(std::string_view pem) {
  auto key = Share(PEM_read_bio_PUBKEY(MemoryBio(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return OpensslAccess::MakeKey(key.get());
}

absl::StatusOr<PublicKey> PublicKey::FromEd25519(std::string_view raw) {
  auto key = Share(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(raw.data()), raw.size()));
  ERR_clear_error();
  return OpensslAccess::MakeKey(key.get());
}

absl::Status PublicKey::Verify(std::string_view signature, std::string_view message) const {
  thread_local MdCtxPtr context(EVP_MD_CTX_new());
  EVP_MD_CTX_reset(context.get());
  const bool ok =
      EVP_DigestVerifyInit(context.get(), nullptr, DigestOf(kind_), nullptr,
                           OpensslAccess::Of(*this)) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1;
  ERR_clear_error();
  if (ok) return absl::OkStatus();
  return base::RefuseArgument(Reason::kSignatureInvalid,
                              "signature does not verify over these bytes with this key");
}

std::string PublicKey::Spki() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(OpensslAccess::Of(*this), &der);
  ENTENTE_CHECK(size > 0);
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return result;
}

std::string PublicKey::Pem() const {
  BioPtr out(BIO_new(BIO_s_mem()));
  ENTENTE_CHECK(PEM_write_bio_PUBKEY(out.get(), OpensslAccess::Of(*this)) == 1);
  return Drain(out.get());
}

std::string PublicKey::Ed25519Bytes() const {
  std::string raw(32, '\0');
  size_t size = raw.size();
  if (kind_ != KeyKind::kEd25519 ||
      EVP_PKEY_get_raw_public_key(OpensslAccess::Of(*this),
                                  reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) {
    return "";
  }
  return raw;
}

absl::StatusOr<PrivateKey> PrivateKey::Generate(KeyKind kind) {
  auto key = Share(kind == KeyKind::kEd25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                   : kind == KeyKind::kP256  ? EVP_EC_gen("P-256")
                                             : EVP_EC_gen("P-384"));
  ENTENTE_ASSIGN_OR_RETURN(PublicKey public_key, OpensslAccess::MakeKey(key.get()));
  return PrivateKey(std::move(public_key));
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  auto key = Share(PEM_read_bio_PrivateKey(MemoryBio(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "no unencrypted PEM private key found");
  }
  ENTENTE_ASSIGN_OR_RETURN(PublicKey public_key, OpensslAccess::MakeKey(key.get()));
  return PrivateKey(std::move(public_key));
}

absl::StatusOr<PrivateKey> PrivateKey::FromFile(const std::string& path) {
  auto pem = base::ReadFile(path);
  if (!pem.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read key file {}", path);
  }
  auto key = FromPem(*pem);
  if (!key.ok()) return base::WithPrefix(key.status(), path);
  return key;
}

std::string PrivateKey::Sign(std::string_view message) const {
  MdCtxPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  ENTENTE_CHECK(EVP_DigestSignInit(context.get(), nullptr, DigestOf(public_key_.kind()), nullptr,
                                   OpensslAccess::Of(public_key_)) == 1);
  ENTENTE_CHECK(EVP_DigestSign(context.get(), nullptr, &size, data, message.size()) == 1);
  std::string signature(size, '\0');
  ENTENTE_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                               &size, data, message.size()) == 1);
  signature.resize(size);
  return signature;
}

std::string DigestForSigning(KeyKind kind, std::string_view message) {
  if (kind == KeyKind::kEd25519) return std::string(message);
  std::string digest(kind == KeyKind::kP256 ? 32 : 48, '\0');
  unsigned int size = 0;
  ENTENTE_CHECK(EVP_Digest(message.data(), message.size(),
                           reinterpret_cast<unsigned char*>(digest.data()), &size, DigestOf(kind),
                           nullptr) == 1 &&
                size == digest.size());
  return digest;
}

absl::StatusOr<std::string> EcdsaDer(std::string_view raw) {
  const auto number = [&](size_t begin) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(raw.data()) + begin,
                     static_cast<int>(raw.size() / 2), nullptr);
  };
  using SignaturePtr = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;
  const SignaturePtr signature(ECDSA_SIG_new(), &ECDSA_SIG_free);
  if (raw.empty() || raw.size() % 2 != 0 || raw.size() > 132) {
    return base::RefuseArgument(Reason::kSignatureInvalid, "is not an ECDSA signature of r and s");
  }
  ENTENTE_CHECK(ECDSA_SIG_set0(signature.get(), number(0), number(raw.size() / 2)) == 1);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  ENTENTE_CHECK(size > 0);
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return result;
}

std::string PrivateKey::Pem() const {
  BioPtr out(BIO_new(BIO_s_mem()));
  ENTENTE_CHECK(PEM_write_bio_PKCS8PrivateKey(out.get(), OpensslAccess::Of(public_key_), nullptr,
                                              nullptr, 0, nullptr, nullptr) == 1);
  return Drain(out.get());
}

}  // namespace entente::crypto
