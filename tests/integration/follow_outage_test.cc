// Follow through outages, against a scripted host and with a clock that is not waited for: days of
// them lose nothing, double nothing and never end it; what the user is told of them is true.
#include <gtest/gtest.h>

#include <random>

#include "tests/integration/lying_host.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::StatusIs;
namespace pb = entente::exchange::v1;

// Waits for nothing, and remembers for how long.
class InstantWaiter final : public sdk::Waiter {
 public:
  void Wait(absl::Duration delay, const std::atomic<bool>*) override {
    waited += delay;
    longest = std::max(longest, delay);
    ++times;
  }
  absl::Duration waited;
  absl::Duration longest;
  int times = 0;
};

class FollowOutageTest : public testing::LyingHostTest {
 protected:
  std::unique_ptr<sdk::Client> Connect() {
    auto agency = sdk::Agency::Load(folder_.File("client"));
    EXPECT_OK(agency);
    return sdk::Client::Over(*agency, "leem", server_->InProcessChannel(grpc::ChannelArguments()),
                             waiter_);
  }
  // The next entry of the ledger, covered by a checkpoint.
  void DeliverNext(pb::FollowResponse& message) {
    const uint64_t index = trees_["all"].size();
    host_.message.Clear();
    Deliver("all", Record(Denial(std::to_string(index)), index));
    Finish();
    message = host_.message;
    message.set_cursor(std::to_string(index));
  }

  std::shared_ptr<InstantWaiter> waiter_ = std::make_shared<InstantWaiter>();
};

grpc::Status Broken(std::mt19937& random) {
  constexpr grpc::StatusCode kCodes[] = {grpc::UNAVAILABLE, grpc::CANCELLED, grpc::INTERNAL,
                                         grpc::UNKNOWN, grpc::DEADLINE_EXCEEDED};
  return {kCodes[random() % std::size(kCodes)], "as a transport says it"};
}

TEST_F(FollowOutageTest, DaysOfOutagesLoseNothingAndDoubleNothing) {
  constexpr uint64_t kEntries = 500;
  const uint32_t seed = 20161021;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  int to_fail = 0;
  host_.script = [&](pb::FollowResponse& message) {
    if (to_fail-- > 0) return Broken(random);
    to_fail = static_cast<int>(random() % 20);
    DeliverNext(message);
    return Broken(random);
  };
  std::atomic<bool> stop{false};
  std::vector<uint64_t> got;
  std::vector<bool> told;
  auto client = Connect();
  EXPECT_OK(client->Follow(
      {.state_file = folder_.File("state"),
       .stop = &stop,
       .retry = {.attempts_max = 1 << 30},
       .connection =
           [&](const sdk::ConnectionChange& change) { told.push_back(change.connected); }},
      [&](const sdk::VerifiedEntry& entry) {
        got.push_back(entry.index());
        stop = got.size() == kEntries;
        return absl::OkStatus();
      }));
  ASSERT_EQ(got.size(), kEntries);
  for (uint64_t i = 0; i < kEntries; ++i) ASSERT_EQ(got[i], i);
  EXPECT_GT(waiter_->waited, absl::Hours(1)) << "it would have been hours";
  EXPECT_LE(waiter_->longest, absl::Seconds(10));
  ASSERT_FALSE(told.empty());
  for (size_t i = 0; i < told.size(); ++i) {
    ASSERT_EQ(told[i], i % 2 == 1) << "away and back take turns";
  }
}

TEST_F(FollowOutageTest, WhatTheServiceRefusesIsNotTriedForEver) {
  host_.script = [](pb::FollowResponse&) {
    return rpc::ToGrpcStatus(
        base::RefuseArgument(Reason::kFieldInvalid, "the service has said no"));
  };
  EXPECT_THAT(Connect()->Follow({.retry = {.attempts_max = 1 << 30}},
                                [](const auto&) { return absl::OkStatus(); }),
              HasReason(Reason::kFieldInvalid));
  EXPECT_EQ(waiter_->times, 0);
}

TEST_F(FollowOutageTest, AFailingHandlerIsNoOutage) {
  host_.script = [&](pb::FollowResponse& message) {
    DeliverNext(message);
    return grpc::Status::OK;
  };
  bool told = false;
  EXPECT_THAT(Connect()->Follow({.retry = {.attempts_max = 1 << 30},
                                 .connection = [&](const auto&) { told = true; }},
                                [](const auto&) { return absl::InternalError("disk"); }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(told);
}

// What one filter left out never comes again: a state is good for its own filter only, and nothing
// is acknowledged that was left out.
TEST_F(FollowOutageTest, AStateRefusesAnotherFilter) {
  Deliver("all", Record(Denial("1"), 0));
  Finish();
  EXPECT_OK(Follow("leem.destination=aq"));
  EXPECT_EQ(host_.acknowledged, 0);
  EXPECT_THAT(Follow(""), HasReason(Reason::kFilterChanged));
  EXPECT_THAT(Follow("leem.destination=gs"), HasReason(Reason::kFilterChanged));
  EXPECT_EQ(host_.acknowledged, 0);
}

// A checkpoint is handed over before anything is acknowledged: what was acknowledged is covered.
TEST_F(FollowOutageTest, MarksComeBeforeAcknowledgements) {
  Deliver("all", Record(Denial("1"), 0));
  Finish();
  auto client = Connect();
  int acknowledged_before = -1;
  EXPECT_OK(client->Follow({.state_file = folder_.File("state"),
                            .until_current = true,
                            .marked =
                                [&](const auto& state) {
                                  acknowledged_before = host_.acknowledged;
                                  EXPECT_EQ(state.ledgers_size(), 1);
                                  EXPECT_FALSE(state.ledgers(0).verified_checkpoint().empty());
                                  return absl::OkStatus();
                                }},
                           [](const auto&) { return absl::OkStatus(); }));
  EXPECT_EQ(acknowledged_before, 0);
  EXPECT_EQ(host_.acknowledged, 1);
}

}  // namespace
}  // namespace entente
