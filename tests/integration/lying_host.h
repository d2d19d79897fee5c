// A host that holds the service's keys and answers as a test says, within the process; kr's
// configuration and state to follow it with.
#ifndef ENTENTE_TESTS_INTEGRATION_LYING_HOST_H_
#define ENTENTE_TESTS_INTEGRATION_LYING_HOST_H_

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "clients/sdk/client.h"
#include "clients/sdk/testing/scripted_exchange.h"
#include "services/core/base/files.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/entry.h"
#include "services/core/identity/directory_file.h"
#include "services/core/merkle/merkle.h"
#include "tests/integration/live_server.h"

namespace entente::testing {

namespace pb = entente::exchange::v1;
using base::testing::StatusIs;

class LyingHostTest : public ::testing::Test {
 protected:
  explicit LyingHostTest(std::string group = "leem") : group_(std::move(group)) {
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
          "endpoints { group: \"" +
              group_ + "\" address: \"localhost:1\" }");
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
    stamp.set_ledger(entry::LedgerIdOf(group_, header.audience()));
    stamp.set_index(index);
    entry::SetTime(clock_.Now() + absl::Seconds(static_cast<int>(index)),
                   stamp.mutable_recorded_time());
    stamp.set_directory_serial(regime_.directory().serial());
    stamp.set_name(NameOf(header));
    lie(stamp);
    entry.set_leaf(leaf.SerializeAsString());
    return entry;
  }
  // The name that an honest service would give: of the kinds that tests use.
  static std::string NameOf(const pb::Document& header) {
    for (const auto& reference : header.references()) {
      if (reference.relation() == pb::Reference::RELATION_SUPERSEDES) {
        return reference.name() + "/revisions/2";
      }
    }
    const auto kind = document::ShortKind(header.body().type_url());
    const std::string folder = kind == "Alert"      ? "alerts"
                               : kind == "Sighting" ? "answers"
                               : kind == "Erasure"  ? "erasures"
                                                    : "denials";
    return "partners/" + header.originator().substr(9, 2) + "/" + folder + "/" + header.reference();
  }
  void Deliver(const std::string& ledger, const pb::Entry& entry) {
    auto* delivery = host_.message.add_deliveries();
    delivery->set_ledger(ledger);
    *delivery->mutable_entry() = entry;
    trees_[ledger].Append(merkle::LeafHash(entry.leaf()));
  }
  // Delivers the hash alone of one that a filter leaves out.
  void LeaveOut(const std::string& ledger) {
    const base::Digest hash = crypto::Sha256("left out");
    auto* delivery = host_.message.add_deliveries();
    delivery->set_ledger(ledger);
    delivery->set_skipped_leaf_hash(hash.str());
    trees_[ledger].Append(hash);
  }
  // Signed checkpoints over all that was delivered, and the mark that asks for an acknowledgement.
  void Finish(bool with_checkpoints = true) {
    for (const auto& [ledger, tree] : trees_) {
      const entry::Checkpoint checkpoint = {entry::OriginOf("mtcr.example", group_, ledger),
                                            {tree.size(), tree.Root()}};
      if (with_checkpoints) {
        host_.message.add_checkpoints(regime_.log_signer(group_).Sign(checkpoint.Text()));
      }
    }
    host_.message.set_progress(true);
    host_.message.set_cursor("c");
  }
  std::unique_ptr<sdk::Client> Connect() {
    auto agency = sdk::Agency::Load(folder_.File("client"));
    EXPECT_OK(agency);
    return sdk::Client::Over(*agency, group_, server_->InProcessChannel(grpc::ChannelArguments()));
  }
  absl::Status Follow(const std::string& filter = "") {
    auto client = Connect();
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

  const std::string group_;
  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  std::optional<crypto::PrivateKey> directory_key_ =
      *crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519);
  base::testing::TempDir folder_;
  ScriptedExchange host_;
  std::unique_ptr<grpc::Server> server_;
  std::map<std::string, merkle::Tree> trees_;
  int handled_ = 0;
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_INTEGRATION_LYING_HOST_H_
