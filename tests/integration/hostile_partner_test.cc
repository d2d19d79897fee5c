// A partner in good standing, or a stranger with a certificate, who uses all that the API allows:
// each attack that was once run against a service, as raw bytes where no client would send them.
// What is asserted is what the service spends and whom it hurts, not only what it answers.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "entente/exchange/v1/trend_service.grpc.pb.h"
#include "services/core/identity/authorization.h"
#include "tests/integration/live_server.h"
#include "tests/support/raw_http2.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;
using base::testing::StatusIs;
using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

// The highest resident memory of this process, which holds the service, in bytes.
size_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    size_t kib = 0;
    status >> kib;
    return kib << 10;
  }
  return 0;
}

constexpr size_t kMiB = size_t{1} << 20;

// A sanitizer keeps what was freed: then nothing can be said of memory.
#if defined(ENTENTE_SANITIZED)
constexpr bool kMeasuresMemory = false;
#else
constexpr bool kMeasuresMemory = true;
#endif
constexpr char kSubmit[] = "/entente.exchange.v1.ExchangeService/Submit";

class HostilePartnerTest : public ::testing::Test {
 protected:
  // One unary call with these bytes as its request.
  absl::Status Call(const std::string& method, const std::string& request,
                    const std::string& state = "nz") {
    auto& stub = stubs_[state];
    if (stub == nullptr) stub = std::make_unique<grpc::GenericStub>(server_.ConnectAs(state));
    return CallOn(*stub, method, request);
  }
  static absl::Status CallOn(grpc::GenericStub& stub, const std::string& method,
                             const std::string& request) {
    grpc::Slice slice(request);
    grpc::ByteBuffer in(&slice, 1);
    grpc::ByteBuffer out;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    grpc::CompletionQueue queue;
    auto call = stub.PrepareUnaryCall(&context, method, in, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&out, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return rpc::FromGrpcStatus(status);
  }
  absl::Status Submit(const pb::Document& document) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = regime_.Sign(document);
    return Call(kSubmit, request.SerializeAsString());
  }
  absl::Status Follow(const pb::FollowRequest& request) {
    grpc::ClientContext context;
    auto stub = pb::ExchangeService::NewStub(server_.ConnectAs("nz"));
    auto reader = stub->Follow(&context, request);
    pb::FollowResponse response;
    while (reader->Read(&response)) {
    }
    return rpc::FromGrpcStatus(reader->Finish());
  }
  void ExpectHonestCallersServed() {
    pb::ListLedgersRequest request;
    EXPECT_OK(Call("/entente.exchange.v1.ExchangeService/ListLedgers", request.SerializeAsString(),
                   "kr"));
  }
  // `field` as often as fits into so many bytes.
  static std::string Repeat(const std::string& field, size_t bytes) {
    std::string out;
    while (out.size() + field.size() <= bytes) out += field;
    return out;
  }
  static std::string Wrap(char tag, const std::string& inner) {
    std::string out(1, tag);
    size_t length = inner.size();
    for (; length >= 0x80; length >>= 7) out += static_cast<char>(length | 0x80);
    out += static_cast<char>(length);
    return out + inner;
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  LiveServer server_{regime_, clock_};
  std::map<std::string, std::unique_ptr<grpc::GenericStub>> stubs_;
};

// F2: two bytes for a signature that takes seventy.
TEST_F(HostilePartnerTest, ManyEmptySignaturesCostNothing) {
  const size_t before = PeakMemory();
  for (const size_t bytes : {kMiB, 8 * kMiB}) {
    const auto status = Call(kSubmit, Wrap('\x0a', Repeat(std::string("\x12\x00", 2), bytes)));
    EXPECT_FALSE(status.ok());
    if (bytes == kMiB) {
      EXPECT_THAT(status, HasReason(Reason::kFieldInvalid));
    }
  }
  EXPECT_LT(kMeasuresMemory ? PeakMemory() - before : 0, 64 * kMiB)
      << "once it was 740 MiB; a third is the caller's own";
  ExpectHonestCallersServed();
}

// F3: frames that no client of gRPC's sends. Of a byte this gRPC makes up to a thousand.
TEST_F(HostilePartnerTest, AnyBytesEndTheirOwnConnectionOnly) {
  const auto tls = regime_.IssueTls("nz");
  std::string chain;
  for (const auto& certificate : tls.chain) chain += certificate.Pem();
  ExpectHonestCallersServed();
  for (const testing::Flood flood : testing::kFloods) {
    const size_t before = PeakMemory();
    std::vector<std::thread> players;
    for (int i = 0; i < 8; ++i) {
      players.emplace_back([&] {
        auto http = testing::RawHttp2::Connect(chain, tls.key.Pem(), server_.port());
        ASSERT_NE(http, nullptr);
        EXPECT_TRUE(http->SendUntilCut(flood, absl::Seconds(60)).cut) << static_cast<int>(flood);
      });
    }
    for (std::thread& player : players) player.join();
    EXPECT_LT(kMeasuresMemory ? PeakMemory() - before : 0, 200 * kMiB) << static_cast<int>(flood);
    ExpectHonestCallersServed();
    clock_.Advance(absl::Minutes(2));  // its handshakes come back
  }
}

TEST_F(HostilePartnerTest, WhereMemoryIsShortWhoeverSentMostThatNothingExplainsGoes) {
  std::atomic<uint64_t> resident{0};
  auto watch = std::make_shared<rpc::MemoryWatch>([&resident] { return resident.load(); });
  rpc::MemoryPlan plan;
  plan.limit = kMiB;
  watch->Note(plan, "leem", 0);
  server_.Stop();
  server_.UseMemory(watch);
  ASSERT_OK(server_.Start());
  ExpectHonestCallersServed();
  const auto tls = regime_.IssueTls("nz");
  std::string chain;
  for (const auto& certificate : tls.chain) chain += certificate.Pem();
  auto http = testing::RawHttp2::Connect(chain, tls.key.Pem(), server_.port());
  ASSERT_NE(http, nullptr);
  // Less than is a debt: for that alone it is not cut.
  for (int i = 0; i < 25; ++i) http->Send(testing::Flood::kPings);
  resident = 1024 * kMiB;
  EXPECT_TRUE(http->WaitForEnd());
  resident = 0;
  ExpectHonestCallersServed();
  server_.Stop();
  server_.UseMemory(nullptr);
}

TEST_F(HostilePartnerTest, HandshakesThatNoCallFollowsAreCounted) {
  const std::string health = "/grpc.health.v1.Health/Check";
  EXPECT_OK(Call(health, ""));
  const auto tls = regime_.IssueTls("nz");
  std::string chain;
  for (const auto& certificate : tls.chain) chain += certificate.Pem();
  for (int i = 0; i < 70; ++i) testing::RawHttp2::Connect(chain, tls.key.Pem(), server_.port());
  grpc::GenericStub newcomer(server_.ConnectAs("nz"));
  EXPECT_THAT(CallOn(newcomer, health, ""), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(Call(health, "")) << "what is connected stays so";
  ExpectHonestCallersServed();
}

// An authorised call gives its handshake back; to be cut after it costs more than that.
TEST_F(HostilePartnerTest, WhoeverIsCutAgainAndAgainComesBackSlowly) {
  const auto tls = regime_.IssueTls("nz");
  std::string chain;
  for (const auto& certificate : tls.chain) chain += certificate.Pem();
  int rounds = 0;
  for (; rounds < 80; ++rounds) {
    auto http = testing::RawHttp2::Connect(chain, tls.key.Pem(), server_.port());
    if (http == nullptr || !http->WaitForBegin()) break;
    http->Send(testing::Flood::kCalls);
    ExpectHonestCallersServed();  // by then the first of its calls has come, mostly
    http->SendUntilCut(testing::Flood::kCalls, absl::Seconds(60));
  }
  EXPECT_LT(rounds, 80) << "16, or up to 64 where no call came before the cut";
  grpc::GenericStub newcomer(server_.ConnectAs("nz"));
  EXPECT_THAT(CallOn(newcomer, "/grpc.health.v1.Health/Check", ""),
              StatusIs(absl::StatusCode::kUnavailable));
  ExpectHonestCallersServed();
  clock_.Advance(absl::Seconds(2));
  grpc::GenericStub patient(server_.ConnectAs("nz"));
  EXPECT_OK(CallOn(patient, "/grpc.health.v1.Health/Check", ""));
}

TEST_F(HostilePartnerTest, AReadTakesNoMoreThanAReadNeeds) {
  const size_t before = PeakMemory();
  const std::string get = "/entente.leem.v1.DenialService/GetDenial";
  // GetDenialRequest.at_least, a repeated message.
  const auto* field = leem::v1::GetDenialRequest::descriptor()->FindFieldByName("at_least");
  const std::string empty = {static_cast<char>(field->number() << 3 | 2), '\0'};
  EXPECT_THAT(Call(get, Repeat(empty, 65 << 10)), HasReason(Reason::kFieldInvalid)) << "too long";
  EXPECT_THAT(Call(get, Repeat(empty, 63 << 10)), HasReason(Reason::kFieldInvalid)) << "too many";
  EXPECT_THAT(Call(get, Repeat(empty, 1000)), HasReason(Reason::kNotFound)) << "few enough";
  EXPECT_LT(kMeasuresMemory ? PeakMemory() - before : 0, 16 * kMiB);
}

// F2: whoever has no seat, or none any more, is told so before the request is looked at.
TEST_F(HostilePartnerTest, ARevokedAgencysRequestIsNotRead) {
  // Connected before: without that it would end in the handshake.
  EXPECT_OK(Call("/grpc.health.v1.Health/Check", ""));
  regime_.Edit([](auto& d) { d.mutable_partners(2)->mutable_agencies(0)->set_revoked_serial(1); });
  EXPECT_THAT(Call(kSubmit, Repeat(std::string("\x12\x00", 2), kMiB)),
              HasReason(Reason::kAgencyRevoked));
  EXPECT_NE(server_.AuditText().find("spiffe://nz.mtcr.example/agencies/licensing"),
            std::string::npos)
      << "the operator learns who it was";
}

// F5e: a body of half a million empty parties, parsed by nobody.
TEST_F(HostilePartnerTest, ABodyOfManyEmptyPartiesIsRefusedUnbuilt) {
  const size_t before = PeakMemory();
  auto document = regime_.Denial("nz", "1", {"nz"});
  const auto* field = leem::v1::DenialContent::descriptor()->FindFieldByName("parties");
  std::string tag;
  for (unsigned number = static_cast<unsigned>(field->number()) << 3 | 2; number != 0;
       number >>= 7) {
    tag += static_cast<char>((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
  }
  document.mutable_body()->set_value(Wrap('\x0a', Repeat(tag + std::string(1, '\0'), 1000000)));
  EXPECT_THAT(Submit(document), HasReason(Reason::kDocumentMalformed));
  EXPECT_LT(kMeasuresMemory ? PeakMemory() - before : 0, 48 * kMiB);
}

// F1: three bytes that fold to thirty-three.
TEST_F(HostilePartnerTest, NamesThatGrowWhenTheyAreFoldedAreBounded) {
  leem::v1::DenialNotification body;
  *body.mutable_content() = testing::SampleContent();
  std::string name;
  for (int i = 0; i < 500; ++i) name += "\xef\xb7\xba";
  auto* party = body.mutable_content()->mutable_parties(1);  // the consignee
  for (int i = 0; i < 4; ++i) {
    auto document = regime_.Denial("nz", std::to_string(i), {"nz"});
    party->add_aliases()->set_name(name);
    document.mutable_body()->PackFrom(body);
    if (i == 0) {
      EXPECT_THAT(Submit(document), NamesField("body.content.parties"));
    }
  }
  party->clear_aliases();
  party->set_name(name.substr(0, 3 * 400));
  auto document = regime_.Denial("nz", "fits", {"nz"});
  document.mutable_body()->PackFrom(body);
  EXPECT_OK(Submit(document));
}

// F6: one call that asks for thousands of signature checks.
TEST_F(HostilePartnerTest, ShownCheckpointsAreCheckedOnceEach) {
  ASSERT_OK(Submit(regime_.Denial("nz", "1")));
  pb::GetCheckpointRequest asked;
  asked.set_ledger("all");
  grpc::ClientContext context;
  pb::GetCheckpointResponse answer;
  auto stub = pb::ExchangeService::NewStub(server_.ConnectAs("nz"));
  ASSERT_OK(rpc::FromGrpcStatus(stub->GetCheckpoint(&context, asked, &answer)));
  const std::string& note = answer.checkpoint();
  const size_t line = note.rfind("\n\n") + 2;
  std::string fat = note;
  for (int i = 0; i < 63; ++i) fat += note.substr(line);

  pb::FollowRequest request;
  request.set_until_current(true);
  request.add_checkpoints(note);
  EXPECT_OK(Follow(request));
  request.add_checkpoints(fat);
  EXPECT_THAT(Follow(request), HasReason(Reason::kFieldInvalid)) << "larger than a note";
  EXPECT_FALSE(entry::OpenNote(fat, regime_.log_keys()).ok()) << "one key is heard once";
  request.clear_checkpoints();
  for (int i = 0; i < 65; ++i) request.add_checkpoints(note);
  EXPECT_THAT(Follow(request), HasReason(Reason::kFieldInvalid)) << "too many notes";
}

// F10: a time that no JSON can say hides a document from everybody who reads JSON.
TEST_F(HostilePartnerTest, TimesOutsideTheCalendarAreRefusedByName) {
  auto document = regime_.Denial("nz", "1");
  document.mutable_marking()->mutable_review_time()->set_seconds(int64_t{1} << 60);
  EXPECT_THAT(Submit(document), NamesField("marking.review_time"));
  document = regime_.Denial("nz", "1");
  document.mutable_marking()->mutable_review_time()->set_nanos(-1);
  EXPECT_THAT(Submit(document), NamesField("marking.review_time"));
}

// F5: answers that are asked for and not taken are the caller's own burden.
TEST_F(HostilePartnerTest, AnswersThatNobodyTakesStopOnlyTheirCaller) {
  leem::v1::DenialNotification body;
  *body.mutable_content() = testing::SampleContent();
  body.mutable_content()->set_item_description(std::string(3000, 'x'));
  for (int i = 0; i < 200; ++i) {
    auto document = regime_.Denial("nz", std::to_string(i));
    document.mutable_body()->PackFrom(body);
    ASSERT_OK(Submit(document));
  }
  const size_t before = PeakMemory();
  // Each of four connections opens fifty streams.
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  leem::v1::ListDenialsRequest list;
  list.set_page_size(500);
  const std::string bytes = list.SerializeAsString();
  // Streams that are opened and written to, whose answers nobody reads.
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::GenericClientAsyncReaderWriter>> calls;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  for (int i = 0; i < 200; ++i) {
    if (i % 50 == 0) {
      stubs.push_back(std::make_unique<grpc::GenericStub>(server_.ConnectAs("nz")));
    }
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    calls.push_back(stubs.back()->PrepareCall(
        contexts.back().get(), "/entente.leem.v1.DenialService/ListDenials", &queue));
    calls.back()->StartCall(nullptr);
    queue.Next(&tag, &ok);
    grpc::Slice slice(bytes);
    calls.back()->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    queue.Next(&tag, &ok);
  }
  for (int i = 0; i < 20; ++i) ExpectHonestCallersServed();
  EXPECT_LT(kMeasuresMemory ? PeakMemory() - before : 0, 64 * kMiB)
      << "200 answers have more than 130 MiB";
  for (auto& context : contexts) context->TryCancel();
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

// Of long names the register knows only what may be in them; the list shows what is.
TEST_F(HostilePartnerTest, ManyNamesAreFoundByWhatIsInThemAndNothingElse) {
  auto document = regime_.Denial("nz", "1");
  leem::v1::DenialNotification body;
  *body.mutable_content() = testing::SampleContent();
  auto& party = *body.mutable_content()->mutable_parties(1);
  for (const char* piece : {"xabc", "bcdx"}) party.add_aliases()->set_name(piece);
  for (int i = 0; i < 20; ++i) {
    party.add_aliases()->set_name("Kites and ropes " + std::to_string(i));
  }
  document.mutable_body()->PackFrom(body);
  ASSERT_OK(Submit(document));
  auto stub = leem::v1::DenialService::NewStub(server_.ConnectAs("nz"));
  const auto found = [&](const std::string& text) {
    leem::v1::ListDenialsRequest request;
    request.mutable_filter()->set_party_contains(text);
    leem::v1::ListDenialsResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(stub->ListDenials(&context, request, &response).ok());
    return response.denials_size();
  };
  EXPECT_EQ(found("ROPES 17"), 1);
  EXPECT_EQ(found("ab"), 1) << "too short for the filter";
  EXPECT_EQ(found("abcd"), 0) << "its parts are there, and it is not";
  EXPECT_EQ(found("balloons"), 0);
}

// F5c: one call for a page of the fattest denials that there may be.
TEST_F(HostilePartnerTest, APageOfFatDenialsIsAPage) {
  // Three bytes a letter, as many as a field takes.
  const auto fat = [](int letters) {
    return Repeat("\xef\xb7\xba", 3 * static_cast<size_t>(letters));
  };
  leem::v1::DenialNotification body;
  *body.mutable_content() = testing::SampleContent();
  for (int i = 0; i < 50; ++i) {
    auto& party = *body.mutable_content()->add_parties();
    party.set_role(leem::v1::PARTY_ROLE_CONSIGNEE);
    party.set_name("p");
    party.set_address(fat(1000));
    for (int j = 0; j < 16; ++j) {
      auto& identifier = *party.add_identifiers();
      identifier.set_scheme(fat(50));
      identifier.set_value(std::to_string(j) + fat(96));
    }
  }
  constexpr int kDenials = 24;
  for (int i = 0; i < kDenials; ++i) {
    auto document = regime_.Denial("nz", std::to_string(i), {"nz"});
    document.mutable_body()->PackFrom(body);
    ASSERT_GT(document.ByteSizeLong(), 480u << 10);
    ASSERT_OK(Submit(document));
  }
  const size_t before = PeakMemory();
  auto stub = leem::v1::DenialService::NewStub(server_.ConnectAs("nz"));
  leem::v1::ListDenialsRequest request;
  request.set_page_size(500);
  int seen = 0;
  do {
    grpc::ClientContext context;
    leem::v1::ListDenialsResponse response;
    ASSERT_TRUE(stub->ListDenials(&context, request, &response).ok());
    EXPECT_LE(response.ByteSizeLong(), 2 * kMiB) << "one more than fits ends a page";
    seen += response.denials_size();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, kDenials);
  EXPECT_LT(kMeasuresMemory ? PeakMemory() - before : 0, 24 * kMiB) << "all have 12 MiB";
  ExpectHonestCallersServed();
}

// F9: nothing is served but what the table of rights knows, and health.
TEST_F(HostilePartnerTest, NothingElseIsServed) {
  for (const char* method :
       {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.health.v1.Health/Watch", "/entente.exchange.v1.ExchangeService/Nothing", "/", ""}) {
    EXPECT_THAT(Call(method, ""), StatusIs(absl::StatusCode::kUnimplemented)) << method;
  }
  EXPECT_OK(Call("/grpc.health.v1.Health/Check", ""));
  for (const std::string& method : server_.server().Methods()) {
    EXPECT_TRUE(identity::RightFor(method).has_value()) << method;
  }
  EXPECT_GT(server_.server().Methods().size(), 12u);
  const auto stranger = TestRegime({"kr"}, clock_.Now()).IssueTls("kr");
  grpc::GenericStub stub(server_.Connect(&stranger));
  EXPECT_FALSE(CallOn(stub, "/grpc.health.v1.Health/Check", "").ok());
}

// F12: refusals for coming too often are told in one line a second.
TEST_F(HostilePartnerTest, RefusedCallsDoNotFillTheAudit) {
  const std::string get = "/entente.exchange.v1.ExchangeService/GetCheckpoint";
  int refused = 0;
  for (int i = 0; i < 25000 && refused < 500; ++i) {
    refused += absl::IsResourceExhausted(Call(get, "")) ? 1 : 0;  // the clock stands still
  }
  ASSERT_EQ(refused, 500);
  const std::string audit = server_.AuditText();
  size_t lines = 0;
  for (size_t at = 0; (at = audit.find("RATE_EXCEEDED", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, 1u);
  clock_.Advance(absl::Seconds(2));
  ExpectHonestCallersServed();
}

// What a state may have recorded is bounded, visible before it is met, and its own.
TEST(BudgetOfAStateTest, IsRefusedByNameAndHurtsNobodyElse) {
  base::testing::FakeClock clock;
  TestRegime regime({"kr", "nz"}, clock.Now());
  auto profile = testing::TestProfile();
  profile.mutable_budgets()->set_documents_per_day_max(3);
  profile.mutable_budgets()->set_chain_documents_max(2);
  LiveServer server(regime, clock, {}, leem::LeemModule(), profile);
  const auto submit = [&](const pb::Document& document) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = regime.Sign(document);
    grpc::ClientContext context;
    pb::SubmitResponse response;
    auto stub = pb::ExchangeService::NewStub(server.ConnectAs(document.originator().substr(9, 2)));
    return rpc::FromGrpcStatus(stub->Submit(&context, request, &response));
  };
  const auto first = regime.Denial("nz", "1");
  ASSERT_OK(submit(first));
  leem::v1::DenialAmendment amendment;
  *amendment.mutable_content() = testing::SampleContent();
  amendment.set_explanation("typing error");
  const auto second = regime.Revision("nz", "1.2", first, "partners/nz/denials/1",
                                      TestRegime::DigestOf(regime.Sign(first)), amendment);
  ASSERT_OK(submit(second));
  const auto third = regime.Revision("nz", "1.3", first, "partners/nz/denials/1",
                                     TestRegime::DigestOf(regime.Sign(second)), amendment);
  EXPECT_THAT(submit(third), HasReason(Reason::kBudgetExceeded)) << "the chain is long enough";
  ASSERT_OK(submit(regime.Denial("nz", "2")));
  EXPECT_THAT(submit(regime.Denial("nz", "3")), HasReason(Reason::kBudgetExceeded));
  EXPECT_OK(submit(first)) << "what is recorded keeps its receipt";
  EXPECT_OK(submit(regime.Denial("kr", "1"))) << "another state's budget is its own";

  grpc::ClientContext context;
  pb::GetBudgetResponse budget;
  auto stub = pb::ExchangeService::NewStub(server.ConnectAs("nz"));
  ASSERT_OK(rpc::FromGrpcStatus(stub->GetBudget(&context, {}, &budget)));
  EXPECT_EQ(budget.documents_today().used(), 3u);
  EXPECT_EQ(budget.documents_today().most(), 3u);
  EXPECT_EQ(budget.documents().used(), 3u);

  clock.Advance(absl::Hours(24));
  EXPECT_OK(submit(regime.Denial("nz", "3"))) << "tomorrow there is room";
}

}  // namespace
}  // namespace entente
