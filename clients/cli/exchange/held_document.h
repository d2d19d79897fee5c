// A document that waits in a file: for an officer's signature, or to be submitted. The file is
// proto3 JSON of entente.exchange.v1.SignedDocument.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_HELD_DOCUMENT_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_HELD_DOCUMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "clients/sdk/agency.h"
#include "services/core/document/document.h"

namespace entente::cli {

// Keeps it in a new file, private to its owner; one that is there already is left as it is.
absl::Status Hold(const document::pb::SignedDocument& signed_document, const std::string& path);

// "leem" of "type.googleapis.com/entente.leem.v1.DenialNotification".
std::string GroupOfKind(std::string_view type_url);

// What a file holds, with every signature checked, however few they are; a draft has none.
struct HeldDocument {
  document::pb::SignedDocument signed_document;
  std::shared_ptr<const document::ParsedDocument> parsed;
  std::vector<document::Signer> signers;
  std::string group;  // whose service takes it, by its kind
};
absl::StatusOr<HeldDocument> CheckHeld(document::pb::SignedDocument signed_document,
                                       const document::SignerTrust& trust);
// Where the agency's machine keeps the draft of this number and kind that was shown here last, so
// that an officer sees what changed. Kept until it is submitted, or erased.
std::string SeenFile(const sdk::Agency& agency, const document::pb::Document& header);
absl::StatusOr<HeldDocument> ReadHeld(const std::string& path, const document::SignerTrust& trust);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_HELD_DOCUMENT_H_
