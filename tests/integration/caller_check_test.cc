// A client whose certificate a service does not take is told so, over real TLS, and no other client
// is.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "clients/sdk/caller_check.h"
#include "clients/sdk/client.h"
#include "services/core/base/files.h"
#include "services/core/identity/directory_file.h"
#include "tests/integration/live_server.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::StatusIs;
using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

class CallerCheckTest : public ::testing::Test {
 protected:
  CallerCheckTest() {
    const auto tls = regime_.IssueTls("kr");
    Write("tls.crt", tls.chain[0].Pem());
    Write("tls.key", tls.key.Pem());
    WriteDirectory();
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::WriteFileAtomically(folder_.File(name), text));
  }
  // kr's own copy, as the directory is now.
  void WriteDirectory() {
    std::string text;
    google::protobuf::TextFormat::PrintToString(regime_.directory().proto(), &text);
    Write("directory", text);
    Write("directory.sig", identity::SignDirectory(text, *directory_key_));
    Write("directory.pub", directory_key_->public_key().Pem());
  }
  absl::Status Call(const std::string& address = "") {
    const std::string here = "127.0.0.1:" + std::to_string(server_.server().port());
    Write("client",
          "agency: \"partners/kr/agencies/licensing\" tls_certificate_file: \"tls.crt\" "
          "tls_key_file: \"tls.key\" directory_file: \"directory\" "
          "directory_key_file: \"directory.pub\" endpoints { group: \"leem\" address: \"" +
              (address.empty() ? here : address) + "\" }");
    const auto agency = sdk::Agency::Load(folder_.File("client"));
    if (!agency.ok()) return agency.status();
    auto client = sdk::Client::Connect(*agency, "leem");
    if (!client.ok()) return client.status();
    grpc::ClientContext context;
    pb::ListLedgersResponse response;
    return rpc::FromGrpcStatus((*client)->stub().ListLedgers(&context, {}, &response));
  }
  void Revoke() {
    regime_.Edit(
        [](auto& d) { d.mutable_partners(1)->mutable_agencies(0)->set_revoked_serial(1); });
  }
  sdk::CallerCheck Check() {
    return sdk::CallerCheck(regime_.source().Get(), regime_.IssueTls("kr"), clock_);
  }
  static Reason ReasonOf(const grpc::Status& status) {
    const auto name = base::ReasonOf(rpc::FromGrpcStatus(status));
    return name == std::string(ReasonName(Reason::kCallerNotAccepted)) ? Reason::kCallerNotAccepted
                                                                       : Reason::kNotFound;
  }

  base::testing::TempDir folder_;
  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr"}, clock_.Now()};
  absl::StatusOr<crypto::PrivateKey> directory_key_ =
      crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519);
  LiveServer server_{regime_, clock_};
};

const grpc::Status kAway(grpc::StatusCode::UNAVAILABLE,
                         "failed to connect to all addresses; last error: as gRPC says it");

TEST_F(CallerCheckTest, WhatItsOwnDirectorySaysIsSaidAtOnce) {
  ASSERT_OK(Call());
  Revoke();
  WriteDirectory();
  const absl::Status status = Call();
  EXPECT_THAT(status, HasReason(Reason::kCallerNotAccepted));
  EXPECT_NE(status.message().find("revoked"), std::string::npos) << status;
  EXPECT_NE(server_.AuditText().find("AGENCY_REVOKED"), std::string::npos) << "and by whom";
  EXPECT_NE(server_.AuditText().find("kr.mtcr.example/agencies/licensing"), std::string::npos);
}

TEST_F(CallerCheckTest, ADirectoryThatKnowsNothingOfItNeedsThreeTimes) {
  ASSERT_OK(Call());
  sdk::CallerCheck check = Check();
  Revoke();
  const absl::Status status = Call();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(base::ReasonOf(status).has_value()) << "one close may be anything: " << status;

  for (int i = 0; i < 3; ++i) {
    check.Proven();
    EXPECT_EQ(ReasonOf(check.Judge(kAway)), Reason::kNotFound);
    clock_.Advance(absl::Seconds(3));
  }
  check.Proven();
  EXPECT_EQ(ReasonOf(check.Judge(kAway)), Reason::kCallerNotAccepted);
}

TEST_F(CallerCheckTest, ThreeTimesAtOnceAreOneTime) {
  sdk::CallerCheck check = Check();
  for (int i = 0; i < 100; ++i) check.Proven();
  clock_.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(ReasonOf(check.Judge(kAway)), Reason::kNotFound);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(ReasonOf(check.Judge(kAway)), Reason::kCallerNotAccepted);
}

TEST_F(CallerCheckTest, AServiceThatAnswersInBetweenTakesIt) {
  sdk::CallerCheck check = Check();
  for (int i = 0; i < 100; ++i) {
    check.Proven();
    clock_.Advance(absl::Seconds(1));
    // A refusal of the service's is an answer, too.
    if (i % 2 == 0) {
      check.Answered();
    } else {
      check.Judge(rpc::ToGrpcStatus(base::RefuseArgument(Reason::kFieldInvalid, "no")));
    }
    EXPECT_EQ(ReasonOf(check.Judge(kAway)), Reason::kNotFound);
  }
}

// Neither a connection that broke later nor one that never reached a service is the certificate's.
TEST_F(CallerCheckTest, OutagesAreNotTheCertificates) {
  sdk::CallerCheck check = Check();
  for (int i = 0; i < 100; ++i) check.Proven();
  clock_.Advance(absl::Hours(1));
  const grpc::Status broken(grpc::StatusCode::UNAVAILABLE, "Socket closed");
  EXPECT_EQ(ReasonOf(check.Judge(broken)), Reason::kNotFound);

  Revoke();
  WriteDirectory();
  EXPECT_FALSE(base::ReasonOf(Call("127.0.0.1:1")).has_value());
}

// A connection that is there already is told the reason.
TEST_F(CallerCheckTest, WhoIsConnectedIsToldWhy) {
  auto stub = pb::ExchangeService::NewStub(server_.ConnectAs("kr"));
  const auto list = [&] {
    grpc::ClientContext context;
    pb::ListLedgersResponse response;
    return rpc::FromGrpcStatus(stub->ListLedgers(&context, {}, &response));
  };
  ASSERT_OK(list());
  Revoke();
  EXPECT_THAT(list(), HasReason(Reason::kAgencyRevoked));
}

}  // namespace
}  // namespace entente
