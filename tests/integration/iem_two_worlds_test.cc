// Law 6 for IEM: two worlds that differ in what is hidden from nz, asked everything by nz,
// the trends and their suppressed cells included; every byte of every answer must be the same.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "entente/exchange/v1/trend_service.grpc.pb.h"
#include "entente/iem/v1/matter_service.grpc.pb.h"
#include "services/iem/matter_service.h"
#include "tests/integration/transcript.h"

namespace entente {
namespace {

using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;
namespace v1 = entente::iem::v1;

constexpr char kRules[] = R"(red_flags { code: "FRONT" } topics { code: "TRANSIT" }
  questions { code: "KNOWN" } refusal_classes { code: "LAW" } flash_acknowledge_minutes: 60
  release_lapse_days: 30 attachment_bytes_max: 10)";

config::v1::RegimeProfile Profile() {
  config::v1::RegimeProfile profile = testing::TestProfile();
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kRules, profile.mutable_iem()));
  profile.mutable_trends()->set_min_originators(2);
  return profile;
}

class IemTwoWorldsTest : public ::testing::Test {
 protected:
  pb::SignedDocument Make(const std::string& state, const std::string& reference,
                          const google::protobuf::Message& body,
                          const std::vector<std::string>& audience = {},
                          const std::string& answers = "") {
    pb::Document document = regime_.Denial(state, reference, audience);
    document.mutable_body()->PackFrom(body);
    if (!answers.empty()) {
      auto* link = document.add_references();
      link->set_relation(pb::Reference::RELATION_ANSWERS);
      link->set_name(answers);
    }
    return regime_.Sign(document);
  }
  static v1::Alert Alert(v1::Urgency urgency = v1::URGENCY_ROUTINE) {
    v1::Alert alert;
    alert.set_urgency(urgency);
    alert.set_kind(v1::ALERT_KIND_TRANSIT);
    alert.set_summary("Balloons by way of islands");
    alert.set_authority("Sample Centre");
    alert.add_route("jp");
    alert.add_route("aq");
    alert.add_red_flags("FRONT");
    alert.set_source_reliability(v1::SOURCE_RELIABILITY_B);
    alert.set_information_credibility(2);
    alert.mutable_review_time()->set_seconds(4000000000);
    return alert;
  }
  static v1::Sighting Seen() {
    v1::Sighting sighting;
    sighting.set_result(v1::SIGHTING_RESULT_SEEN);
    sighting.set_country("aq");
    return sighting;
  }

  template <typename Stub, typename Request, typename Response>
  Response Call(Stub& stub,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    return transcript_.Call(stub, method, request);
  }
  void AskEverything(LiveServer& server, const std::string& state) {
    const auto channel = server.ConnectAs(state);
    auto matters = v1::MatterService::NewStub(channel);
    auto trends = pb::TrendService::NewStub(channel);
    auto exchange = pb::ExchangeService::NewStub(channel);
    using M = v1::MatterService::Stub;
    using X = pb::ExchangeService::Stub;
    for (const char* name :
         {"partners/jp/alerts/hidden", "partners/jp/alerts/open", "partners/jp/requests/open",
          "partners/kr/answers/hidden", "partners/jp/alerts/none", "partners/nz/alerts/own", ""}) {
      v1::GetMatterRequest get;
      get.set_name(name);
      Call(*matters, &M::GetMatter, get);
      pb::ListAnswersRequest answers;
      answers.set_name(name);
      answers.set_page_size(1);
      do {
        answers.set_page_token(Call(*exchange, &X::ListAnswers, answers).next_page_token());
      } while (!answers.page_token().empty());
      pb::ListRevisionsRequest revisions;
      revisions.set_name(name);
      Call(*exchange, &X::ListRevisions, revisions);
    }
    for (const char* filter : {"", "kind=Alert", "iem.country=aq", "iem.urgency=flash",
                               "originator=jp AND iem.country=aq", "iem.state=open"}) {
      for (int size : {0, 1}) {
        v1::ListMattersRequest list;
        list.set_filter(filter);
        list.set_page_size(size);
        do {
          list.set_page_token(Call(*matters, &M::ListMatters, list).next_page_token());
        } while (!list.page_token().empty());
      }
    }
    for (const char* dimension :
         {"item", "country", "route", "method", "topic", "kind", "urgency", "sighting", "x"}) {
      pb::GetTrendsRequest request;
      request.set_dimension(dimension);
      request.set_first_month("2016-01");
      request.set_last_month("2016-12");
      Call(*trends, &pb::TrendService::Stub::GetTrends, request);
    }
    Call(*exchange, &X::ListLedgers, pb::ListLedgersRequest());
    Call(*exchange, &X::ListObligations, pb::ListObligationsRequest());
    // A try at what is hidden, by somebody who may not know of it.
    for (const char* name : {"partners/jp/alerts/hidden", "partners/jp/alerts/none"}) {
      pb::SubmitRequest attempt;
      *attempt.mutable_signed_document() = attempts_.at(name);
      Call(*exchange, &pb::ExchangeService::Stub::Submit, attempt);
    }
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  std::map<std::string, pb::SignedDocument> attempts_;
  testing::Transcript transcript_;
};

TEST_F(IemTwoWorldsTest, AnOutsiderCannotTellThemApart) {
  for (const char* name : {"partners/jp/alerts/hidden", "partners/jp/alerts/none"}) {
    attempts_[name] = Make("nz", "try", Seen(), {"jp", "nz"}, name);
  }
  v1::InformationRequest request;
  request.set_purpose("an application");
  request.add_questions()->set_code("KNOWN");
  request.mutable_proposed_time()->set_seconds(1);
  v1::RequestReply reply;
  reply.set_kind(v1::REPLY_KIND_NOTHING_HELD);
  const auto open = Make("jp", "open", Alert());
  const auto asked = Make("jp", "open", request);
  const auto own = Make("nz", "own", Alert());
  const auto more = Make("kr", "more", Alert());
  const auto hidden_alert = Make("jp", "hidden", Alert(v1::URGENCY_FLASH), {"jp", "kr"});
  const auto hidden_answer = Make("kr", "hidden", Seen(), {"jp", "kr"}, "partners/jp/alerts/open");
  const auto hidden_reply =
      Make("kr", "hidden.2", reply, {"jp", "kr"}, "partners/jp/requests/open");
  std::map<std::string, std::string> seen[2];
  for (int world = 0; world < 2; ++world) {
    LiveServer server(regime_, clock_, {}, iem::IemModule(), Profile());
    testing::SubmitAs(server, "jp", open);
    if (world == 1) testing::SubmitAs(server, "jp", hidden_alert);
    testing::SubmitAs(server, "jp", asked);
    if (world == 1) testing::SubmitAs(server, "kr", hidden_answer);
    testing::SubmitAs(server, "nz", own);
    if (world == 1) testing::SubmitAs(server, "kr", hidden_reply);
    testing::SubmitAs(server, "kr", more);
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

}  // namespace
}  // namespace entente
