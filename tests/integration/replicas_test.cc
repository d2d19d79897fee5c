// Two servers over one journal, neither of which hears of the other unless it looks: what a reader
// or a submitter brings from one to the other is neither refused nor taken for a rollback.
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/cursor.h"
#include "services/core/journal/testing/memory_journal.h"
#include "tests/integration/live_server.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

// One writer's view of a shared journal, as old as its last look.
class SharedJournal final : public journal::Journal {
 public:
  explicit SharedJournal(journal::Journal& shared) : shared_(shared), head_(shared.Head()) {}
  absl::Status Append(uint64_t expected_head, std::span<const journal::Record> batch) override {
    const absl::Status status = shared_.Append(expected_head, batch);
    if (status.ok()) head_ = expected_head + batch.size();
    if (status.code() == absl::StatusCode::kAborted) head_ = shared_.Head();
    return status;
  }
  absl::StatusOr<std::vector<journal::Record>> Read(uint64_t begin, uint64_t end,
                                                    size_t bytes_max) override {
    return shared_.Read(begin, end, bytes_max);
  }
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) override {
    return shared_.Erase(position, remains, erased_at);
  }
  uint64_t Head() override { return head_; }
  absl::Status Refresh() override {
    head_ = shared_.Head();
    return absl::OkStatus();
  }

 private:
  journal::Journal& shared_;
  std::atomic<uint64_t> head_;
};

class ReplicasTest : public ::testing::Test {
 protected:
  absl::StatusOr<pb::Receipt> Submit(LiveServer& server, const pb::SignedDocument& document,
                                     const std::string& state = "jp") {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = document;
    grpc::ClientContext context;
    pb::SubmitResponse response;
    auto stub = pb::ExchangeService::NewStub(server.ConnectAs(state));
    const absl::Status status = rpc::FromGrpcStatus(stub->Submit(&context, request, &response));
    if (!status.ok()) return status;
    return response.receipt();
  }
  absl::Status Follow(LiveServer& server, pb::FollowRequest request, pb::FollowResponse* last,
                      int* entries = nullptr) {
    request.set_until_current(true);
    grpc::ClientContext context;
    auto stub = pb::ExchangeService::NewStub(server.ConnectAs("kr"));
    auto reader = stub->Follow(&context, request);
    pb::FollowResponse message;
    while (reader->Read(&message)) {
      if (entries != nullptr) *entries += message.deliveries_size();
      *last = message;
    }
    return rpc::FromGrpcStatus(reader->Finish());
  }
  pb::SignedDocument Denial(const std::string& reference) {
    return regime_.Sign(regime_.Denial("jp", reference));
  }
  rpc::JournalFactory journals_ = [this](const auto&, const auto&) {
    return absl::StatusOr<std::unique_ptr<journal::Journal>>(
        std::make_unique<SharedJournal>(shared_));
  };

  journal::testing::MemoryJournal shared_;
  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  LiveServer one_{regime_, clock_, {}, leem::LeemModule(), testing::TestProfile(), journals_};
  LiveServer other_{regime_, clock_, {}, leem::LeemModule(), testing::TestProfile(), journals_};
};

TEST_F(ReplicasTest, AReaderMayGoToAReplicaThatHasSeenLess) {
  ASSERT_OK(Submit(one_, Denial("1")));
  pb::FollowResponse last;
  ASSERT_OK(Follow(one_, {}, &last));
  ASSERT_EQ(last.checkpoints_size(), 1);

  pb::FollowRequest request;
  request.set_cursor(last.cursor());
  *request.mutable_checkpoints() = last.checkpoints();
  int entries = 0;
  ASSERT_OK(Follow(other_, request, &last, &entries)) << "neither rolled back nor ahead";
  EXPECT_EQ(entries, 0);
  ASSERT_OK(Submit(other_, Denial("2")));
  ASSERT_OK(Follow(other_, request, &last, &entries));
  EXPECT_EQ(entries, 1);
}

TEST_F(ReplicasTest, WhatOneServedMayBeAcknowledgedToTheOther) {
  ASSERT_OK(Submit(one_, Denial("1")));
  pb::FollowResponse last;
  ASSERT_OK(Follow(one_, {}, &last));
  auto kr = pb::ExchangeService::NewStub(other_.ConnectAs("kr"));
  pb::AcknowledgeRequest acknowledge;
  auto checkpoint = entry::ReadKeptCheckpoint(last.checkpoints(0));
  ASSERT_OK(checkpoint);
  *acknowledge.add_acknowledgements() = regime_.Acknowledge("kr", "leem", "all", checkpoint->head);
  grpc::ClientContext context;
  pb::AcknowledgeResponse ignored;
  ASSERT_OK(rpc::FromGrpcStatus(kr->Acknowledge(&context, acknowledge, &ignored)));

  auto jp = pb::ExchangeService::NewStub(other_.ConnectAs("jp"));
  pb::GetDeliveryRequest asked;
  asked.set_name("partners/jp/denials/1");
  grpc::ClientContext again;
  pb::GetDeliveryResponse delivery;
  ASSERT_OK(rpc::FromGrpcStatus(jp->GetDelivery(&again, asked, &delivery)));
  EXPECT_NE(delivery.ShortDebugString().find("acknowledgement"), std::string::npos)
      << delivery.ShortDebugString();
}

TEST_F(ReplicasTest, ACursorAheadOfEveryReplicaIsStillRefused) {
  ASSERT_OK(Submit(one_, Denial("1")));
  pb::FollowResponse last;
  ASSERT_OK(Follow(one_, {}, &last));
  auto cursor = entry::Cursor::Decode("mtcr.example/leem", last.cursor());
  ASSERT_OK(cursor);
  cursor->next.begin()->second = 100;
  pb::FollowRequest request;
  request.set_cursor(cursor->Encode("mtcr.example/leem"));
  EXPECT_THAT(Follow(other_, request, &last), HasReason(Reason::kCursorAhead));
  // And what was signed over more than there is proves a rollback to both.
  const entry::Checkpoint more = {last.checkpoints(0).substr(0, last.checkpoints(0).find('\n')),
                                  {50, base::Digest()}};
  pb::FollowRequest shown;
  shown.add_checkpoints(regime_.log_signer().Sign(more.Text()));
  EXPECT_THAT(Follow(other_, shown, &last), HasReason(Reason::kJournalRolledBack));
}

// A reader brings the size that a submitter was told, and comes to a replica that has not even seen
// the ledger. An outsider's question about it has the same answer as one about no ledger at all.
TEST_F(ReplicasTest, ALedgerThatIsNotHereYetIsToBeAskedForAgain) {
  const auto receipt = Submit(one_, regime_.Sign(regime_.Denial("jp", "1", {"jp", "kr"})));
  ASSERT_OK(receipt);
  const auto get = [&](LiveServer& server, const std::string& state, const std::string& ledger) {
    auto stub = leem::v1::DenialService::NewStub(server.ConnectAs(state));
    leem::v1::GetDenialRequest request;
    request.set_name("partners/jp/denials/1");
    auto* head = request.add_at_least();
    head->set_ledger(ledger);
    head->set_size(1);
    grpc::ClientContext context;
    leem::v1::GetDenialResponse response;
    return rpc::FromGrpcStatus(stub->GetDenial(&context, request, &response));
  };
  const std::string ledger =
      entry::LedgerIdOf("leem", regime_.Denial("jp", "1", {"jp", "kr"}).audience());
  EXPECT_OK(get(one_, "kr", ledger));
  EXPECT_THAT(get(other_, "kr", ledger), HasReason(Reason::kHeadNotReached));
  const std::string absent = "x" + std::string(32, '0');
  const absl::Status of_absent = get(one_, "nz", absent);
  EXPECT_THAT(of_absent, HasReason(Reason::kHeadNotReached));
  const absl::Status of_hidden = get(one_, "nz", ledger);
  EXPECT_THAT(of_hidden, HasReason(Reason::kHeadNotReached));
  EXPECT_EQ(absl::StrReplaceAll(of_hidden.message(), {{ledger, absent}}), of_absent.message());
  ASSERT_OK(Submit(other_, regime_.Sign(regime_.Denial("jp", "2", {"jp", "kr"}))));
  EXPECT_OK(get(other_, "kr", ledger));
}

TEST_F(ReplicasTest, TheSameBytesGetTheSamePlaceFromEither) {
  const pb::SignedDocument document = Denial("1");
  const auto first = Submit(one_, document);
  ASSERT_OK(first);
  const auto second = Submit(other_, document);
  ASSERT_OK(second);
  EXPECT_EQ(first->leaf(), second->leaf());
  // The other knew nothing of it, lost the race, and judged it anew.
  EXPECT_THAT(Submit(other_, regime_.Sign(regime_.Denial("jp", "1", {"jp", "kr"}))),
              HasReason(Reason::kReferenceReused));
  EXPECT_OK(Submit(one_, Denial("2")));
  EXPECT_THAT(Submit(other_, regime_.Sign(regime_.Denial("jp", "2", {"jp", "kr"}))),
              HasReason(Reason::kReferenceReused));
}

}  // namespace
}  // namespace entente
