// Notes, checkpoints and cursors: another implementation's notes verify, tampered ones do not.
#include "services/core/entry/entry.h"

#include <gtest/gtest.h>

#include <random>

#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/cursor.h"
#include "services/core/merkle/merkle.h"

namespace entente::entry {
namespace {

using base::testing::HasReason;

// The example of C2SP signed-note.
constexpr char kExampleVkey[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kExampleNote[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(NoteTest, TheSpecificationsExampleVerifies) {
  ASSERT_OK_AND_ASSIGN(auto key, NoteVerifier::FromVkey(kExampleVkey));
  EXPECT_OK(OpenNote(kExampleNote, std::span(&key, 1)));
}

TEST(NoteTest, TesserasCheckpointsVerify) {
  auto note = base::ReadFile("../shared/vectors/tessera/testdata/log/checkpoint.7");
  if (!note) GTEST_SKIP() << "no ../shared/vectors on this machine";
  ASSERT_OK_AND_ASSIGN(auto key,
                       NoteVerifier::FromVkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6f"
                                              "ASMsq3rKNx280NI+oO5xCFkkSx"));
  ASSERT_OK_AND_ASSIGN(auto checkpoint,
                       OpenCheckpoint(*note, "example.com/log/testdata", std::span(&key, 1)));
  EXPECT_EQ(checkpoint.head.size, 7u);
  EXPECT_FALSE(OpenCheckpoint(*note, "example.com/log/other", std::span(&key, 1)).ok());
}

TEST(NoteTest, EveryChangedByteIsFound) {
  ASSERT_OK_AND_ASSIGN(auto key, NoteVerifier::FromVkey(kExampleVkey));
  const std::string note = kExampleNote;
  for (size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] ^= 1;
    EXPECT_THAT(OpenNote(changed, std::span(&key, 1)), HasReason(base::Reason::kCheckpointInvalid))
        << i;
  }
}

TEST(NoteTest, UnknownSignaturesAreIgnoredAndAreNotEnough) {
  ASSERT_OK_AND_ASSIGN(auto key, NoteVerifier::FromVkey(kExampleVkey));
  ASSERT_OK_AND_ASSIGN(auto private_key, crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
  ASSERT_OK_AND_ASSIGN(auto signer, NoteSigner::Create("other", private_key));
  const std::string other = signer.Sign("text\n");
  EXPECT_FALSE(OpenNote(other, std::span(&key, 1)).ok());
  ASSERT_OK_AND_ASSIGN(auto other_key, NoteVerifier::FromVkey(signer.Vkey()));
  EXPECT_OK(OpenNote(other, std::span(&other_key, 1)));
  const std::string both = other + "\xe2\x80\x94 unknown AAAAAAAA\n";
  EXPECT_OK(OpenNote(both, std::span(&other_key, 1)));
}

TEST(CheckpointTest, RefusesWhatIsNotCanonical) {
  const std::string root = base::ToBase64(merkle::EmptyRoot().view());
  EXPECT_OK(Checkpoint::Parse("o\n7\n" + root + "\n"));
  for (const std::string& text : std::vector<std::string>{
           "o\n07\n" + root + "\n", "o\n-7\n" + root + "\n", "o\n7\nAAAA\n", "\n7\n" + root + "\n",
           "o\n7\n" + root, std::string("o\n7\n"), "o\n99999999999999999999\n" + root + "\n"}) {
    EXPECT_FALSE(Checkpoint::Parse(text).ok()) << text;
  }
}

TEST(CursorTest, RoundTripsAndRefusesOthers) {
  Cursor cursor;
  cursor.next = {{"all", 7}, {"x" + std::string(32, '0'), 0}};
  const std::string bytes = cursor.Encode("t/leem");
  ASSERT_OK_AND_ASSIGN(auto again, Cursor::Decode("t/leem", bytes));
  EXPECT_EQ(again.next, cursor.next);
  EXPECT_FALSE(Cursor::Decode("t/leem", "entente-cursor-v1\nt/leem\nno-ledger 1\n").ok())
      << "what no ledger is called would only cost memory";
  EXPECT_THAT(Cursor::Decode("t/iem", bytes), HasReason(base::Reason::kCursorMalformed));
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string noise = bytes;
    noise[random() % noise.size()] = static_cast<char>(random());
    Cursor::Decode("t/leem", noise).status().IgnoreError();  // must not crash
    EXPECT_FALSE(Cursor::Decode("t/leem", noise.substr(0, random() % bytes.size())).ok() &&
                 noise.size() < 20);
  }
}

TEST(AudienceTest, LedgerIdsComeFromTheSetAndTheGroup) {
  pb::Audience two;
  two.mutable_listed()->add_states("jp");
  two.mutable_listed()->add_states("kr");
  pb::Audience three = two;
  three.mutable_listed()->add_states("nz");
  EXPECT_EQ(LedgerIdOf("leem", two), LedgerIdOf("leem", two));
  EXPECT_NE(LedgerIdOf("leem", two), LedgerIdOf("leem", three));
  EXPECT_NE(LedgerIdOf("leem", two), LedgerIdOf("iem", two));
  EXPECT_TRUE(Includes(two, "kr", true));
  EXPECT_FALSE(Includes(two, "nz", true));
  EXPECT_FALSE(Includes(two, "kr", false)) << "a state that left stops reading";
  pb::Audience all;
  all.mutable_all_partners();
  EXPECT_FALSE(Includes(all, "xx", false));
}

}  // namespace
}  // namespace entente::entry
