// The SDK against a host that holds the service's keys and lies: whatever it withholds, misfiles,
// redates or invents ends the follow as evidence, is never handed on and never acknowledged (law
// 7).
#include <gtest/gtest.h>

#include "services/core/base/files.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/remains.h"
#include "services/core/machine/erasure.h"
#include "services/leem/register/group.h"
#include "tests/integration/lying_host.h"

namespace entente {
namespace {

using base::testing::HasReason;
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

// Puts the other half of the directory in place while the client waits for it.
class Publisher final : public sdk::Waiter {
 public:
  explicit Publisher(std::function<void()> publish) : publish_(std::move(publish)) {}
  void Wait(absl::Duration, const std::atomic<bool>*) override {
    if (++waited_ == 3) publish_();
  }
  int waited() const { return waited_; }

 private:
  std::function<void()> publish_;
  int waited_ = 0;
};

// One document, under a checkpoint by a log key that no directory lists yet.
class UnknownLogKeyTest : public HostileHostTest {
 protected:
  UnknownLogKeyTest() {
    Deliver("all", Record(Denial("1"), 0));
    Finish(false);
    const entry::Checkpoint checkpoint = {entry::OriginOf("mtcr.example", "leem", "all"),
                                          {1, trees_["all"].Root()}};
    host_.message.add_checkpoints(fresh_->Sign(checkpoint.Text()));
  }
  absl::StatusOr<entry::NoteSigner> fresh_ = entry::NoteSigner::Create(
      "mtcr.example/leem", *crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
};

TEST_F(UnknownLogKeyTest, IsNoEvidenceWhileTheDirectoryIsHalfPublished) {
  const auto agency = sdk::Agency::Load(folder_.File("client"));
  ASSERT_OK(agency);
  const std::string before = *base::ReadFile(folder_.File("directory.sig"));
  regime_.Edit([&](auto& d) {
    for (auto& service : *d.mutable_services()) {
      if (service.group() == "leem") service.add_log_keys(fresh_->Vkey());
    }
  });
  WriteConfig();
  ASSERT_TRUE(base::WriteFileAtomically(folder_.File("directory.sig"), before));
  auto client =
      sdk::Client::Over(*agency, "leem", server_->InProcessChannel(grpc::ChannelArguments()),
                        std::make_shared<Publisher>([&] { WriteConfig(); }));
  EXPECT_OK(client->Follow({.state_file = folder_.File("state"), .until_current = true},
                           [](const sdk::VerifiedEntry&) { return absl::OkStatus(); }));
  EXPECT_FALSE(base::ReadFile(folder_.File("state.evidence")).has_value());
  EXPECT_EQ(host_.acknowledged, 1);
}

TEST_F(UnknownLogKeyTest, IsEvidenceOnceTheDirectoryStaysBroken) {
  const auto agency = sdk::Agency::Load(folder_.File("client"));
  ASSERT_OK(agency);
  ASSERT_TRUE(base::WriteFileAtomically(folder_.File("directory.sig"), "broken"));
  auto waiter = std::make_shared<Publisher>([] {});
  auto client = sdk::Client::Over(*agency, "leem",
                                  server_->InProcessChannel(grpc::ChannelArguments()), waiter);
  ExpectEvidence(client->Follow({.state_file = folder_.File("state"), .until_current = true},
                                [](const sdk::VerifiedEntry&) { return absl::OkStatus(); }));
  EXPECT_EQ(waiter->waited(), 100) << "ten seconds";
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
  LeaveOut("all");
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

// What is served without its document must be ordered erased, at the place that is named.
class WithheldTest : public HostileHostTest {
 protected:
  // The entry as it goes out once it was erased.
  static pb::Entry Without(pb::Entry entry, uint64_t erased_at) {
    entry.set_signed_document(Remains(entry.signed_document()));
    entry.set_erased_at(erased_at);
    return entry;
  }
  static std::string Remains(const std::string& signed_document) {
    return entry::RemainsOf(signed_document).value();
  }
  // Of "1" at index 0, or "2" at 1.
  pb::SignedDocument Order(const std::string& of, const pb::SignedDocument& document,
                           const std::string& state = "jp", const std::string& remains = "") {
    const std::string what = remains.empty() ? Remains(document.SerializeAsString()) : remains;
    return regime_.Sign(regime_.Erasure("e" + of, regime_.Denial(state, "x"),
                                        "partners/jp/denials/" + of, TestRegime::DigestOf(document),
                                        of == "1" ? 0 : 1, crypto::Sha256(what)));
  }
  const pb::SignedDocument first_ = Denial("1");
  const pb::SignedDocument second_ = Denial("2");
};

TEST_F(WithheldTest, WhatWasOrderedErasedIsFollowed) {
  Deliver("all", Without(Record(first_, 0), 2));
  Deliver("all", Record(second_, 1));
  Deliver("all", Record(Order("1", first_), 2));
  Finish();
  EXPECT_OK(Follow());
  EXPECT_EQ(handled_, 3);
  EXPECT_EQ(host_.acknowledged, 1);
}

TEST_F(WithheldTest, NothingOrdersIt) {
  Deliver("all", Without(Record(first_, 0), 1));
  Deliver("all", Record(second_, 1));
  Finish();
  ExpectEvidence(Follow());
}

// Whoever erases while it is read out is no liar: the order comes with the next run. Until then
// nothing is acknowledged, and the copy does not count as current.
TEST_F(WithheldTest, TheOrderIsSaidToCome) {
  Deliver("all", Without(Record(first_, 0), 7));
  Deliver("all", Record(second_, 1));
  Finish();
  EXPECT_THAT(Follow(), HasReason(base::Reason::kCopyIncomplete));
  EXPECT_EQ(host_.acknowledged, 0);
}

TEST_F(WithheldTest, TheOrderIsForAnother) {
  Deliver("all", Without(Record(first_, 0), 2));
  Deliver("all", Record(second_, 1));
  Deliver("all", Record(Order("2", second_), 2));
  Finish();
  ExpectEvidence(Follow());
}

TEST_F(WithheldTest, TheOrderIsAnotherStates) {
  Deliver("all", Without(Record(first_, 0), 1));
  Deliver("all", Record(Order("1", first_, "nz"), 1));
  Finish();
  ExpectEvidence(Follow());
}

TEST_F(WithheldTest, TheOrderVouchesForOtherRemains) {
  Deliver("all", Without(Record(first_, 0), 1));
  Deliver("all", Record(Order("1", first_, "jp", "other remains"), 1));
  Finish();
  ExpectEvidence(Follow());
}

TEST_F(WithheldTest, WhatRemainsIsOfAnotherLedgerOrState) {
  pb::Entry entry = Without(Record(first_, 0), 1);
  pb::SignedDocument remains;
  pb::Document header;
  ASSERT_TRUE(remains.ParseFromString(entry.signed_document()));
  ASSERT_TRUE(header.ParseFromString(remains.document()));
  header.set_originator("partners/nz/agencies/licensing");
  remains.set_document(header.SerializeAsString());
  entry.set_signed_document(remains.SerializeAsString());
  Deliver("all", entry);
  Finish();
  ExpectEvidence(Follow());
}

TEST_F(WithheldTest, OneOrderIsForTwo) {
  Deliver("all", Without(Record(first_, 0), 2));
  Deliver("all", Without(Record(second_, 1), 2));
  Deliver("all", Record(Order("1", first_), 2));
  Finish();
  ExpectEvidence(Follow());
}

TEST_F(WithheldTest, TheOrderIsLeftOutByAFilter) {
  Deliver("all", Without(Record(first_, 0), 1));
  LeaveOut("all");
  Finish();
  ExpectEvidence(Follow("originator=jp"));
}

// The question stays over runs: a host that ends each stream before the order comes is found.
TEST_F(WithheldTest, TheOrderMayComeInAnotherRunAndMustCome) {
  Deliver("all", Without(Record(first_, 0), 1));
  host_.message.set_cursor("c");
  EXPECT_THAT(Follow(), HasReason(base::Reason::kCopyIncomplete));
  host_.message.Clear();
  Deliver("all", Record(second_, 1));
  Finish();
  ExpectEvidence(Follow());
}

}  // namespace
}  // namespace entente
