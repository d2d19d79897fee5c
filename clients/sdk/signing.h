// Signing for an agency: each officer of its configuration once for all documents of one audience.
#ifndef ENTENTE_CLIENTS_SDK_SIGNING_H_
#define ENTENTE_CLIENTS_SDK_SIGNING_H_

#include <span>
#include <string_view>

#include "clients/sdk/agency.h"

namespace entente::sdk {

// Whether documents of this kind (full name) are signed one by one: by the regime's profile a
// service refuses them from a batch (config.v1.SigningRules).
bool IsSignedAlone(std::string_view kind);

// Signs with each of the agency's signers, beside the signatures that are there: at once what has
// one audience, and alone what must be. FAILED_PRECONDITION where the configuration names no
// signer; FIELD_INVALID where one of several documents does not parse.
absl::Status AddSignatures(const Agency& agency,
                           std::span<document::pb::SignedDocument* const> documents);
// Serialises the document, and signs it with each of the agency's signers.
absl::StatusOr<document::pb::SignedDocument> Sign(const Agency& agency,
                                                  const document::pb::Document& document);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_SIGNING_H_
