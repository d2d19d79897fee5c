#include "clients/sdk/signing.h"

#include <vector>

#include "services/core/base/status.h"
#include "services/core/document/batch.h"

namespace entente::sdk {

using base::Reason;

absl::Status AddSignatures(const Agency& agency,
                           std::span<document::pb::SignedDocument* const> documents) {
  if (agency.signers().empty()) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                        "the client configuration names no signers; add signers {{ … }} to it");
  }
  if (documents.empty()) return absl::OkStatus();
  std::vector<document::pb::SignedDocument*> together;
  std::vector<document::pb::SignedDocument*> alone;
  for (document::pb::SignedDocument* one : documents) {
    document::pb::Document header;
    if (!header.ParseFromString(one->document())) {
      return base::RefuseArgument(Reason::kFieldInvalid, "a document to sign does not parse");
    }
    const std::string& url = header.body().type_url();
    (agency.SignsAlone(url.substr(url.rfind('/') + 1)) ? alone : together).push_back(one);
  }
  for (const auto& signer : agency.signers()) {
    ENTENTE_RETURN_IF_ERROR(document::AddSignatures(signer, together));
    for (document::pb::SignedDocument* one : alone) {
      ENTENTE_RETURN_IF_ERROR(document::AddSignature(signer, *one));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<document::pb::SignedDocument> Sign(const Agency& agency,
                                                  const document::pb::Document& document) {
  document::pb::SignedDocument result = document::Unsigned(document);
  document::pb::SignedDocument* one = &result;
  ENTENTE_RETURN_IF_ERROR(AddSignatures(agency, std::span(&one, 1)));
  return result;
}

}  // namespace entente::sdk
