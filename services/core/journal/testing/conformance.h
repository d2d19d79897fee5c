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

TEST_P(JournalConformance, AnEmptyBatchChangesNothing) {
  ASSERT_OK(journal_->Append(0, {}));
  EXPECT_EQ(journal_->Head(), 0u);
}

}  // namespace entente::journal::testing

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_TESTING_CONFORMANCE_H_
