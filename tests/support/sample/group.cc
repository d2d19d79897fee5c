#include "tests/support/sample/group.h"

#include "tests/support/sample/notice_register.h"

namespace entente::sample {
namespace {

using machine::Role;

constexpr machine::Kind kKinds[] = {
    {"entente.sample.v1.Notice", Role::kOpens, "notices"},
    {"entente.sample.v1.NoticeAmendment", Role::kRevises, ""},
    {"entente.sample.v1.NoticeComment", Role::kAnswers, "remarks"},
    {"entente.sample.v1.NoticeWithdrawal", Role::kEnds, ""},
};

}  // namespace

const machine::Group kSample = {
    .name = "sample",
    .kinds = kKinds,
    .make_register = [](const entente::config::v1::RegimeProfile& profile)
        -> std::unique_ptr<machine::Register> { return std::make_unique<NoticeRegister>(profile); },
};

}  // namespace entente::sample
