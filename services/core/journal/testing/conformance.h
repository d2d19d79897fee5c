// The laws of journal::Journal as one suite that every engine runs.
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, JournalConformance, ::testing::Values(MakeSqlite));
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_TESTING_CONFORMANCE_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_TESTING_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/crypto/hash.h"
#include "services/core/journal/journal.h"

namespace entente::journal::testing {

using base::testing::HasReason;
using base::testing::StatusIs;

// Makes an empty journal, or opens again the one it made for the same fixture.
using JournalFactory = std::function<std::unique_ptr<Journal>(const std::string& directory)>;

inline Record MakeRecord(uint64_t number, size_t size = 100) {
  Record record;
  record.kind = static_cast<RecordKind>(1 + number % 3);
  record.header = "header " + std::to_string(number);
  record.body = std::string(size, static_cast<char>('a' + number % 26));
  record.body_digest = crypto::Sha256(record.body);
  return record;
}

class JournalConformance : public ::testing::TestWithParam<JournalFactory> {
 protected:
  void SetUp() override {
    journal_ = GetParam()(directory_.path());
    ASSERT_NE(journal_, nullptr);
  }
  absl::Status AppendOne(uint64_t number) {
    const Record record = MakeRecord(number);
    return journal_->Append(journal_->Head(), std::span(&record, 1));
  }

  base::testing::TempDir directory_;
  std::unique_ptr<Journal> journal_;
};

TEST_P(JournalConformance, StartsEmptyAndReadsNothing) {
  EXPECT_EQ(journal_->Head(), 0u);
  EXPECT_OK(journal_->Read(0, 0, 1000));
  EXPECT_THAT(journal_->Read(0, 1, 1000), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_P(JournalConformance, ReadsBackEveryByteInOrder) {
  std::vector<Record> batch;
  for (uint64_t i = 0; i < 50; ++i) batch.push_back(MakeRecord(i, i * 37));
  ASSERT_OK(journal_->Append(0, batch));
  ASSERT_OK_AND_ASSIGN(auto read, journal_->Read(0, 50, 1 << 20));
  ASSERT_EQ(read.size(), 50u);
  for (uint64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(read[i].kind, batch[i].kind);
    EXPECT_EQ(read[i].header, batch[i].header);
    EXPECT_EQ(read[i].body, batch[i].body);
    EXPECT_EQ(read[i].body_digest, batch[i].body_digest);
  }
}

TEST_P(JournalConformance, ReadsAnyPositionsInTheOrderAskedAndCutsThemShort) {
  std::vector<Record> batch;
  for (uint64_t i = 0; i < 50; ++i) batch.push_back(MakeRecord(i, 1000));
  ASSERT_OK(journal_->Append(0, batch));
  const std::vector<uint64_t> positions = {49, 0, 7, 7, 1, 30};
  ASSERT_OK_AND_ASSIGN(const auto read, journal_->ReadAt(positions, 1 << 20));
  ASSERT_EQ(read.size(), positions.size());
  for (size_t i = 0; i < positions.size(); ++i) {
    EXPECT_EQ(read[i].header, batch[positions[i]].header);
    EXPECT_EQ(read[i].body, batch[positions[i]].body);
    EXPECT_EQ(read[i].body_digest, batch[positions[i]].body_digest);
  }
  ASSERT_OK_AND_ASSIGN(const auto one, journal_->ReadAt(positions, 0));
  EXPECT_EQ(one.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const auto some, journal_->ReadAt(positions, 2500));
  EXPECT_EQ(some.size(), 3u);
  EXPECT_EQ(some.back().body, batch[7].body);
  ASSERT_OK_AND_ASSIGN(const auto none, journal_->ReadAt({}, 1 << 20));
  EXPECT_TRUE(none.empty());
  for (const size_t most : {size_t{0}, size_t{1} << 20}) {
    EXPECT_THAT(journal_->ReadAt(std::vector<uint64_t>{3, 50}, most),
                StatusIs(absl::StatusCode::kOutOfRange));
  }
}

TEST_P(JournalConformance, RefusesAMovedHeadAndWritesNothing) {
  ASSERT_OK(AppendOne(0));
  const Record record = MakeRecord(1);
  for (uint64_t head : {0u, 2u, 100u}) {
    const absl::Status status = journal_->Append(head, std::span(&record, 1));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
    EXPECT_THAT(status, HasReason(base::Reason::kJournalHeadMoved));
  }
  EXPECT_EQ(journal_->Head(), 1u);
}

TEST_P(JournalConformance, ReadIsCutShortByBytesButNeverEmpty) {
  for (uint64_t i = 0; i < 10; ++i) ASSERT_OK(AppendOne(i));
  ASSERT_OK_AND_ASSIGN(auto one, journal_->Read(3, 10, 1));
  EXPECT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].header, "header 3");
  ASSERT_OK_AND_ASSIGN(auto some, journal_->Read(3, 10, 250));
  EXPECT_EQ(some.size(), 3u);
}

TEST_P(JournalConformance, RefusesRangesBeyondTheHead) {
  ASSERT_OK(AppendOne(0));
  EXPECT_THAT(journal_->Read(0, 2, 1000), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(journal_->Read(2, 2, 1000), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(journal_->Read(1, 0, 1000), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_P(JournalConformance, ErasesTheBodyOfADocumentAndNothingElse) {
  for (uint64_t i = 0; i < 7; ++i) ASSERT_OK(AppendOne(i));
  ASSERT_OK(journal_->Erase(3, "remains", 5));
  ASSERT_OK(journal_->Erase(3, "other remains", 6)) << "it is erased already";
  ASSERT_OK_AND_ASSIGN(const auto read, journal_->Read(0, 7, 1 << 20));
  for (uint64_t i = 0; i < 7; ++i) {
    const Record whole = MakeRecord(i);
    EXPECT_EQ(read[i].erased_at, i == 3 ? std::optional<uint64_t>(5) : std::nullopt);
    EXPECT_EQ(read[i].body, i == 3 ? "remains" : whole.body);
    EXPECT_EQ(read[i].bytes(), whole.body.size());
    EXPECT_EQ(read[i].body_digest, whole.body_digest);
    EXPECT_EQ(read[i].header, whole.header);
  }
  EXPECT_OK(AppendOne(7)) << "the chain is what it was";
  EXPECT_OK(journal_->Read(0, 8, 1 << 20));
}

TEST_P(JournalConformance, ErasesNothingButDocuments) {
  for (uint64_t i = 0; i < 3; ++i) ASSERT_OK(AppendOne(i));
  for (const uint64_t position : {1, 2, 3}) {
    EXPECT_THAT(journal_->Erase(position, "remains", 5), HasReason(base::Reason::kIndexOutOfRange));
  }
  ASSERT_OK_AND_ASSIGN(const auto read, journal_->Read(0, 3, 1 << 20));
  EXPECT_EQ(read[1].body, MakeRecord(1).body);
}

// As a backup or a restored journal gets it.
TEST_P(JournalConformance, TakesARecordThatWasErasedElsewhere) {
  ASSERT_OK(AppendOne(0));
  Record record = MakeRecord(3);
  record.body = "remains";
  record.erased_at = (uint64_t{1} << 40) + 5;
  record.whole_bytes = 100;
  ASSERT_OK(journal_->Append(1, std::span(&record, 1)));
  ASSERT_OK(AppendOne(2));
  ASSERT_OK_AND_ASSIGN(const auto read, journal_->Read(0, 3, 1 << 20));
  EXPECT_EQ(read[1].erased_at, record.erased_at);
  EXPECT_EQ(read[1].body, "remains");
  EXPECT_EQ(read[1].bytes(), 100u);
  EXPECT_EQ(read[1].body_digest, MakeRecord(3).body_digest);
  EXPECT_FALSE(read[0].erased_at.has_value());
}

TEST_P(JournalConformance, AnEmptyBatchChangesNothing) {
  ASSERT_OK(journal_->Append(0, {}));
  EXPECT_EQ(journal_->Head(), 0u);
}

}  // namespace entente::journal::testing

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_TESTING_CONFORMANCE_H_
