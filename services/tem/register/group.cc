#include "services/tem/register/group.h"

#include "services/tem/register/tem_register.h"

namespace entente::tem {
namespace {

using machine::Role;

constexpr machine::Kind kKinds[] = {
    {"entente.tem.v1.Proposal", Role::kOpens, "proposals"},
    {"entente.tem.v1.ProposalClosure", Role::kEnds, ""},
    {"entente.tem.v1.ProposalSponsorship", Role::kAnswers, "sponsorships"},
    {"entente.tem.v1.ProposalComment", Role::kAnswers, "comments"},
    {"entente.tem.v1.ProposalPosition", Role::kAnswers, "positions"},
    {"entente.tem.v1.ProposalConclusion", Role::kAnswers, "conclusions"},
    {"entente.tem.v1.EditionApproval", Role::kOpens, "approvals"},
    {"entente.tem.v1.AnnexEdition", Role::kAnswers, "editions"},  // the approval
    {"entente.tem.v1.Crosswalk", Role::kOpens, "crosswalks"},
    {"entente.tem.v1.ImplementationStatus", Role::kOpens, "implementations"},
};

}  // namespace

const machine::Group kTem = {
    .name = "tem",
    .kinds = kKinds,
    .make_register = [](const entente::config::v1::RegimeProfile& profile)
        -> std::unique_ptr<machine::Register> { return std::make_unique<TemRegister>(profile); },
};

}  // namespace entente::tem
