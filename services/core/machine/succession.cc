#include "services/core/machine/succession.h"

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/erasure.h"
#include "services/core/machine/register.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/links.h"

namespace entente::machine {

using base::Reason;
using rules::Reference;

absl::StatusOr<const Chain*> FindNamed(const Chains& chains, std::string_view name,
                                       const document::VerifiedDocument& document) {
  const Chain* chain =
      chains.Find(name, {.state = document.parsed().originator.state, .is_partner = true});
  // An order to erase is no matter of the group's.
  if (chain == nullptr || IsErasure(chain->name())) return rules::NoSuch(name);
  if (chain->name() != name) {
    return rules::Fault("references", fmt::format("{} is not how a chain is named; name its first "
                                                  "document, {}",
                                                  name, chain->name()));
  }
  return chain;
}

absl::Status CheckNameIsFree(const Chains& chains, std::string_view name) {
  if (chains.FindAny(name) == nullptr) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kAlreadyExists, Reason::kReferenceReused,
                      "reference: {} exists already, perhaps from another agency of your state; "
                      "use a new one",
                      name);
}

absl::Status CheckAnswers(const Chain& answered, const entry::pb::Audience& audience) {
  if (!rules::Within(audience, answered.audience())) {
    return base::RefuseArgument(Reason::kReleaseNeeded,
                                "audience: is wider than that of {}, which it answers",
                                answered.name());
  }
  if (!rules::Holds(audience, std::string(answered.originator_state()))) {
    return rules::Fault("audience", fmt::format("must hold the state that is answered, {}",
                                                answered.originator_state()));
  }
  return absl::OkStatus();
}

absl::StatusOr<const Chain*> FindSuperseded(const Chains& chains,
                                            const document::VerifiedDocument& document) {
  const Reference* before = rules::ReferenceOf(document.header(), Reference::RELATION_SUPERSEDES);
  ENTENTE_ASSIGN_OR_RETURN(const Chain* chain, FindNamed(chains, before->name(), document));
  if (chain->originator_state() != document.parsed().originator.state) {
    return rules::Forbid(Reason::kProcedureForbids, chain->name(),
                         "only its originator's state may change it");
  }
  return chain;
}

absl::Status CheckSucceeds(const Chain& chain, const document::VerifiedDocument& document,
                           Role role, const Budgets& budgets, uint64_t facts) {
  const auto& header = document.header();
  const Reference* before = rules::ReferenceOf(header, Reference::RELATION_SUPERSEDES);
  if (before->digest() != chain.tip.view()) return rules::Moved(chain.name());
  if (role != Role::kEnds) {
    ENTENTE_RETURN_IF_ERROR(CheckChain(budgets, {chain.name(), chain.positions.size(), facts}));
  }
  if (entry::LedgerIdOf("", header.audience()) == entry::LedgerIdOf("", chain.audience())) {
    return absl::OkStatus();
  }
  return base::RefuseArgument(Reason::kAudienceChanged,
                              "audience: {} stays in its audience; to reach others, open a new one "
                              "to them",
                              chain.name());
}

}  // namespace entente::machine
