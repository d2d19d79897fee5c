// Law 6: two worlds that differ in documents hidden from nz. Everything that nz can ask is
// asked in both; every byte of every answer must be the same, refusals and page tokens included.
#include <gtest/gtest.h>

#include "entente/exchange/v1/trend_service.grpc.pb.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/leem/register/denial_rules.h"
#include "tests/integration/transcript.h"

namespace entente {
namespace {

using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;
namespace leempb = entente::leem::v1;

// Calls as nz and writes down everything that came back.
class Outsider {
 public:
  explicit Outsider(LiveServer& server)
      : channel_(server.ConnectAs("nz")),
        exchange_(pb::ExchangeService::NewStub(channel_)),
        denials_(leempb::DenialService::NewStub(channel_)) {}

  template <typename Response>
  Response Note(const std::string& what, const grpc::Status& status, const Response& response) {
    transcript_ += fmt::format("{}: {} {} {} {}\n", what, static_cast<int>(status.error_code()),
                               status.error_message(), base::ToHex(status.error_details()),
                               base::ToHex(response.SerializeAsString()));
    return response;
  }
  const std::string& transcript() const { return transcript_; }

  template <typename Stub, typename Request, typename Response>
  Response Call(const std::string& what, Stub& stub,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    return Note(what, status, response);
  }

  void Follow(const std::string& cursor, const std::string& filter) {
    pb::FollowRequest request;
    request.set_cursor(cursor);
    request.set_filter(filter);
    request.set_until_current(true);
    grpc::ClientContext context;
    auto reader = exchange_->Follow(&context, request);
    pb::FollowResponse response;
    while (reader->Read(&response)) Note("follow", grpc::Status::OK, response);
    Note("follow ends", reader->Finish(), pb::FollowResponse());
  }
  void List(leempb::ListDenialsRequest request) {
    do {
      request.set_page_token(
          Call("list", *denials_, &leempb::DenialService::Stub::ListDenials, request)
              .next_page_token());
    } while (!request.page_token().empty());
  }
  void Submit(const pb::SignedDocument& document) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = document;
    Call("submit", *exchange_, &pb::ExchangeService::Stub::Submit, request);
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<pb::ExchangeService::Stub> exchange_;
  std::unique_ptr<leempb::DenialService::Stub> denials_;

 private:
  std::string transcript_;
};

class TwoWorldsTest : public ::testing::Test {
 protected:
  void AskEverything(Outsider& nz, const std::string& hidden, const std::string& ledger) {
    nz.Follow("", "");
    nz.Follow("", "leem.destination=aq");
    nz.Follow(fmt::format("entente-cursor-v1\nmtcr.example/leem\n{} 1\n", ledger), "");
    nz.Follow("entente-cursor-v1\nmtcr.example/leem\nall 3\n", "");
    using X = pb::ExchangeService::Stub;
    using D = leempb::DenialService::Stub;
    nz.Call("obligations", *nz.exchange_, &X::ListObligations, pb::ListObligationsRequest());
    for (int size : {0, 1}) {
      pb::ListLedgersRequest request;
      request.set_page_size(size);
      nz.Call("ledgers", *nz.exchange_, &X::ListLedgers, request);
    }
    for (const std::string& id : {ledger, std::string("all"), std::string("x0")}) {
      pb::GetCheckpointRequest checkpoint;
      checkpoint.set_ledger(id);
      nz.Call("checkpoint", *nz.exchange_, &X::GetCheckpoint, checkpoint);
      for (uint64_t index : {0, 1, 7, 1000}) {
        pb::GetEntryRequest entry;
        entry.set_ledger(id);
        entry.set_index(index);
        nz.Call("entry", *nz.exchange_, &X::GetEntry, entry);
        pb::ProveInclusionRequest inclusion;
        inclusion.set_ledger(id);
        inclusion.set_index(index);
        inclusion.set_size(2);
        nz.Call("inclusion", *nz.exchange_, &X::ProveInclusion, inclusion);
        pb::ProveConsistencyRequest consistency;
        consistency.set_ledger(id);
        consistency.set_old_size(1);
        consistency.set_new_size(index);
        nz.Call("consistency", *nz.exchange_, &X::ProveConsistency, consistency);
      }
      pb::AcknowledgeRequest ack;
      *ack.add_acknowledgements() =
          regime_.Acknowledge("nz", "leem", id, {1, crypto::Sha256("guessed")});
      nz.Call("ack", *nz.exchange_, &X::Acknowledge, ack);
    }
    for (const std::string& name :
         {hidden, hidden + "/revisions/2", std::string("partners/nz/denials/n1"),
          std::string("partners/jp/denials/none"), std::string("")}) {
      pb::GetDeliveryRequest delivery;
      delivery.set_name(name);
      nz.Call("delivery", *nz.exchange_, &X::GetDelivery, delivery);
      leempb::GetDenialRequest get;
      get.set_name(name);
      nz.Call("get", *nz.denials_, &D::GetDenial, get);
      pb::ListRevisionsRequest revisions;
      revisions.set_name(name);
      nz.Call("revisions", *nz.exchange_, &X::ListRevisions, revisions);
      pb::ListAnswersRequest answers;
      answers.set_name(name);
      nz.Call("answers", *nz.exchange_, &X::ListAnswers, answers);
    }
    for (int size : {0, 1, 2, 500}) {
      leempb::ListDenialsRequest request;
      request.set_page_size(size);
      nz.List(request);
      request.mutable_filter()->set_originator_state("jp");
      nz.List(request);
      request.mutable_filter()->set_party_contains("penguin");
      nz.List(request);
      request.mutable_filter()->set_destination("aq");
      nz.List(request);
      request.mutable_filter()->clear_originator_state();
      request.mutable_filter()->set_destination("aq");
      nz.List(request);
    }
    auto trends = pb::TrendService::NewStub(nz.channel_);
    for (const char* dimension : {"item", "destination", "act", "route", "x"}) {
      pb::GetTrendsRequest request;
      request.set_dimension(dimension);
      request.set_first_month("2016-01");
      request.set_last_month("2016-12");
      nz.Call("trends", *trends, &pb::TrendService::Stub::GetTrends, request);
    }
    leempb::ListDenialsRequest forged;
    forged.set_page_token(base::ToBase64("0123456789abcdef" + hidden));
    nz.List(forged);
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
};

TEST_F(TwoWorldsTest, AnOutsiderCannotTellThemApart) {
  // Hidden: a chain of three documents between jp and kr, among what everybody sees.
  const auto first = regime_.Denial("jp", "hidden", {"jp", "kr"});
  const auto hidden = regime_.Sign(first);
  leempb::DenialRenewal renewal;
  leem::SetDate({2016, 10, 20}, renewal.mutable_review_date());
  const auto renewed =
      regime_.Sign(regime_.Revision("jp", "hidden.2", first, "partners/jp/denials/hidden",
                                    TestRegime::DigestOf(hidden), renewal));
  std::vector<std::pair<std::string, pb::SignedDocument>> open;
  for (int i = 0; i < 8; ++i) {
    const std::string state = i % 2 == 0 ? "jp" : "kr";
    open.emplace_back(state, regime_.Sign(regime_.Denial(state, "open" + std::to_string(i))));
  }
  open.emplace_back("nz", regime_.Sign(regime_.Denial("nz", "n1")));
  leempb::DenialRevocation revocation;
  leem::SetDate({2016, 11, 1}, revocation.mutable_effective_date());
  revocation.set_explanation("an attempt");
  auto attempt =
      regime_.Revision("nz", "n2", regime_.Denial("nz", "n2"), "partners/jp/denials/hidden",
                       TestRegime::DigestOf(hidden), revocation);
  const auto attempt_signed = regime_.Sign(attempt);
  auto guess = regime_.Denial("nz", "guess", {"nz"});
  auto& guessed = *guess.add_references();
  guessed.set_relation(pb::Reference::RELATION_ANSWERS);
  guessed.set_name("partners/jp/denials/hidden");
  const auto guess_signed = regime_.Sign(guess);
  const auto later = regime_.Sign(regime_.Denial("nz", "n3"));

  std::string transcripts[2];
  for (int world = 0; world < 2; ++world) {
    LiveServer server(regime_, clock_);
    for (size_t i = 0; i < open.size(); ++i) {
      testing::SubmitAs(server, open[i].first, open[i].second);
      if (world == 1 && i == 2) testing::SubmitAs(server, "jp", hidden);
      if (world == 1 && i == 5) testing::SubmitAs(server, "jp", renewed);
      if (HasFatalFailure()) return;
    }
    Outsider nz(server);
    const std::string ledger = entry::LedgerIdOf("leem", first.audience());
    AskEverything(nz, "partners/jp/denials/hidden", ledger);
    nz.Submit(attempt_signed);
    nz.Submit(guess_signed);
    nz.Submit(later);
    nz.Submit(later);
    AskEverything(nz, "partners/jp/denials/hidden", ledger);
    transcripts[world] = nz.transcript();
  }
  EXPECT_GT(transcripts[0].size(), 100000u) << "hardly anything was asked";
  EXPECT_EQ(transcripts[0], transcripts[1]);
}

// The test can fail: somebody who may read it does see the difference.
TEST_F(TwoWorldsTest, AnInsiderSeesTheDifference) {
  std::string lists[2];
  for (int world = 0; world < 2; ++world) {
    LiveServer server(regime_, clock_);
    if (world == 1)
      testing::SubmitAs(server, "jp", regime_.Sign(regime_.Denial("jp", "h", {"jp", "kr"})));
    auto stub = leempb::DenialService::NewStub(server.ConnectAs("kr"));
    grpc::ClientContext context;
    leempb::ListDenialsResponse response;
    ASSERT_TRUE(stub->ListDenials(&context, {}, &response).ok());
    lists[world] = response.SerializeAsString();
  }
  EXPECT_NE(lists[0], lists[1]);
}

}  // namespace
}  // namespace entente
