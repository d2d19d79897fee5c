// What is erased by law (services/core/machine/erasure.h), with every group: who may order it, what
// remains, and that a service that erased is one that never knew.
#include <gtest/gtest.h>

#include "entente/exchange/v1/erasure.pb.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/remains.h"
#include "services/core/feed/feed.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/erasure.h"
#include "services/core/machine/sequencer.h"
#include "tests/support/group_case.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using testing::Act;
using testing::GroupCase;
using What = testing::Act::What;
namespace pb = exchange::v1;

const std::vector<std::string> kStates = {"jp", "kr", "nz"};

// A journal that cannot erase now.
class Stubborn final : public journal::Journal {
 public:
  explicit Stubborn(journal::Journal& inner) : inner_(inner) {}
  absl::Status Append(uint64_t head, std::span<const journal::Record> batch) override {
    return inner_.Append(head, batch);
  }
  absl::StatusOr<std::vector<journal::Record>> Read(uint64_t begin, uint64_t end,
                                                    size_t bytes_max) override {
    return inner_.Read(begin, end, bytes_max);
  }
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) override {
    if (!refuses) return inner_.Erase(position, remains, erased_at);
    return base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted, "not now");
  }
  uint64_t Head() override { return inner_.Head(); }
  bool refuses = false;

 private:
  journal::Journal& inner_;
};

class ErasureConformanceTest : public ::testing::TestWithParam<GroupCase> {
 protected:
  struct Recorded {
    pb::Document document;
    std::string name;
    base::Digest digest;
    uint64_t position = 0;
    std::string bytes;  // signed

    std::string_view kind() const {
      const std::string_view url = document.body().type_url();
      return url.substr(url.rfind('/') + 1);
    }
  };

  void SetUp() override {
    if (!group().prepare) return;
    for (const auto& document : group().prepare(regime_)) ASSERT_OK(Send(document));
  }
  const GroupCase& group() const { return GetParam(); }

  absl::StatusOr<Recorded> Send(const pb::Document& document) {
    const auto signed_document = regime_.Sign(document);
    ENTENTE_ASSIGN_OR_RETURN(auto verified, regime_.Verify(signed_document));
    absl::StatusOr<pb::Receipt> receipt = absl::UnknownError("nobody answered");
    ENTENTE_RETURN_IF_ERROR(sequencer_.Submit(std::move(verified), regime_.directory().serial(),
                                              [&](auto given) { receipt = std::move(given); }));
    while (sequencer_.RunOnce()) {
    }
    if (!receipt.ok()) return receipt.status();
    pb::Leaf leaf;
    EXPECT_TRUE(leaf.ParseFromString(receipt->leaf()));
    const base::Digest digest = testing::TestRegime::DigestOf(signed_document);
    return Recorded{document, leaf.stamp().name(), digest, *machine_.PositionOfDigest(digest),
                    signed_document.SerializeAsString()};
  }
  // An act of a state, to all partners, on its first chain.
  absl::StatusOr<Recorded> Do(What what, const std::string& state = "jp",
                              std::vector<std::string> audience = {}) {
    Act act{.what = what,
            .state = state,
            .number = ++number_,
            .chain = chain_,
            .audience = std::move(audience)};
    if (what == What::kOpen) act.chain.clear();
    ENTENTE_ASSIGN_OR_RETURN(Recorded recorded, Send(composer_.Compose(act)));
    if (what == What::kOpen) chain_ = act.chain = recorded.name;
    composer_.Took(act, recorded.digest);
    return recorded;
  }
  bool MayGo(const Recorded& one) const {
    return group().group->Find(one.kind()) != nullptr && entry::CanBeErased(one.kind());
  }
  base::Digest RemainsOf(const Recorded& one) const {
    return crypto::Sha256(entry::RemainsOf(one.bytes).value_or(""));
  }
  absl::StatusOr<Recorded> Erase(const Recorded& of, const std::string& by = "",
                                 const std::function<void(pb::Document&)>& change = nullptr) {
    pb::Document order =
        regime_.Erasure("e" + std::to_string(++number_), of.document, of.name, of.digest,
                        machine_.PlaceOf(of.position).index, RemainsOf(of), by);
    if (change) change(order);
    return Send(order);
  }
  // A document that may be erased, on a chain of jp's.
  absl::StatusOr<Recorded> DoErasable() {
    for (const What what : {What::kOpen, What::kAnswer}) {
      if (what == What::kAnswer && !group().answers) continue;
      ENTENTE_ASSIGN_OR_RETURN(Recorded recorded, Do(what));
      if (MayGo(recorded)) return recorded;
    }
    return absl::NotFoundError("nothing of this group can be erased");
  }
  journal::Record At(uint64_t position) {
    return journal_.Read(position, position + 1, 1).value()[0];
  }
  absl::Status ReplayInto(machine::Machine& machine) {
    return machine::Replay(journal_, machine, {.known = regime_.log_keys(group().name())});
  }
  // A service that starts now knows what this one does.
  void ExpectSameAfterReplay() {
    const auto reg = group().group->make_register(group().profile);
    machine::Machine fresh("mtcr.example", group().name(), *reg);
    ASSERT_OK(ReplayInto(fresh));
    EXPECT_EQ(fresh.Fingerprint(), machine_.Fingerprint());
    EXPECT_TRUE(fresh.erasures_due().empty());
    EXPECT_EQ(fresh.UsageOf("jp").bytes, machine_.UsageOf("jp").bytes);
  }

  base::testing::FakeClock clock_;
  testing::TestRegime regime_{kStates, clock_.Now()};
  testing::Composer composer_{GetParam(), regime_};
  journal::testing::MemoryJournal journal_;
  Stubborn stubborn_{journal_};
  std::unique_ptr<machine::Register> reg_ = GetParam().group->make_register(GetParam().profile);
  machine::Machine machine_{"mtcr.example", GetParam().name(), *reg_};
  feed::Feed feed_{machine_, journal_, {}};
  document::Verifier verifier_;
  size_t forgotten_ = 0;
  machine::Sequencer sequencer_{{.journal = stubborn_,
                                 .machine = machine_,
                                 .directory = regime_.source(),
                                 .verifier = verifier_,
                                 .signer = regime_.log_signer(GetParam().name()),
                                 .clock = clock_,
                                 .committed = [this](auto commit) { feed_.Add(*commit); },
                                 .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; },
                                 .erased =
                                     [this](const absl::Status&, size_t done) {
                                       if (done > 0) feed_.Forget();
                                       forgotten_ += done;
                                     }},
                                {}};
  std::string chain_;
  int number_ = 0;
};

TEST_P(ErasureConformanceTest, TheWordsAreGoneAndTheLeafStays) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  const std::string body = first.document.body().value();
  const journal::Record before = At(first.position);
  ASSERT_NE(before.body.find(body), std::string::npos);
  ASSERT_OK_AND_ASSIGN(const Recorded order, Erase(first));
  const journal::Record after = At(first.position);
  const auto place = machine_.PlaceOf(order.position);
  EXPECT_EQ(after.erased_at, place.index);
  EXPECT_EQ(after.body.find(body), std::string::npos);
  EXPECT_EQ(crypto::Sha256(after.body), RemainsOf(first));
  EXPECT_EQ(after.header, before.header);
  EXPECT_EQ(after.body_digest, before.body_digest);
  EXPECT_EQ(forgotten_, 1u);
  EXPECT_EQ(machine_.ErasedAt(first.position), place.index);
  EXPECT_EQ(machine_.ErasedAt(order.position), std::nullopt);
  ExpectSameAfterReplay();
  // What goes out of it from now on.
  ASSERT_OK_AND_ASSIGN(const auto segment, feed_.Load(first.position));
  EXPECT_EQ(segment->buffer.find(body), std::string::npos);
  // Whoever sends it again has its receipt, and does not bring it back.
  ASSERT_OK_AND_ASSIGN(const Recorded again, Send(first.document));
  EXPECT_EQ(again.position, first.position);
  EXPECT_TRUE(At(first.position).erased_at.has_value());
}

// Of each kind, in an order that is not that of recording: all the while the service knows what its
// next start will know, and what others act on stays.
TEST_P(ErasureConformanceTest, EachDocumentOfAChainCanGo) {
  std::vector<Recorded> all;
  const auto keep = [&](absl::StatusOr<Recorded> recorded) {
    ASSERT_OK(recorded);
    all.push_back(*std::move(recorded));
  };
  keep(Do(What::kOpen));
  keep(Do(What::kRevise));
  if (group().answers) keep(Do(What::kAnswer, "kr"));
  keep(Do(What::kRevise));
  keep(Do(What::kEnd));
  std::swap(all[0], all[1]);
  for (const Recorded& one : all) {
    SCOPED_TRACE(one.name);
    const auto erased = Erase(one);
    if (!MayGo(one)) {
      EXPECT_THAT(erased, HasReason(Reason::kProcedureForbids));
      continue;
    }
    ASSERT_OK(erased);
    ExpectSameAfterReplay();
  }
  // It has ended, whatever was erased of it.
  EXPECT_FALSE(Do(What::kRevise).ok());
}

TEST_P(ErasureConformanceTest, AChainGoesOnWithoutWhatWasErased) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  ASSERT_OK(Erase(first));
  EXPECT_OK(Do(What::kRevise));
  ExpectSameAfterReplay();
}

// Who asked for facts that are erased learns what comes after, which may end what is held.
TEST_P(ErasureConformanceTest, WhatFollowsPassesEveryFilter) {
  ASSERT_OK_AND_ASSIGN(const feed::Filter filter,
                       feed::Filter::Parse("originator=nz", machine_.reg()));
  const auto passes = [&](const Recorded& one) {
    const auto segment = feed_.Load(one.position);
    EXPECT_OK(segment);
    return filter.Matches((*segment)->items[one.position - (*segment)->begin], *reg_);
  };
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  ASSERT_OK_AND_ASSIGN(const Recorded before, Do(What::kRevise));
  EXPECT_FALSE(passes(first));
  EXPECT_FALSE(passes(before));
  ASSERT_OK_AND_ASSIGN(const Recorded order, Erase(MayGo(before) ? before : first));
  EXPECT_TRUE(passes(order));
  EXPECT_TRUE(passes(MayGo(before) ? before : first));
  if (MayGo(before)) {
    ASSERT_OK_AND_ASSIGN(const Recorded end, Do(What::kEnd));
    EXPECT_TRUE(passes(end));
  }
}

TEST_P(ErasureConformanceTest, TwoInOneBatch) {
  std::vector<Recorded> two;
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(two.emplace_back(), DoErasable());
  }
  int receipts = 0;
  for (const Recorded& one : two) {
    const auto order =
        regime_.Erasure("e" + std::to_string(++number_), one.document, one.name, one.digest,
                        machine_.PlaceOf(one.position).index, RemainsOf(one));
    ASSERT_OK_AND_ASSIGN(auto verified, regime_.Verify(regime_.Sign(order)));
    ASSERT_OK(sequencer_.Submit(std::move(verified), regime_.directory().serial(),
                                [&](auto given) { receipts += given.ok() ? 1 : 0; }));
  }
  while (sequencer_.RunOnce()) {
  }
  EXPECT_EQ(receipts, 2);
  for (const Recorded& one : two) EXPECT_TRUE(At(one.position).erased_at.has_value());
  ExpectSameAfterReplay();
}

TEST_P(ErasureConformanceTest, OnlyTheOwnStateOrdersIt) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  EXPECT_THAT(Erase(first, "kr"), HasReason(Reason::kProcedureForbids));
  EXPECT_FALSE(At(first.position).erased_at.has_value());
}

TEST_P(ErasureConformanceTest, WhatIsHiddenIsToldAsWhatIsNotThere) {
  ASSERT_OK_AND_ASSIGN(const Recorded hidden, Do(What::kOpen, "jp", {"jp", "nz"}));
  Recorded absent = hidden;
  absent.name = hidden.name + "x";
  const auto to_all = [](pb::Document& order) { order.mutable_audience()->mutable_all_partners(); };
  const auto of_hidden = Erase(hidden, "kr", to_all);
  const auto of_absent = Erase(absent, "kr", to_all);
  EXPECT_THAT(of_hidden, HasReason(Reason::kNotFound));
  EXPECT_THAT(of_absent, HasReason(Reason::kNotFound));
  // Word for word, but for the name that was asked for.
  std::string text(of_absent.status().message());
  const size_t at = text.find(absent.name);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.replace(at, absent.name.size(), hidden.name), of_hidden.status().message());
}

TEST_P(ErasureConformanceTest, TheOrderNamesWhatItMeansToTheSameReaders) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  const auto refused = [&](const std::function<void(pb::Document&)>& change, Reason reason) {
    EXPECT_THAT(Erase(first, "", change), HasReason(reason));
    EXPECT_FALSE(At(first.position).erased_at.has_value());
  };
  const auto with_body = [](const std::function<void(pb::Erasure&)>& change) {
    return [change](pb::Document& order) {
      pb::Erasure body;
      order.body().UnpackTo(&body);
      change(body);
      order.mutable_body()->PackFrom(body);
    };
  };
  refused(
      [](pb::Document& order) { order.mutable_references(0)->set_digest(std::string(32, 'x')); },
      Reason::kFieldInvalid);
  refused([](pb::Document& order) { *order.add_references() = order.references(0); },
          Reason::kFieldInvalid);
  refused(
      [](pb::Document& order) {
        order.mutable_references(0)->set_relation(pb::Reference::RELATION_RELATES_TO);
      },
      Reason::kFieldInvalid);
  refused(
      [](pb::Document& order) {
        auto& states = *order.mutable_audience()->mutable_listed();
        states.clear_states();
        states.add_states("jp");
        states.add_states("kr");
      },
      Reason::kAudienceChanged);
  refused(
      [](pb::Document& order) {
        order.mutable_marking()->set_level(pb::Marking::LEVEL_RESTRICTED);
        order.mutable_marking()->set_tlp(pb::Marking::TLP_RED);
      },
      Reason::kFieldInvalid);
  refused(with_body([](pb::Erasure& body) { body.clear_authority(); }), Reason::kFieldInvalid);
  refused(with_body([](pb::Erasure& body) { body.clear_legal_basis(); }), Reason::kFieldInvalid);
  refused(with_body([](pb::Erasure& body) { body.set_index(body.index() + 1); }),
          Reason::kFieldInvalid);
  refused(with_body([](pb::Erasure& body) { body.set_remains_digest(std::string(32, 'x')); }),
          Reason::kFieldInvalid);
}

TEST_P(ErasureConformanceTest, OnceAndNeverTheOrderItself) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  ASSERT_OK_AND_ASSIGN(const Recorded order, Erase(first));
  EXPECT_THAT(Erase(first), HasReason(Reason::kProcedureForbids));
  EXPECT_THAT(Erase(order), HasReason(Reason::kProcedureForbids));
  EXPECT_FALSE(At(order.position).erased_at.has_value());
}

TEST_P(ErasureConformanceTest, OnlyAnErasureErases) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  pb::Document other = composer_.Compose(
      {.what = What::kOpen, .state = "jp", .number = ++number_, .chain = "", .audience = {}});
  auto* link = other.add_references();
  link->set_relation(pb::Reference::RELATION_ERASES);
  link->set_name(first.name);
  link->set_digest(first.digest.str());
  EXPECT_THAT(Send(other), HasReason(Reason::kFieldInvalid));
}

// Whatever a group does with names, it meets none of an order to erase.
TEST_P(ErasureConformanceTest, AnOrderIsNoMatterOfTheGroups) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  ASSERT_OK_AND_ASSIGN(const Recorded order, Erase(first));
  for (const What what : {What::kRevise, What::kAnswer, What::kEnd}) {
    if (what == What::kAnswer && !group().answers) continue;
    pb::Document document = composer_.Compose(
        {.what = what, .state = "jp", .number = ++number_, .chain = chain_, .audience = {}});
    for (auto& reference : *document.mutable_references()) {
      reference.set_name(order.name);
      reference.set_digest(order.digest.str());
    }
    EXPECT_THAT(Send(document), HasReason(Reason::kNotFound)) << document.ShortDebugString();
  }
  for (const auto relation :
       {pb::Reference::RELATION_RELATES_TO, pb::Reference::RELATION_DERIVES_FROM}) {
    pb::Document document = composer_.Compose(
        {.what = What::kOpen, .state = "jp", .number = ++number_, .chain = "", .audience = {}});
    auto* link = document.add_references();
    link->set_relation(relation);
    link->set_name(order.name);
    static_cast<void>(Send(document));  // a group may take or refuse it, and lives on
  }
  EXPECT_EQ(reg_->Facts(order.name).size(), 0u);
  ExpectSameAfterReplay();
}

TEST_P(ErasureConformanceTest, WhatCouldNotBeDoneIsDoneNext) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  stubborn_.refuses = true;
  ASSERT_OK(Erase(first)) << "the order is recorded, whatever the disk does";
  EXPECT_FALSE(At(first.position).erased_at.has_value());
  {  // As a service finds it that was killed then.
    const auto reg = group().group->make_register(group().profile);
    machine::Machine fresh("mtcr.example", group().name(), *reg);
    ASSERT_OK(ReplayInto(fresh));
    ASSERT_EQ(fresh.erasures_due().size(), 1u);
    EXPECT_EQ(fresh.erasures_due()[0].position, first.position);
  }
  EXPECT_OK(Do(What::kOpen, "kr")) << "others go on meanwhile";
  stubborn_.refuses = false;
  EXPECT_OK(Do(What::kOpen, "nz"));
  EXPECT_TRUE(At(first.position).erased_at.has_value());
  ExpectSameAfterReplay();
}

TEST_P(ErasureConformanceTest, ADayHasItsBudgetAndNoOther) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK_AND_ASSIGN(const Recorded one, DoErasable());
    ASSERT_OK(Erase(one));
  }
  ASSERT_OK_AND_ASSIGN(const Recorded more, DoErasable());
  EXPECT_THAT(Erase(more), HasReason(Reason::kBudgetExceeded));
  clock_.Advance(absl::Hours(24));
  EXPECT_OK(Erase(more));
}

// The host erases what nobody ordered, or puts something else in its place.
TEST_P(ErasureConformanceTest, AStartFindsWhatNobodyOrdered) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  ASSERT_OK_AND_ASSIGN(const std::string remains, entry::RemainsOf(first.bytes));
  ASSERT_OK(journal_.Erase(first.position, remains, 9));
  const auto reg = group().group->make_register(group().profile);
  machine::Machine fresh("mtcr.example", group().name(), *reg);
  EXPECT_THAT(ReplayInto(fresh), HasReason(Reason::kJournalCorrupt));
}

TEST_P(ErasureConformanceTest, AStartFindsOtherRemainsAndOtherPlaces) {
  ASSERT_OK_AND_ASSIGN(const Recorded first, DoErasable());
  stubborn_.refuses = true;
  ASSERT_OK_AND_ASSIGN(const Recorded order, Erase(first));
  const uint64_t index = machine_.PlaceOf(order.position).index;
  ASSERT_OK_AND_ASSIGN(const std::string remains, entry::RemainsOf(first.bytes));
  pb::SignedDocument changed;
  pb::Document header;
  ASSERT_TRUE(changed.ParseFromString(remains));
  ASSERT_TRUE(header.ParseFromString(changed.document()));
  header.set_reference("another");
  changed.set_document(header.SerializeAsString());
  const auto start = [&](const std::string& body, uint64_t at) {
    journal::testing::MemoryJournal copy;
    const auto records = journal_.Read(0, journal_.Head(), 1 << 30).value();
    EXPECT_OK(copy.Append(0, records));
    EXPECT_OK(copy.Erase(first.position, body, at));
    const auto reg = group().group->make_register(group().profile);
    machine::Machine fresh("mtcr.example", group().name(), *reg);
    return machine::Replay(copy, fresh, {.known = regime_.log_keys(group().name())});
  };
  EXPECT_OK(start(remains, index));
  EXPECT_THAT(start(changed.SerializeAsString(), index), HasReason(Reason::kJournalCorrupt));
  EXPECT_THAT(start(remains, index + 1), HasReason(Reason::kJournalCorrupt));
}

INSTANTIATE_TEST_SUITE_P(Groups, ErasureConformanceTest, ::testing::ValuesIn(testing::GroupCases()),
                         [](const auto& one) { return one.param.name(); });

}  // namespace
}  // namespace entente
