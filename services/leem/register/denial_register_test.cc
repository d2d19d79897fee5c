// The rules of denials, each attacked where it could break (docs/LAWS.md, Rules; numbers in the
// tests' names).
#include "services/leem/register/denial_register.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/core/base/calendar.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/leem/register/denial_rules.h"
#include "tests/support/register_driver.h"

namespace entente::leem {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;
using base::testing::StatusIs;
using entente::testing::TestRegime;

// A register that documents are put into as the sequencer would.
class DenialRegisterTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Put(const entente::exchange::v1::Document& document) {
    return driver_.Put(document);
  }
  absl::Status Refused(const entente::exchange::v1::Document& document) {
    auto put = Put(document);
    EXPECT_FALSE(put.ok());
    return put.status();
  }
  absl::Status RefusedContent(const std::function<void(v1::DenialContent&)>& spoil) {
    auto document = regime_.Denial("kr", "bad");
    v1::DenialNotification body;
    *body.mutable_content() = entente::testing::SampleContent();
    spoil(*body.mutable_content());
    document.mutable_body()->PackFrom(body);
    return Refused(document);
  }
  std::vector<std::string> Matching(const DenialFilter& filter, const machine::Reader& reader) {
    std::vector<std::string> names;
    register_.Visit(filter, reader, nullptr, [&](const Denial& denial, Match match) {
      if (match != Match::kNo) names.emplace_back(denial.name());
      return true;
    });
    return names;
  }
  const Denial& Kr(const std::string& reference) {
    const Denial* denial =
        register_.Find("partners/kr/denials/" + reference, {.state = "kr", .is_partner = true});
    EXPECT_NE(denial, nullptr);
    return *denial;
  }
  entente::exchange::v1::Document Next(const entente::exchange::v1::Document& first,
                                       const std::string& reference,
                                       const google::protobuf::Message& body,
                                       const std::string& by = "kr") {
    return regime_.Revision(by, reference, first, "partners/kr/denials/" + first.reference(),
                            driver_.tip(), body);
  }
  static v1::DenialRevocation Revocation() {
    v1::DenialRevocation body;
    SetDate({2016, 11, 1}, body.mutable_effective_date());
    body.set_explanation("new information");
    return body;
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  entente::testing::RegisterDriver<DenialRegister> driver_{"leem", regime_, clock_,
                                                           entente::testing::TestProfile()};
  const DenialRegister& register_ = driver_.reg();
};

TEST_F(DenialRegisterTest, Rule1SenderIsTheAuthenticatedState) {
  auto document = regime_.Denial("kr", "1");
  const auto& foreigner = regime_.officer("jp");
  EXPECT_THAT(regime_.Verify(document::Sign(document, std::span(&foreigner, 1))),
              HasReason(Reason::kSignerNotAccepted));
}

TEST_F(DenialRegisterTest, Rule2ReleasedRecordsOnlyGetRevisions) {
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  v1::DenialAmendment amendment;
  *amendment.mutable_content() = entente::testing::SampleContent();
  amendment.mutable_content()->set_item_description("amended");
  amendment.set_explanation("typing error");
  ASSERT_OK_AND_ASSIGN(const auto name, Put(Next(first, "1.2", amendment)));
  EXPECT_EQ(name, "partners/kr/denials/1/revisions/2");
  EXPECT_THAT(Kr("1").chain->positions, ::testing::ElementsAre(0, 1));
  EXPECT_EQ(Kr("1").content_at, 1u);
}

TEST_F(DenialRegisterTest, Rule2AReferenceIsNeverUsedAgainByAnyAgencyOfTheState) {
  ASSERT_OK(Put(regime_.Denial("kr", "1")));
  auto again = regime_.Denial("kr", "1");
  again.mutable_marking()->set_tlp(entente::exchange::v1::Marking::TLP_RED);
  EXPECT_THAT(Refused(again), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(DenialRegisterTest, Rule3OnlyADenialWithPartiesIsIndividual) {
  EXPECT_THAT(RefusedContent([](auto& c) { c.clear_parties(); }),
              NamesField("body.content.parties"));
  EXPECT_THAT(RefusedContent([](auto& c) {
                c.clear_parties();
                c.add_parties()->set_role(v1::PARTY_ROLE_CONSIGNEE);
                c.mutable_parties(0)->set_withheld(true);
              }),
              NamesField("body.content.parties[0].withheld"))
      << "a denial that names nobody is found by nobody";
}

TEST_F(DenialRegisterTest, ADenialOfAnUnknownDayIsInForceOnlyOnceItIsRenewed) {
  v1::DenialNotification body;
  *body.mutable_content() = entente::testing::SampleContent();
  body.mutable_content()->clear_decision_date();
  body.mutable_content()->set_decision_date_not_stated_reason("not in the source");
  auto first = regime_.Denial("kr", "1");
  first.mutable_body()->PackFrom(body);
  ASSERT_OK(Put(first));
  const base::CivilDate today = base::DateOf(clock_.Now());
  EXPECT_FALSE(InForce(Kr("1").standing, today));
  EXPECT_FALSE(InForce(Kr("1").standing, today.AddMonths(1)));
  // It was reviewed before it came here.
  const base::CivilDate reviewed = today.AddMonths(-1);
  v1::DenialRenewal renewal;
  renewal.mutable_review_date()->set_year(reviewed.year);
  renewal.mutable_review_date()->set_month(reviewed.month);
  renewal.mutable_review_date()->set_day(reviewed.day);
  ASSERT_OK(Put(Next(first, "2", renewal)));
  EXPECT_TRUE(InForce(Kr("1").standing, today));
  EXPECT_EQ(driver_.Replayed(), register_.Fingerprint());
}

TEST_F(DenialRegisterTest, Rule4ListedXorCatchAll) {
  EXPECT_THAT(RefusedContent([](auto& c) { c.mutable_catch_all()->set_basis("WMD_END_USE"); }),
              NamesField("body.content.catch_all"));
  EXPECT_THAT(RefusedContent([](auto& c) { c.clear_control_list_entries(); }),
              NamesField("body.content.control_list_entries"));
  EXPECT_THAT(RefusedContent([](auto& c) { c.mutable_control_list_entries(0)->clear_edition(); }),
              NamesField("body.content.control_list_entries[0].edition"));
}

TEST_F(DenialRegisterTest, Rule9MarkingOfAPartIsNotAboveTheWhole) {
  EXPECT_THAT(RefusedContent([](auto& c) {
                auto* marking = c.mutable_reasons(0)->mutable_marking();
                marking->set_level(entente::exchange::v1::Marking::LEVEL_OFFICIAL);
                marking->set_tlp(entente::exchange::v1::Marking::TLP_RED);
              }),
              NamesField("body.content.reasons[0].marking"));
}

TEST_F(DenialRegisterTest, Rule10WhoIsLeftOutGetsTheAnswerForNothing) {
  const auto hidden = regime_.Denial("kr", "1", {"jp", "kr"});
  ASSERT_OK(Put(hidden));
  auto by_outsider =
      regime_.Revision("nz", "x", hidden, "partners/kr/denials/1", driver_.tip(), Revocation());
  by_outsider.mutable_audience()->mutable_all_partners();
  auto of_nothing =
      regime_.Revision("nz", "x", hidden, "partners/kr/denials/1", driver_.tip(), Revocation());
  of_nothing.mutable_audience()->mutable_all_partners();
  of_nothing.mutable_references(0)->set_name("partners/kr/denials/2");
  const absl::Status exists = Refused(by_outsider);
  const absl::Status absent = Refused(of_nothing);
  EXPECT_THAT(exists, StatusIs(absl::StatusCode::kNotFound));
  std::string same = base::Text(absent);
  same.replace(same.find("denials/2"), 9, "denials/1");
  EXPECT_EQ(base::Text(exists), same);
  EXPECT_EQ(register_.Find("partners/kr/denials/1", {.state = "nz", .is_partner = true}), nullptr);
  EXPECT_THAT(Matching({}, {.state = "nz", .is_partner = true}), ::testing::IsEmpty());
}

TEST_F(DenialRegisterTest, Rule11LateIsRecordedNeverRefused) {
  clock_.Advance(absl::Hours(24 * 200));
  ASSERT_OK(Put(regime_.Denial("kr", "1")));
  EXPECT_EQ(Kr("1").standing.timeliness, v1::TIMELINESS_LATE);
}

TEST_F(DenialRegisterTest, TimelinessAtItsBoundaries) {
  // Decided on 2016-10-03; 30 days later is 2016-11-02, 60 days later 2016-12-02.
  const std::pair<const char*, v1::Timeliness> cases[] = {
      {"2016-11-02T23:59:59Z", v1::TIMELINESS_PREFERRED},
      {"2016-11-03T00:00:00Z", v1::TIMELINESS_WITHIN_LIMIT},
      {"2016-12-02T23:59:59Z", v1::TIMELINESS_WITHIN_LIMIT},
      {"2016-12-03T00:00:00Z", v1::TIMELINESS_LATE}};
  int number = 0;
  for (const auto& [when, wanted] : cases) {
    absl::Time time;
    std::string error;
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, when, &time, &error));
    clock_.Set(time);
    const std::string reference = std::to_string(++number);
    ASSERT_OK(Put(regime_.Denial("kr", reference)));
    EXPECT_EQ(Kr(reference).standing.timeliness, wanted) << when;
  }
}

TEST_F(DenialRegisterTest, OnlyTheOriginatorsStateTouchesItsChain) {
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  EXPECT_THAT(Refused(Next(first, "x", Revocation(), "jp")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(DenialRegisterTest, AnEndedDenialStaysEnded) {
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  ASSERT_OK(Put(Next(first, "1.2", Revocation())));
  EXPECT_THAT(Refused(Next(first, "1.3", Revocation())), HasReason(Reason::kChainEnded));
}

TEST_F(DenialRegisterTest, TwoOfficersCannotOverwriteEachOther) {
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  v1::DenialRenewal renewal;
  SetDate({2016, 10, 20}, renewal.mutable_review_date());
  const auto mine = Next(first, "1.2", renewal);
  const auto theirs = Next(first, "1.3", Revocation());
  ASSERT_OK(Put(mine));
  EXPECT_THAT(Refused(theirs), HasReason(Reason::kChainMoved));
}

TEST_F(DenialRegisterTest, AChainStaysInItsAudience) {
  const auto first = regime_.Denial("kr", "1", {"jp", "kr"});
  ASSERT_OK(Put(first));
  auto wider = Next(first, "1.2", Revocation());
  wider.mutable_audience()->mutable_all_partners();
  EXPECT_THAT(Refused(wider), HasReason(Reason::kAudienceChanged));
}

TEST_F(DenialRegisterTest, InForceIsAFunctionOfChainAndDate) {
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  EXPECT_FALSE(InForce(Kr("1").standing, {2016, 10, 2}));
  EXPECT_TRUE(InForce(Kr("1").standing, {2016, 10, 3}));
  EXPECT_TRUE(InForce(Kr("1").standing, {2019, 10, 2}));
  EXPECT_FALSE(InForce(Kr("1").standing, {2019, 10, 3})) << "36 months later it expires";
  clock_.Advance(absl::Hours(24 * 900));
  v1::DenialRenewal renewal;
  SetDate({2019, 1, 15}, renewal.mutable_review_date());
  ASSERT_OK(Put(Next(first, "1.2", renewal)));
  EXPECT_TRUE(InForce(Kr("1").standing, {2022, 1, 14}));
  EXPECT_FALSE(InForce(Kr("1").standing, {2022, 1, 15}));
  ASSERT_OK(Put(Next(first, "1.3", Revocation())));
  EXPECT_TRUE(InForce(Kr("1").standing, {2016, 10, 31}));
  EXPECT_FALSE(InForce(Kr("1").standing, {2016, 11, 1}));
}

TEST_F(DenialRegisterTest, ASuspensionIsClosedByItsFinalAssessment) {
  auto first = regime_.Denial("kr", "1");
  v1::DenialNotification body;
  *body.mutable_content() = entente::testing::SampleContent();
  body.mutable_content()->set_act(v1::DENIAL_ACT_SUSPENDED);
  first.mutable_body()->PackFrom(body);
  ASSERT_OK(Put(first));
  EXPECT_EQ(Kr("1").standing.state, v1::DENIAL_STATE_SUSPENSION_OPEN);
  v1::SuspensionClosure closure;
  SetDate({2016, 10, 20}, closure.mutable_closed_date());
  closure.set_outcome(v1::SuspensionClosure::OUTCOME_DENIED);
  EXPECT_THAT(Refused(Next(first, "1.2", closure)), NamesField("body.act"));
  closure.set_act(v1::DENIAL_ACT_REVOKED);
  ASSERT_OK(Put(Next(first, "1.2", closure)));
  EXPECT_EQ(Kr("1").standing.state, v1::DENIAL_STATE_ACTIVE);
  EXPECT_EQ(Kr("1").standing.act, v1::DENIAL_ACT_REVOKED);
  EXPECT_THAT(Refused(Next(first, "1.3", closure)), HasReason(Reason::kProcedureForbids));
}

TEST_F(DenialRegisterTest, EveryFaultIsNamedNotOnlyTheFirst) {
  const absl::Status status = RefusedContent([](auto& c) {
    c.mutable_destination()->set_country("xx");
    c.mutable_value()->set_currency("EURO");
    c.mutable_quantity()->set_unit("kg");
    c.mutable_decision_date()->set_year(2017);
    c.set_item_description(std::string(4001, 'x'));
    c.mutable_reasons(0)->set_code("WHIM");
    c.mutable_parties(1)->set_name("\x01");
    c.mutable_end_use()->set_not_stated_reason("and yet stated");
  });
  for (const char* field :
       {"destination.country", "value.currency", "quantity.unit", "decision_date",
        "item_description", "reasons[0].code", "parties[1].name", "end_use"}) {
    EXPECT_THAT(status, NamesField(std::string("body.content.") + field));
  }
}

TEST_F(DenialRegisterTest, ParametersHaveAnyUnitAndQuantitiesThoseOfTrade) {
  auto document = regime_.Denial("kr", "1");
  v1::DenialNotification body;
  ASSERT_TRUE(document.body().UnpackTo(&body));
  auto& thrust = *body.mutable_content()->add_parameters();
  thrust.set_name("thrust");
  thrust.set_value("4.5");
  thrust.set_unit("B47");
  document.mutable_body()->PackFrom(body);
  EXPECT_OK(Put(document));
  EXPECT_THAT(RefusedContent([](auto& c) { c.mutable_quantity()->set_unit("B47"); }),
              NamesField("body.content.quantity.unit"));
  EXPECT_THAT(RefusedContent([](auto& c) {
                auto& parameter = *c.add_parameters();
                parameter.set_name("thrust");
                parameter.set_value("4.5");
                parameter.set_unit("kN");
              }),
              NamesField("body.content.parameters[0].unit"));
}

TEST_F(DenialRegisterTest, AnEntryHasTwentyLettersAtMost) {
  auto document = regime_.Denial("kr", "1");
  v1::DenialNotification body;
  ASSERT_TRUE(document.body().UnpackTo(&body));
  body.mutable_content()->mutable_control_list_entries(0)->set_entry(std::string(20, '9'));
  document.mutable_body()->PackFrom(body);
  EXPECT_OK(Put(document));
  EXPECT_THAT(RefusedContent([](auto& c) {
                c.mutable_control_list_entries(0)->set_entry(std::string(21, '9'));
              }),
              NamesField("body.content.control_list_entries[0].entry"));
}

TEST_F(DenialRegisterTest, NamesMustBeInNormalFormC) {
  EXPECT_THAT(RefusedContent([](auto& c) { c.mutable_parties(1)->set_name("Cafe\xcc\x81"); }),
              NamesField("body.content.parties[1].name"));
}

TEST_F(DenialRegisterTest, ALevelAboveTheProfilesIsRefused) {
  auto document = regime_.Denial("kr", "1");
  document.mutable_marking()->set_level(entente::exchange::v1::Marking::LEVEL_RESTRICTED);
  EXPECT_THAT(Refused(document), NamesField("marking.level"));
}

TEST_F(DenialRegisterTest, ARevisionNamesTheFirstDocumentOfItsChain) {
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  auto document = Next(first, "1.2", Revocation());
  document.mutable_references(0)->set_name("partners/kr/denials/1/revisions/2");
  EXPECT_THAT(Put(document).status(), NamesField("references"));
  document.mutable_references(0)->set_name("partners/kr/denials/1");
  EXPECT_OK(Put(document));
}

TEST_F(DenialRegisterTest, ADenialAnswersNothingWhetherThatIsThereOrNot) {
  ASSERT_OK(Put(regime_.Denial("kr", "1", {"jp", "kr"})));
  for (const char* name : {"partners/kr/denials/1", "partners/kr/denials/2"}) {
    auto document = regime_.Denial("nz", "guess", {"nz"});
    auto& reference = *document.add_references();
    reference.set_relation(entente::exchange::v1::Reference::RELATION_ANSWERS);
    reference.set_name(name);
    EXPECT_THAT(Put(document).status(), NamesField("references")) << name;
  }
}

TEST_F(DenialRegisterTest, ADenialThatCountsOwesARenewalBeforeItsTermEnds) {
  const machine::Reader kr{.state = "kr", .is_partner = true};
  const auto owed = [&](const machine::Reader& reader) {
    std::vector<std::string> lines;
    register_.VisitOwing(reader, nullptr, [&](const machine::Chain& chain) {
      for (const auto& one : register_.ObligationsOf(chain, reader, {}, clock_.Now())) {
        lines.push_back(one.kind + " " + std::string(chain.name()) + " " + one.state + " " +
                        base::DateOf(one.due).str());
      }
      return true;
    });
    return lines;
  };
  const auto first = regime_.Denial("kr", "1");
  ASSERT_OK(Put(first));
  const std::string until = Kr("1").standing.terms.back().until.str();
  EXPECT_THAT(owed(kr), ::testing::ElementsAre("leem.renewal partners/kr/denials/1 kr " + until));
  EXPECT_THAT(owed({.state = "jp", .is_partner = true}), ::testing::IsEmpty());
  ASSERT_OK(Put(Next(first, "1.2", Revocation())));
  EXPECT_THAT(owed(kr), ::testing::IsEmpty()) << "it has ended";
}

TEST_F(DenialRegisterTest, FiltersFindByEveryField) {
  ASSERT_OK(Put(regime_.Denial("kr", "1")));
  ASSERT_OK(Put(regime_.Denial("jp", "2")));
  const machine::Reader reader{.state = "nz", .is_partner = true};
  const auto count = [&](const DenialFilter& filter) { return Matching(filter, reader).size(); };
  EXPECT_EQ(count({}), 2u);
  EXPECT_EQ(count({.originator_state = "kr"}), 1u);
  EXPECT_EQ(count({.destination = "aq"}), 2u);
  EXPECT_EQ(count({.destination = "kr"}), 0u);
  EXPECT_EQ(count({.entry_prefix = "9.A"}), 2u);
  EXPECT_EQ(count({.entry_prefix = "9.B"}), 0u);
  EXPECT_EQ(count({.party_contains = "PENGUIN instr"}), 2u);
  EXPECT_EQ(count({.party_contains = "仪器"}), 2u);
  EXPECT_EQ(count({.act = v1::DENIAL_ACT_REVOKED}), 0u);
  EXPECT_EQ(count({.in_force_date = {2016, 10, 3}}), 2u);
  EXPECT_EQ(count({.in_force_date = {2020, 1, 1}}), 0u);
}

TEST_F(DenialRegisterTest, AVisitGoesOnAfterAnyDenial) {
  for (int i = 0; i < 7; ++i) ASSERT_OK(Put(regime_.Denial("kr", std::to_string(i))));
  const machine::Reader reader{.state = "jp", .is_partner = true};
  std::vector<std::string> seen;
  const machine::Chain* after = nullptr;
  for (size_t before = SIZE_MAX; before != seen.size();) {
    before = seen.size();
    register_.Visit({}, reader, after, [&](const Denial& denial, Match) {
      if (seen.size() == before + 3) return false;
      seen.emplace_back(denial.name());
      after = denial.chain;
      return true;
    });
  }
  ASSERT_EQ(seen.size(), 7u);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(seen[i], "partners/kr/denials/" + std::to_string(i));
}

}  // namespace
}  // namespace entente::leem
