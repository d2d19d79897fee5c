#include "services/core/document/document.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "services/core/base/codes.h"
#include "services/core/base/files.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/document/batch.h"
#include "services/core/document/shape.h"

namespace entente::document {

using base::Reason;

constexpr std::string_view kTypePrefix = "type.googleapis.com/";

// Bounded by dropping everything when full: a hostile stream of fresh certificates costs parsing,
// as it would anyway, never memory.
class CertificateCache {
 public:
  absl::StatusOr<crypto::Certificate> Get(std::string_view der) {
    const base::Digest digest = crypto::Sha256(der);
    {
      base::MutexLock lock(mutex_);
      auto it = known_.find(digest);
      if (it != known_.end()) return it->second;
    }
    ENTENTE_ASSIGN_OR_RETURN(crypto::Certificate parsed, crypto::Certificate::FromDer(der));
    base::MutexLock lock(mutex_);
    if (known_.size() >= kEntriesMax) known_.clear();
    known_.emplace(digest, parsed);
    return parsed;
  }

 private:
  static constexpr size_t kEntriesMax = 4096;
  base::Mutex mutex_;
  absl::flat_hash_map<base::Digest, crypto::Certificate> known_ ABSL_GUARDED_BY(mutex_);
};

namespace {

void CheckAudience(const pb::Audience& audience, const std::string& originator_state,
                   base::FieldViolations& violations) {
  switch (audience.kind_case()) {
    case pb::Audience::kAllPartners:
    case pb::Audience::kPublic:
      return;
    case pb::Audience::kListed:
      break;
    case pb::Audience::KIND_NOT_SET:
      violations.Add("audience", "is missing; name all_partners, listed states or public");
      return;
  }
  const auto& states = audience.listed().states();
  if (states.empty() || states.size() > kAudienceStatesMax) {
    violations.Add("audience.listed.states", "must name 1 to {} states", kAudienceStatesMax);
  }
  bool own = false;
  for (int i = 0; i < std::min(states.size(), kAudienceStatesMax); ++i) {
    const std::string path = fmt::format("audience.listed.states[{}]", i);
    if (!base::IsCountry(states[i])) {
      violations.Add(path, "is not a lower-case ISO 3166-1 alpha-2 code");
    }
    if (i > 0 && states[i - 1] >= states[i]) violations.Add(path, "states must be sorted, unique");
    own = own || states[i] == originator_state;
  }
  if (!own) violations.Add("audience.listed.states", "must hold the originator's own state");
}

void CheckReferences(const pb::Document& document, base::FieldViolations& violations) {
  if (document.references_size() > kReferencesMax) {
    violations.Add("references", "at most {} references", kReferencesMax);
  }
  for (int i = 0; i < std::min(document.references_size(), kReferencesMax); ++i) {
    const pb::Reference& reference = document.references(i);
    const std::string path = fmt::format("references[{}]", i);
    if (reference.relation() < pb::Reference::RELATION_SUPERSEDES ||
        reference.relation() > pb::Reference::RELATION_ERASES) {
      violations.Add(path + ".relation", "is missing or unknown");
    }
    if (reference.name().empty() || reference.name().size() > 200 ||
        !base::IsPlainText(reference.name())) {
      violations.Add(path + ".name", "must be the assigned name of a document");
    }
    const bool needed = reference.relation() == pb::Reference::RELATION_SUPERSEDES ||
                        reference.relation() == pb::Reference::RELATION_ERASES;
    if ((needed || !reference.digest().empty()) && reference.digest().size() != 32) {
      violations.Add(path + ".digest", "must be the SHA-256 of the named document, 32 bytes");
    }
  }
}

// The envelope is not signed: what nobody knows in it nobody has vouched for.
bool HasUnknownFields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

// Parses with little depth: an answer that wraps the message must stay within what readers accept.
bool ParseShallow(const std::string& bytes, google::protobuf::Message& message) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  in.SetRecursionLimit(kDepthMax);
  return message.ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

// Adds every google.protobuf.Timestamp of the message, at any depth, that is no time of the years 1
// to 9999: JSON cannot say it, and arithmetic on it overflows.
void CheckTimes(const google::protobuf::Message& message, const std::string& path,
                base::FieldViolations& violations) {
  using google::protobuf::FieldDescriptor;
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    constexpr int64_t kFirst = -62135596800;  // 0001-01-01T00:00:00Z
    constexpr int64_t kLast = 253402300799;   // 9999-12-31T23:59:59Z
    if (time.seconds() < kFirst || time.seconds() > kLast || time.nanos() < 0 ||
        time.nanos() > 999999999) {
      violations.Add(path, "is no time between the years 1 and 9999");
    }
    return;
  }
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string at = path.empty() ? field->name() : path + "." + field->name();
    if (!field->is_repeated()) {
      CheckTimes(reflection->GetMessage(message, field), at, violations);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      CheckTimes(reflection->GetRepeatedMessage(message, field, i), fmt::format("{}[{}]", at, i),
                 violations);
    }
  }
}

// Checks a body of a kind that this program knows; kinds it does not know are the register's to
// refuse.
absl::Status CheckBody(const google::protobuf::Any& body, const std::string& kind) {
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(kind);
  if (type == nullptr) return absl::OkStatus();
  if (!CountElements(body.value(), *type, kBodyElementsMax, kDepthMax).has_value()) {
    return base::RefuseArgument(Reason::kDocumentMalformed,
                                "body is not a {} of at most {} elements, {} messages deep", kind,
                                kBodyElementsMax, kDepthMax);
  }
  google::protobuf::Arena arena;
  auto* message =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New(&arena);
  if (!ParseShallow(body.value(), *message)) {
    return base::RefuseArgument(Reason::kDocumentMalformed, "body is not a {}", kind);
  }
  base::FieldViolations violations;
  CheckTimes(*message, "body", violations);
  return violations.ToStatus();
}

absl::Status CheckEnvelope(const pb::SignedDocument& signed_document) {
  ENTENTE_RETURN_IF_ERROR(CheckSizes(signed_document));
  base::FieldViolations violations;
  if (HasUnknownFields(signed_document)) {
    violations.Add("signed_document", "has fields that this release does not know");
  }
  const int count = signed_document.signatures_size();
  if (count == 0 || count > kSignaturesMax) {
    violations.Add("signed_document.signatures", "1 to {} signatures are needed", kSignaturesMax);
  }
  for (int i = 0; i < count && i < kSignaturesMax; ++i) {
    const auto& signature = signed_document.signatures(i);
    const std::string path = fmt::format("signed_document.signatures[{}]", i);
    if (HasUnknownFields(signature)) {
      violations.Add(path, "has fields that this release does not know");
    }
    if (signature.chain_size() > kChainMax) {
      violations.Add(path + ".chain", "at most {} intermediate certificates", kChainMax);
    }
    if (signature.value().empty() || signature.value().size() > 256) {
      violations.Add(path + ".value", "must be a signature of 1 to 256 bytes");
    }
    if (signature.has_batch()) CheckPlace(signature.batch(), path + ".batch", violations);
  }
  return violations.ToStatus();
}

}  // namespace

absl::Status CheckSizes(const pb::SignedDocument& signed_document) {
  base::FieldViolations violations;
  if (signed_document.document().size() > kDocumentBytesMax) {
    violations.Add("signed_document.document", "has {} bytes; at most {} are admitted",
                   signed_document.document().size(), kDocumentBytesMax);
  } else if (signed_document.ByteSizeLong() >
             signed_document.document().size() + kSignaturesBytesMax) {
    violations.Add("signed_document", "its signatures and certificates are larger than {} bytes",
                   kSignaturesBytesMax);
  }
  return violations.ToStatus();
}

std::string PreAuthenticationEncoding(std::string_view media_type, std::string_view body) {
  return fmt::format("DSSEv1 {} {} {} {}", media_type.size(), media_type, body.size(), body);
}

std::string_view ShortKind(std::string_view kind) { return kind.substr(kind.rfind('.') + 1); }

void CheckMarking(const pb::Marking& marking, const std::string& path,
                  base::FieldViolations& violations) {
  if (marking.level() < pb::Marking::LEVEL_UNMARKED ||
      marking.level() > pb::Marking::LEVEL_RESTRICTED) {
    violations.Add(path + ".level", "is missing or unknown");
  }
  if (marking.tlp() < pb::Marking::TLP_CLEAR || marking.tlp() > pb::Marking::TLP_RED) {
    violations.Add(path + ".tlp", "is missing or unknown");
  }
  if (marking.handling_code().size() > 8 || !base::IsPlainText(marking.handling_code())) {
    violations.Add(path + ".handling_code", "has at most 8 characters");
  }
  if (marking.caveats_size() > 8) violations.Add(path + ".caveats", "at most 8 caveats");
  for (int i = 0; i < marking.caveats_size(); ++i) {
    const std::string& caveat = marking.caveats(i);
    if (caveat.empty() || !base::IsPlainText(caveat) || base::CodePoints(caveat) > 256) {
      violations.Add(fmt::format("{}.caveats[{}]", path, i), "has 1 to 256 characters");
    }
  }
}

namespace {

absl::StatusOr<std::shared_ptr<const ParsedDocument>> ParseIn(pb::SignedDocument signed_document) {
  auto parsed = std::make_shared<ParsedDocument>();
  parsed->signed_document = std::move(signed_document);
  const std::string& bytes = parsed->signed_document.document();
  if (!CountElements(bytes, *pb::Document::descriptor(), kHeaderElementsMax, kDepthMax)
           .has_value() ||
      !ParseShallow(bytes, parsed->header)) {
    return base::RefuseArgument(Reason::kDocumentMalformed,
                                "signed_document.document is not an entente.exchange.v1.Document "
                                "of at most {} elements beside its body",
                                kHeaderElementsMax);
  }
  const pb::Document& header = parsed->header;
  base::FieldViolations violations;
  auto originator = base::AgencyName::Parse(header.originator());
  if (!originator.has_value()) {
    violations.Add("originator", "must be \"partners/{{state}}/agencies/{{agency}}\"");
  } else {
    parsed->originator = *originator;
  }
  if (!base::IsReference(header.reference())) {
    violations.Add("reference",
                   "must be 1 to 64 characters of A-Z a-z 0-9 . _ ~ -, no leading dot");
  }
  if (!header.has_composed_time()) {
    violations.Add("composed_time", "is missing");
  } else if (header.composed_time().seconds() < -2208988800 ||
             header.composed_time().seconds() > 7289654400 || header.composed_time().nanos() < 0 ||
             header.composed_time().nanos() > 999999999) {
    violations.Add("composed_time", "is out of range");
  }
  CheckAudience(header.audience(), parsed->originator.state, violations);
  if (!header.has_marking()) {
    violations.Add("marking", "is missing");
  } else {
    CheckMarking(header.marking(), "marking", violations);
    CheckTimes(header.marking(), "marking", violations);
  }
  CheckReferences(header, violations);
  if (header.content_case() == pb::Document::CONTENT_NOT_SET) violations.Add("body", "is missing");
  const std::string& url = header.body().type_url();
  if (header.has_body() &&
      (url.rfind(kTypePrefix, 0) != 0 || url.find('/', kTypePrefix.size()) != std::string::npos)) {
    violations.Add("body.type_url", "must be {} and the message's full name", kTypePrefix);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  if (header.has_sealed()) {
    return base::RefuseArgument(Reason::kBodyUnknown,
                                "sealed bodies are not accepted by this release");
  }
  parsed->kind = url.substr(kTypePrefix.size());
  ENTENTE_RETURN_IF_ERROR(CheckBody(header.body(), parsed->kind));
  parsed->digest = crypto::Sha256(bytes);
  parsed->envelope = parsed->signed_document.SerializeAsString();
  parsed->envelope_digest = crypto::Sha256(parsed->envelope);
  return parsed;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ParsedDocument>> Parse(pb::SignedDocument signed_document) {
  ENTENTE_RETURN_IF_ERROR(CheckEnvelope(signed_document));
  return ParseIn(std::move(signed_document));
}

absl::StatusOr<std::shared_ptr<const ParsedDocument>> ParseRemains(pb::SignedDocument remains) {
  ENTENTE_RETURN_IF_ERROR(CheckSizes(remains));
  if (remains.signatures_size() != 0 || HasUnknownFields(remains)) {
    return base::RefuseArgument(Reason::kDocumentMalformed,
                                "what remains of a document has no signatures, nor fields that "
                                "this release does not know");
  }
  return ParseIn(std::move(remains));
}

Verifier::Verifier()
    : cache_(std::make_unique<CertificateCache>()), held_(std::make_unique<HeldStatements>()) {}
Verifier::~Verifier() = default;

absl::StatusOr<std::vector<crypto::Certificate>> Verifier::ChainOf(const pb::Signature& signature,
                                                                   const std::string& path) {
  std::vector<crypto::Certificate> chain;
  for (int i = -1; i < signature.chain_size(); ++i) {
    auto one = cache_->Get(i < 0 ? signature.certificate() : signature.chain(i));
    if (!one.ok()) {
      return base::RefuseArgument(Reason::kCertificateRejected, "{}.{}: {}", path,
                                  i < 0 ? "certificate" : "chain", base::Text(one.status()));
    }
    chain.push_back(*std::move(one));
  }
  return chain;
}

absl::StatusOr<base::Digest> Verifier::VerifyBatch(const ParsedDocument& parsed,
                                                   const pb::Signature& signature,
                                                   const crypto::Certificate& leaf) {
  ENTENTE_ASSIGN_OR_RETURN(
      const std::string statement,
      BatchStatement(parsed.header, parsed.signed_document.document(), signature.batch()));
  const base::Digest key =
      HeldStatements::Key(signature.certificate(), statement, signature.value());
  if (held_->Holds(key)) return key;
  ENTENTE_RETURN_IF_ERROR(leaf.public_key().Verify(
      signature.value(), PreAuthenticationEncoding(kBatchMediaType, statement)));
  return key;
}

absl::StatusOr<VerifiedDocument> Verifier::Verify(std::shared_ptr<const ParsedDocument> parsed,
                                                  const SignerTrust& trust, absl::Time time) {
  const auto& signed_document = parsed->signed_document;
  std::string message;  // of a signature without a place; made when one comes
  VerifiedDocument result;
  std::vector<Signer> signers;
  std::set<std::pair<base::AgencyName, std::string>> officers;
  for (int i = 0; i < signed_document.signatures_size(); ++i) {
    const auto& signature = signed_document.signatures(i);
    const std::string path = fmt::format("signed_document.signatures[{}]", i);
    ENTENTE_ASSIGN_OR_RETURN(const auto certificates, ChainOf(signature, path));
    const crypto::Certificate& leaf = certificates.front();
    // A place decides what the signature is over: neither kind passes for the other.
    absl::StatusOr<base::Digest> batch;
    if (!signature.has_batch() && message.empty()) {
      message = PreAuthenticationEncoding(kMediaType, signed_document.document());
    }
    const absl::Status held = signature.has_batch()
                                  ? (batch = VerifyBatch(*parsed, signature, leaf)).status()
                                  : leaf.public_key().Verify(signature.value(), message);
    if (!held.ok()) {
      return base::WithPrefix(held, path + (signature.has_batch() ? ".batch" : ".value"));
    }
    auto signer = trust.AcceptSigner(leaf, std::span(certificates).subspan(1), time);
    if (!signer.ok()) return base::WithPrefix(signer.status(), path + ".certificate");
    if (signer->agency.state != parsed->originator.state) {
      return base::RefuseArgument(Reason::kSignerNotAccepted,
                                  "{}.certificate: speaks for {}, the originator is of {}", path,
                                  signer->agency.state, parsed->originator.state);
    }
    if (signature.has_batch()) held_->Add(*batch, signer->agency.state);
    for (const auto& certificate : certificates) result.Narrow(certificate);
    officers.emplace(signer->agency, signer->officer);
    signers.push_back(*std::move(signer));
  }
  const int required = trust.SignaturesRequired(parsed->originator.state);
  if (static_cast<int>(officers.size()) < required) {
    return base::RefuseArgument(Reason::kSignatureMissing,
                                "signed by {} officers; {} requires {} different ones",
                                officers.size(), parsed->originator.state, required);
  }
  result.parsed_ = std::move(parsed);
  result.signers_ = std::move(signers);
  return result;
}

absl::StatusOr<SigningIdentity> SigningIdentity::FromFiles(const std::string& certificate_file,
                                                           const std::string& key_file) {
  auto pem = base::ReadFile(certificate_file);
  if (!pem.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read certificate file {}",
                                certificate_file);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto chain, crypto::Certificate::FromPem(*pem));
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromFile(key_file));
  if (chain[0].public_key().Spki() != key.public_key().Spki()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "{} is not the key of {}", key_file,
                                certificate_file);
  }
  return SigningIdentity{std::move(chain), std::move(key)};
}

absl::StatusOr<pb::Signature> SignatureOf(const DocumentSigner& signer, std::string_view media_type,
                                          std::string_view bytes) {
  pb::Signature signature;
  signature.set_certificate(signer.chain[0].der());
  for (size_t i = 1; i < signer.chain.size(); ++i) signature.add_chain(signer.chain[i].der());
  ENTENTE_ASSIGN_OR_RETURN(*signature.mutable_value(),
                           signer.key->Sign(PreAuthenticationEncoding(media_type, bytes)));
  return signature;
}

absl::Status AddSignature(const DocumentSigner& signer, pb::SignedDocument& signed_document) {
  ENTENTE_ASSIGN_OR_RETURN(auto signature,
                           SignatureOf(signer, kMediaType, signed_document.document()));
  *signed_document.add_signatures() = std::move(signature);
  return absl::OkStatus();
}

pb::SignedDocument Unsigned(const pb::Document& document) {
  pb::SignedDocument result;
  result.set_document(document.SerializeAsString());
  return result;
}

pb::SignedDocument Sign(const pb::Document& document, std::span<const SigningIdentity> signers) {
  pb::SignedDocument result = Unsigned(document);
  for (const SigningIdentity& signer : signers) ENTENTE_CHECK(AddSignature(signer, result).ok());
  return result;
}

}  // namespace entente::document
