#include "services/core/identity/acknowledgement.h"

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"

namespace entente::identity {

using base::Reason;
namespace pb = entente::exchange::v1;

pb::SignedAcknowledgement SignAcknowledgement(const pb::Acknowledgement& acknowledgement,
                                              const document::SigningIdentity& tls) {
  pb::SignedAcknowledgement result;
  result.set_acknowledgement(acknowledgement.SerializeAsString());
  auto signature = document::SignatureOf(tls, kAcknowledgementMediaType, result.acknowledgement());
  ENTENTE_CHECK(signature.ok());  // the key is here
  *result.mutable_signature() = *std::move(signature);
  return result;
}

absl::StatusOr<pb::Acknowledgement> ReadAcknowledgement(
    const pb::SignedAcknowledgement& signed_acknowledgement, const std::string& path) {
  base::FieldViolations violations;
  const auto& signature = signed_acknowledgement.signature();
  size_t certificates = signature.certificate().size();
  for (const std::string& one : signature.chain()) certificates += one.size();
  if (certificates > kAcknowledgementCertificatesBytesMax) {
    violations.Add(path + "signature.certificate", "with its chain larger than {} bytes",
                   kAcknowledgementCertificatesBytesMax);
  }
  if (signature.chain_size() > document::kChainMax) {
    violations.Add(path + "signature.chain", "more than {}", document::kChainMax);
  }
  if (signature.has_batch()) violations.Add(path + "signature.batch", "is of documents only");
  pb::Acknowledgement result;
  if (signed_acknowledgement.acknowledgement().size() > kAcknowledgementBytesMax ||
      !result.ParseFromString(signed_acknowledgement.acknowledgement())) {
    violations.Add(path + "acknowledgement", "does not parse, or is larger than 1 KiB");
    return violations.ToStatus();
  }
  if (!entry::IsLedgerId(result.ledger())) {
    violations.Add(path + "acknowledgement.ledger", "is no ledger");
  }
  if (result.size() == 0) violations.Add(path + "acknowledgement.size", "is missing");
  if (!base::Digest::From(result.root())) {
    violations.Add(path + "acknowledgement.root", "is not 32 bytes");
  }
  const auto& time = result.acknowledged_time();
  // Years 0001 to 9999, as RFC 3339 writes them.
  if (time.seconds() < -62135596800 || time.seconds() > 253402300799 || time.nanos() < 0 ||
      time.nanos() > 999999999) {
    violations.Add(path + "acknowledgement.acknowledged_time", "is out of range");
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return result;
}

absl::Status VerifyAcknowledgement(const pb::SignedAcknowledgement& signed_acknowledgement,
                                   const pb::Acknowledgement& acknowledgement,
                                   const Directory& directory, absl::Time now,
                                   std::optional<RecordedUnder> recorded) {
  const auto& signature = signed_acknowledgement.signature();
  ENTENTE_ASSIGN_OR_RETURN(const auto leaf, crypto::Certificate::FromDer(signature.certificate()));
  std::vector<crypto::Certificate> chain;
  for (const std::string& one : signature.chain()) {
    ENTENTE_ASSIGN_OR_RETURN(auto certificate, crypto::Certificate::FromDer(one));
    chain.push_back(std::move(certificate));
  }
  base::AgencyName agency;
  if (recorded.has_value()) {
    ENTENTE_ASSIGN_OR_RETURN(const auto signer,
                             directory.AcceptPast(leaf, chain, crypto::LeafUsage::kTlsClient,
                                                  recorded->time, recorded->serial));
    agency = signer.agency;
  } else {
    ENTENTE_ASSIGN_OR_RETURN(agency, directory.AcceptCaller(leaf, chain, now));
  }
  if (agency.str() != acknowledgement.agency()) {
    return base::RefuseArgument(Reason::kSignatureInvalid,
                                "{}'s acknowledgement is signed with the certificate of {}",
                                acknowledgement.agency(), agency.str());
  }
  return leaf.public_key().Verify(
      signature.value(), document::PreAuthenticationEncoding(
                             kAcknowledgementMediaType, signed_acknowledgement.acknowledgement()));
}

}  // namespace entente::identity
