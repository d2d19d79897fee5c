// Signing for an agency: each officer of its configuration once for all documents of one audience.
#ifndef ENTENTE_CLIENTS_SDK_SIGNING_H_
#define ENTENTE_CLIENTS_SDK_SIGNING_H_

#include <span>

#include "clients/sdk/agency.h"

namespace entente::sdk {

// Signs with each of the agency's signers, beside the signatures that are there: at once what has
// one audience, and alone what must be (Agency::SignsAlone). FAILED_PRECONDITION where the
// configuration names no signer; FIELD_INVALID where a document does not parse. Where a token
// fails, some may be signed.
absl::Status AddSignatures(const Agency& agency,
                           std::span<document::pb::SignedDocument* const> documents);
// Serialises the document, and signs it with each of the agency's signers.
absl::StatusOr<document::pb::SignedDocument> Sign(const Agency& agency,
                                                  const document::pb::Document& document);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_SIGNING_H_
