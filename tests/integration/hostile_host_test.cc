// The SDK against a host that holds the service's keys and lies: whatever it withholds, misfiles,
// redates or invents ends the follow as evidence, is never handed on and never acknowledged (DESIGN
// law 7).
#include <gtest/gtest.h>

#include "tests/integration/lying_host.h"

namespace entente {
namespace {

using base::testing::StatusIs;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

class HostileHostTest : public testing::LyingHostTest {};

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
