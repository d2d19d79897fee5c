// What was signed is sent until it is answered, as the same bytes, and no longer.
#include "clients/sdk/outbox.h"

#include <gtest/gtest.h>

#include "services/core/rpc/transport/grpc_status.h"
#include "tests/integration/lying_host.h"

namespace entente::sdk {
namespace {

using base::testing::HasReason;
using base::testing::StatusIs;

class OutboxTest : public testing::LyingHostTest {
 protected:
  OutboxTest() {
    host_.submit = [this](const auto&, auto&) { return answer_; };
  }
  std::unique_ptr<Client> client_ = Connect();
  size_t Kept() { return Outbox(client_->agency(), "leem").Unanswered().value().size(); }
  absl::Status Submit(const pb::SignedDocument& document) {
    return client_->Submit(document, {.attempts_max = 0}).status();
  }
  static grpc::Status Refusal(absl::StatusCode code, base::Reason reason) {
    return rpc::ToGrpcStatus(base::Refuse(code, reason, "no"));
  }
  grpc::Status answer_ = {grpc::StatusCode::UNAVAILABLE, "away"};
};

TEST_F(OutboxTest, WhatIsNotAnsweredIsSentAgainOldestFirst) {
  const auto composed = [&](const std::string& reference, absl::Duration later) {
    pb::Document document = regime_.Denial("jp", reference);
    entry::SetTime(clock_.Now() + later, document.mutable_composed_time());
    return regime_.Sign(document);
  };
  // Whatever their digests are.
  const pb::SignedDocument first = composed("2", absl::Seconds(1));
  const pb::SignedDocument second = composed("1", absl::Seconds(2));
  EXPECT_THAT(Submit(second), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Submit(first), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Submit(first), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Kept(), 2u) << "one of each";
  host_.submitted.clear();
  answer_ = Refusal(absl::StatusCode::kAlreadyExists, base::Reason::kReferenceReused);
  std::vector<std::string> told;
  // Another program's client of the same agency.
  auto later = Connect();
  EXPECT_OK(later->SubmitKept([&](const auto& document, const auto& receipt) {
    EXPECT_THAT(receipt.status(), HasReason(base::Reason::kReferenceReused));
    told.push_back(document.SerializeAsString());
  }));
  EXPECT_THAT(told, ::testing::ElementsAre(first.SerializeAsString(), second.SerializeAsString()));
  ASSERT_EQ(host_.submitted.size(), 2u);
  EXPECT_EQ(host_.submitted[0].SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(Kept(), 0u);
}

// Who calls, whether there is room, and what does not verify say nothing of the document.
TEST_F(OutboxTest, OnlyAnAnswerAboutTheDocumentEndsIt) {
  int number = 0;
  const auto kept_after = [&](const grpc::Status& answer) {
    answer_ = answer;
    const size_t before = Kept();
    EXPECT_FALSE(Submit(Denial(std::to_string(++number))).ok());
    return Kept() > before;
  };
  using absl::StatusCode;
  EXPECT_TRUE(kept_after(Refusal(StatusCode::kUnauthenticated, base::Reason::kCallerNotAccepted)));
  EXPECT_TRUE(kept_after(Refusal(StatusCode::kPermissionDenied, base::Reason::kCallerNotEntitled)));
  EXPECT_TRUE(kept_after(Refusal(StatusCode::kResourceExhausted, base::Reason::kQueueFull)));
  EXPECT_TRUE(kept_after(Refusal(StatusCode::kUnavailable, base::Reason::kServiceDraining)));
  EXPECT_TRUE(kept_after({grpc::StatusCode::INTERNAL, "a connection broke"}));
  EXPECT_TRUE(kept_after(grpc::Status::OK)) << "a receipt that proves nothing";
  EXPECT_FALSE(kept_after(Refusal(StatusCode::kInvalidArgument, base::Reason::kFieldInvalid)));
  EXPECT_FALSE(kept_after(Refusal(StatusCode::kAborted, base::Reason::kChainMoved)));
}

TEST_F(OutboxTest, ADamagedFileIsNotPassedOver) {
  EXPECT_FALSE(Submit(Denial("1")).ok());
  const std::string folder = client_->agency().StateFile("outbox/leem");
  ASSERT_TRUE(base::WriteFileAtomically(folder + "/x.signed", "no document"));
  EXPECT_THAT(Outbox(client_->agency(), "leem").Unanswered().status(),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(OutboxTest, WhoHasAQueueOfHisOwnKeepsNothing) {
  const std::string config = folder_.File("client");
  ASSERT_TRUE(base::WriteFileAtomically(config, *base::ReadFile(config) + " without_outbox: true"));
  client_ = Connect();
  EXPECT_FALSE(Submit(Denial("1")).ok());
  EXPECT_EQ(Kept(), 0u);
}

TEST_F(OutboxTest, WhatCannotBeKeptIsNotSent) {
  ASSERT_TRUE(base::WriteFileAtomically(client_->agency().StateFile("outbox"), "a file"));
  EXPECT_THAT(Submit(Denial("1")), HasReason(base::Reason::kConfigurationInvalid));
  EXPECT_TRUE(host_.submitted.empty());
}

}  // namespace
}  // namespace entente::sdk
