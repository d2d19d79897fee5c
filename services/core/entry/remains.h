// What remains of a document that is erased (entente.exchange.v1.Erasure), as its kind declares
// (kind.proto): the same for the service that erases and for everybody who looks at what it did.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_REMAINS_H_
#define ENTENTE_SERVICES_CORE_ENTRY_REMAINS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace entente::entry {

// Whether this program knows a kind (full name).
bool IsKnownKind(std::string_view kind);
// Whether documents of this kind can be erased. False for one that is not known.
bool CanBeErased(std::string_view kind);

// What stays of a serialised SignedDocument in its place, as one without signatures: the header,
// and of the body the fields that its kind names. Of what remains, it remains itself.
// PROCEDURE_FORBIDS for a kind that stays whole, such as an Erasure, or that this program does not
// know; DOCUMENT_MALFORMED for what is no document.
absl::StatusOr<std::string> RemainsOf(std::string_view signed_document);

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_REMAINS_H_
