// Law 6 for TEM: two worlds that differ in what is hidden from nz (a proposal that collides
// with one that it reads, comments, a position, a crosswalk, a status), asked everything by nz.
#include <gtest/gtest.h>

#include "entente/tem/v1/annex_service.grpc.pb.h"
#include "entente/tem/v1/proposal_service.grpc.pb.h"
#include "services/tem/proposal_service.h"
#include "tests/integration/transcript.h"
#include "tests/support/test_annex.h"

namespace entente {
namespace {

using testing::Linked;
using testing::LiveServer;
using testing::SubmitAs;
using testing::TextProposal;
using testing::WithBody;
namespace pb = entente::exchange::v1;
namespace v1 = entente::tem::v1;

class TemTwoWorldsTest : public ::testing::Test {
 protected:
  TemTwoWorldsTest() { testing::MakeChair(regime_, "jp"); }
  pb::SignedDocument Sign(const pb::Document& document) { return regime_.Sign(document); }

  void AskEverything(LiveServer& server, const std::string& state) {
    const auto channel = server.ConnectAs(state);
    auto proposals = v1::ProposalService::NewStub(channel);
    auto annex = v1::AnnexService::NewStub(channel);
    auto exchange = pb::ExchangeService::NewStub(channel);
    using P = v1::ProposalService::Stub;
    using X = pb::ExchangeService::Stub;
    using A = v1::AnnexService::Stub;
    for (const char* name : {"partners/kr/proposals/open", "partners/kr/proposals/hidden",
                             "partners/kr/proposals/none", "partners/nz/proposals/own",
                             "partners/jp/comments/hidden", ""}) {
      v1::GetProposalRequest get;
      get.set_name(name);
      transcript_.Call(*proposals, &P::GetProposal, get);
      pb::ListRevisionsRequest revisions;
      revisions.set_name(name);
      transcript_.Call(*exchange, &X::ListRevisions, revisions);
      pb::ListAnswersRequest answers;
      answers.set_name(name);
      answers.set_page_size(1);
      do {
        answers.set_page_token(
            transcript_.Call(*exchange, &X::ListAnswers, answers).next_page_token());
      } while (!answers.page_token().empty());
    }
    for (const char* filter : {"", "tem.node=kite", "tem.state=submitted", "originator=kr"}) {
      v1::ListProposalsRequest list;
      list.set_filter(filter);
      list.set_page_size(1);
      do {
        list.set_page_token(
            transcript_.Call(*proposals, &P::ListProposals, list).next_page_token());
      } while (!list.page_token().empty());
    }
    transcript_.Call(*annex, &A::ListEditions, v1::ListEditionsRequest());
    transcript_.Call(*annex, &A::GetEdition, v1::GetEditionRequest());
    v1::GetNodeRequest node;
    node.set_path("3.A.1");
    transcript_.Call(*annex, &A::GetNode, node);
    v1::DiffEditionsRequest diff;
    diff.set_old_edition("2016-03-17");
    diff.set_new_edition("2016-03-17");
    transcript_.Call(*annex, &A::DiffEditions, diff);
    for (const char* code : {"K1", "K2", ""}) {
      v1::FindCodesRequest codes;
      if (*code == 0) {
        codes.set_path("3");
      } else {
        codes.set_code(code);
      }
      codes.set_page_size(1);
      do {
        codes.set_page_token(transcript_.Call(*annex, &A::FindCodes, codes).next_page_token());
      } while (!codes.page_token().empty());
    }
    transcript_.Call(*annex, &A::ListImplementations, v1::ListImplementationsRequest());
    transcript_.Call(*exchange, &X::ListLedgers, pb::ListLedgersRequest());
    for (const auto& attempt : attempts_) {
      pb::SubmitRequest request;
      *request.mutable_signed_document() = attempt;
      transcript_.Call(*exchange, &pb::ExchangeService::Stub::Submit, request);
    }
  }

  base::testing::FakeClock clock_;
  testing::TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  std::vector<pb::SignedDocument> attempts_;
  testing::Transcript transcript_;
};

v1::Crosswalk Codes(const std::string& code) {
  v1::Crosswalk crosswalk;
  crosswalk.set_jurisdiction("kr");
  crosswalk.set_edition("2016-03-17");
  auto& row = *crosswalk.add_rows();
  row.set_path("3.A.1");
  row.set_code(code);
  row.set_relation(v1::CROSSWALK_RELATION_EXACT);
  return crosswalk;
}

TEST_F(TemTwoWorldsTest, AnOutsiderCannotTellThemApart) {
  const std::string open_name = "partners/kr/proposals/open";
  // Signed once: two signatures over the same bytes differ.
  std::vector<pb::SignedDocument> publication;
  for (const auto& one : testing::Publication(regime_, "jp", testing::MiniatureEdition())) {
    publication.push_back(Sign(one));
  }
  const auto open = Sign(WithBody(regime_.Denial("kr", "open"), TextProposal("kite", "open")));
  const auto own = Sign(WithBody(regime_.Denial("nz", "own"), TextProposal("silk", "own")));
  const std::vector<std::string> both = {"jp", "kr"};
  const auto hidden =
      Sign(WithBody(regime_.Denial("kr", "hidden", both), TextProposal("kite", "hidden")));
  v1::ProposalComment comment;
  comment.set_kind(v1::COMMENT_KIND_QUESTION);
  comment.set_text("among ourselves");
  const auto hidden_comment = Sign(Linked(WithBody(regime_.Denial("jp", "hidden", both), comment),
                                          pb::Reference::RELATION_ANSWERS, open_name));
  const auto hidden_codes = Sign(WithBody(regime_.Denial("kr", "hidden.c", both), Codes("K2")));
  v1::ImplementationStatus status;
  status.set_edition("2016-03-17");
  status.set_state(v1::IMPLEMENTATION_STATE_IN_PROCESS);
  const auto hidden_status = Sign(WithBody(regime_.Denial("kr", "hidden.s", both), status));
  const auto codes = Sign(WithBody(regime_.Denial("kr", "c"), Codes("K1")));
  for (const char* name : {"partners/kr/proposals/hidden", "partners/kr/proposals/none",
                           "partners/jp/comments/hidden", "partners/jp/comments/none"}) {
    attempts_.push_back(
        Sign(Linked(WithBody(regime_.Denial("nz", "try", {"jp", "kr", "nz"}), comment),
                    pb::Reference::RELATION_ANSWERS, name)));
    v1::Proposal follower = TextProposal("silk", "follower");
    follower.add_follows(name);
    attempts_.push_back(Sign(WithBody(regime_.Denial("nz", "follows"), follower)));
  }
  std::map<std::string, std::string> seen[2];
  for (int world = 0; world < 2; ++world) {
    LiveServer server(regime_, clock_, {}, tem::TemModule(), testing::TemProfile());
    for (const auto& document : publication) SubmitAs(server, "jp", document);
    if (world == 1) SubmitAs(server, "kr", hidden);
    SubmitAs(server, "kr", open);
    if (world == 1) SubmitAs(server, "jp", hidden_comment);
    SubmitAs(server, "nz", own);
    if (world == 1) SubmitAs(server, "kr", hidden_codes);
    SubmitAs(server, "kr", codes);
    if (world == 1) SubmitAs(server, "kr", hidden_status);
    for (const char* state : {"nz", "jp"}) {
      transcript_.Clear();
      AskEverything(server, state);
      seen[world][state] = transcript_.text();
    }
  }
  EXPECT_GT(seen[0]["nz"].size(), 20000u);
  EXPECT_EQ(seen[0]["nz"], seen[1]["nz"]);
  EXPECT_NE(seen[0]["jp"], seen[1]["jp"]) << "the test could not fail";
}

// A service of the regime reads the public ledger, and nothing else (docs/ARCHITECTURE.md).
TEST_F(TemTwoWorldsTest, AServiceReadsWhatIsPublicOnly) {
  LiveServer server(regime_, clock_, {}, tem::TemModule(), testing::TemProfile());
  for (const auto& document : testing::Publication(regime_, "jp", testing::MiniatureEdition())) {
    SubmitAs(server, "jp", Sign(document));
  }
  SubmitAs(server, "kr", Sign(WithBody(regime_.Denial("kr", "open"), TextProposal("kite", "a"))));
  const auto identity = regime_.Issue("services", {.common_name = "leem",
                                                   .uris = {"spiffe://mtcr.example/services/leem"},
                                                   .usage = crypto::LeafUsage::kTlsClient});
  const auto channel = server.Connect(&identity);
  auto exchange = pb::ExchangeService::NewStub(channel);
  grpc::ClientContext listing;
  pb::ListLedgersResponse ledgers;
  ASSERT_TRUE(exchange->ListLedgers(&listing, {}, &ledgers).ok());
  ASSERT_EQ(ledgers.ledgers_size(), 1);
  EXPECT_EQ(ledgers.ledgers(0).head().ledger(), "public");
  auto proposals = v1::ProposalService::NewStub(channel);
  grpc::ClientContext reading;
  v1::ListProposalsResponse list;
  ASSERT_TRUE(proposals->ListProposals(&reading, {}, &list).ok());
  EXPECT_TRUE(list.proposals().empty());
  grpc::ClientContext submitting;
  pb::SubmitRequest request;
  *request.mutable_signed_document() = Sign(regime_.Denial("kr", "x"));
  pb::SubmitResponse submitted;
  EXPECT_EQ(exchange->Submit(&submitting, request, &submitted).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  grpc::ClientContext acknowledging;
  pb::AcknowledgeRequest acknowledge;
  *acknowledge.add_acknowledgements() =
      regime_.Acknowledge("kr", "tem", "public", {1, base::Digest()});
  pb::AcknowledgeResponse acknowledged;
  EXPECT_EQ(exchange->Acknowledge(&acknowledging, acknowledge, &acknowledged).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  // Under a partner's authority the same name is nobody's.
  const auto impostor = regime_.Issue("kr", {.common_name = "leem",
                                             .uris = {"spiffe://mtcr.example/services/leem"},
                                             .usage = crypto::LeafUsage::kTlsClient});
  auto other = pb::ExchangeService::NewStub(server.Connect(&impostor));
  grpc::ClientContext trying;
  EXPECT_EQ(other->ListLedgers(&trying, {}, &ledgers).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace entente
