// What is changed or runs out while a service works: its log key, certificates, an agency's
// allowance, the directory's own format; and what the audit keeps of streams.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "services/core/base/files.h"
#include "services/core/base/text.h"
#include "services/core/identity/directory_file.h"
#include "services/core/rpc/host/expiry_watch.h"
#include "tests/integration/live_server.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

class UpkeepTest : public ::testing::Test {
 protected:
  absl::Status Submit(const std::string& state, const std::string& reference) {
    return Submit(regime_.Denial(state, reference));
  }
  absl::Status Submit(const pb::Document& document, pb::Receipt* receipt = nullptr) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = regime_.Sign(document);
    grpc::ClientContext context;
    pb::SubmitResponse response;
    auto stub = pb::ExchangeService::NewStub(server_.ConnectAs(document.originator().substr(9, 2)));
    const absl::Status status = rpc::FromGrpcStatus(stub->Submit(&context, request, &response));
    if (receipt != nullptr) *receipt = response.receipt();
    return status;
  }
  // Everything up to now; the last message has the checkpoints.
  absl::Status FollowAs(const std::string& state, const pb::FollowRequest& asked,
                        std::vector<pb::FollowResponse>* messages) {
    pb::FollowRequest request = asked;
    request.set_until_current(true);
    grpc::ClientContext context;
    context.AddMetadata("x-request-id", "quote-me");
    auto stub = pb::ExchangeService::NewStub(server_.ConnectAs(state));
    auto reader = stub->Follow(&context, request);
    pb::FollowResponse message;
    while (reader->Read(&message)) messages->push_back(message);
    return rpc::FromGrpcStatus(reader->Finish());
  }
  // The newest checkpoint of the only ledger, as a new follower is given it.
  std::string Checkpoint() {
    std::vector<pb::FollowResponse> messages;
    EXPECT_OK(FollowAs("nz", {}, &messages));
    if (messages.empty() || messages.back().checkpoints_size() != 1) return "";
    return messages.back().checkpoints(0);
  }
  static bool Opens(const std::string& note, const entry::NoteSigner& signer) {
    const auto verifier = entry::NoteVerifier::FromVkey(signer.Vkey());
    return entry::OpenNote(note, std::span(&*verifier, 1)).ok();
  }
  void TickUntil(const std::function<bool()>& done) {
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (!done()) {
      ASSERT_LT(absl::Now(), give_up);
      server_.server().Tick();
      std::this_thread::yield();
    }
  }
  // A log key that the service finds in its file; the directory lists no other, and the old one as
  // retired.
  entry::NoteSigner ReplaceLogKey() {
    auto key = crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519);
    EXPECT_OK(key);
    server_.Write("log.key", key->Pem());
    auto fresh = entry::NoteSigner::Create("mtcr.example/leem", *std::move(key));
    EXPECT_OK(fresh);
    regime_.Edit([&](auto& d) {
      auto& leem = LeemOf(d);
      leem.add_retired_log_keys(leem.log_keys(0));
      leem.clear_log_keys();
      leem.add_log_keys(fresh->Vkey());
    });
    return *std::move(fresh);
  }
  static entente::config::v1::Service& LeemOf(entente::config::v1::Directory& directory) {
    for (auto& service : *directory.mutable_services()) {
      if (service.group() == "leem") return service;
    }
    return *directory.add_services();
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  LiveServer server_{regime_, clock_};
};

TEST_F(UpkeepTest, ALogKeyIsTakenOverOnceTheDirectoryListsIt) {
  ASSERT_OK(Submit("jp", "1"));
  auto key = crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519);
  ASSERT_OK(key);
  const auto fresh = entry::NoteSigner::Create("mtcr.example/leem", *key);
  ASSERT_OK(fresh);
  server_.Write("log.key", key->Pem());
  for (int i = 0; i < 3; ++i) server_.server().Tick();
  ASSERT_OK(Submit("jp", "2"));
  EXPECT_TRUE(Opens(Checkpoint(), regime_.log_signer())) << "no reader would accept the new one";

  regime_.Edit([&](auto& d) { LeemOf(d).add_log_keys(fresh->Vkey()); });
  // Nothing is submitted: a quiet ledger is signed again all the same.
  TickUntil([&] { return Opens(Checkpoint(), *fresh); });
  ASSERT_OK(Submit("jp", "3"));
  EXPECT_TRUE(Opens(Checkpoint(), *fresh));
}

TEST_F(UpkeepTest, ACheckpointByARetiredKeyStopsNoService) {
  ASSERT_OK(Submit("jp", "1"));
  const std::string note = Checkpoint();
  const std::string origin = note.substr(0, note.find('\n'));
  // Whoever stole the old key signs more than there is.
  const entry::Checkpoint forged = {origin, {1000, base::Digest()}};
  const entry::NoteSigner fresh = ReplaceLogKey();
  TickUntil([&] { return Opens(Checkpoint(), fresh); });
  EXPECT_TRUE(entry::OpenNote(note, regime_.directory().PastLogVerifiers("leem")).ok());
  EXPECT_FALSE(entry::OpenNote(note, regime_.log_keys()).ok());
  pb::FollowRequest request;
  request.add_checkpoints(regime_.log_signer().Sign(forged.Text()));
  std::vector<pb::FollowResponse> messages;
  EXPECT_OK(FollowAs("nz", request, &messages));
  request.set_checkpoints(0, fresh.Sign(forged.Text()));
  EXPECT_TRUE(server_.Healthy());
  EXPECT_THAT(FollowAs("nz", request, &messages), HasReason(Reason::kJournalRolledBack));
  EXPECT_FALSE(server_.Healthy()) << "it refuses every call, and says so before it ticks";
}

TEST_F(UpkeepTest, ALogKeyReplacedWhileTheServiceIsDownIsTakenOverAtTheStart) {
  ASSERT_OK(Submit("jp", "1"));
  server_.Stop();
  const entry::NoteSigner fresh = ReplaceLogKey();
  ASSERT_OK(server_.Start());
  TickUntil([&] { return Opens(Checkpoint(), fresh); });
}

TEST_F(UpkeepTest, AnOlderJournalIsRefusedThoughTheKeyThatTellsIsRetired) {
  ASSERT_OK(Submit("jp", "1"));
  server_.Stop();
  const auto older = base::ReadFile(server_.File("leem.db"));
  ASSERT_OK(server_.Start());
  ASSERT_OK(Submit("jp", "2"));
  server_.Stop();
  server_.Write("leem.db", *older);
  ReplaceLogKey();
  EXPECT_THAT(server_.Start(), HasReason(Reason::kJournalRolledBack));
}

// As where another replica has a later directory: what it revoked must stay revoked, and readers
// refuse serials that go back.
TEST_F(UpkeepTest, NothingIsRecordedUnderAnOlderDirectoryThanBefore) {
  const auto older = regime_.source().Get();
  regime_.Edit([](auto&) {});
  ASSERT_OK(Submit("jp", "1"));
  const auto newer = regime_.source().Get();
  regime_.source().Set(older);
  const absl::Status refused = Submit("jp", "2");
  EXPECT_THAT(refused, HasReason(Reason::kDirectoryInvalid));
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << "it may be tried again";
  server_.Stop();
  ASSERT_OK(server_.Start());
  EXPECT_THAT(Submit("jp", "2"), HasReason(Reason::kDirectoryInvalid)) << "also after a restart";
  regime_.source().Set(newer);
  EXPECT_OK(Submit("jp", "2"));
}

// What was recorded where the submitter reads nothing tells it nothing (law 6): it is
// recorded under the directory that there is.
TEST_F(UpkeepTest, ALaterDirectoryOfAHiddenDocumentRefusesNobody) {
  const auto older = regime_.source().Get();
  regime_.Edit([](auto&) {});
  ASSERT_OK(Submit(regime_.Denial("jp", "hidden", {"jp", "kr"})));
  regime_.source().Set(older);
  EXPECT_OK(Submit("nz", "1"));
  EXPECT_THAT(Submit("kr", "1"), HasReason(Reason::kDirectoryInvalid)) << "kr has read it";
}

// The clock goes back, or another replica's was ahead: a ledger's times do not, and no other
// ledger's times tell of it.
TEST_F(UpkeepTest, RecordedTimesNeverGoBackWithinALedgerAndTellNothingOfOthers) {
  ASSERT_OK(Submit(regime_.Denial("jp", "hidden", {"jp", "kr"})));
  const absl::Time ahead = clock_.Now();
  clock_.Advance(-absl::Seconds(50));
  const auto recorded = [&](const pb::Document& document) {
    pb::Receipt receipt;
    EXPECT_OK(Submit(document, &receipt));
    pb::Leaf leaf;
    leaf.ParseFromString(receipt.leaf());
    return entry::GetTime(leaf.stamp().recorded_time());
  };
  EXPECT_EQ(recorded(regime_.Denial("nz", "1")), clock_.Now()) << "nz cannot tell";
  EXPECT_EQ(recorded(regime_.Denial("kr", "1", {"jp", "kr"})), ahead);
  server_.Stop();
  ASSERT_OK(server_.Start());
  EXPECT_EQ(recorded(regime_.Denial("nz", "2")), clock_.Now());
  EXPECT_EQ(recorded(regime_.Denial("kr", "2", {"jp", "kr"})), ahead) << "also after a restart";
}

// A stolen log key stops the service until it is retired, and no longer.
TEST_F(UpkeepTest, AProofOfARollbackEndsWithTheKeyThatSignedIt) {
  ASSERT_OK(Submit("jp", "1"));
  const std::string note = Checkpoint();
  const entry::Checkpoint forged = {note.substr(0, note.find('\n')), {1000, base::Digest()}};
  pb::FollowRequest request;
  request.add_checkpoints(regime_.log_signer().Sign(forged.Text()));
  std::vector<pb::FollowResponse> messages;
  EXPECT_THAT(FollowAs("nz", request, &messages), HasReason(Reason::kJournalRolledBack));
  EXPECT_THAT(Submit("jp", "2"), HasReason(Reason::kJournalRolledBack));
  server_.Stop();
  EXPECT_THAT(server_.Start(), HasReason(Reason::kJournalRolledBack)) << "it is known at the start";

  const entry::NoteSigner fresh = ReplaceLogKey();
  ASSERT_OK(server_.Start());
  EXPECT_OK(Submit("jp", "2"));
  request.set_checkpoints(0, fresh.Sign(forged.Text()));
  EXPECT_THAT(FollowAs("nz", request, &messages), HasReason(Reason::kJournalRolledBack));
  ReplaceLogKey();
  EXPECT_OK(Submit("jp", "3")) << "without a restart";
  server_.Stop();
  EXPECT_OK(server_.Start()) << "what it signed itself is kept apart from what it was shown";
}

// A process that lives is not one that serves.
TEST_F(UpkeepTest, ServingTellsWhetherCallsAreAnswered) {
  ASSERT_OK(Submit("jp", "1"));
  server_.server().Tick();
  EXPECT_EQ(server_.Metric("entente_serving"), 1);
  const std::string note = Checkpoint();
  const entry::Checkpoint forged = {note.substr(0, note.find('\n')), {1000, base::Digest()}};
  pb::FollowRequest request;
  request.add_checkpoints(regime_.log_signer().Sign(forged.Text()));
  std::vector<pb::FollowResponse> messages;
  EXPECT_THAT(FollowAs("nz", request, &messages), HasReason(Reason::kJournalRolledBack));
  server_.server().Tick();
  EXPECT_EQ(server_.Metric("entente_serving"), 0);
}

// Another key beside the certificate: every handshake would fail, and nobody would be told.
// An operator's editor empties a file before it writes it; a script copies one and then the
// other.
TEST_F(UpkeepTest, ACertificateThatDoesNotFitIsNotTakenOverAndHurtsNothing) {
  const auto serves_with = [&](const document::SigningIdentity& identity) {
    auto fresh = server_.ConnectAs("jp");
    auto stub = pb::ExchangeService::NewStub(fresh);
    grpc::ClientContext context;
    pb::ListLedgersResponse ignored;
    EXPECT_TRUE(stub->ListLedgers(&context, {}, &ignored).ok());
    const auto pem = context.auth_context()->FindPropertyValues("x509_pem_cert");
    return pem.size() == 1 && std::string(pem[0].data(), pem[0].size()) == identity.chain[0].Pem();
  };
  // Longer than gRPC waits until it looks at its files again.
  const auto look = [&] {
    for (int i = 0; i < 3; ++i) {
      server_.server().Tick();
      ::poll(nullptr, 0, 700);
    }
  };
  const auto first = server_.tls();
  EXPECT_TRUE(serves_with(first));
  const auto next = regime_.IssueServiceTls("leem");
  for (const std::string& half : {std::string(), next.chain[0].Pem().substr(0, 200)}) {
    server_.Write("tls.crt", half);
    look();
    EXPECT_TRUE(serves_with(first));
  }
  server_.Write("tls.key", "");
  look();
  EXPECT_TRUE(serves_with(first));
  server_.Write("tls.crt", next.chain[0].Pem());
  look();
  EXPECT_TRUE(serves_with(first)) << "its key is not there yet";
  EXPECT_EQ(server_.Metric("entente_serving"), 1);
  server_.Write("tls.key", next.key.Pem());
  look();
  EXPECT_TRUE(serves_with(next));
}

TEST_F(UpkeepTest, AClientsCertificateIsRefusedAtTheStart) {
  server_.Stop();
  const auto client = regime_.Issue("services", {.common_name = "leem",
                                                 .uris = {"spiffe://mtcr.example/services/leem"},
                                                 .usage = crypto::LeafUsage::kTlsClient});
  server_.Write("tls.crt", client.chain[0].Pem());
  server_.Write("tls.key", client.key.Pem());
  EXPECT_THAT(server_.Start(), HasReason(Reason::kCertificateRejected));
}

TEST_F(UpkeepTest, ARetiredAuthorityVouchesForThePastOnly) {
  const auto& officer = regime_.officer("jp");
  uint64_t retired = 0;
  regime_.Edit([&](auto& d) {
    retired = d.serial() + 1;
    for (auto& partner : *d.mutable_partners()) {
      if (partner.state() != "jp") continue;
      const auto authority = crypto::Certificate::FromPem(partner.ca_pem(0));
      partner.add_retired_ca_pem(partner.ca_pem(0));
      auto* one = partner.add_retired_authorities();
      one->set_tbs_digest(authority->front().tbs_digest().hex());
      one->set_serial(retired);
      partner.set_ca_pem(0, regime_.service_authority().Pem());
    }
  });
  const auto& directory = regime_.directory();
  ASSERT_EQ(directory.serial(), retired);
  const auto past = [&](uint64_t serial) {
    return directory.AcceptPast(officer.chain[0], {}, crypto::LeafUsage::kDocumentSigning,
                                clock_.Now(), serial);
  };
  EXPECT_OK(past(retired - 1));
  EXPECT_THAT(past(retired), HasReason(Reason::kCertificateRejected)) << "whoever recorded it";
  EXPECT_OK(past(retired - 1)) << "verdicts are kept apart";
  EXPECT_FALSE(directory.AcceptSigner(officer.chain[0], {}, clock_.Now()).ok());
}

// Without it the authority would count for ever.
TEST_F(UpkeepTest, ARetiredAuthorityNeedsItsSerial) {
  entente::config::v1::Directory proto = regime_.directory().proto();
  proto.mutable_partners(0)->add_retired_ca_pem(proto.partners(0).ca_pem(0));
  const auto directory = identity::Directory::FromProto(proto);
  EXPECT_THAT(directory, HasReason(Reason::kDirectoryInvalid));
  EXPECT_NE(directory.status().message().find("partners[0].retired_authorities"),
            std::string::npos);
}

TEST_F(UpkeepTest, TheAuditTellsWhatAStreamGave) {
  ASSERT_OK(Submit("jp", "1"));
  ASSERT_OK(Submit("jp", "2"));
  std::vector<pb::FollowResponse> messages;
  ASSERT_OK(FollowAs("nz", {}, &messages));
  ASSERT_OK(Submit("jp", "3"));
  pb::FollowRequest request;
  request.set_cursor(messages.back().cursor());
  ASSERT_OK(FollowAs("nz", request, &messages));
  // The end of a stream is told after its caller has seen it.
  TickUntil([&] {
    const std::string text = server_.AuditText();
    const size_t last = text.rfind("/Follow\"");
    return text.find(":0-1\"") != std::string::npos && last != std::string::npos &&
           text.find(":2-2\"", last) != std::string::npos;
  });
  const std::string text = server_.AuditText();
  std::vector<std::string> codes;
  for (const auto line : base::Split(text, '\n')) {
    if (line.find("/Follow\"") == std::string_view::npos) continue;
    EXPECT_NE(line.find("\"caller\":\"partners/nz/agencies/licensing\""), std::string_view::npos);
    EXPECT_NE(line.find("\"request\":\"quote-me\""), std::string_view::npos);
    codes.push_back(line.find("\"OPENED\"") != std::string_view::npos ? "opened" : "ended");
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"opened", "ended", "opened", "ended"}));
}

TEST_F(UpkeepTest, WarningsComeOncePerStepAndAgainForANewCertificate) {
  const absl::Duration day = absl::Hours(24);
  base::testing::TempDir folder;
  const auto write = [&](absl::Time not_after) {
    const auto leaf = regime_.Issue("services", {.common_name = "leem",
                                                 .usage = crypto::LeafUsage::kTlsServer,
                                                 .not_before = clock_.Now() - day,
                                                 .not_after = not_after});
    ASSERT_TRUE(base::WriteFileAtomically(folder.File("tls.crt"), leaf.chain[0].Pem()));
  };
  prometheus::Registry registry;
  telemetry::Metrics metrics(registry, "leem");
  rpc::ExpiryWatch watch("leem", {{"tls", folder.File("tls.crt")}}, metrics);
  const absl::Time expiry = clock_.Now() + 100 * day;
  write(expiry);
  for (const auto& [before, told] : std::vector<std::pair<int, int>>{
           {61, -1}, {60, 60}, {31, 60}, {30, 30}, {8, 30}, {7, 7}, {1, 7}, {0, 0}, {-5, 0}}) {
    watch.Look(regime_.directory(), expiry - before * day);
    EXPECT_EQ(watch.ToldOf("tls"), told) << before << " days before";
  }
  write(clock_.Now() + 300 * day);
  watch.Look(regime_.directory(), expiry);
  EXPECT_EQ(watch.ToldOf("tls"), -1);
  EXPECT_EQ(watch.ToldOf("authority jp"), -1);
  watch.Look(regime_.directory(), clock_.Now() + absl::Hours(24 * 365 * 30) - 20 * day);
  EXPECT_EQ(watch.ToldOf("authority jp"), 30) << "a partner's authority is looked at, too";
}

TEST(AllowanceTest, AnAgencysCallsAreLimitedAndAnothersAreNot) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr"}, clock.Now());
  entente::config::v1::Limits limits;
  limits.set_reads_per_second_max(2);
  limits.set_submits_per_second_max(1);
  LiveServer server(regime, clock, limits);
  auto jp = pb::ExchangeService::NewStub(server.ConnectAs("jp"));
  auto kr = pb::ExchangeService::NewStub(server.ConnectAs("kr"));
  const auto list = [](pb::ExchangeService::Stub& stub) {
    grpc::ClientContext context;
    pb::ListLedgersResponse response;
    return rpc::FromGrpcStatus(stub.ListLedgers(&context, {}, &response));
  };
  for (int i = 0; i < 20; ++i) ASSERT_OK(list(*jp));  // ten seconds' worth
  const absl::Status refused = list(*jp);
  EXPECT_THAT(refused, HasReason(Reason::kRateExceeded));
  EXPECT_NE(std::string(refused.message()).find("2 calls a second"), std::string::npos);
  EXPECT_OK(list(*kr));
  clock.Advance(absl::Seconds(1));
  EXPECT_OK(list(*jp));
  EXPECT_OK(list(*jp));
  EXPECT_THAT(list(*jp), HasReason(Reason::kRateExceeded));
}

TEST(DirectoryFormatTest, UnknownFieldsAreLeftUnreadAndHigherFormatsRefused) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp"}, clock.Now());
  auto key = crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519);
  std::string text;
  google::protobuf::TextFormat::PrintToString(regime.directory().proto(), &text);
  const auto open = [&](const std::string& more) {
    return identity::OpenDirectory(text + more, identity::SignDirectory(text + more, *key),
                                   key->public_key());
  };
  EXPECT_OK(open("embassy: \"of a later release\"\n"));
  EXPECT_FALSE(open("embassy {\n").ok());
  const auto newer = open("format: 1\n");
  EXPECT_THAT(newer, HasReason(Reason::kDirectoryInvalid));
  EXPECT_NE(base::Text(newer.status()).find("upgrade"), std::string::npos);
}

}  // namespace
}  // namespace entente
