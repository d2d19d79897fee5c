// The forty lines of a ministry's own program (tests/e2e/consumer) over an honest host, and over
// one that holds the service's keys and lies: then nothing is answered and nothing is built on a
// lie.
#include <gtest/gtest.h>

#include "tests/e2e/consumer/officer.h"
#include "tests/integration/lying_host.h"

namespace entente {
namespace {

using base::testing::StatusIs;
namespace pb = entente::exchange::v1;

class FortyLinesTest : public testing::LyingHostTest {
 protected:
  FortyLinesTest() : LyingHostTest("iem") {
    WriteSigner();
    host_.submit = [this](const pb::SignedDocument& document, pb::Receipt& receipt) {
      receipt = ReceiptOf(document);
      return grpc::Status::OK;
    };
  }

  pb::SignedDocument Alert(const std::string& state, const std::string& reference) {
    pb::Document document = regime_.Denial(state, reference);
    iem::v1::Alert alert;
    alert.set_summary("A kite.");
    document.mutable_body()->PackFrom(alert);
    return regime_.Sign(document);
  }
  // An honest host has recorded jp's alert and our own.
  void Begin() {
    for (const auto& document : {Alert("jp", "1"), Alert("kr", "own")}) {
      host_.entries.push_back(Record(document, host_.entries.size()));
      Deliver("all", host_.entries.back());
    }
  }
  absl::Status Run() {
    auto client = Connect();
    return consumer::Work(*client, folder_.File("inbox"), "partners/kr/alerts/own");
  }
  // The lie is found, and nothing was sent.
  void ExpectNothingSent() {
    EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_TRUE(host_.submitted.empty());
  }
  // What an honest host gives: alone in a ledger of its own tree.
  pb::Receipt ReceiptOf(
      const pb::SignedDocument& document,
      const std::function<void(pb::Stamp&)>& lie = [](pb::Stamp&) {}) {
    const pb::Entry entry = Record(document, 0, lie);
    pb::Leaf leaf;
    leaf.ParseFromString(entry.leaf());
    merkle::Tree tree;
    tree.Append(merkle::LeafHash(entry.leaf()));
    pb::Receipt receipt;
    receipt.set_leaf(entry.leaf());
    const entry::Checkpoint checkpoint = {
        entry::OriginOf("mtcr.example", group_, leaf.stamp().ledger()), {1, tree.Root()}};
    receipt.set_checkpoint(regime_.log_signer(group_).Sign(checkpoint.Text()));
    return receipt;
  }

 private:
  void WriteSigner() {
    const auto& officer = regime_.officer("kr");
    ASSERT_TRUE(base::WriteFileAtomically(folder_.File("officer.crt"), officer.chain[0].Pem()));
    ASSERT_TRUE(base::WriteFileAtomically(folder_.File("officer.key"), officer.key.Pem()));
    const std::string config = folder_.File("client");
    ASSERT_TRUE(base::WriteFileAtomically(
        config, *base::ReadFile(config) +
                    " signers { certificate_file: \"officer.crt\" key_file: \"officer.key\" }"));
  }
};

TEST_F(FortyLinesTest, FollowVerifyAnswerAndRevise) {
  Begin();
  Finish();
  ASSERT_OK(Run());
  ASSERT_EQ(host_.submitted.size(), 2u);
  pb::Document answer;
  pb::Document update;
  ASSERT_TRUE(answer.ParseFromString(host_.submitted[0].document()));
  ASSERT_TRUE(update.ParseFromString(host_.submitted[1].document()));
  EXPECT_TRUE(answer.body().Is<iem::v1::Sighting>());
  EXPECT_EQ(answer.references(0).name(), "partners/jp/alerts/1");
  EXPECT_THAT(answer.audience().listed().states(), ::testing::ElementsAre("jp", "kr"));
  iem::v1::Alert alert;
  ASSERT_TRUE(update.body().UnpackTo(&alert));
  EXPECT_EQ(alert.summary(), "A kite. Still looked for.");
}

TEST_F(FortyLinesTest, AnAlertIsAnsweredOnce) {
  Begin();
  Finish();
  ASSERT_OK(Run());
  const pb::SignedDocument answer = host_.submitted[0];
  host_.submitted.clear();
  host_.message.Clear();
  const std::string few =
      entry::LedgerIdOf("iem", regime_.Denial("jp", "x", {"jp", "kr"}).audience());
  Deliver(few, Record(answer, 0));
  Finish();
  ASSERT_OK(Run());
  EXPECT_EQ(host_.submitted.size(), 1u) << "our own alert is updated, and nothing is said twice";
}

TEST_F(FortyLinesTest, AForgedAlert) {
  Begin();
  pb::SignedDocument forged = Alert("jp", "2");
  *forged.mutable_signatures(0) = Alert("jp", "3").signatures(0);
  Deliver("all", Record(forged, 2));
  Finish();
  EXPECT_FALSE(Run().ok());
  EXPECT_TRUE(host_.submitted.empty());
}

TEST_F(FortyLinesTest, NoCheckpointCoversThem) {
  Begin();
  Finish(false);
  ExpectNothingSent();
}

TEST_F(FortyLinesTest, AnEntryIsLeftOut) {
  Begin();
  host_.message.mutable_deliveries()->DeleteSubrange(0, 1);
  Finish();
  ExpectNothingSent();
}

TEST_F(FortyLinesTest, TheLedgerIsAnotherThanYesterday) {
  Begin();
  Finish();
  ASSERT_OK(Run());
  host_.submitted.clear();
  host_.message.Clear();
  trees_["all"] = merkle::Tree();
  for (const char* reference : {"a", "b", "c"}) {
    Deliver("all", Record(Alert("jp", reference), trees_["all"].size()));
  }
  Finish();
  ExpectNothingSent();
}

TEST_F(FortyLinesTest, TheFolderWasTamperedWith) {
  Begin();
  Finish();
  ASSERT_OK(Run());
  host_.submitted.clear();
  const sdk::SavedLedgers saved(folder_.File("inbox"));
  ASSERT_TRUE(base::WriteFileAtomically(saved.EntryPath("all", 0),
                                        Record(Alert("jp", "forged"), 0).SerializeAsString()));
  ExpectNothingSent();
}

// What the answer is said to comes from documents that were verified, not from the host.
TEST_F(FortyLinesTest, TheChainIsAnothers) {
  Begin();
  Finish();
  host_.entries[0] =
      Record(Alert("jp", "7"), 0, [](pb::Stamp& s) { s.set_name("partners/jp/alerts/1"); });
  ExpectNothingSent();
}

// Our update must follow what we signed last.
TEST_F(FortyLinesTest, OurOwnAlertIsNotTheOneWeSigned) {
  Begin();
  Finish();
  pb::SignedDocument theirs = Alert("nz", "own");
  host_.entries[1] = Record(theirs, 1, [](pb::Stamp& s) { s.set_name("partners/kr/alerts/own"); });
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(host_.submitted.size(), 1u) << "the answer, which was in order";
}

// A receipt of another ledger: the readers would not see what we said.
TEST_F(FortyLinesTest, TheAnswerIsMisfiled) {
  Begin();
  Finish();
  host_.submit = [this](const pb::SignedDocument& document, pb::Receipt& receipt) {
    receipt = ReceiptOf(document, [](pb::Stamp& stamp) { stamp.set_ledger("all"); });
    return grpc::Status::OK;
  };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(host_.submitted.size(), 1u);
}

}  // namespace
}  // namespace entente
