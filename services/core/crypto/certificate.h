// X.509 certificates: reading, path check, our leaf profile, and issuing for development PKIs.
#ifndef ENTENTE_SERVICES_CORE_CRYPTO_CERTIFICATE_H_
#define ENTENTE_SERVICES_CORE_CRYPTO_CERTIFICATE_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/core/base/bytes.h"
#include "services/core/crypto/keys.h"

namespace entente::crypto {

// A parsed certificate. Immutable; thread-safe; cheap to copy.
class Certificate {
 public:
  // At most 8 KiB; the DER must be consumed whole.
  static absl::StatusOr<Certificate> FromDer(std::string_view der);
  // All certificates of a PEM text, in order; at least one.
  static absl::StatusOr<std::vector<Certificate>> FromPem(std::string_view pem);

  const std::string& der() const { return data_->der; }
  // SHA-256 of the DER.
  const base::Digest& digest() const { return data_->digest; }
  // SHA-256 of the DER of its TBSCertificate, the part that the issuer signed. Revocation goes by
  // this: whoever holds a certificate can change its ECDSA signature (r, n-s) and so its digest.
  const base::Digest& tbs_digest() const { return data_->tbs_digest; }
  // URIs among the subject alternative names.
  const std::vector<std::string>& uris() const { return data_->uris; }
  absl::Time not_before() const { return data_->not_before; }
  absl::Time not_after() const { return data_->not_after; }
  const PublicKey& public_key() const { return *data_->public_key; }
  std::string Pem() const;
  std::string Subject() const;
  std::string SerialHex() const;

 private:
  friend struct OpensslAccess;
  struct Data {
    std::shared_ptr<void> handle;  // OpenSSL's X509
    std::string der;
    base::Digest digest;
    base::Digest tbs_digest;
    std::vector<std::string> uris;
    absl::Time not_before;
    absl::Time not_after;
    std::shared_ptr<PublicKey> public_key;  // always set
  };
  explicit Certificate(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

// What a leaf may be used for; each asks for exactly its extended key usage.
enum class LeafUsage {
  kTlsClient,        // id-kp-clientAuth
  kTlsServer,        // id-kp-serverAuth
  kDocumentSigning,  // id-kp-documentSigning (RFC 9336)
};

// OpenSSL's path check in strict mode, from `leaf` over `intermediates` to one of `roots` at
// `time`. Refuses with UNAUTHENTICATED/CERTIFICATE_REJECTED; metadata "check" holds OpenSSL's
// words.
absl::Status CheckPath(const Certificate& leaf, std::span<const Certificate> intermediates,
                       std::span<const Certificate> roots, absl::Time time);

// Our own profile, for what OpenSSL lets through: v3; CA:FALSE; the one extended key usage and no
// other; digitalSignature; exactly one URI name, and for agencies no other name; positive serial of
// at most 20 octets; no name constraints; not signed with SHA-1 or MD5. Key kinds are checked on
// parsing.
absl::Status CheckLeafProfile(const Certificate& leaf, LeafUsage usage);

// What an authority must be to be registered: v3; CA:TRUE; keyCertSign; positive serial; not signed
// with SHA-1 or MD5. CERTIFICATE_REJECTED says which of these fails.
absl::Status CheckAuthorityProfile(const Certificate& authority);
// Whether it says CA:TRUE.
bool IsAuthority(const Certificate& certificate);

// What to put into a certificate.
struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  bool authority = false;  // a CA certificate
  LeafUsage usage = LeafUsage::kTlsClient;
  absl::Time not_before;
  absl::Time not_after;
};

// Issues a certificate for `subject_key`; self-signed when `issuer` is null.
absl::StatusOr<Certificate> Issue(const CertificateRequest& request, const PublicKey& subject_key,
                                  const Certificate* issuer, const PrivateKey& issuer_key);

}  // namespace entente::crypto

#endif  // ENTENTE_SERVICES_CORE_CRYPTO_CERTIFICATE_H_
