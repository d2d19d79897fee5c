// The service over real mTLS: who gets in, what is refused and in which words, what streams do when
// a caller is revoked.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "services/core/crypto/hash.h"
#include "services/core/document/batch.h"
#include "services/core/identity/authorization.h"
#include "services/core/rpc/reading.h"
#include "tests/integration/live_server.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;
using base::testing::StatusIs;
using testing::LiveServer;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

class ServiceTest : public ::testing::Test {
 protected:
  std::unique_ptr<pb::ExchangeService::Stub> StubAs(const std::string& state) {
    return pb::ExchangeService::NewStub(server_.ConnectAs(state));
  }
  static absl::Status Submit(pb::ExchangeService::Stub& stub, const pb::SignedDocument& document,
                             pb::Receipt* receipt = nullptr) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = document;
    grpc::ClientContext context;
    pb::SubmitResponse response;
    const absl::Status status = rpc::FromGrpcStatus(stub.Submit(&context, request, &response));
    if (receipt != nullptr) *receipt = response.receipt();
    return status;
  }
  absl::Status ListWith(const document::SigningIdentity* tls) {
    auto stub = pb::ExchangeService::NewStub(server_.Connect(tls));
    grpc::ClientContext context;
    pb::ListLedgersResponse response;
    return rpc::FromGrpcStatus(stub->ListLedgers(&context, {}, &response));
  }
  // Nothing is said to such a caller; the operator can read why.
  void ExpectEndsInTheHandshake(const document::SigningIdentity& tls, const std::string& reason) {
    const size_t before = server_.AuditText().size();
    const absl::Status status = ListWith(&tls);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_FALSE(base::ReasonOf(status).has_value()) << status;
    const std::string told = server_.AuditText().substr(before);
    EXPECT_NE(told.find(reason), std::string::npos) << told;
    EXPECT_NE(told.find("handshake"), std::string::npos) << told;
    clock_.Advance(absl::Seconds(2));  // one line a second tells of all who are not let in
  }
  document::SigningIdentity Tls(const std::string& authority,
                                const std::function<void(crypto::CertificateRequest&)>& change) {
    crypto::CertificateRequest request{.common_name = "x",
                                       .uris = {"spiffe://kr.mtcr.example/agencies/licensing"},
                                       .usage = crypto::LeafUsage::kTlsClient};
    change(request);
    return regime_.Issue(authority, request);
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  LiveServer server_{regime_, clock_};
};

TEST_F(ServiceTest, NobodyComesInWithoutAPartnersCertificate) {
  EXPECT_THAT(ListWith(nullptr), StatusIs(absl::StatusCode::kUnavailable));
  TestRegime stranger({"kr"}, clock_.Now());
  const auto unknown_authority = stranger.IssueTls("kr");
  EXPECT_THAT(ListWith(&unknown_authority), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServiceTest, AChainOfOneStateNeverSpeaksForAnother) {
  const auto tls = Tls("jp", [](auto&) {});  // jp's authority, kr's name
  ExpectEndsInTheHandshake(tls, "CERTIFICATE_REJECTED");
}

TEST_F(ServiceTest, LeavesOutsideTheProfileEndInTheHandshake) {
  const auto two_names = Tls("kr", [](auto& r) { r.uris.push_back("spiffe://kr.mtcr.example/x"); });
  ExpectEndsInTheHandshake(two_names, "CERTIFICATE_REJECTED");
  const auto unknown_agency =
      Tls("kr", [](auto& r) { r.uris = {"spiffe://kr.mtcr.example/agencies/customs"}; });
  ExpectEndsInTheHandshake(unknown_agency, "AGENCY_UNKNOWN");
  const auto officer = regime_.IssueOfficer("kr", "officer-1");
  EXPECT_FALSE(ListWith(&officer).ok()) << "a signing certificate does not open connections";
}

TEST_F(ServiceTest, WithoutASeatTheAnswerIsTheSameForEverything) {
  regime_.Edit([](auto& d) { d.mutable_partners(2)->mutable_agencies(0)->clear_seats(); });
  auto stub = leem::v1::DenialService::NewStub(server_.ConnectAs("nz"));
  for (const char* name : {"partners/kr/denials/1", "nonsense"}) {
    grpc::ClientContext context;
    leem::v1::GetDenialRequest request;
    request.set_name(name);
    leem::v1::GetDenialResponse response;
    EXPECT_THAT(rpc::FromGrpcStatus(stub->GetDenial(&context, request, &response)),
                HasReason(Reason::kCallerNotEntitled));
  }
}

TEST_F(ServiceTest, TheSameBytesGetTheFirstReceipt) {
  auto stub = StubAs("kr");
  const auto document = regime_.Sign(regime_.Denial("kr", "1"));
  pb::Receipt first;
  ASSERT_OK(Submit(*stub, document, &first));
  ASSERT_OK(Submit(*stub, regime_.Sign(regime_.Denial("kr", "2"))));
  pb::Receipt again;
  ASSERT_OK(Submit(*stub, document, &again));
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_OK(entry::CheckReceipt(first, TestRegime::DigestOf(document), "mtcr.example", "leem",
                                regime_.log_keys()));
  auto other = regime_.Denial("kr", "1");
  other.mutable_marking()->set_tlp(pb::Marking::TLP_RED);
  EXPECT_THAT(Submit(*stub, regime_.Sign(other)), HasReason(Reason::kReferenceReused));
}

TEST_F(ServiceTest, SignaturesAreRefusedWithTheirFault) {
  auto stub = StubAs("kr");
  const auto document = regime_.Denial("kr", "1");
  auto tampered = regime_.Sign(document);
  tampered.mutable_document()->back() ^= 1;
  EXPECT_FALSE(Submit(*stub, tampered).ok());
  auto wrong_value = regime_.Sign(document);
  wrong_value.mutable_signatures(0)->mutable_value()->back() ^= 1;
  EXPECT_THAT(Submit(*stub, wrong_value), HasReason(Reason::kSignatureInvalid));
  const auto& foreigner = regime_.officer("jp");
  EXPECT_THAT(Submit(*stub, document::Sign(document, std::span(&foreigner, 1))),
              HasReason(Reason::kSignerNotAccepted));
  EXPECT_THAT(Submit(*StubAs("jp"), regime_.Sign(document)),
              HasReason(Reason::kOriginatorMismatch));
  pb::SignedDocument unsigned_document;
  unsigned_document.set_document(document.SerializeAsString());
  EXPECT_THAT(Submit(*stub, unsigned_document), NamesField("signed_document.signatures"));
  regime_.Edit([](auto& d) { d.mutable_partners(1)->set_signatures_required(2); });
  EXPECT_THAT(Submit(*stub, regime_.Sign(document)), HasReason(Reason::kSignatureMissing));
  const std::vector<document::SigningIdentity> two = {regime_.officer("kr"),
                                                      regime_.IssueOfficer("kr", "officer-2")};
  EXPECT_OK(Submit(*stub, document::Sign(document, two)));
}

std::vector<pb::SignedDocument> AtOnce(const document::SigningIdentity& officer,
                                       const std::vector<pb::Document>& documents) {
  std::vector<pb::SignedDocument> result(documents.size());
  std::vector<pb::SignedDocument*> to_sign;
  for (size_t i = 0; i < documents.size(); ++i) {
    result[i] = document::Unsigned(documents[i]);
    to_sign.push_back(&result[i]);
  }
  EXPECT_OK(document::AddSignatures(officer, to_sign));
  return result;
}

TEST_F(ServiceTest, WhatWasSignedAtOnceIsTakenAndItsFirstEnvelopeStands) {
  auto stub = StubAs("kr");
  const std::vector<pb::Document> documents = {regime_.Denial("kr", "1"),
                                               regime_.Denial("kr", "2")};
  const auto first = AtOnce(regime_.officer("kr"), documents);
  const auto again = AtOnce(regime_.officer("kr"), documents);
  ASSERT_NE(first[0].signatures(0).batch().salt(), again[0].signatures(0).batch().salt());
  std::vector<pb::Receipt> receipts(4);
  ASSERT_OK(Submit(*stub, first[0], &receipts[0]));
  ASSERT_OK(Submit(*stub, again[0], &receipts[1]));
  ASSERT_OK(Submit(*stub, regime_.Sign(documents[0]), &receipts[2]));
  for (int i : {1, 2}) EXPECT_EQ(receipts[i].leaf(), receipts[0].leaf()) << i;
  pb::Leaf leaf;
  ASSERT_TRUE(leaf.ParseFromString(receipts[2].leaf()));
  EXPECT_EQ(leaf.envelope_digest(), crypto::Sha256(first[0].SerializeAsString()).str());
  // Of one batch one document may come, and another never.
  ASSERT_OK(Submit(*stub, again[1], &receipts[3]));
  auto swapped = first[1];
  *swapped.mutable_signatures(0) = first[0].signatures(0);
  EXPECT_THAT(Submit(*stub, swapped), HasReason(Reason::kSignatureInvalid));
}

TEST_F(ServiceTest, AnotherOfficersBatchIsJudgedAsHisSignature) {
  const auto documents =
      AtOnce(regime_.officer("jp"), {regime_.Denial("kr", "1"), regime_.Denial("kr", "2")});
  EXPECT_THAT(Submit(*StubAs("kr"), documents[0]), HasReason(Reason::kSignerNotAccepted));
  EXPECT_THAT(Submit(*StubAs("jp"), documents[0]), HasReason(Reason::kOriginatorMismatch));
}

TEST_F(ServiceTest, WhatIsToBeSignedAloneIsRefusedFromABatch) {
  auto profile = testing::TestProfile();
  profile.mutable_signing()->add_signed_alone("entente.leem.v1.DenialNotification");
  profile.mutable_signing()->add_signed_alone("entente.iem.v1.Alert");  // another group's
  LiveServer strict(regime_, clock_, {}, leem::LeemModule(), profile);
  auto stub = pb::ExchangeService::NewStub(strict.ConnectAs("kr"));
  const auto documents =
      AtOnce(regime_.officer("kr"), {regime_.Denial("kr", "1"), regime_.Denial("kr", "2")});
  EXPECT_THAT(Submit(*stub, documents[0]), NamesField("signed_document.signatures[0].batch"));
  EXPECT_OK(Submit(*stub, regime_.Sign(regime_.Denial("kr", "1"))));
  EXPECT_OK(Submit(*stub, documents[0])) << "it is recorded by now, and keeps its receipt";
}

TEST_F(ServiceTest, AProfileThatNamesAKindOfNobodyIsRefused) {
  for (const char* kind : {"entente.leem.v1.DenialNotice", "DenialNotification", "iem.v1.Alert"}) {
    auto profile = testing::TestProfile();
    profile.mutable_signing()->add_signed_alone(kind);
    rpc::GroupServer::Options options;
    options.config.set_group("leem");
    prometheus::Registry registry;
    const auto server =
        rpc::GroupServer::Open(options, leem::LeemModule(), profile, regime_.source(), clock_,
                               journal::OpenJournal, registry);
    EXPECT_THAT(server.status(), HasReason(Reason::kConfigurationInvalid)) << kind;
  }
}

TEST_F(ServiceTest, ADocumentThatIsTooLargeNamesItsField) {
  pb::SignedDocument huge;
  huge.set_document(std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(Submit(*StubAs("kr"), huge), NamesField("signed_document.document"));
  huge.set_document(std::string(5 << 20, 'x'));
  EXPECT_FALSE(Submit(*StubAs("kr"), huge).ok()) << "it ends in the transport, or with it";
}

TEST_F(ServiceTest, BadCursorsSayWhatToDo) {
  auto stub = StubAs("kr");
  const auto follow = [&](const std::string& cursor) {
    pb::FollowRequest request;
    request.set_cursor(cursor);
    request.set_until_current(true);
    grpc::ClientContext context;
    auto reader = stub->Follow(&context, request);
    pb::FollowResponse response;
    while (reader->Read(&response)) {
    }
    return rpc::FromGrpcStatus(reader->Finish());
  };
  EXPECT_OK(follow(""));
  EXPECT_THAT(follow("garbage"), HasReason(Reason::kCursorMalformed));
  EXPECT_THAT(follow("entente-cursor-v1\nmtcr.example/iem\n"), HasReason(Reason::kCursorMalformed));
  EXPECT_THAT(follow("entente-cursor-v1\nmtcr.example/leem\nall 9\n"),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ServiceTest, AChainIsReadInPagesOfEntries) {
  auto stub = StubAs("kr");
  const auto first = regime_.Denial("kr", "1", {"kr", "nz"});
  const auto signed_first = regime_.Sign(first);
  ASSERT_OK(Submit(*stub, signed_first));
  leem::v1::DenialAmendment amendment;
  *amendment.mutable_content() = testing::SampleContent();
  amendment.set_explanation("typing error");
  const auto signed_second = regime_.Sign(regime_.Revision(
      "kr", "1.2", first, "partners/kr/denials/1", TestRegime::DigestOf(signed_first), amendment));
  ASSERT_OK(Submit(*stub, signed_second));

  pb::ListRevisionsRequest request;
  request.set_name("partners/kr/denials/1");
  request.set_page_size(1);
  pb::ListRevisionsResponse page;
  const auto list = [&](pb::ExchangeService::Stub& by) {
    grpc::ClientContext context;
    page.Clear();
    return rpc::FromGrpcStatus(by.ListRevisions(&context, request, &page));
  };
  std::vector<std::string> seen;
  do {
    ASSERT_OK(list(*stub));
    ASSERT_EQ(page.revisions_size(), 1);
    EXPECT_EQ(page.heads_size(), 1);
    seen.push_back(page.revisions(0).signed_document());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, (std::vector<std::string>{signed_first.SerializeAsString(),
                                            signed_second.SerializeAsString()}));

  // A token is good for its own request, and says nothing but how far that was.
  request.set_page_token(rpc::MakePageToken("revisions partners/kr/denials/2", "1"));
  EXPECT_THAT(list(*stub), HasReason(Reason::kCursorMalformed));
  for (const char* forged : {"3", "-1", "1x", "99999999999999999999"}) {
    request.set_page_token(rpc::MakePageToken("revisions " + request.name(), forged));
    EXPECT_THAT(list(*stub), HasReason(Reason::kCursorMalformed)) << forged;
  }
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(list(*stub), NamesField("page_size"));
  request.clear_page_size();
  auto& ahead = *request.add_at_least();
  ahead.set_ledger(page.heads_size() == 0 ? "all" : page.heads(0).ledger());
  ahead.set_size(3);
  EXPECT_THAT(list(*stub), HasReason(Reason::kHeadNotReached));
  request.clear_at_least();
  EXPECT_THAT(list(*StubAs("jp")), HasReason(Reason::kNotFound)) << "not released";
  for (const char* name : {"partners/kr/denials/1/revisions/2", "partners/kr/denials/3", ""}) {
    request.set_name(name);
    EXPECT_THAT(list(*stub), HasReason(Reason::kNotFound)) << name;
  }
}

TEST_F(ServiceTest, ObligationsComeInPagesToWhomTheyConcern) {
  auto stub = StubAs("kr");
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(Submit(*stub, regime_.Sign(regime_.Denial("kr", std::to_string(i)))));
  }
  const auto list = [&](pb::ExchangeService::Stub& by) {
    std::vector<std::string> names;
    pb::ListObligationsRequest request;
    request.set_page_size(2);
    pb::ListObligationsResponse page;
    do {
      grpc::ClientContext context;
      page.Clear();
      EXPECT_OK(rpc::FromGrpcStatus(by.ListObligations(&context, request, &page)));
      EXPECT_LE(page.obligations_size(), 2);
      for (const auto& one : page.obligations()) {
        EXPECT_EQ(one.kind(), "leem.renewal");
        EXPECT_EQ(one.state(), "kr");
        EXPECT_GT(one.due_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
        names.push_back(one.name());
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return names;
  };
  EXPECT_EQ(list(*stub).size(), 5u);
  EXPECT_EQ(list(*StubAs("jp")).size(), 0u);
  pb::ListObligationsRequest forged;
  forged.set_page_token(rpc::MakePageToken("obligations", "partners/kr/denials/none"));
  grpc::ClientContext context;
  pb::ListObligationsResponse ignored;
  EXPECT_THAT(rpc::FromGrpcStatus(stub->ListObligations(&context, forged, &ignored)),
              HasReason(Reason::kCursorMalformed));
}

TEST_F(ServiceTest, OneRefusalInAStreamLosesNoOther) {
  auto stub = StubAs("kr");
  grpc::ClientContext context;
  auto stream = stub->SubmitMany(&context);
  std::thread writer([&] {
    for (int i = 0; i < 600; ++i) {
      pb::SubmitManyRequest request;
      *request.mutable_signed_document() = regime_.Sign(regime_.Denial("kr", std::to_string(i)));
      if (i % 7 == 3) request.mutable_signed_document()->mutable_document()->back() ^= 1;
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  pb::SubmitManyResponse response;
  uint64_t next = 0;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.sequence(), next);
    EXPECT_EQ(response.has_error(), next % 7 == 3) << next;
    ++next;
  }
  writer.join();
  EXPECT_EQ(next, 600u);
  EXPECT_TRUE(stream->Finish().ok());
}

// Its streams wait for an agency's own queue, and lose nothing: bulk loads are no reason to try
// again.
TEST_F(ServiceTest, StreamsThatBringMoreThanMayWaitAreReadLater) {
  entente::config::v1::Limits limits;
  limits.set_queue_max(8);
  LiveServer server(regime_, clock_, limits);
  auto stub = pb::ExchangeService::NewStub(server.ConnectAs("kr"));
  const auto fill = [&](int number) {
    grpc::ClientContext context;
    auto stream = stub->SubmitMany(&context);
    std::thread writer([&] {
      for (int i = 0; i < 200; ++i) {
        pb::SubmitManyRequest request;
        *request.mutable_signed_document() =
            regime_.Sign(regime_.Denial("kr", fmt::format("{}-{}", number, i)));
        ASSERT_TRUE(stream->Write(request));
      }
      stream->WritesDone();
    });
    int receipts = 0;
    pb::SubmitManyResponse response;
    while (stream->Read(&response)) {
      EXPECT_TRUE(response.has_receipt()) << response.error().message();
      receipts += response.has_receipt();
    }
    writer.join();
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(receipts, 200);
  };
  std::vector<std::thread> agencies;
  for (int number = 0; number < 4; ++number) agencies.emplace_back(fill, number);
  for (std::thread& agency : agencies) agency.join();
}

// An open stream ends when its agency is revoked; others go on.
TEST_F(ServiceTest, RevokingAnAgencyEndsItsStreams) {
  grpc::ClientContext context;
  auto jp = StubAs("jp");
  auto reader = jp->Follow(&context, {});
  ASSERT_OK(Submit(*StubAs("kr"), regime_.Sign(regime_.Denial("kr", "1"))));
  pb::FollowResponse response;
  ASSERT_TRUE(reader->Read(&response));
  regime_.Edit([](auto& d) { d.mutable_partners(0)->mutable_agencies(0)->set_revoked_serial(1); });
  while (reader->Read(&response)) {
  }
  EXPECT_THAT(rpc::FromGrpcStatus(reader->Finish()), HasReason(Reason::kAgencyRevoked));
  EXPECT_OK(Submit(*StubAs("kr"), regime_.Sign(regime_.Denial("kr", "2"))));
}

// Bulk streams count as open streams, and a revoked agency loses those that it holds open.
TEST_F(ServiceTest, BulkStreamsAreLimitedAndEndWithTheirAgency) {
  auto jp = StubAs("jp");
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<
      std::unique_ptr<grpc::ClientReaderWriter<pb::SubmitManyRequest, pb::SubmitManyResponse>>>
      streams;
  for (int i = 0; i < 16; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(jp->SubmitMany(contexts.back().get()));
    pb::SubmitManyRequest request;
    *request.mutable_signed_document() = regime_.Sign(regime_.Denial("jp", std::to_string(i)));
    ASSERT_TRUE(streams.back()->Write(request));
    pb::SubmitManyResponse response;
    ASSERT_TRUE(streams.back()->Read(&response));
    EXPECT_TRUE(response.has_receipt());
  }
  grpc::ClientContext context;
  auto one_more = jp->SubmitMany(&context);
  EXPECT_THAT(rpc::FromGrpcStatus(one_more->Finish()), HasReason(Reason::kStreamsExceeded));
  regime_.Edit([](auto& d) { d.mutable_partners(0)->mutable_agencies(0)->set_revoked_serial(1); });
  for (auto& stream : streams) {
    pb::SubmitManyResponse response;
    EXPECT_FALSE(stream->Read(&response));
    EXPECT_FALSE(stream->Finish().ok());
  }
}

// Followers that never read cost the others nothing: a document passes by a hundred stalled
// streams.
TEST_F(ServiceTest, AFollowerThatNeverReadsHoldsNobodyUp) {
  auto nz = StubAs("nz");
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<pb::FollowResponse>>> stalled;
  for (int i = 0; i < 16; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    stalled.push_back(nz->Follow(contexts.back().get(), {}));
  }
  auto jp = StubAs("jp");
  grpc::ClientContext context;
  auto reader = jp->Follow(&context, {});
  auto kr = StubAs("kr");
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK(Submit(*kr, regime_.Sign(regime_.Denial("kr", std::to_string(i)))));
  }
  int got = 0;
  pb::FollowResponse response;
  while (got < 200 && reader->Read(&response)) got += response.deliveries_size();
  EXPECT_EQ(got, 200);
  grpc::ClientContext one_more;
  auto refused = nz->Follow(&one_more, {});
  while (refused->Read(&response)) {
  }
  EXPECT_THAT(rpc::FromGrpcStatus(refused->Finish()), HasReason(Reason::kStreamsExceeded));
  for (auto& c : contexts) c->TryCancel();
  context.TryCancel();
}

TEST(AuthorizationTest, EveryMethodHasARow) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  int methods = 0;
  for (const char* name : {"entente.exchange.v1.ExchangeService",
                           "entente.exchange.v1.TrendService", "entente.leem.v1.DenialService"}) {
    const auto* service = pool->FindServiceByName(name);
    ASSERT_NE(service, nullptr);
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      EXPECT_TRUE(identity::RightFor(std::string("/") + name + "/" + service->method(i)->name()))
          << name << "/" << service->method(i)->name();
    }
  }
  EXPECT_GT(methods, 12);
  EXPECT_FALSE(identity::RightFor("/entente.leem.v1.DenialService/DropEverything"));
}

}  // namespace
}  // namespace entente
