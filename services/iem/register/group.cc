#include "services/iem/register/group.h"

#include "services/iem/register/matter_register.h"

namespace entente::iem {
namespace {

using machine::Role;

constexpr machine::Kind kKinds[] = {
    {"entente.iem.v1.Alert", Role::kOpens, "alerts"},
    {"entente.iem.v1.AlertClosure", Role::kEnds, ""},
    {"entente.iem.v1.TrendReport", Role::kOpens, "reports"},
    {"entente.iem.v1.InformationRequest", Role::kOpens, "requests"},
    {"entente.iem.v1.RequestClosure", Role::kEnds, ""},
    {"entente.iem.v1.ReleaseRequest", Role::kOpens, "releases"},
    {"entente.iem.v1.Sighting", Role::kAnswers, "answers"},
    {"entente.iem.v1.Assessment", Role::kAnswers, "answers"},
    {"entente.iem.v1.RequestReply", Role::kAnswers, "answers"},
    {"entente.iem.v1.RequestDateAgreement", Role::kAnswers, "answers"},
    {"entente.iem.v1.ReleaseDecision", Role::kAnswers, "answers"},
};

}  // namespace

const machine::Group kIem = {
    .name = "iem",
    .kinds = kKinds,
    .make_register = [](const entente::config::v1::RegimeProfile& profile)
        -> std::unique_ptr<machine::Register> { return std::make_unique<MatterRegister>(profile); },
};

}  // namespace entente::iem
