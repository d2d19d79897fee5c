// Puts signed documents into a register as the sequencer would, without a journal.
#ifndef ENTENTE_TESTS_SUPPORT_REGISTER_DRIVER_H_
#define ENTENTE_TESTS_SUPPORT_REGISTER_DRIVER_H_

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/group.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

// `Register` is the group's own, or machine::Register where the group does not matter.
template <typename Register = machine::Register>
class RegisterDriver {
 public:
  RegisterDriver(std::string group, const TestRegime& regime, const base::Clock& clock,
                 const config::v1::RegimeProfile& profile) requires(!std::is_abstract_v<Register>)
      : RegisterDriver(
            std::move(group),
            [](const config::v1::RegimeProfile& p) { return std::make_unique<Register>(p); },
            regime, clock, profile) {}
  RegisterDriver(const machine::Group& group, const TestRegime& regime, const base::Clock& clock,
                 const config::v1::RegimeProfile& profile) requires(std::is_abstract_v<Register>)
      : RegisterDriver(std::string(group.name), group.make_register, regime, clock, profile) {}

  // Signs and puts a document, and gives its assigned name. A refusal must leave no trace.
  absl::StatusOr<std::string> Put(const pb::Document& document) {
    const auto signed_document = regime_.Sign(document);
    ENTENTE_ASSIGN_OR_RETURN(auto verified, regime_.Verify(signed_document));
    const auto before = Fingerprints();
    const auto& directory = regime_.directory();
    auto judgement =
        reg_->Validate(verified, {.now = clock_.Now(),
                                  .partners = directory.partners(),
                                  .from_chair = directory.Has(verified.parsed().originator, group_,
                                                              identity::Right::kChair)});
    EXPECT_EQ(Fingerprints(), before) << "Validate changed something";
    if (!judgement.ok()) return judgement.status();
    Kept& kept = kept_.emplace_back();
    tip_ = TestRegime::DigestOf(signed_document);
    kept.number = kept_.size() - 1;
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
    Apply(kept, *reg_, ledgers_);
    return judgement->name;
  }
  // The fingerprint of a fresh register, with rules that nobody ever had, to which everything is
  // applied again (laws 4 and 5).
  base::Digest Replayed() const {
    const auto fresh = make_(config::v1::RegimeProfile());
    ApplyTo(*fresh);
    return fresh->Fingerprint();
  }
  // Applies everything again, to another register, each document changed by `change`.
  void ApplyTo(Register& other, const std::function<void(pb::Document&)>& change = nullptr) const {
    // Chains point at them for as long as the register is there.
    auto& ledgers = *others_.emplace_back(std::make_unique<Ledgers>());
    for (Kept kept : kept_) {
      if (change) change(kept.header);
      Apply(kept, other, ledgers);
    }
  }
  void ForEach(const std::function<void(const pb::Document&)>& use) const {
    for (const Kept& kept : kept_) use(kept.header);
  }
  const Register& reg() const { return *reg_; }
  // A register of the same group with these rules, and nothing in it.
  std::unique_ptr<Register> Fresh(const config::v1::RegimeProfile& profile) const {
    return make_(profile);
  }
  // Of the group's state, and of its chains.
  std::pair<base::Digest, base::Digest> Fingerprints() const {
    return {reg_->Fingerprint(), reg_->chains().Fingerprint()};
  }
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
  using Make = std::function<std::unique_ptr<Register>(const config::v1::RegimeProfile&)>;
  RegisterDriver(std::string group, Make make, const TestRegime& regime, const base::Clock& clock,
                 const config::v1::RegimeProfile& profile)
      : group_(std::move(group)),
        make_(std::move(make)),
        regime_(regime),
        clock_(clock),
        reg_(make_(profile)) {}
  using Ledgers = std::map<std::string, machine::Ledger>;
  struct Kept {
    uint64_t number = 0;
    pb::Leaf leaf;
    pb::Document header;
    std::string kind;
  };
  static void Apply(const Kept& kept, Register& reg, Ledgers& ledgers) {
    auto& ledger = ledgers[kept.leaf.stamp().ledger()];
    ledger.id = kept.leaf.stamp().ledger();
    ledger.audience = kept.header.audience();
    EXPECT_TRUE(reg.Fold({kept.number, kept.leaf, kept.header, kept.kind},
                         *base::Digest::From(kept.leaf.document_digest()), ledger));
  }
  const std::string group_;
  const Make make_;
  const TestRegime& regime_;
  const base::Clock& clock_;
  Ledgers ledgers_;
  mutable std::vector<std::unique_ptr<Ledgers>> others_;
  const std::unique_ptr<Register> reg_;
  std::deque<Kept> kept_;
  std::map<std::string, uint64_t> in_ledger_;
  base::Digest tip_;
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_REGISTER_DRIVER_H_
