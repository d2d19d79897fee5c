// Puts signed documents into a register as the sequencer would, without a journal.
#ifndef ENTENTE_TESTS_SUPPORT_REGISTER_DRIVER_H_
#define ENTENTE_TESTS_SUPPORT_REGISTER_DRIVER_H_

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/core/base/status.h"
#include "services/core/machine/register.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

template <typename Register>
class RegisterDriver {
 public:
  RegisterDriver(std::string group, const TestRegime& regime, const base::Clock& clock,
                 const config::v1::RegimeProfile& profile)
      : group_(std::move(group)), regime_(regime), clock_(clock), reg_(profile) {}

  // Signs and puts a document, and gives its assigned name. A refusal must leave no trace.
  absl::StatusOr<std::string> Put(const pb::Document& document) {
    const auto signed_document = regime_.Sign(document);
    ENTENTE_ASSIGN_OR_RETURN(auto verified, regime_.Verify(signed_document));
    const base::Digest before = reg_.Fingerprint();
    const auto& directory = regime_.directory();
    auto judgement =
        reg_.Validate(verified, {.now = clock_.Now(),
                                 .partners = directory.partners(),
                                 .from_chair = directory.Has(verified.parsed().originator, group_,
                                                             identity::Right::kChair)});
    EXPECT_EQ(reg_.Fingerprint(), before) << "Validate changed something";
    if (!judgement.ok()) return judgement.status();
    Kept& kept = kept_.emplace_back();
    tip_ = TestRegime::DigestOf(signed_document);
    kept.header = document;
    kept.kind = verified.parsed().kind;
    kept.leaf.set_document_digest(tip_.str());
    auto& stamp = *kept.leaf.mutable_stamp();
    stamp.set_ledger(entry::LedgerIdOf(group_, document.audience()));
    stamp.set_index(in_ledger_[stamp.ledger()]++);
    stamp.set_name(judgement->name);
    stamp.set_rules_version(judgement->rules_version);
    *stamp.mutable_ruling() = judgement->ruling;
    entry::SetTime(clock_.Now(), stamp.mutable_recorded_time());
    Apply(kept_.size() - 1, reg_, ledgers_);
    return judgement->name;
  }
  // The fingerprint of a fresh register, with rules that nobody ever had, to which everything is
  // applied again (laws 4 and 5).
  base::Digest Replayed() const {
    Register fresh{config::v1::RegimeProfile()};
    ApplyTo(fresh);
    return fresh.Fingerprint();
  }
  // Applies everything again, to another register.
  void ApplyTo(Register& other) const {
    // Chains point at them for as long as the register is there.
    auto& ledgers = *others_.emplace_back(std::make_unique<Ledgers>());
    for (size_t i = 0; i < kept_.size(); ++i) Apply(i, other, ledgers);
  }
  const Register& reg() const { return reg_; }
  // What was found when the document of this name was put.
  google::protobuf::Any RulingOf(const std::string& name) const {
    for (const Kept& kept : kept_) {
      if (kept.leaf.stamp().name() == name) return kept.leaf.stamp().ruling();
    }
    return {};
  }
  const base::Digest& tip() const { return tip_; }  // of the document that was put last
  size_t size() const { return kept_.size(); }

 private:
  using Ledgers = std::map<std::string, machine::Ledger>;
  void Apply(size_t number, Register& reg, Ledgers& ledgers) const {
    const Kept& kept = kept_[number];
    auto& ledger = ledgers[kept.leaf.stamp().ledger()];
    ledger.id = kept.leaf.stamp().ledger();
    ledger.audience = kept.header.audience();
    EXPECT_TRUE(reg.Fold({number, kept.leaf, kept.header, kept.kind},
                         *base::Digest::From(kept.leaf.document_digest()), ledger));
  }
  struct Kept {
    pb::Leaf leaf;
    pb::Document header;
    std::string kind;
  };
  const std::string group_;
  const TestRegime& regime_;
  const base::Clock& clock_;
  Ledgers ledgers_;
  mutable std::vector<std::unique_ptr<Ledgers>> others_;
  Register reg_;
  std::deque<Kept> kept_;
  std::map<std::string, uint64_t> in_ledger_;
  base::Digest tip_;
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_REGISTER_DRIVER_H_
