// Documents that are erased because a law asks for it (entente.exchange.v1.Erasure): who may order
// it, what remains, and how it is carried out. Every group takes the kind, which is the core's.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_ERASURE_H_
#define ENTENTE_SERVICES_CORE_MACHINE_ERASURE_H_

#include <string>
#include <string_view>

#include "services/core/journal/journal.h"
#include "services/core/machine/group.h"
#include "services/core/machine/machine.h"

namespace entente::machine {

inline constexpr Kind kErasure = {"entente.exchange.v1.Erasure", Role::kOpens, "erasures"};

// Whether an assigned name is that of an Erasure.
bool IsErasure(std::string_view name);

// The part of the judgement that needs no state.
absl::Status CheckErasure(const document::VerifiedDocument& document, absl::Time now);
// Whether the state that orders it may: it is its own document's originator, names it with its
// digest, to the same audience, and vouches for what remains. PROCEDURE_FORBIDS for what cannot be
// erased, or is already. Reads the document from the journal.
absl::StatusOr<Judgement> JudgeErasure(const document::VerifiedDocument& document, absl::Time now,
                                       const Machine& machine, journal::Journal& journal);

// Carries out what was ordered and not done yet: takes the bodies out of the journal, and the words
// out of the register, whose chain is restated beside what is served. The one writer calls it. May
// be called again after an error, the first of several; what stood in the way of one does not stand
// in that of the next.
absl::Status CarryOutErasures(Machine& machine, journal::Journal& journal);

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_ERASURE_H_
