// What an agency says that it holds is signed by it, or it is not believed: neither by the service,
// nor by the originator who asks it (law 7).
#include <gtest/gtest.h>

#include "clients/sdk/acknowledger.h"
#include "clients/sdk/delivery.h"
#include "services/core/base/files.h"
#include "services/core/entry/audience.h"
#include "services/core/identity/acknowledgement.h"
#include "tests/integration/live_server.h"
#include "tests/integration/lying_host.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;
using base::testing::StatusIs;
using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

class AcknowledgementTest : public ::testing::Test {
 protected:
  AcknowledgementTest() { Submit("1", {"jp", "kr"}); }

  void Submit(const std::string& reference, const std::vector<std::string>& audience) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = regime_.Sign(regime_.Denial("kr", reference, audience));
    grpc::ClientContext context;
    pb::SubmitResponse response;
    auto stub = pb::ExchangeService::NewStub(server_.ConnectAs("kr"));
    ASSERT_OK(rpc::FromGrpcStatus(stub->Submit(&context, request, &response)));
    tree_.Append(merkle::LeafHash(response.receipt().leaf()));
  }
  entry::Head Head() const { return {tree_.size(), tree_.Root()}; }
  // What jp's agency signs, after a change of what it says.
  pb::SignedAcknowledgement Say(const std::function<void(pb::Acknowledgement&)>& change =
                                    [](auto&) {}) {
    pb::Acknowledgement said;
    said.set_service("mtcr.example/leem");
    said.set_agency("partners/jp/agencies/licensing");
    said.set_ledger(ledger_);
    said.set_size(Head().size);
    said.set_root(Head().root.str());
    entry::SetTime(clock_.Now(), said.mutable_acknowledged_time());
    change(said);
    return identity::SignAcknowledgement(said, jp_);
  }
  absl::Status Send(const std::vector<pb::SignedAcknowledgement>& acknowledgements) {
    pb::AcknowledgeRequest request;
    for (const auto& one : acknowledgements) *request.add_acknowledgements() = one;
    grpc::ClientContext context;
    pb::AcknowledgeResponse ignored;
    return rpc::FromGrpcStatus(stub_->Acknowledge(&context, request, &ignored));
  }
  absl::Status Delivery(const std::string& state, pb::GetDeliveryResponse& out) {
    pb::GetDeliveryRequest request;
    request.set_name("partners/kr/denials/1");
    grpc::ClientContext call;
    auto stub = pb::ExchangeService::NewStub(server_.ConnectAs(state));
    return rpc::FromGrpcStatus(stub->GetDelivery(&call, request, &out));
  }
  // Whether the service holds that jp has document 1.
  bool Recorded() {
    pb::GetDeliveryResponse out;
    EXPECT_OK(Delivery("kr", out));
    return out.states(0).has_acknowledgement();
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  LiveServer server_{regime_, clock_};
  const std::string ledger_ =
      entry::LedgerIdOf("leem", regime_.Denial("kr", "x", {"jp", "kr"}).audience());
  document::SigningIdentity jp_ = regime_.IssueTls("jp");
  std::unique_ptr<pb::ExchangeService::Stub> stub_ =
      pb::ExchangeService::NewStub(server_.ConnectAs("jp"));
  merkle::Tree tree_;  // of ledger_
};

TEST_F(AcknowledgementTest, TheOriginatorGetsTheSignedWordAndNobodyElseDoes) {
  clock_.Advance(absl::Seconds(30));
  const auto said = Say();
  ASSERT_OK(Send({said}));
  pb::GetDeliveryResponse out;
  ASSERT_OK(Delivery("kr", out));
  ASSERT_EQ(out.states_size(), 2);
  EXPECT_EQ(out.states(0).state(), "jp");
  const auto& recorded = out.states(0).acknowledgement();
  EXPECT_EQ(recorded.signed_acknowledgement().SerializeAsString(), said.SerializeAsString());
  EXPECT_EQ(entry::GetTime(recorded.recorded_time()), clock_.Now());
  EXPECT_FALSE(out.states(1).has_acknowledgement());
  EXPECT_EQ(out.ledger(), ledger_);
  EXPECT_THAT(Delivery("jp", out), HasReason(Reason::kNotFound));
  EXPECT_THAT(Delivery("nz", out), HasReason(Reason::kNotFound));
}

TEST_F(AcknowledgementTest, AnotherAgencysKeyIsNotTheAgencys) {
  jp_ = regime_.IssueTls("kr");
  EXPECT_THAT(Send({Say()}), HasReason(Reason::kSignatureInvalid));
  // jp cannot speak for kr either, whoever signed it.
  EXPECT_THAT(Send({Say([](auto& said) { said.set_agency("partners/kr/agencies/licensing"); })}),
              NamesField("acknowledgements[0].agency"));
  EXPECT_FALSE(Recorded());
}

TEST_F(AcknowledgementTest, AnOfficersCertificateAcknowledgesNothing) {
  jp_ = regime_.officer("jp");
  EXPECT_THAT(Send({Say()}), HasReason(Reason::kCertificateRejected));
  EXPECT_FALSE(Recorded());
}

TEST_F(AcknowledgementTest, ASignatureOverAnotherMediaTypeIsNone) {
  auto said = Say();
  said.mutable_signature()->set_value(jp_.key.Sign(
      document::PreAuthenticationEncoding(document::kMediaType, said.acknowledgement())));
  EXPECT_THAT(Send({said}), HasReason(Reason::kSignatureInvalid));
  said.mutable_signature()->set_value(jp_.key.Sign(said.acknowledgement()));
  EXPECT_THAT(Send({said}), HasReason(Reason::kSignatureInvalid));
  EXPECT_FALSE(Recorded());
}

TEST_F(AcknowledgementTest, WhatIsNotThereIsNotAcknowledged) {
  EXPECT_THAT(Send({Say([](auto& said) { said.set_root(crypto::Sha256("x").str()); })}),
              HasReason(Reason::kLedgerForked));
  EXPECT_THAT(Send({Say([](auto& said) { said.set_size(2); })}), HasReason(Reason::kCursorAhead));
  // A ledger that is hidden from jp, and one that does not exist: the same answer.
  const std::string hidden =
      entry::LedgerIdOf("leem", regime_.Denial("kr", "x", {"kr", "nz"}).audience());
  const auto ask = [&] { return Send({Say([&](auto& said) { said.set_ledger(hidden); })}); };
  const absl::Status before = ask();
  EXPECT_THAT(before, HasReason(Reason::kCursorAhead));
  pb::SubmitRequest request;
  *request.mutable_signed_document() = regime_.Sign(regime_.Denial("kr", "2", {"kr", "nz"}));
  grpc::ClientContext context;
  pb::SubmitResponse response;
  ASSERT_TRUE(pb::ExchangeService::NewStub(server_.ConnectAs("kr"))
                  ->Submit(&context, request, &response)
                  .ok());
  EXPECT_EQ(ask().ToString(), before.ToString());
  EXPECT_FALSE(Recorded());
}

TEST_F(AcknowledgementTest, EveryFieldIsLookedAt) {
  const auto with = [&](const std::function<void(pb::Acknowledgement&)>& change) {
    return Send({Say(), Say(change)});
  };
  const std::string path = "acknowledgements[1].";
  EXPECT_THAT(with([](auto& said) { said.set_service("mtcr.example/iem"); }),
              NamesField(path + "service"));
  EXPECT_THAT(with([](auto& said) { said.set_ledger("../all"); }),
              NamesField(path + "acknowledgement.ledger"));
  EXPECT_THAT(with([](auto& said) { said.set_size(0); }),
              NamesField(path + "acknowledgement.size"));
  EXPECT_THAT(with([](auto& said) { said.set_root("short"); }),
              NamesField(path + "acknowledgement.root"));
  EXPECT_THAT(with([](auto& said) { said.mutable_acknowledged_time()->set_seconds(1LL << 60); }),
              NamesField(path + "acknowledgement.acknowledged_time"));
  EXPECT_THAT(with([&](auto& said) {
                entry::SetTime(clock_.Now() + absl::Minutes(11), said.mutable_acknowledged_time());
              }),
              NamesField(path + "acknowledged_time"));
  EXPECT_THAT(with([](auto& said) { said.set_agency(std::string(2000, 'x')); }),
              NamesField(path + "acknowledgement"));
  auto fat = Say();
  fat.mutable_signature()->add_chain(std::string(9000, 'x'));
  EXPECT_THAT(Send({fat}), NamesField("acknowledgements[0].signature.certificate"));
  auto placed = Say();
  placed.mutable_signature()->mutable_batch()->set_size(1);
  EXPECT_THAT(Send({placed}), NamesField("acknowledgements[0].signature.batch"));
  EXPECT_THAT(Send({}), NamesField("acknowledgements"));
  EXPECT_THAT(Send(std::vector<pb::SignedAcknowledgement>(65, Say())),
              NamesField("acknowledgements"));
  EXPECT_FALSE(Recorded()) << "one bad refuses all of a request";
}

TEST_F(AcknowledgementTest, GoingBackChangesNothing) {
  const auto first = Say();
  Submit("2", {"jp", "kr"});
  ASSERT_OK(Send({Say()}));
  pb::GetDeliveryResponse before;
  ASSERT_OK(Delivery("kr", before));
  clock_.Advance(absl::Minutes(2));
  ASSERT_OK(Send({first}));
  pb::GetDeliveryResponse after;
  ASSERT_OK(Delivery("kr", after));
  EXPECT_EQ(before.SerializeAsString(), after.SerializeAsString());
}

TEST_F(AcknowledgementTest, OneLedgerIsAcknowledgedSoOftenAMinute) {
  for (size_t i = 0; i < identity::kAcknowledgementsPerMinuteMax; ++i) {
    ASSERT_OK(Send({Say()})) << i;
    Submit("n" + std::to_string(i), {"jp", "kr"});
  }
  EXPECT_THAT(Send({Say()}), HasReason(Reason::kRateExceeded));
  clock_.Advance(absl::Minutes(1));
  EXPECT_OK(Send({Say()}));
}

TEST_F(AcknowledgementTest, WhatWasRecordedSurvivesARestart) {
  ASSERT_OK(Send({Say()}));
  server_.Stop();
  ASSERT_OK(server_.Start());
  EXPECT_TRUE(Recorded());
}

// The originator's side: kr asks a host that holds the service's keys for deliveries of its own
// document.
class DeliveryTest : public testing::LyingHostTest {
 protected:
  DeliveryTest() {
    host_.entries = {Record(regime_.Sign(regime_.Denial("kr", "1")), 0)};
    for (const std::string& leaf : {host_.entries[0].leaf(), std::string("other")}) {
      tree_.Append(merkle::LeafHash(leaf));
    }
    host_.delivery.set_name("partners/kr/denials/1");
    host_.delivery.set_ledger("all");
    host_.delivery.add_states()->set_state("jp");
    Claim(regime_.Acknowledge("jp", "leem", "all", {2, tree_.Root()}));
  }
  // The host says that jp has it, by this.
  void Claim(const pb::SignedAcknowledgement& said) {
    auto* status = host_.delivery.mutable_states(0);
    auto* recorded = status->mutable_acknowledgement();
    *recorded->mutable_signed_acknowledgement() = said;
    recorded->set_directory_serial(regime_.directory().serial());
    entry::SetTime(clock_.Now(), recorded->mutable_recorded_time());
    status->clear_inclusion_proof();
    const auto proof = tree_.ProveInclusion(0, tree_.size());
    for (const auto& hash : *proof) status->add_inclusion_proof(hash.str());
  }
  absl::StatusOr<sdk::Delivery> Fetch() {
    auto client = Connect();
    return sdk::FetchDelivery(*client, "partners/kr/denials/1");
  }
  void ExpectDisbelief() { EXPECT_THAT(Fetch().status(), StatusIs(absl::StatusCode::kDataLoss)); }
  merkle::Tree tree_;
};

TEST_F(DeliveryTest, AnHonestHostIsBelieved) {
  auto delivery = Fetch();
  ASSERT_OK(delivery);
  ASSERT_EQ(delivery->states.size(), 1u);
  ASSERT_TRUE(delivery->states[0].proof.has_value());
  EXPECT_EQ(delivery->states[0].proof->acknowledgement.size(), 2u);
  EXPECT_EQ(delivery->states[0].proof->recorded, clock_.Now());
}

TEST_F(DeliveryTest, AnotherStatesWordIsNotJps) {
  Claim(regime_.Acknowledge("nz", "leem", "all", {2, tree_.Root()}));
  ExpectDisbelief();
}

TEST_F(DeliveryTest, AWordOfAnotherLedgerOrGroupIsNone) {
  Claim(regime_.Acknowledge("jp", "iem", "all", {2, tree_.Root()}));
  ExpectDisbelief();
  Claim(regime_.Acknowledge("jp", "leem", "public", {2, tree_.Root()}));
  ExpectDisbelief();
}

TEST_F(DeliveryTest, ARootThatDoesNotCoverTheDocumentProvesNothing) {
  merkle::Tree other;
  other.Append(merkle::LeafHash("what jp was served"));
  other.Append(merkle::LeafHash("other"));
  Claim(regime_.Acknowledge("jp", "leem", "all", {2, other.Root()}));
  ExpectDisbelief();
}

TEST_F(DeliveryTest, AForgedOrUnsignedWordIsNone) {
  auto said = regime_.Acknowledge("jp", "leem", "all", {2, tree_.Root()});
  said.mutable_signature()->mutable_value()->back() ^= 1;
  Claim(said);
  ExpectDisbelief();
  said.clear_signature();
  Claim(said);
  ExpectDisbelief();
}

TEST_F(DeliveryTest, AnotherDocumentIsNotTheOneThatWasAskedFor) {
  host_.entries = {Record(regime_.Sign(regime_.Denial("kr", "2")), 0)};
  ExpectDisbelief();
}

TEST_F(DeliveryTest, ACertificateThatWasRevokedBeforeProvesNothing) {
  const auto said = regime_.Acknowledge("jp", "leem", "all", {2, tree_.Root()});
  ASSERT_OK(Fetch());
  auto leaf = crypto::Certificate::FromDer(said.signature().certificate());
  ASSERT_OK(leaf);
  regime_.Edit([&](entente::config::v1::Directory& directory) {
    for (auto& partner : *directory.mutable_partners()) {
      if (partner.state() != "jp") continue;
      partner.mutable_agencies(0)->set_revoked_serial(directory.serial() + 1);
    }
  });
  WriteConfig();
  ASSERT_OK(Fetch()) << "recorded before it was revoked";
  Claim(said);
  ExpectDisbelief();
}

// A file is empty for a moment where it is not replaced in one step.
TEST_F(DeliveryTest, AnEmptyCertificateIsAnErrorAndEndsNobody) {
  auto agency = sdk::Agency::Load(folder_.File("client"));
  ASSERT_OK(agency);
  ASSERT_TRUE(base::WriteFileAtomically(folder_.File("tls.crt"), ""));
  EXPECT_OK((*agency)->Connect("leem")) << "with what it has";
  EXPECT_FALSE((*agency)->Newer().ok());
  EXPECT_THAT(sdk::Agency::Load(folder_.File("client")), HasReason(Reason::kCertificateRejected));
  // A service has no configuration of its own: it reads its files as it connects.
  const auto service = sdk::Agency::OfService("leem", regime_.source().Get(), (*agency)->config());
  EXPECT_THAT(service->Connect("leem"), HasReason(Reason::kCertificateRejected));
}

// Each ledger at most once in an interval, all of them at the end.
TEST_F(DeliveryTest, TheAcknowledgerWaitsItsInterval) {
  auto agency = sdk::Agency::Load(folder_.File("client"));
  ASSERT_OK(agency);
  sdk::Acknowledger acknowledger("mtcr.example/leem", absl::Minutes(1));
  const auto due = [&](bool all) {
    int count = 0;
    for (const auto& request : acknowledger.Due(**agency, clock_.Now(), all)) {
      EXPECT_LE(request.acknowledgements_size(), identity::kAcknowledgementsMax);
      count += request.acknowledgements_size();
      acknowledger.Done(request, clock_.Now());
    }
    return count;
  };
  EXPECT_EQ(due(true), 0);
  std::map<std::string, entry::Head> heads;
  for (int i = 0; i < 100; ++i) heads[fmt::format("x{:032x}", i)] = {1, base::Digest()};
  acknowledger.Mark(heads);
  EXPECT_EQ(due(false), 100);
  heads.begin()->second.size = 2;
  acknowledger.Mark(heads);
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(due(false), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(due(false), 1);
  heads.begin()->second.size = 3;
  acknowledger.Mark(heads);
  EXPECT_EQ(due(true), 1);
  EXPECT_EQ(due(true), 0);
}

}  // namespace
}  // namespace entente
