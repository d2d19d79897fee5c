// Signed documents: parse, digest, sign, verify. What was signed is never serialised again: the
// bytes received are the bytes kept.
#ifndef ENTENTE_SERVICES_CORE_DOCUMENT_DOCUMENT_H_
#define ENTENTE_SERVICES_CORE_DOCUMENT_DOCUMENT_H_

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "entente/exchange/v1/document.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/crypto/certificate.h"

namespace entente::document {

namespace pb = ::entente::exchange::v1;

inline constexpr std::string_view kMediaType = "application/vnd.entente.document.v1+protobuf";
inline constexpr size_t kDocumentBytesMax = 1 << 20;
// Elements (CountElements) of a document without its body, and of a body. Groups set narrower
// limits to each list; this one bounds what parsing may build.
inline constexpr size_t kHeaderElementsMax = 1024;
inline constexpr size_t kBodyElementsMax = 128 << 10;
inline constexpr size_t kSignaturesBytesMax = 160 << 10;  // of all signatures and certificates
inline constexpr int kDepthMax = 32;                      // nested messages in a header or body
inline constexpr int kSignaturesMax = 4;
inline constexpr int kChainMax = 3;
inline constexpr int kReferencesMax = 32;
inline constexpr int kAudienceStatesMax = 64;

// DSSE v1 pre-authentication encoding: "DSSEv1" SP len(type) SP type SP len(body) SP body.
std::string PreAuthenticationEncoding(std::string_view media_type, std::string_view body);

// A document whose bytes parse and whose header keeps its limits. Its signatures are not checked.
struct ParsedDocument {
  pb::SignedDocument signed_document;  // exact bytes in signed_document.document()
  std::string envelope;                // serialised signed_document, made once
  pb::Document header;                 // parsed copy of the bytes
  base::Digest digest;                 // SHA-256 of the bytes: the document's identity
  base::Digest envelope_digest;        // SHA-256 of `envelope`
  base::AgencyName originator;
  std::string kind;  // full name of the body's message, as in "entente.leem.v1.DenialNotification"
};

// Whether a document and its signatures keep within their sizes; FIELD_INVALID names the one that
// is too large. Clients ask before they send: a transport that meets it says less.
absl::Status CheckSizes(const pb::SignedDocument& signed_document);

// Checks form and limits, the body's too where this program knows its kind; refuses with every
// field at fault.
absl::StatusOr<std::shared_ptr<const ParsedDocument>> Parse(pb::SignedDocument signed_document);
// The same for what remains of a document that was erased, which is signed by nobody.
absl::StatusOr<std::shared_ptr<const ParsedDocument>> ParseRemains(pb::SignedDocument remains);

// Who signed, once it is accepted.
struct Signer {
  base::AgencyName agency;
  std::string officer;  // the id under the agency, as in "a.kim"
  base::Digest certificate;
};

// Decides whether a certificate may sign for a state. Implemented by identity::Directory.
class SignerTrust {
 public:
  virtual ~SignerTrust() = default;
  // Path, leaf profile, revocation, agency; at `time`. Must be thread-safe.
  virtual absl::StatusOr<Signer> AcceptSigner(const crypto::Certificate& leaf,
                                              std::span<const crypto::Certificate> chain,
                                              absl::Time time) const = 0;
  // Different officers that `state` requires on each document.
  virtual int SignaturesRequired(std::string_view state) const = 0;
};

// Certificates by the digest of their DER, so that a known one costs no parsing. Bounded;
// thread-safe.
class CertificateCache;
class HeldStatements;

// A document whose signatures were checked: the only thing that can be recorded. Only Verify makes
// one.
class VerifiedDocument {
 public:
  const ParsedDocument& parsed() const { return *parsed_; }
  const pb::Document& header() const { return parsed_->header; }
  const std::vector<Signer>& signers() const { return signers_; }
  // Whether every certificate that was checked is valid at `time`, too.
  bool ValidAt(absl::Time time) const { return time >= valid_from_ && time <= valid_until_; }

 private:
  friend class Verifier;
  VerifiedDocument() = default;
  void Narrow(const crypto::Certificate& certificate) {
    valid_from_ = std::max(valid_from_, certificate.not_before());
    valid_until_ = std::min(valid_until_, certificate.not_after());
  }
  std::shared_ptr<const ParsedDocument> parsed_;
  std::vector<Signer> signers_;
  absl::Time valid_from_ = absl::InfinitePast();
  absl::Time valid_until_ = absl::InfiniteFuture();
};

// Checks signatures against a SignerTrust. Thread-safe.
class Verifier {
 public:
  Verifier();
  ~Verifier();

  // Every signature must verify and be of the originator's agency's state; as many different
  // officers as the state requires. `time` is when certificates must be valid.
  absl::StatusOr<VerifiedDocument> Verify(std::shared_ptr<const ParsedDocument> parsed,
                                          const SignerTrust& trust, absl::Time time);

 private:
  // The signature's certificates, the signer's first.
  absl::StatusOr<std::vector<crypto::Certificate>> ChainOf(const pb::Signature& signature,
                                                           const std::string& path);
  // Verifies a batch signature; gives its key in HeldStatements.
  absl::StatusOr<base::Digest> VerifyBatch(const ParsedDocument& parsed,
                                           const pb::Signature& signature,
                                           const crypto::Certificate& leaf);

  std::unique_ptr<CertificateCache> cache_;
  std::unique_ptr<HeldStatements> held_;
};

// A signing identity: certificate chain (leaf first) and key.
struct SigningIdentity {
  std::vector<crypto::Certificate> chain;
  crypto::PrivateKey key;
  static absl::StatusOr<SigningIdentity> FromFiles(const std::string& certificate_file,
                                                   const std::string& key_file);
};

// Who signs: certificates, the signer's own first, and what signs with the key of that.
struct DocumentSigner {
  DocumentSigner(std::vector<crypto::Certificate> certificates,
                 std::shared_ptr<const crypto::Signer> signs_with)
      : chain(std::move(certificates)), key(std::move(signs_with)) {}
  DocumentSigner(SigningIdentity identity)  // NOLINT(google-explicit-constructor): it is one
      : chain(std::move(identity.chain)),
        key(std::make_shared<crypto::PrivateKeySigner>(std::move(identity.key))) {}
  std::vector<crypto::Certificate> chain;
  std::shared_ptr<const crypto::Signer> key;
};

// A signature over bytes of a media type, with the signer's certificates. Fails where the key does.
absl::StatusOr<pb::Signature> SignatureOf(const DocumentSigner& signer, std::string_view media_type,
                                          std::string_view bytes);
// Signs the document's bytes as they are, beside the signatures that are there. Many at once:
// AddSignatures (batch.h).
absl::Status AddSignature(const DocumentSigner& signer, pb::SignedDocument& signed_document);

// Serialises `document`, the only time that this is done; nobody has signed it yet.
pb::SignedDocument Unsigned(const pb::Document& document);
// The same, signed with each identity: these keys do not fail.
pb::SignedDocument Sign(const pb::Document& document, std::span<const SigningIdentity> signers);

// Whether a marking is set and complete; adds violations under `path`.
void CheckMarking(const pb::Marking& marking, const std::string& path,
                  base::FieldViolations& violations);

// Last part of a message's full name.
std::string_view ShortKind(std::string_view kind);

}  // namespace entente::document

#endif  // ENTENTE_SERVICES_CORE_DOCUMENT_DOCUMENT_H_
