// The SDK against a host that holds the service's keys and lies: whatever it withholds, misfiles,
// redates or invents ends the follow as evidence, is never handed on and never acknowledged (DESIGN
// law 7).
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "clients/sdk/client.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/crypto/hash.h"
#include "services/core/merkle/merkle.h"
#include "tests/integration/live_server.h"

namespace entente {
namespace {

using base::testing::StatusIs;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

// Answers as the test says.
class LyingHost final : public pb::ExchangeService::Service {
 public:
  pb::FollowResponse message;
  pb::Receipt receipt;
  int acknowledged = 0;

  grpc::Status Follow(grpc::ServerContext*, const pb::FollowRequest*,
                      grpc::ServerWriter<pb::FollowResponse>* writer) override {
    writer->Write(message);
    return grpc::Status::OK;
  }
  grpc::Status Acknowledge(grpc::ServerContext*, const pb::AcknowledgeRequest*,
                           pb::AcknowledgeResponse*) override {
    ++acknowledged;
    return grpc::Status::OK;
  }
  grpc::Status Submit(grpc::ServerContext*, const pb::SubmitRequest*,
                      pb::SubmitResponse* response) override {
    *response->mutable_receipt() = receipt;
    return grpc::Status::OK;
  }
};

class HostileHostTest : public ::testing::Test {
 protected:
  HostileHostTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&host_);
    server_ = builder.BuildAndStart();
    WriteConfig();
  }

  // kr's configuration, from the directory as it is now.
  void WriteConfig() {
    const auto write = [&](const std::string& name, const std::string& text) {
      ASSERT_TRUE(base::WriteFileAtomically(folder_.File(name), text));
    };
    std::string text;
    google::protobuf::TextFormat::PrintToString(regime_.directory().proto(), &text);
    write("directory", text);
    write("directory.sig", identity::SignDirectory(text, *directory_key_));
    write("directory.pub", directory_key_->public_key().Pem());
    const auto tls = regime_.IssueTls("kr");
    write("tls.crt", tls.chain[0].Pem());
    write("tls.key", tls.key.Pem());
    write("client",
          "agency: \"partners/kr/agencies/licensing\" tls_certificate_file: \"tls.crt\" "
          "tls_key_file: \"tls.key\" directory_file: \"directory\" "
          "directory_key_file: \"directory.pub\" "
          "endpoints { group: \"leem\" address: \"localhost:1\" }");
  }

  // An entry as the host would record it, with what it likes to put into the stamp.
  pb::Entry Record(
      const pb::SignedDocument& document, uint64_t index,
      const std::function<void(pb::Stamp&)>& lie = [](pb::Stamp&) {}) {
    pb::Document header;
    header.ParseFromString(document.document());
    pb::Entry entry;
    entry.set_signed_document(document.SerializeAsString());
    pb::Leaf leaf;
    leaf.set_document_digest(crypto::Sha256(document.document()).str());
    leaf.set_envelope_digest(crypto::Sha256(entry.signed_document()).str());
    auto& stamp = *leaf.mutable_stamp();
    stamp.set_ledger(entry::LedgerIdOf("leem", header.audience()));
    stamp.set_index(index);
    entry::SetTime(clock_.Now() + absl::Seconds(static_cast<int>(index)),
                   stamp.mutable_recorded_time());
    stamp.set_directory_serial(regime_.directory().serial());
    stamp.set_name("partners/" + header.originator().substr(9, 2) + "/denials/" +
                   header.reference());
    lie(stamp);
    entry.set_leaf(leaf.SerializeAsString());
    return entry;
  }
  void Deliver(const std::string& ledger, const pb::Entry& entry) {
    auto* delivery = host_.message.add_deliveries();
    delivery->set_ledger(ledger);
    *delivery->mutable_entry() = entry;
    trees_[ledger].Append(merkle::LeafHash(entry.leaf()));
  }
  // Signed checkpoints over all that was delivered, and the mark that asks for an acknowledgement.
  void Finish(bool with_checkpoints = true) {
    for (const auto& [ledger, tree] : trees_) {
      const entry::Checkpoint checkpoint = {entry::OriginOf("mtcr.example", "leem", ledger),
                                            {tree.size(), tree.Root()}};
      if (with_checkpoints) {
        host_.message.add_checkpoints(regime_.log_signer().Sign(checkpoint.Text()));
      }
    }
    host_.message.set_progress(true);
    host_.message.set_cursor("c");
  }
  absl::Status Follow(const std::string& filter = "") {
    auto agency = sdk::Agency::Load(folder_.File("client"));
    EXPECT_OK(agency);
    auto client =
        sdk::Client::Over(*agency, "leem", server_->InProcessChannel(grpc::ChannelArguments()));
    handled_ = 0;
    return client->Follow({.state_file = folder_.File("state"),
                           .filter = filter,
                           .until_current = true,
                           .retry = {.attempts_max = 0}},
                          [&](const sdk::VerifiedEntry&) {
                            ++handled_;
                            return absl::OkStatus();
                          });
  }
  void ExpectEvidence(const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_EQ(host_.acknowledged, 0);
    EXPECT_TRUE(base::ReadFile(folder_.File("state.evidence")).has_value());
  }
  pb::SignedDocument Denial(const std::string& reference,
                            const std::vector<std::string>& audience = {}) {
    return regime_.Sign(regime_.Denial("jp", reference, audience));
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  std::optional<crypto::PrivateKey> directory_key_ =
      *crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519);
  base::testing::TempDir folder_;
  LyingHost host_;
  std::unique_ptr<grpc::Server> server_;
  std::map<std::string, merkle::Tree> trees_;
  int handled_ = 0;
};

TEST_F(HostileHostTest, AnHonestHostIsFollowedAndAcknowledged) {
  Deliver("all", Record(Denial("1"), 0));
  Deliver("all", Record(Denial("2"), 1));
  Finish();
  EXPECT_OK(Follow());
  EXPECT_EQ(handled_, 2);
  EXPECT_EQ(host_.acknowledged, 1);
}

TEST_F(HostileHostTest, NothingIsLeftOutUnasked) {
  auto* delivery = host_.message.add_deliveries();
  delivery->set_ledger("all");
  delivery->set_skipped_leaf_hash(std::string(32, 'h'));
  Finish();
  ExpectEvidence(Follow());
}

// Through a filter not everything is had, so nothing is said to be.
TEST_F(HostileHostTest, AFilteredFollowAcknowledgesNothing) {
  Deliver("all", Record(Denial("1"), 0));
  const base::Digest left_out = crypto::Sha256("left out");
  auto* delivery = host_.message.add_deliveries();
  delivery->set_ledger("all");
  delivery->set_skipped_leaf_hash(left_out.str());
  trees_["all"].Append(left_out);
  Finish();
  EXPECT_OK(Follow("originator=jp"));
  EXPECT_EQ(host_.acknowledged, 0);
}

TEST_F(HostileHostTest, EntriesWithoutASignedCheckpointAreNoEvidence) {
  Deliver("all", Record(Denial("1"), 0));
  Finish(false);
  ExpectEvidence(Follow());
}

TEST_F(HostileHostTest, ADocumentOfAllInALedgerOfFewIsMisfiled) {
  const std::string few =
      entry::LedgerIdOf("leem", regime_.Denial("jp", "x", {"jp", "kr"}).audience());
  Deliver(few, Record(Denial("1"), 0, [&](pb::Stamp& stamp) { stamp.set_ledger(few); }));
  Finish();
  ExpectEvidence(Follow());
  EXPECT_EQ(handled_, 0);
}

TEST_F(HostileHostTest, ALedgerIsNoPath) {
  for (const char* ledger : {"../victim/all", "..", "./all"}) {
    host_.message.Clear();
    trees_.clear();
    Deliver(ledger, Record(Denial("1"), 0, [&](pb::Stamp& stamp) { stamp.set_ledger(ledger); }));
    Finish();
    ExpectEvidence(Follow());
    EXPECT_EQ(handled_, 0);
  }
}

TEST_F(HostileHostTest, TimeAndDirectoryDoNotGoBack) {
  Deliver("all", Record(Denial("1"), 0));
  Deliver("all", Record(Denial("2"), 1, [&](pb::Stamp& stamp) {
            entry::SetTime(clock_.Now() - absl::Hours(1), stamp.mutable_recorded_time());
          }));
  Finish();
  ExpectEvidence(Follow());
}

TEST_F(HostileHostTest, ANameIsOfItsOriginatorsState) {
  Deliver("all", Record(Denial("1"), 0,
                        [](pb::Stamp& stamp) { stamp.set_name("partners/kr/denials/1"); }));
  Finish();
  ExpectEvidence(Follow());
}

// What was signed before a revocation stands; what claims to be signed after it does not.
TEST_F(HostileHostTest, ARevokedOfficersKeyMakesNothingNew) {
  const auto before = Record(Denial("1"), 0);
  regime_.Edit([&](entente::config::v1::Directory& directory) {
    auto* revoked = directory.mutable_partners(0)->add_revoked_certificates();
    revoked->set_tbs_digest(regime_.officer("jp").chain[0].tbs_digest().hex());
    revoked->set_serial(directory.serial() + 1);
  });
  WriteConfig();
  Deliver("all", before);
  Finish();
  EXPECT_OK(Follow());
  host_.message.clear_deliveries();
  host_.message.clear_checkpoints();
  Deliver("all", Record(Denial("2"), 1));
  Finish();
  EXPECT_FALSE(Follow().ok());
  EXPECT_EQ(handled_, 0);
}

TEST_F(HostileHostTest, TheFourEyesRuleIsCheckedByReadersToo) {
  regime_.Edit([&](entente::config::v1::Directory& directory) {
    directory.mutable_partners(0)->set_signatures_required(2);
    directory.mutable_partners(0)->set_signatures_required_serial(directory.serial() + 1);
  });
  WriteConfig();
  Deliver("all", Record(Denial("1"), 0));
  Finish();
  EXPECT_FALSE(Follow().ok());
  EXPECT_EQ(handled_, 0);
}

}  // namespace
}  // namespace entente
