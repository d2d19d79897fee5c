// Documents that name others: finding a reference, and the refusals for one that is missing, hidden
// or out of date.
#ifndef ENTENTE_SERVICES_CORE_RULES_LINKS_H_
#define ENTENTE_SERVICES_CORE_RULES_LINKS_H_

#include <string>
#include <string_view>

#include "services/core/base/status.h"
#include "services/core/document/document.h"

namespace entente::rules {

using Reference = document::pb::Reference;

// The first reference of this relation; null if there is none.
const Reference* ReferenceOf(const document::pb::Document& header, Reference::Relation relation);
int CountReferences(const document::pb::Document& header, Reference::Relation relation);

// "partners/kr/alerts/1/revisions/3" -> "partners/kr/alerts/1"
std::string_view ChainOf(std::string_view name);
// "partners/kr/alerts/1" -> "kr"
inline std::string_view StateOf(std::string_view name) { return name.substr(9, 2); }

// NOT_FOUND for what does not exist and for what is hidden, alike (law 6).
absl::Status NoSuch(std::string_view name);
// FAILED_PRECONDITION: the named document does not admit it.
absl::Status Forbid(base::Reason reason, std::string_view name, std::string_view why);
// FIELD_INVALID with this one fault.
absl::Status Fault(std::string field, std::string_view why);
// ABORTED: the next document does not name the chain's newest one.
absl::Status Moved(std::string_view name);

}  // namespace entente::rules

#endif  // ENTENTE_SERVICES_CORE_RULES_LINKS_H_
