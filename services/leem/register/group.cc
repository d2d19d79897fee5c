#include "services/leem/register/group.h"

#include "services/leem/register/denial_register.h"

namespace entente::leem {
namespace {

using machine::Role;

constexpr machine::Kind kKinds[] = {
    {"entente.leem.v1.DenialNotification", Role::kOpens, "denials"},
    {"entente.leem.v1.DenialAmendment", Role::kRevises, ""},
    {"entente.leem.v1.DenialRenewal", Role::kRevises, ""},
    {"entente.leem.v1.DenialRevocation", Role::kEnds, ""},
    {"entente.leem.v1.SuspensionClosure", Role::kRevises, ""},
};

}  // namespace

const machine::Group kLeem = {
    .name = "leem",
    .kinds = kKinds,
    .make_register = [](const entente::config::v1::RegimeProfile& profile)
        -> std::unique_ptr<machine::Register> { return std::make_unique<DenialRegister>(profile); },
};

}  // namespace entente::leem
