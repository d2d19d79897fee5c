// A denial stands as its documents say, in their order, whoever folds them.
#include "services/leem/standing/standing.h"

#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/entry/entry.h"

namespace entente::leem {
namespace {

using base::testing::HasReason;

class StandingTest : public ::testing::Test {
 protected:
  // A document with this body, recorded with a term.
  absl::Status Take(const google::protobuf::Message& body, base::CivilDate from = {},
                    base::CivilDate until = {}) {
    exchange::v1::Document document;
    document.mutable_body()->PackFrom(body);
    v1::DenialRuling ruling;
    if (!from.empty()) SetDate(from, ruling.mutable_in_force_from());
    if (!until.empty()) SetDate(until, ruling.mutable_valid_until());
    exchange::v1::Leaf leaf;
    leaf.mutable_stamp()->mutable_ruling()->PackFrom(ruling);
    entry::SetTime(absl::FromCivil(absl::CivilSecond(2017, 5, 6, 7), absl::UTCTimeZone()),
                   leaf.mutable_stamp()->mutable_recorded_time());
    return leem::Take(document, leaf, standing_);
  }
  static v1::DenialNotification Notification(v1::DenialAct act) {
    v1::DenialNotification notification;
    notification.mutable_content()->set_act(act);
    return notification;
  }
  Standing standing_;
};

TEST_F(StandingTest, IsInForceWithinItsTerms) {
  ASSERT_OK(Take(Notification(v1::DENIAL_ACT_REFUSED), {2016, 10, 3}, {2019, 10, 3}));
  EXPECT_FALSE(InForce(standing_, {2016, 10, 2}));
  EXPECT_TRUE(InForce(standing_, {2016, 10, 3}));
  EXPECT_TRUE(InForce(standing_, {2019, 10, 2}));
  EXPECT_FALSE(InForce(standing_, {2019, 10, 3}));
  ASSERT_OK(Take(v1::DenialRenewal(), {2019, 9, 1}, {2022, 9, 1}));
  EXPECT_TRUE(InForce(standing_, {2019, 10, 3}));
  EXPECT_EQ(ValidUntil(standing_), (base::CivilDate{2022, 9, 1}));
}

TEST_F(StandingTest, AnAmendmentMovesTheFirstTermAndNoRenewals) {
  ASSERT_OK(Take(Notification(v1::DENIAL_ACT_REFUSED), {2016, 10, 3}, {2019, 10, 3}));
  v1::DenialAmendment amendment;
  amendment.mutable_content()->set_act(v1::DENIAL_ACT_REVOKED);
  ASSERT_OK(Take(amendment, {2016, 9, 1}, {2019, 9, 1}));
  EXPECT_EQ(standing_.act, v1::DENIAL_ACT_REVOKED);
  EXPECT_EQ(ValidUntil(standing_), (base::CivilDate{2019, 9, 1}));
  ASSERT_OK(Take(v1::DenialRenewal(), {2019, 8, 1}, {2022, 8, 1}));
  ASSERT_OK(Take(amendment, {2001, 1, 1}, {2002, 1, 1}));
  EXPECT_EQ(ValidUntil(standing_), (base::CivilDate{2022, 8, 1}));
}

TEST_F(StandingTest, EndsWhenItSaysOrWhenItWasRecorded) {
  ASSERT_OK(Take(Notification(v1::DENIAL_ACT_REFUSED), {2016, 10, 3}, {2019, 10, 3}));
  const Standing before = standing_;
  v1::DenialRevocation revocation;
  SetDate({2017, 1, 1}, revocation.mutable_effective_date());
  ASSERT_OK(Take(revocation));
  EXPECT_EQ(standing_.state, v1::DENIAL_STATE_REVOKED);
  EXPECT_FALSE(InForce(standing_, {2017, 1, 1}));
  standing_ = before;
  ASSERT_OK(Take(v1::DenialRevocation()));  // its day was erased
  EXPECT_EQ(standing_.ended, (base::CivilDate{2017, 5, 6}));
}

TEST_F(StandingTest, ASuspensionIsOpenUntilItIsClosed) {
  ASSERT_OK(Take(Notification(v1::DENIAL_ACT_SUSPENDED), {2016, 10, 3}, {2019, 10, 3}));
  EXPECT_EQ(standing_.state, v1::DENIAL_STATE_SUSPENSION_OPEN);
  const Standing before = standing_;
  v1::SuspensionClosure closure;
  closure.set_outcome(v1::SuspensionClosure::OUTCOME_DENIED);
  closure.set_act(v1::DENIAL_ACT_REFUSED);
  ASSERT_OK(Take(closure));
  EXPECT_EQ(standing_.state, v1::DENIAL_STATE_ACTIVE);
  EXPECT_EQ(standing_.act, v1::DENIAL_ACT_REFUSED);
  standing_ = before;
  closure.set_outcome(v1::SuspensionClosure::OUTCOME_LIFTED);
  SetDate({2016, 12, 1}, closure.mutable_closed_date());
  ASSERT_OK(Take(closure));
  EXPECT_EQ(standing_.state, v1::DENIAL_STATE_LIFTED);
  EXPECT_FALSE(InForce(standing_, {2016, 12, 1}));
}

TEST_F(StandingTest, WhatIsNoDocumentOfADenialIsRefused) {
  EXPECT_THAT(Take(v1::DenialRenewal()), HasReason(base::Reason::kDocumentMalformed));
  EXPECT_THAT(Take(v1::DenialRevocation()), HasReason(base::Reason::kDocumentMalformed));
  EXPECT_THAT(Take(v1::Date()), HasReason(base::Reason::kDocumentMalformed));
  ASSERT_OK(Take(Notification(v1::DENIAL_ACT_REFUSED)));
  EXPECT_THAT(Take(Notification(v1::DENIAL_ACT_REFUSED)),
              HasReason(base::Reason::kDocumentMalformed))
      << "twice";
}

}  // namespace
}  // namespace entente::leem
