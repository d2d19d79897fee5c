// What is kept is verified again without the service, and whatever was done to the folder is found.
#include "clients/sdk/saved_ledgers.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "clients/sdk/chain.h"
#include "services/core/entry/remains.h"
#include "tests/integration/lying_host.h"

namespace entente::sdk {
namespace {

namespace fs = std::filesystem;
using base::testing::HasReason;

class SavedLedgersTest : public testing::LyingHostTest {
 protected:
  // Follows all that the host delivers into the folder.
  absl::Status Follow(const std::string& filter = "") {
    auto client = Connect();
    return saved_.Follow(*client,
                         {.filter = filter, .until_current = true, .retry = {.attempts_max = 0}});
  }
  SavedLedger Verify() {
    auto ledgers = saved_.Verify(regime_.directory(), "leem");
    EXPECT_OK(ledgers);
    EXPECT_EQ(ledgers->size(), 1u);
    return ledgers->at(0);
  }
  std::string Path(uint64_t index) const { return saved_.EntryPath("all", index); }
  // The first fault's words; empty if there is none.
  std::string Fault() {
    const SavedLedger ledger = Verify();
    return ledger.faults.empty() ? "" : base::Text(ledger.faults[0].status);
  }
  void Deliver3() {
    for (const char* reference : {"1", "2", "3"}) {
      Deliver("all", Record(Denial(reference), trees_["all"].size()));
    }
    Finish();
  }

  SavedLedgers saved_{folder_.File("inbox")};
};

TEST_F(SavedLedgersTest, WhatIsKeptIsVerifiedAndRead) {
  Deliver3();
  ASSERT_OK(Follow());
  const SavedLedger ledger = Verify();
  EXPECT_EQ(ledger.group, "leem");
  EXPECT_EQ(ledger.entries, 3u);
  EXPECT_EQ(ledger.root, trees_["all"].Root());
  EXPECT_FALSE(ledger.waits());
  ASSERT_OK_AND_ASSIGN(auto entries,
                       saved_.Read(regime_.directory(), "leem", [](const VerifiedEntry& entry) {
                         return IsOfChain(entry.name(), "partners/jp/denials/2");
                       }));
  ASSERT_OK_AND_ASSIGN(const Chain chain, ChainOf(std::move(entries), "partners/jp/denials/2"));
  EXPECT_EQ(chain[0].document.reference(), "2");
  EXPECT_EQ(fs::status(folder_.File("inbox")).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(Path(0)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SavedLedgersTest, NoFolderIsSaid) {
  EXPECT_THAT(saved_.Verify(regime_.directory(), "leem").status(),
              HasReason(base::Reason::kFieldInvalid));
}

TEST_F(SavedLedgersTest, WhateverWasDoneToTheFolderIsFound) {
  Deliver3();
  ASSERT_OK(Follow());
  const std::string first = *base::ReadFile(Path(0));
  const std::string second = *base::ReadFile(Path(1));
  const auto write = [&](uint64_t index, const std::string& bytes) {
    ASSERT_TRUE(base::WriteFileAtomically(Path(index), bytes));
  };
  write(1, first);
  EXPECT_THAT(Fault(), ::testing::HasSubstr("is entry 0, not 1"));
  write(1, "damaged");
  EXPECT_THAT(Fault(), ::testing::HasSubstr("does not parse"));
  pb::Entry other = Record(Denial("other"), 1);
  write(1, other.SerializeAsString());
  EXPECT_THAT(Fault(), ::testing::HasSubstr("root")) << "of the state, and not what was recorded";
  EXPECT_THAT(saved_.Read(regime_.directory(), "leem", nullptr).status(),
              HasReason(base::Reason::kProofInvalid));
  fs::remove(Path(1));
  EXPECT_THAT(Fault(), ::testing::HasSubstr("entries 1 to 1 are missing"));
  write(1, second);
  EXPECT_EQ(Fault(), "");
  fs::remove(Path(2));
  EXPECT_THAT(Fault(), ::testing::HasSubstr("2 entries, but the checkpoint covers 3"));
  const std::string note = saved_.CheckpointPath("all");
  std::string forged = *base::ReadFile(note);
  forged.replace(forged.find("\n3\n"), 3, "\n2\n");
  ASSERT_TRUE(base::WriteFileAtomically(note, forged));
  EXPECT_NE(Fault(), "");
  fs::remove(note);
  EXPECT_EQ(Fault(), "");
  EXPECT_EQ(Verify().uncovered, 2u) << "nothing wrong with them, and no evidence either";
}

TEST_F(SavedLedgersTest, WhatIsThereIsNotWrittenOver) {
  Deliver3();
  ASSERT_OK(Follow());
  fs::remove(folder_.File("inbox") + "/cursor");
  ASSERT_OK(Follow()) << "the same again";
  ASSERT_TRUE(base::WriteFileAtomically(Path(1), "something else"));
  fs::remove(folder_.File("inbox") + "/cursor");
  EXPECT_THAT(Follow(), HasReason(base::Reason::kLedgerForked));
  EXPECT_EQ(*base::ReadFile(Path(1)), "something else");
}

TEST_F(SavedLedgersTest, WhatAFilterLeavesOutIsKeptByItsHash) {
  Deliver("all", Record(Denial("1"), 0));
  LeaveOut("all");
  Finish();
  ASSERT_OK(Follow("originator=jp"));
  EXPECT_EQ(Fault(), "");
  EXPECT_EQ(Verify().entries, 1u);
  EXPECT_EQ(Verify().skipped, 1u);
  ASSERT_TRUE(base::WriteFileAtomically(saved_.SkippedPath("all", 1), crypto::Sha256("x").hex()));
  EXPECT_THAT(Fault(), ::testing::HasSubstr("root"));
}

TEST_F(SavedLedgersTest, AnOrderToEraseIsCarriedOutInTheCopy) {
  const pb::SignedDocument first = Denial("1");
  Deliver("all", Record(first, 0));
  const std::string remains = entry::RemainsOf(first.SerializeAsString()).value();
  const auto order = [&](const std::string& what) {
    return regime_.Sign(regime_.Erasure("e1", regime_.Denial("jp", "1"), "partners/jp/denials/1",
                                        testing::TestRegime::DigestOf(first), 0,
                                        crypto::Sha256(what)));
  };
  Deliver("all", Record(order(remains), 1));
  Finish();
  ASSERT_OK(Follow());
  pb::Entry kept;
  ASSERT_TRUE(kept.ParseFromString(*base::ReadFile(Path(0))));
  EXPECT_EQ(kept.signed_document(), remains);
  EXPECT_EQ(kept.erased_at(), 1u);
  EXPECT_EQ(Fault(), "");
  // The order is lost: what is there without its words is nobody's.
  fs::remove(Path(1));
  EXPECT_NE(Fault(), "");
}

// What remains is the host's word until somebody has ordered it: nobody is shown it before.
TEST_F(SavedLedgersTest, WhatCameErasedIsNotReadBeforeTheOrderIsThere) {
  const pb::SignedDocument first = Denial("1");
  pb::Entry withheld = Record(first, 0);
  withheld.set_signed_document(entry::RemainsOf(first.SerializeAsString()).value());
  withheld.set_erased_at(7);
  Deliver("all", withheld);
  Deliver("all", Record(Denial("2"), 1));
  Finish();
  EXPECT_THAT(Follow(), HasReason(base::Reason::kCopyIncomplete));
  EXPECT_EQ(Fault(), "");
  EXPECT_TRUE(Verify().waits());
  bool waits = false;
  ASSERT_OK_AND_ASSIGN(const auto entries,
                       saved_.Read(regime_.directory(), "leem", nullptr, &waits));
  EXPECT_TRUE(waits);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name(), "partners/jp/denials/2");
}

TEST_F(SavedLedgersTest, WhatIsThereTwiceOrIsNoLedgerIsTold) {
  Deliver3();
  ASSERT_OK(Follow());
  fs::create_directories(folder_.File("inbox") + "/lost+found");
  fs::permissions(folder_.File("inbox") + "/lost+found", fs::perms::none);
  EXPECT_EQ(Fault(), "") << "nobody's ledger";
  ASSERT_TRUE(base::WriteFileAtomically(saved_.SkippedPath("all", 1), crypto::Sha256("x").hex()));
  EXPECT_THAT(Fault(), ::testing::HasSubstr("is there twice"));
}

TEST_F(SavedLedgersTest, AnOrderForOtherRemainsChangesNothing) {
  const pb::SignedDocument first = Denial("1");
  Deliver("all", Record(first, 0));
  const pb::Document order =
      regime_.Erasure("e1", regime_.Denial("jp", "1"), "partners/jp/denials/1",
                      testing::TestRegime::DigestOf(first), 0, crypto::Sha256("other"));
  Deliver("all", Record(regime_.Sign(order), 1));
  Finish();
  EXPECT_THAT(Follow(), HasReason(base::Reason::kCopyIncomplete));
  pb::Entry kept;
  ASSERT_TRUE(kept.ParseFromString(*base::ReadFile(Path(0))));
  EXPECT_EQ(kept.signed_document(), first.SerializeAsString());
}

}  // namespace
}  // namespace entente::sdk
