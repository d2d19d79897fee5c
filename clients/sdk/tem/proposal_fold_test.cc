#include "clients/sdk/tem/proposal_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace entente::sdk {
namespace {

namespace v1 = entente::tem::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kText[] = "the newest text's digest";

VerifiedEntry Said(const std::string& state, const google::protobuf::Message& body) {
  VerifiedEntry entry;
  entry.document.mutable_body()->PackFrom(body);
  entry.document.set_originator("partners/" + state + "/agencies/licensing");
  return entry;
}

VerifiedEntry Sponsors(const std::string& state, bool withdrawn, const std::string& text = kText) {
  v1::ProposalSponsorship body;
  body.set_text_digest(text);
  body.set_withdrawn(withdrawn);
  return Said(state, body);
}

VerifiedEntry Position(const std::string& state, v1::PositionKind kind,
                       const std::string& text = kText) {
  v1::ProposalPosition body;
  body.set_text_digest(text);
  body.set_kind(kind);
  return Said(state, body);
}

TextStanding Standing(const std::vector<VerifiedEntry>& answers, bool chaired = true) {
  return StandingOf(answers, "kr", kText, [chaired](const auto&) { return chaired; });
}

TEST(ProposalFoldTest, ASponsorWhoWithdrewIsNone) {
  EXPECT_THAT(Standing({Sponsors("nz", false)}).sponsors, ElementsAre("kr", "nz"));
  EXPECT_THAT(Standing({Sponsors("nz", false), Sponsors("nz", true)}).sponsors, ElementsAre("kr"));
  EXPECT_THAT(Standing({Sponsors("nz", false), Sponsors("nz", true, "older")}).sponsors,
              ElementsAre("kr"));
  EXPECT_THAT(Standing({Sponsors("nz", false, "older")}).sponsors, ElementsAre("kr"));
}

TEST(ProposalFoldTest, TheLastPositionOnTheNewestTextCounts) {
  const auto standing = Standing({Position("au", v1::POSITION_KIND_BLOCK),
                                  Position("nz", v1::POSITION_KIND_JOINED, "older"),
                                  Position("au", v1::POSITION_KIND_LIFTED)});
  EXPECT_EQ(standing.positions.size(), 1u);
  EXPECT_EQ(standing.positions.at("au"), v1::POSITION_KIND_LIFTED);
}

TEST(ProposalFoldTest, OnlyAChairConcludes) {
  v1::ProposalConclusion body;
  body.set_text_digest(kText);
  body.set_outcome(v1::ProposalConclusion::OUTCOME_AGREED);
  body.set_meeting("m");
  auto entry = Said("jp", body);
  v1::TemRuling ruling;
  ruling.add_partners("jp");
  entry.leaf.mutable_stamp()->mutable_ruling()->PackFrom(ruling);
  EXPECT_THAT(Standing({entry}, /*chaired=*/false).meeting, IsEmpty());
  EXPECT_EQ(Standing({entry}).meeting, "m");
  EXPECT_THAT(Standing({entry}).partners, ElementsAre("jp"));
}

// In every order in which a service may hand them out.
TEST(ProposalFoldTest, OrderIsThatOfRecordingOverSeveralLedgers) {
  std::vector<VerifiedEntry> entries;
  const auto add = [&](const char* ledger, int64_t seconds, uint64_t index) {
    auto& entry = entries.emplace_back();
    entry.ledger = ledger;
    entry.leaf.mutable_stamp()->mutable_recorded_time()->set_seconds(seconds);
    entry.leaf.mutable_stamp()->set_index(index);
  };
  add("a", 1, 0);
  add("b", 2, 7);
  add("a", 3, 1);
  add("a", 3, 2);
  add("b", 3, 8);
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    std::vector<VerifiedEntry> shuffled;
    for (const int at : order) shuffled.push_back(entries[static_cast<size_t>(at)]);
    std::stable_sort(shuffled.begin(), shuffled.end(), sdk::RecordedBefore);
    for (size_t i = 0; i < entries.size(); ++i) {
      ASSERT_EQ(shuffled[i].ledger, entries[i].ledger);
      ASSERT_EQ(shuffled[i].index(), entries[i].index());
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace entente::sdk
