// The rules of IEM's matters, each attacked where it could break. Sample data, invented.
#include "services/iem/register/matter_register.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/hash.h"
#include "tests/support/register_driver.h"

namespace entente::iem {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;
using entente::testing::TestRegime;
namespace pb = entente::exchange::v1;

entente::config::v1::RegimeProfile Profile() {
  entente::config::v1::RegimeProfile profile;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(version: 1 level_max: 2 iem {
           red_flags { code: "FRONT" } topics { code: "TRANSIT" } questions { code: "KNOWN" }
           refusal_classes { code: "LAW" } flash_acknowledge_minutes: 60 release_lapse_days: 30
           attachment_bytes_max: 10 })",
      &profile));
  return profile;
}

class MatterRegisterTest : public ::testing::Test {
 protected:
  pb::Document Make(const std::string& state, const std::string& reference,
                    const google::protobuf::Message& body,
                    const std::vector<std::string>& audience = {}) const {
    pb::Document document = regime_.Denial(state, reference, audience);
    document.mutable_body()->PackFrom(body);
    return document;
  }
  static pb::Document With(pb::Document document, pb::Reference::Relation relation,
                           const std::string& name, const base::Digest& digest = {}) {
    auto* link = document.add_references();
    link->set_relation(relation);
    link->set_name(name);
    if (relation == pb::Reference::RELATION_SUPERSEDES) link->set_digest(digest.str());
    return document;
  }
  absl::Status Put(const pb::Document& document) { return driver_.Put(document).status(); }
  static v1::Alert Alert() {
    v1::Alert alert;
    alert.set_urgency(v1::URGENCY_FLASH);
    alert.set_kind(v1::ALERT_KIND_TRANSIT);
    alert.set_summary("Balloons by way of islands");
    alert.set_authority("Sample Centre");
    alert.add_route("jp");
    alert.add_route("aq");
    alert.add_red_flags("FRONT");
    alert.add_topics("TRANSIT");
    alert.set_source_reliability(v1::SOURCE_RELIABILITY_B);
    alert.set_information_credibility(2);
    alert.mutable_review_time()->set_seconds(4000000000);
    return alert;
  }
  static v1::Sighting Seen() {
    v1::Sighting sighting;
    sighting.set_result(v1::SIGHTING_RESULT_SEEN);
    return sighting;
  }
  static v1::InformationRequest Request() {
    v1::InformationRequest request;
    request.set_purpose("an application");
    request.add_questions()->set_code("KNOWN");
    request.mutable_proposed_time()->set_seconds(1500000000);
    return request;
  }
  static v1::RequestReply Reply(v1::ReplyKind kind) {
    v1::RequestReply reply;
    reply.set_kind(kind);
    reply.set_text("text");
    if (kind == v1::REPLY_KIND_REFUSED) reply.set_refusal_class("LAW");
    return reply;
  }
  absl::Status Answer(const std::string& state, const std::string& reference,
                      const google::protobuf::Message& body, const std::string& matter,
                      const std::vector<std::string>& audience = {}) {
    return Put(
        With(Make(state, reference, body, audience), pb::Reference::RELATION_ANSWERS, matter));
  }
  static machine::Reader As(const std::string& state) {
    return {.state = state, .is_partner = true};
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  entente::testing::RegisterDriver<MatterRegister> driver_{"iem", regime_, clock_, Profile()};
  const MatterRegister& register_ = driver_.reg();
};

TEST_F(MatterRegisterTest, EveryFaultOfAnAlertIsNamed) {
  const auto refused = [&](const std::function<void(v1::Alert&)>& spoil) {
    v1::Alert alert = Alert();
    spoil(alert);
    return Put(Make("jp", "x", alert));
  };
  EXPECT_THAT(refused([](auto& a) { a.clear_urgency(); }), NamesField("body.urgency"));
  EXPECT_THAT(refused([](auto& a) { a.set_topics(0, "ASTROLOGY"); }), NamesField("body.topics[0]"));
  EXPECT_THAT(refused([](auto& a) { a.set_red_flags(0, "X"); }), NamesField("body.red_flags[0]"));
  EXPECT_THAT(refused([](auto& a) { a.set_route(0, "xx"); }), NamesField("body.route[0]"));
  EXPECT_THAT(refused([](auto& a) { a.set_information_credibility(5); }),
              NamesField("body.information_credibility"));
  EXPECT_THAT(refused([](auto& a) { a.set_campaign("lower case"); }), NamesField("body.campaign"));
  EXPECT_THAT(refused([](auto& a) { a.set_masked_source(std::string(501, 'x')); }),
              NamesField("body.masked_source"));
  EXPECT_THAT(refused([](auto& a) {
                a.add_items()->set_list("mtcr-annex");
                a.mutable_items(0)->set_entry(std::string(21, '9'));
              }),
              NamesField("body.items[0].entry"));
  EXPECT_EQ(register_.size(), 0u);
}

TEST_F(MatterRegisterTest, AnAttachmentIsWhatItsDigestSaysAndWithinTheLimit) {
  v1::TrendReport report;
  report.set_title("t");
  report.mutable_period_start_time()->set_seconds(1);
  report.mutable_period_end_time()->set_seconds(2);
  report.set_scope("s");
  report.set_method("m");
  report.set_data_basis("d");
  report.add_topics("TRANSIT");
  report.set_confidence(v1::CONFIDENCE_LOW);
  auto* file = report.add_attachments();
  file->set_filename("a.txt");
  file->set_media_type("text/plain");
  file->set_content("0123456789");
  EXPECT_THAT(Put(Make("jp", "r", report)), NamesField("body.attachments[0].digest"));
  file->set_digest(crypto::Sha256("0123456789").str());
  ASSERT_OK(Put(Make("jp", "r", report)));
  file->set_content("0123456789+");
  file->set_digest(crypto::Sha256("0123456789+").str());
  EXPECT_THAT(Put(Make("jp", "s", report)), NamesField("body.attachments"));
  file->set_filename("../a");
  EXPECT_THAT(Put(Make("jp", "s", report)), NamesField("body.attachments[0].filename"));
}

TEST_F(MatterRegisterTest, AnAnswerGoesNoFurtherThanTheAlertAndReachesItsOriginator) {
  ASSERT_OK(Put(Make("jp", "1", Alert(), {"jp", "kr"})));
  const std::string alert = "partners/jp/alerts/1";
  EXPECT_THAT(Answer("kr", "a", Seen(), alert), HasReason(Reason::kReleaseNeeded));
  EXPECT_THAT(Answer("kr", "a", Seen(), alert, {"kr"}), NamesField("audience"));
  EXPECT_THAT(Answer("nz", "a", Seen(), alert, {"jp", "nz"}), HasReason(Reason::kNotFound));
  EXPECT_THAT(Answer("nz", "a", Seen(), "partners/jp/alerts/none", {"jp", "nz"}),
              HasReason(Reason::kNotFound));
  ASSERT_OK(Answer("kr", "a", Seen(), alert, {"jp", "kr"}));
  EXPECT_EQ(register_.AnswersTo(*register_.Find(alert, As("jp")), As("jp")).size(), 1u);
  EXPECT_EQ(register_.Find(alert, As("nz")), nullptr);
}

// A narrower answer is on the originator's board and on nobody else's.
TEST_F(MatterRegisterTest, OthersSeeOnlyAnswersReleasedToThem) {
  ASSERT_OK(Put(Make("jp", "1", Alert())));
  ASSERT_OK(Answer("kr", "a", Seen(), "partners/jp/alerts/1", {"jp", "kr"}));
  const Matter* alert = register_.Find("partners/jp/alerts/1", As("nz"));
  ASSERT_NE(alert, nullptr);
  EXPECT_EQ(register_.AnswersTo(*alert, As("nz")).size(), 0u);
  EXPECT_EQ(register_.AnswersTo(*alert, As("jp")).size(), 1u);
  int seen = 0;
  register_.Observe(As("nz"), "sighting", [&](const auto&) { ++seen; });
  EXPECT_EQ(seen, 0) << "trends count only what the caller may read";
  register_.Observe(As("kr"), "sighting", [&](const auto&) { ++seen; });
  EXPECT_EQ(seen, 1);
}

TEST_F(MatterRegisterTest, AMatterEndsOnceAndByItsOriginatorOnly) {
  ASSERT_OK(Put(Make("jp", "1", Alert())));
  const base::Digest first = driver_.tip();
  v1::AlertClosure closure;
  closure.set_outcome(v1::AlertClosure::OUTCOME_WITHDRAWN);
  closure.set_explanation("wrong");
  const auto close = [&](const std::string& state, const base::Digest& tip) {
    return Put(With(Make(state, "end", closure), pb::Reference::RELATION_SUPERSEDES,
                    "partners/jp/alerts/1", tip));
  };
  EXPECT_THAT(close("kr", first), HasReason(Reason::kProcedureForbids));
  EXPECT_THAT(close("jp", crypto::Sha256("old")), HasReason(Reason::kChainMoved));
  ASSERT_OK(close("jp", first));
  EXPECT_THAT(close("jp", driver_.tip()), HasReason(Reason::kChainEnded));
}

TEST_F(MatterRegisterTest, WhatIsSaidAfterTheEndIsTakenAsLate) {
  ASSERT_OK(Put(Make("jp", "1", Alert())));
  ASSERT_OK(Answer("kr", "a", Seen(), "partners/jp/alerts/1", {"jp", "kr"}));
  v1::AlertClosure closure;
  closure.set_outcome(v1::AlertClosure::OUTCOME_CLOSED);
  closure.set_explanation("it sailed");
  const Matter& alert = *register_.Find("partners/jp/alerts/1", As("jp"));
  ASSERT_OK(Put(With(Make("jp", "end", closure), pb::Reference::RELATION_SUPERSEDES,
                     "partners/jp/alerts/1", alert.chain->tip)));
  ASSERT_OK(Answer("nz", "b", Seen(), "partners/jp/alerts/1", {"jp", "nz"}));
  v1::MatterRuling ruling;
  EXPECT_FALSE(driver_.RulingOf("partners/kr/answers/a").UnpackTo(&ruling) && ruling.late());
  EXPECT_TRUE(driver_.RulingOf("partners/nz/answers/b").UnpackTo(&ruling) && ruling.late());
  EXPECT_EQ(driver_.Replayed(), register_.Fingerprint());
}

TEST_F(MatterRegisterTest, NothingHeldRefusedAndSilenceAreThreeThings) {
  v1::InformationRequest request = Request();
  request.add_addressees("kr");
  request.add_addressees("nz");
  ASSERT_OK(Put(Make("jp", "1", request)));
  const std::string name = "partners/jp/requests/1";
  const auto status = [&](const std::string& state, absl::Time now) {
    for (auto& one : register_.Addressees(*register_.Find(name, As("jp")), As("jp"), {}, now)) {
      if (one.state() == state) return one;
    }
    return v1::AddresseeStatus();
  };
  const absl::Time due = absl::FromUnixSeconds(1500000000);
  EXPECT_FALSE(status("kr", due).overdue()) << "at the deadline it is in time";
  EXPECT_TRUE(status("kr", due + absl::Microseconds(1)).overdue());
  EXPECT_EQ(status("kr", due + absl::Hours(1)).reply(), v1::REPLY_KIND_UNSPECIFIED);
  ASSERT_OK(Answer("kr", "a", Reply(v1::REPLY_KIND_NOTHING_HELD), name, {"jp", "kr"}));
  EXPECT_EQ(status("kr", due + absl::Hours(1)).reply(), v1::REPLY_KIND_NOTHING_HELD);
  EXPECT_FALSE(status("kr", due + absl::Hours(1)).overdue());
  ASSERT_OK(Answer("nz", "b", Reply(v1::REPLY_KIND_PARTIAL_ANSWER), name, {"jp", "nz"}));
  EXPECT_TRUE(status("nz", due + absl::Hours(1)).overdue()) << "a part is not the whole";
  // nz's word to jp is not kr's to see.
  for (auto& one : register_.Addressees(*register_.Find(name, As("kr")), As("kr"), {}, due)) {
    if (one.state() == "nz") {
      EXPECT_EQ(one.reply(), v1::REPLY_KIND_UNSPECIFIED);
    }
  }
}

TEST_F(MatterRegisterTest, WhatIsOwedIsListedUntilItIsDoneOrCanNoLongerBe) {
  const std::vector<std::string> partners = {"jp", "kr", "nz"};
  const auto owed = [&](const std::string& name, const std::string& reader, absl::Time now) {
    std::vector<std::string> lines;
    register_.VisitOwing(As(reader), nullptr, [&](const machine::Chain& chain) {
      if (chain.name() != name) return true;
      for (const auto& one : register_.ObligationsOf(chain, As(reader), partners, now)) {
        lines.push_back(fmt::format("{} {} {}", one.kind, one.state, absl::ToUnixSeconds(one.due)));
      }
      return true;
    });
    return lines;
  };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  const absl::Time now = clock_.Now();
  const std::string in_an_hour = std::to_string(absl::ToUnixSeconds(now) + 3600);
  ASSERT_OK(Put(Make("jp", "1", Alert())));
  EXPECT_THAT(owed("partners/jp/alerts/1", "jp", now),
              ElementsAre("iem.acknowledgement kr " + in_an_hour,
                          "iem.acknowledgement nz " + in_an_hour, "iem.review jp 4000000000"));
  v1::AlertClosure closure;
  closure.set_outcome(v1::AlertClosure::OUTCOME_CLOSED);
  closure.set_explanation("it sailed");
  ASSERT_OK(Put(With(Make("jp", "end", closure), pb::Reference::RELATION_SUPERSEDES,
                     "partners/jp/alerts/1", driver_.tip())));
  EXPECT_THAT(
      owed("partners/jp/alerts/1", "jp", now),
      ElementsAre("iem.acknowledgement kr " + in_an_hour, "iem.acknowledgement nz " + in_an_hour))
      << "a closed alert has no review; its flash was not held all the same";

  v1::InformationRequest request = Request();
  request.add_addressees("kr");
  request.add_addressees("nz");
  ASSERT_OK(Put(Make("jp", "2", request)));
  const std::string name = "partners/jp/requests/2";
  EXPECT_THAT(owed(name, "jp", now),
              ElementsAre("iem.reply kr 1500000000", "iem.reply nz 1500000000"));
  ASSERT_OK(Answer("kr", "a", Reply(v1::REPLY_KIND_NOTHING_HELD), name, {"jp", "kr"}));
  EXPECT_THAT(owed(name, "jp", now), ElementsAre("iem.reply nz 1500000000"));
  EXPECT_THAT(owed(name, "nz", now).size(), 2u) << "what kr said is not nz's to see";
  EXPECT_THAT(owed("partners/jp/requests/none", "jp", now), IsEmpty());
}

TEST_F(MatterRegisterTest, OnlyAddresseesReplyAndOnlyProposedDatesAreAgreed) {
  v1::InformationRequest request = Request();
  request.add_addressees("kr");
  ASSERT_OK(Put(Make("jp", "1", request)));
  const std::string name = "partners/jp/requests/1";
  EXPECT_THAT(Answer("nz", "a", Reply(v1::REPLY_KIND_ACCEPTED), name),
              HasReason(Reason::kProcedureForbids));
  v1::RequestReply proposal;
  proposal.set_kind(v1::REPLY_KIND_DATE_PROPOSED);
  EXPECT_THAT(Answer("kr", "a", proposal, name), NamesField("body.proposed_time"));
  proposal.mutable_proposed_time()->set_seconds(1600000000);
  ASSERT_OK(Answer("kr", "a", proposal, name));
  v1::RequestDateAgreement agreement;
  agreement.set_addressee("kr");
  agreement.mutable_agreed_time()->set_seconds(1600000001);
  EXPECT_THAT(Answer("jp", "b", agreement, name), NamesField("body.agreed_time"));
  agreement.mutable_agreed_time()->set_seconds(1600000000);
  EXPECT_THAT(Answer("kr", "b", agreement, name), HasReason(Reason::kProcedureForbids));
  ASSERT_OK(Answer("jp", "b", agreement, name));
  v1::InformationRequest outsider = Request();
  outsider.add_addressees("nz");
  EXPECT_THAT(Put(Make("jp", "2", outsider, {"jp", "kr"})), NamesField("body.addressees[0]"));
}

// Rule 9: a derivative goes no further than its sources without a grant, and is marked as they are.
TEST_F(MatterRegisterTest, OriginatorControl) {
  ASSERT_OK(Put(Make("kr", "7", Alert(), {"jp", "kr"})));
  const std::string source = "partners/kr/alerts/7";
  const auto derived = [&](const std::string& reference) {
    return With(Make("jp", reference, Alert(), {"jp", "kr", "nz"}),
                pb::Reference::RELATION_DERIVES_FROM, source);
  };
  EXPECT_THAT(Put(derived("8")), HasReason(Reason::kReleaseNeeded));
  auto lower =
      With(Make("jp", "9", Alert(), {"jp", "kr"}), pb::Reference::RELATION_DERIVES_FROM, source);
  lower.mutable_marking()->set_tlp(pb::Marking::TLP_GREEN);
  EXPECT_THAT(Put(lower), NamesField("marking"));
  v1::ReleaseRequest ask;
  ask.add_states("nz");
  ask.set_purpose("nz makes them");
  const auto asked =
      With(Make("jp", "r", ask, {"jp", "kr"}), pb::Reference::RELATION_RELATES_TO, source);
  EXPECT_THAT(Put(With(Make("jp", "r", ask), pb::Reference::RELATION_RELATES_TO, source)),
              NamesField("audience"));
  ASSERT_OK(Put(asked));
  v1::ReleaseDecision grant;
  grant.set_outcome(v1::RELEASE_OUTCOME_GRANTED);
  grant.add_states("nz");
  EXPECT_THAT(Answer("jp", "d", grant, "partners/jp/releases/r", {"jp", "kr"}),
              HasReason(Reason::kProcedureForbids));
  ASSERT_OK(Answer("kr", "d", grant, "partners/jp/releases/r", {"jp", "kr"}));
  EXPECT_THAT(Answer("kr", "e", grant, "partners/jp/releases/r", {"jp", "kr"}),
              HasReason(Reason::kChainEnded));
  ASSERT_OK(Put(derived("8")));
}

TEST_F(MatterRegisterTest, AReleaseRequestWithoutAWordLapsesWhichMeansDenied) {
  ASSERT_OK(Put(Make("kr", "7", Alert(), {"jp", "kr"})));
  v1::ReleaseRequest ask;
  ask.add_states("nz");
  ask.set_purpose("p");
  ASSERT_OK(Put(With(Make("jp", "r", ask, {"jp", "kr"}), pb::Reference::RELATION_RELATES_TO,
                     "partners/kr/alerts/7")));
  const Matter& release = *register_.Find("partners/jp/releases/r", As("jp"));
  std::vector<std::string> states;
  const absl::Time limit = clock_.Now() + absl::Hours(24 * 30);
  EXPECT_EQ(register_.OutcomeOf(release, As("jp"), limit, states), v1::RELEASE_OUTCOME_UNSPECIFIED);
  EXPECT_EQ(register_.OutcomeOf(release, As("jp"), limit + absl::Microseconds(1), states),
            v1::RELEASE_OUTCOME_LAPSED);
  const auto owed = register_.ObligationsOf(*release.chain, As("jp"), {}, limit);
  ASSERT_EQ(owed.size(), 1u);
  EXPECT_EQ(owed[0].kind, "iem.decision");
  EXPECT_EQ(owed[0].state, "kr") << "whose document it is";
  EXPECT_EQ(owed[0].due, limit);
  const absl::Time after = limit + absl::Seconds(1);
  EXPECT_TRUE(register_.ObligationsOf(*release.chain, As("jp"), {}, after).empty())
      << "no decision is recorded any more";
  clock_.Advance(absl::Hours(24 * 30) + absl::Seconds(1));
  v1::ReleaseDecision late;
  late.set_outcome(v1::RELEASE_OUTCOME_GRANTED);
  late.add_states("nz");
  EXPECT_THAT(Answer("kr", "d", late, "partners/jp/releases/r", {"jp", "kr"}),
              HasReason(Reason::kChainEnded));
}

TEST_F(MatterRegisterTest, ALapseIsFixedWhenTheRequestIsRecorded) {
  ASSERT_OK(Put(Make("kr", "7", Alert(), {"jp", "kr"})));
  v1::ReleaseRequest ask;
  ask.add_states("nz");
  ask.set_purpose("p");
  const absl::Time lapse = clock_.Now() + absl::Hours(24 * 30);
  ASSERT_OK(Put(With(Make("jp", "r", ask, {"jp", "kr"}), pb::Reference::RELATION_RELATES_TO,
                     "partners/kr/alerts/7")));
  // The same entries, when the profile has become another.
  auto generous = Profile();
  generous.mutable_iem()->set_release_lapse_days(60);
  MatterRegister later(generous);
  driver_.ApplyTo(later);
  const Matter& release = *later.Find("partners/jp/releases/r", As("jp"));
  std::vector<std::string> states;
  EXPECT_EQ(later.OutcomeOf(release, As("jp"), lapse, states), v1::RELEASE_OUTCOME_UNSPECIFIED);
  EXPECT_EQ(later.OutcomeOf(release, As("jp"), lapse + absl::Seconds(1), states),
            v1::RELEASE_OUTCOME_LAPSED);
}

// What masks is the writer's judgement: an agency called "customs" may well write of customs.
TEST_F(MatterRegisterTest, AMaskedSourceMayUseOrdinaryWords) {
  v1::Alert alert = Alert();
  alert.set_masked_source("a licensing office, and a sample centre");
  EXPECT_OK(Put(Make("jp", "x", alert)));
}

}  // namespace
}  // namespace entente::iem
