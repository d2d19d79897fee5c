// The rules of TEM, each attacked where it could break (docs/LAWS.md, Rules; numbers in the tests'
// names).
#include "services/tem/register/tem_register.h"

#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "tests/support/register_driver.h"
#include "tests/support/test_annex.h"

namespace entente::tem {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;
using entente::testing::Linked;
using entente::testing::MiniatureEdition;
using entente::testing::TextProposal;
using entente::testing::WithBody;
namespace pb = entente::exchange::v1;

class TemRegisterTest : public ::testing::Test {
 protected:
  TemRegisterTest() {
    entente::testing::MakeChair(regime_, "jp");
    for (const auto& document : entente::testing::Publication(regime_, "jp", MiniatureEdition())) {
      EXPECT_OK(Put(document));
    }
  }
  absl::Status Put(const pb::Document& document) { return driver_.Put(document).status(); }
  absl::Status Propose(const std::string& state, const std::string& reference,
                       const v1::Proposal& proposal,
                       const std::vector<std::string>& audience = {}) {
    return Put(WithBody(regime_.Denial(state, reference, audience), proposal));
  }
  absl::Status Revise(const std::string& name, const v1::Proposal& proposal) {
    const base::Digest tip = Find(name)->chain->tip;
    return Put(Linked(WithBody(regime_.Denial(name.substr(9, 2), Fresh()), proposal),
                      pb::Reference::RELATION_SUPERSEDES, name, tip));
  }
  absl::Status Say(const std::string& state, const std::string& name,
                   const google::protobuf::Message& body,
                   const std::vector<std::string>& audience = {}) {
    return Put(Linked(WithBody(regime_.Denial(state, Fresh(), audience), body),
                      pb::Reference::RELATION_ANSWERS, name));
  }
  absl::Status Position(const std::string& state, const std::string& name, v1::PositionKind kind,
                        const std::string& text = "") {
    v1::ProposalPosition body;
    body.set_kind(kind);
    body.set_text(text);
    body.set_text_digest(Find(name)->text_digest.str());
    return Say(state, name, body);
  }
  absl::Status Conclude(const std::string& state, const std::string& name,
                        v1::ProposalConclusion::Outcome outcome) {
    v1::ProposalConclusion body;
    body.set_outcome(outcome);
    body.set_meeting("Busan 2016 TEM");
    body.set_text_digest(Find(name)->text_digest.str());
    return Say(state, name, body);
  }
  absl::Status End(const std::string& name, v1::ProposalClosure::Outcome outcome,
                   const std::vector<std::string>& into = {}) {
    v1::ProposalClosure body;
    body.set_outcome(outcome);
    body.set_explanation("why");
    for (const std::string& one : into) body.add_into(one);
    return Put(Linked(WithBody(regime_.Denial(name.substr(9, 2), Fresh()), body),
                      pb::Reference::RELATION_SUPERSEDES, name, Find(name)->chain->tip));
  }
  const ProposalRecord* Find(const std::string& name, const std::string& state = "kr") {
    const auto* found = register_.Find(name, As(state));
    return found;
  }
  static machine::Reader As(const std::string& state) {
    return {.state = state, .is_partner = true};
  }
  std::string Fresh() { return "r" + std::to_string(++references_); }

  base::testing::FakeClock clock_;
  entente::testing::TestRegime regime_{{"au", "jp", "kr", "nz"}, clock_.Now()};
  entente::testing::RegisterDriver<TemRegister> driver_{"tem", regime_, clock_,
                                                        entente::testing::TemProfile()};
  const TemRegister& register_ = driver_.reg();
  int references_ = 0;
};

constexpr auto kAgreed = v1::ProposalConclusion::OUTCOME_AGREED;
constexpr char kOne[] = "partners/kr/proposals/1";

TEST_F(TemRegisterTest, ChangesThatDoNotFitTheEditionAreRefusedWithThePlace) {
  const auto refused = [&](const std::function<void(v1::Proposal&)>& spoil) {
    v1::Proposal proposal = TextProposal("kite", "a kite");
    spoil(proposal);
    return Propose("kr", "x", proposal);
  };
  EXPECT_THAT(refused([](auto& p) { p.set_edition("2015-01-01"); }), NamesField("body.edition"));
  EXPECT_THAT(refused([](auto& p) { p.clear_changes(); }), NamesField("body.changes"));
  EXPECT_THAT(refused([](auto& p) { p.mutable_changes(0)->mutable_replace()->set_node("none"); }),
              NamesField("body.changes[0].replace.node"));
  EXPECT_THAT(refused([](auto& p) { p.mutable_changes(0)->mutable_replace()->set_node("parked"); }),
              NamesField("body.changes[0].replace.node"));
  EXPECT_THAT(
      refused([](auto& p) { p.mutable_changes(0)->mutable_replace()->set_text("Cafe\xcc\x81"); }),
      NamesField("body.changes[0].replace.text"));
  EXPECT_THAT(refused([](auto& p) {
                p.mutable_changes(0)->mutable_replace()->add_cross_references("none");
              }),
              NamesField("body.changes"));
  EXPECT_THAT(refused([](auto& p) { p.mutable_changes(0)->mutable_remove()->set_node("kite"); }),
              NamesField("body.changes"))
      << "wind refers to it";
  EXPECT_THAT(refused([](auto& p) {
                auto& move = *p.mutable_changes(0)->mutable_move();
                move.set_node("kite");
                move.set_parent("kite");
              }),
              NamesField("body.changes[0].move.parent"));
  EXPECT_THAT(refused([](auto& p) {
                auto& renumber = *p.mutable_changes(0)->mutable_renumber();
                renumber.set_node("kite");
                renumber.set_label("4");
              }),
              NamesField("body.changes"))
      << "the number is reserved";
  EXPECT_THAT(refused([](auto& p) { p.add_follows("partners/kr/proposals/none"); }),
              NamesField("body.follows[0]"));
  EXPECT_EQ(register_.size(), 0u);
}

TEST_F(TemRegisterTest, NumbersCountOnlyWhatTheirReadersSee) {
  ASSERT_OK(Propose("kr", "h", TextProposal("kite", "h"), {"jp", "kr"}));
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  EXPECT_EQ(Find(kOne)->number, "TEM/2016/PROP/001");
  EXPECT_EQ(Find("partners/kr/proposals/h", "nz"), nullptr);
  EXPECT_TRUE(register_.Conflicts(*Find(kOne), As("nz")).empty());
  EXPECT_EQ(register_.Conflicts(*Find(kOne), As("jp")).size(), 1u);
}

TEST_F(TemRegisterTest, Rule12EveryoneButOneIsNotAgreed) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  ASSERT_OK(Position("jp", kOne, v1::POSITION_KIND_JOINED));
  ASSERT_OK(Position("nz", kOne, v1::POSITION_KIND_SILENT));
  EXPECT_THAT(Conclude("jp", kOne, kAgreed), HasReason(Reason::kProcedureForbids));
  ASSERT_OK(Position("au", kOne, v1::POSITION_KIND_STUDY_RESERVE));
  EXPECT_THAT(Conclude("jp", kOne, kAgreed), HasReason(Reason::kProcedureForbids));
  ASSERT_OK(Position("au", kOne, v1::POSITION_KIND_LIFTED));
  EXPECT_THAT(Position("au", kOne, v1::POSITION_KIND_LIFTED), NamesField("body.kind"));
  EXPECT_THAT(Conclude("kr", kOne, kAgreed), HasReason(Reason::kCallerNotEntitled));
  ASSERT_OK(Conclude("jp", kOne, kAgreed));
  EXPECT_EQ(Find(kOne)->state, v1::PROPOSAL_STATE_AGREED);
  EXPECT_THAT(Revise(kOne, TextProposal("kite", "b")), HasReason(Reason::kChainEnded));
  EXPECT_THAT(Position("nz", kOne, v1::POSITION_KIND_JOINED), HasReason(Reason::kChainEnded));
}

TEST_F(TemRegisterTest, AChairEndsNoProposalThatNobodyOpposes) {
  const auto kNotAgreed = v1::ProposalConclusion::OUTCOME_NOT_AGREED;
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  EXPECT_THAT(Conclude("jp", kOne, kNotAgreed), HasReason(Reason::kProcedureForbids));
  ASSERT_OK(Position("au", kOne, v1::POSITION_KIND_BLOCK, "no"));
  ASSERT_OK(Position("au", kOne, v1::POSITION_KIND_LIFTED));
  EXPECT_THAT(Conclude("jp", kOne, kNotAgreed), HasReason(Reason::kProcedureForbids));
  ASSERT_OK(Position("au", kOne, v1::POSITION_KIND_STUDY_RESERVE));
  ASSERT_OK(Conclude("jp", kOne, kNotAgreed));
  EXPECT_EQ(Find(kOne)->state, v1::PROPOSAL_STATE_NOT_AGREED);
}

TEST_F(TemRegisterTest, Rule12PartnersAreThoseOfThatInstant) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  ASSERT_OK(Position("jp", kOne, v1::POSITION_KIND_JOINED));
  ASSERT_OK(Position("nz", kOne, v1::POSITION_KIND_JOINED));
  ASSERT_OK(Position("au", kOne, v1::POSITION_KIND_BLOCK, "no"));
  EXPECT_THAT(Conclude("jp", kOne, kAgreed), HasReason(Reason::kProcedureForbids));
  regime_.SetFormer("au", true);
  ASSERT_OK(Conclude("jp", kOne, kAgreed)) << "au has left; its block counts for nothing";
}

TEST_F(TemRegisterTest, Rule12APositionIsOnOneTextAndARevisionEndsIt) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  for (const char* state : {"au", "jp", "nz"}) {
    ASSERT_OK(Position(state, kOne, v1::POSITION_KIND_JOINED));
  }
  v1::ProposalPosition stale;
  stale.set_kind(v1::POSITION_KIND_JOINED);
  stale.set_text_digest(Find(kOne)->text_digest.str());
  ASSERT_OK(Revise(kOne, TextProposal("kite", "b")));
  EXPECT_THAT(Say("nz", kOne, stale), HasReason(Reason::kChainMoved));
  EXPECT_THAT(Conclude("jp", kOne, kAgreed), HasReason(Reason::kProcedureForbids));
  EXPECT_THAT(Position("au", kOne, v1::POSITION_KIND_LIFTED), NamesField("body.kind"));
}

TEST_F(TemRegisterTest, Rule12ASponsorHasJoinedOnlyTheTextThatItSponsored) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  v1::ProposalSponsorship joins;
  joins.set_text_digest(Find(kOne)->text_digest.str());
  ASSERT_OK(Say("nz", kOne, joins));
  ASSERT_OK(Position("nz", kOne, v1::POSITION_KIND_BLOCK, "not so"));
  ASSERT_OK(Revise(kOne, TextProposal("kite", "b")));
  for (const char* state : {"au", "jp"}) {
    ASSERT_OK(Position(state, kOne, v1::POSITION_KIND_JOINED));
  }
  EXPECT_THAT(Conclude("jp", kOne, kAgreed), HasReason(Reason::kProcedureForbids));
  EXPECT_THAT(Say("nz", kOne, joins), HasReason(Reason::kChainMoved)) << "on the text before";
}

TEST_F(TemRegisterTest, AnImportIsOlderThanWhatIsThereAndNoChairGoesPastProposals) {
  v1::AnnexEdition later = MiniatureEdition();
  for (const char* date : {"2016-10-01", "9999-12-31", "2016-03-17"}) {
    later.set_edition(date);
    EXPECT_THAT(Put(entente::testing::Publication(regime_, "jp", later)[0]),
                NamesField("body.edition"))
        << date;
  }
  later.set_edition("2015-01-01");
  for (const auto& document : entente::testing::Publication(regime_, "jp", later)) {
    ASSERT_OK(Put(document));
  }
}

TEST_F(TemRegisterTest, IdsAndReservedNumbersAreNeverUsedAgain) {
  v1::Proposal proposal = TextProposal("kite", "a");
  auto& remove = *proposal.mutable_changes(0)->mutable_remove();
  remove.set_node("silk");
  auto& add = *proposal.add_changes()->mutable_add();
  add.set_parent("sub");
  add.set_label("9");
  add.mutable_node()->set_id("silk");
  add.mutable_node()->set_kind(v1::NODE_KIND_ENTRY);
  EXPECT_THAT(Propose("kr", "x", proposal), NamesField("body.changes[1].add.node.id"));
  v1::Proposal above = TextProposal("kite", "a");
  above.mutable_changes(0)->mutable_remove()->set_node("sub");
  EXPECT_THAT(Propose("kr", "x", above), NamesField("body.changes[0].remove.node"));
  above.mutable_changes(0)->mutable_renumber()->set_node("sub");
  above.mutable_changes(0)->mutable_renumber()->set_label("B");
  EXPECT_THAT(Propose("kr", "x", above), NamesField("body.changes[0].renumber.node"));
  v1::Proposal refers = TextProposal("kite", "a");
  refers.mutable_changes(0)->mutable_replace()->add_cross_references("parked");
  EXPECT_THAT(Propose("kr", "x", refers), NamesField("body.changes"));
}

TEST_F(TemRegisterTest, WhatNotAllCanReadCannotBeAgreed) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a"), {"jp", "kr"}));
  v1::ProposalSponsorship joins;
  joins.set_text_digest(Find(kOne)->text_digest.str());
  EXPECT_THAT(Say("jp", kOne, joins), HasReason(Reason::kAudienceChanged));
  ASSERT_OK(Say("jp", kOne, joins, {"jp", "kr"}));
  v1::ProposalConclusion body;
  body.set_outcome(kAgreed);
  body.set_meeting("m");
  body.set_text_digest(Find(kOne)->text_digest.str());
  EXPECT_THAT(Say("jp", kOne, body, {"jp", "kr"}), HasReason(Reason::kProcedureForbids));
}

TEST_F(TemRegisterTest, CommentsStayWithinWhatTheyAreAbout) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a"), {"jp", "kr", "nz"}));
  v1::ProposalComment comment;
  comment.set_kind(v1::COMMENT_KIND_QUESTION);
  comment.set_text("why?");
  comment.set_node("zeppelin");
  EXPECT_THAT(Say("nz", kOne, comment, {"jp", "kr", "nz"}), NamesField("body.node"));
  comment.set_node("kite");
  EXPECT_THAT(Say("nz", kOne, comment), HasReason(Reason::kReleaseNeeded));
  EXPECT_THAT(Say("nz", kOne, comment, {"jp", "nz"}), NamesField("audience"));
  EXPECT_THAT(Say("au", kOne, comment, {"au", "kr"}), HasReason(Reason::kNotFound));
  ASSERT_OK(Say("nz", kOne, comment, {"kr", "nz"}));
  const std::string question = "partners/nz/comments/r" + std::to_string(references_);
  EXPECT_EQ(register_.chains().AnswersTo(*Find(kOne)->chain, As("jp")).size(), 0u);
  EXPECT_EQ(Find(kOne)->state, v1::PROPOSAL_STATE_SUBMITTED) << "jp would learn of the comment";
  EXPECT_THAT(Say("kr", question, comment, {"jp", "kr", "nz"}), HasReason(Reason::kReleaseNeeded));
  EXPECT_THAT(Say("jp", question, comment, {"jp", "nz"}), HasReason(Reason::kNotFound));
  ASSERT_OK(Say("kr", question, comment, {"kr", "nz"}));
  EXPECT_EQ(register_.chains().AnswersTo(*Find(kOne)->chain, As("nz")).size(), 2u);
}

TEST_F(TemRegisterTest, AProposalsChainIsBounded) {
  auto profile = entente::testing::TemProfile();
  profile.mutable_budgets()->set_chain_documents_max(3);
  entente::testing::RegisterDriver<TemRegister> driver("tem", regime_, clock_, profile);
  for (const auto& document : entente::testing::Publication(regime_, "jp", MiniatureEdition())) {
    ASSERT_OK(driver.Put(document));
  }
  ASSERT_OK(driver.Put(WithBody(regime_.Denial("kr", "1"), TextProposal("kite", "a"))));
  const auto revise = [&](const char* reference) {
    return driver
        .Put(Linked(WithBody(regime_.Denial("kr", reference), TextProposal("kite", reference)),
                    pb::Reference::RELATION_SUPERSEDES, "partners/kr/proposals/1", driver.tip()))
        .status();
  };
  EXPECT_OK(revise("2"));
  EXPECT_OK(revise("3"));
  EXPECT_THAT(revise("4"), HasReason(Reason::kBudgetExceeded));
  v1::ProposalClosure closure;
  closure.set_outcome(v1::ProposalClosure::OUTCOME_WITHDRAWN);
  closure.set_explanation("too long");
  EXPECT_OK(driver.Put(Linked(WithBody(regime_.Denial("kr", "end"), closure),
                              pb::Reference::RELATION_SUPERSEDES, "partners/kr/proposals/1",
                              driver.tip())))
      << "what is full can still be ended";
}

TEST_F(TemRegisterTest, ProposalsEndOnceAndGoOnInWhatTheyName) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  ASSERT_OK(Propose("nz", "2", TextProposal("silk", "a")));
  EXPECT_THAT(End(kOne, v1::ProposalClosure::OUTCOME_MERGED), NamesField("body.into"));
  EXPECT_THAT(End(kOne, v1::ProposalClosure::OUTCOME_MERGED, {kOne}), NamesField("body.into[0]"));
  EXPECT_THAT(End(kOne, v1::ProposalClosure::OUTCOME_SPLIT, {"partners/nz/proposals/2"}),
              NamesField("body.into"));
  ASSERT_OK(End(kOne, v1::ProposalClosure::OUTCOME_MERGED, {"partners/nz/proposals/2"}));
  EXPECT_THAT(End(kOne, v1::ProposalClosure::OUTCOME_WITHDRAWN), HasReason(Reason::kChainEnded));
  EXPECT_TRUE(register_.Conflicts(*Find("partners/nz/proposals/2"), As("kr")).empty());
}

TEST_F(TemRegisterTest, AnEditionIsExactlyWhatItsBaseAndTheApprovedProposalsGive) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a better kite")));
  for (const char* state : {"au", "jp", "nz"}) {
    ASSERT_OK(Position(state, kOne, v1::POSITION_KIND_JOINED));
  }
  v1::AnnexEdition next = MiniatureEdition();
  next.set_edition("2016-10-20");
  next.set_base("2016-03-17");
  next.mutable_nodes(2)->set_text("a better kite");
  auto& line = *next.add_amendments();
  line.set_node("kite");
  line.set_path("3.A.1");
  line.set_kind(v1::AMENDMENT_KIND_TEXT);
  line.set_proposal("TEM/2016/PROP/001");
  line.set_meeting("Busan 2016 TEM");
  line.set_effect(v1::EFFECT_ADDS);
  v1::EditionApproval approval;
  auto& named = *approval.add_proposals();
  named.set_name(kOne);
  named.set_digest(Find(kOne)->text_digest.str());
  const std::string base_name = "partners/jp/editions/2016-03-17";
  const auto publish = [&](const v1::AnnexEdition& edition, const std::string& by = "jp") {
    absl::Status status;
    for (auto& document :
         entente::testing::Publication(regime_, by, edition, approval, base_name)) {
      // Each try has numbers of its own; the edition goes with its own approval.
      const std::string suffix = "-" + std::to_string(references_);
      document.set_reference(document.reference() + suffix);
      if (document.references_size() > 0) {
        document.mutable_references(0)->set_name(document.references(0).name() + suffix);
      }
      if (status.ok()) status = Put(document);
    }
    ++references_;
    return status;
  };
  EXPECT_THAT(publish(next), NamesField("body.proposals[0]")) << "not agreed yet";
  ASSERT_OK(Conclude("jp", kOne, kAgreed));
  EXPECT_THAT(publish(next, "kr"), HasReason(Reason::kCallerNotEntitled));
  v1::AnnexEdition forged = next;
  forged.mutable_nodes(3)->set_text("another rope, by the way");
  EXPECT_THAT(publish(forged), NamesField("body.nodes"));
  forged = next;
  forged.mutable_amendments(0)->set_effect(v1::EFFECT_EDITORIAL);
  EXPECT_THAT(publish(forged), NamesField("body.nodes"));
  forged = next;
  forged.set_edition("2016-01-01");
  EXPECT_THAT(publish(forged), NamesField("body.edition")) << "before its base";
  ASSERT_OK(publish(next));
  EXPECT_EQ(Find(kOne)->state, v1::PROPOSAL_STATE_IN_EDITION);
  EXPECT_EQ(register_.FindEdition("")->edition, "2016-10-20");
  EXPECT_THAT(publish(next), NamesField("body.edition"));
  // Nodes that did not change are kept once.
  EXPECT_EQ(register_.FindEdition("2016-10-20")->content[3].node,
            register_.FindEdition("2016-03-17")->content[3].node);
}

TEST_F(TemRegisterTest, CrosswalksSpeakForTheirOwnJurisdictionAndForPlacesThatAreThere) {
  v1::Crosswalk crosswalk;
  crosswalk.set_jurisdiction("kr");
  crosswalk.set_edition("2016-03-17");
  auto& row = *crosswalk.add_rows();
  row.set_path("3.A.1");
  row.set_code("K1");
  row.set_relation(v1::CROSSWALK_RELATION_BROADER);
  row.set_valid_from_date("2016-01-01");
  row.set_valid_until_date("2017-01-01");
  EXPECT_THAT(Put(WithBody(regime_.Denial("nz", "c"), crosswalk)), NamesField("body.jurisdiction"));
  row.set_path("3.A.9");
  EXPECT_THAT(Put(WithBody(regime_.Denial("kr", "c"), crosswalk)), NamesField("body.rows[0].path"));
  row.set_path("3.A.1");
  row.set_valid_until_date("2016-01-01");
  EXPECT_THAT(Put(WithBody(regime_.Denial("kr", "c"), crosswalk)),
              NamesField("body.rows[0].valid_until_date"));
  row.set_valid_until_date("2017-01-01");
  ASSERT_OK(Put(WithBody(regime_.Denial("kr", "c"), crosswalk)));
  const base::Digest tip = driver_.tip();
  const auto count = [&](const std::string& date) {
    int found = 0;
    register_.crosswalks().OfNode({"kr", true}, "kite", [&](const auto&, const auto& one) {
      found += CrosswalkRecord::ValidAt(one, date) ? 1 : 0;
    });
    return found;
  };
  EXPECT_EQ(count("2015-12-31"), 0);
  EXPECT_EQ(count("2016-01-01"), 1);
  EXPECT_EQ(count("2016-12-31"), 1);
  EXPECT_EQ(count("2017-01-01"), 0) << "the first day on which it is no longer valid";
  row.set_path("3.A.2");
  ASSERT_OK(Put(Linked(WithBody(regime_.Denial("kr", "c2"), crosswalk),
                       pb::Reference::RELATION_SUPERSEDES, "partners/kr/crosswalks/c", tip)));
  EXPECT_EQ(count(""), 0) << "the rows of before are gone";
}

// What is hidden from a reader is not even looked at: time would tell of it.
TEST_F(TemRegisterTest, HiddenCrosswalksCostTheirReadersOnly) {
  v1::Crosswalk crosswalk;
  crosswalk.set_jurisdiction("kr");
  crosswalk.set_edition("2016-03-17");
  for (int i = 0; i < 100; ++i) {
    auto& row = *crosswalk.add_rows();
    row.set_path("3.A.1");
    row.set_code("H" + std::to_string(i));
    row.set_relation(v1::CROSSWALK_RELATION_BROADER);
  }
  ASSERT_OK(Put(WithBody(regime_.Denial("kr", "hidden", {"jp", "kr"}), crosswalk)));
  const auto looked_at = [&](const machine::Reader& reader) {
    int rows = 0;
    register_.crosswalks().OfNode(reader, "kite", [&](const auto&, const auto&) { ++rows; });
    register_.crosswalks().OfCode(reader, "H7", [&](const auto&, const auto&) { ++rows; });
    return rows;
  };
  EXPECT_EQ(looked_at({"jp", true}), 101);
  EXPECT_EQ(looked_at({"nz", true}), 0);
  EXPECT_EQ(looked_at({"jp", false}), 0) << "who has left the regime";
}

TEST_F(TemRegisterTest, ImplementationsNeedAnActWhereTheyAreInForce) {
  v1::ImplementationStatus status;
  status.set_edition("2016-03-17");
  status.set_state(v1::IMPLEMENTATION_STATE_IN_FORCE);
  EXPECT_THAT(Put(WithBody(regime_.Denial("kr", "i"), status)), NamesField("body.in_force_date"));
  status.set_in_force_date("2016-02-30");
  EXPECT_THAT(Put(WithBody(regime_.Denial("kr", "i"), status)), NamesField("body.in_force_date"));
  status.set_in_force_date("2016-12-01");
  EXPECT_THAT(Put(WithBody(regime_.Denial("kr", "i"), status)), NamesField("body.act"));
  status.set_act("Decree 7");
  ASSERT_OK(Put(WithBody(regime_.Denial("kr", "i"), status)));
}

TEST_F(TemRegisterTest, ReplayGivesTheSameState) {
  ASSERT_OK(Propose("kr", "1", TextProposal("kite", "a")));
  ASSERT_OK(Position("jp", kOne, v1::POSITION_KIND_BLOCK, "no"));
  ASSERT_OK(Revise(kOne, TextProposal("kite", "b")));
  ASSERT_OK(Conclude("jp", kOne, v1::ProposalConclusion::OUTCOME_CARRIED_FORWARD));
  EXPECT_EQ(driver_.Replayed(), register_.Fingerprint());
}

}  // namespace
}  // namespace entente::tem
