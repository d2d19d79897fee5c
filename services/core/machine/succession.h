// The one check of a chain's next document: it names the newest one, comes from the same state, and
// stays in the chain's audience.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_SUCCESSION_H_
#define ENTENTE_SERVICES_CORE_MACHINE_SUCCESSION_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/core/document/document.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/chains.h"
#include "services/core/machine/group.h"

namespace entente::machine {

// The chain whose first document has this name; NOT_FOUND if there is none, or the document's
// originator may not read it; FIELD_INVALID if the name is one of a later document.
absl::StatusOr<const Chain*> FindNamed(const Chains& chains, std::string_view name,
                                       const document::VerifiedDocument& document);
// REFERENCE_REUSED if a document has the name that the first of a chain is to have.
absl::Status CheckNameIsFree(const Chains& chains, std::string_view name);
// What is said to a chain goes no further than that does, RELEASE_NEEDED, and to the state that it
// answers, FIELD_INVALID.
absl::Status CheckAnswers(const Chain& answered, const entry::pb::Audience& audience);
// The chain that a document continues, by its reference of the relation SUPERSEDES, which it has.
// PROCEDURE_FORBIDS if that is another state's. Whether it may be continued, and by this, the group
// judges next.
absl::StatusOr<const Chain*> FindSuperseded(const Chains& chains,
                                            const document::VerifiedDocument& document);
// After that: CHAIN_MOVED if the document does not name the newest one, AUDIENCE_CHANGED, and,
// unless the document ends the chain, BUDGET_EXCEEDED if that is full or has too many facts.
absl::Status CheckSucceeds(const Chain& chain, const document::VerifiedDocument& document,
                           Role role, const Budgets& budgets, uint64_t facts);

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_SUCCESSION_H_
