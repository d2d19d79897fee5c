// What is particular to the SQLite engine: it survives reopening, the database refuses changes, and
// no flipped bit is served.
#include "services/core/journal/sqlite/sqlite_journal.h"

#include <sqlite3.h>

#include <filesystem>

#include "services/core/base/files.h"
#include "services/core/journal/testing/conformance.h"

namespace entente::journal::testing {
namespace {

std::unique_ptr<Journal> OpenIn(const std::string& directory) {
  auto journal = SqliteJournal::Open({.path = directory + "/j.db", .service = "t/leem"});
  EXPECT_OK(journal);
  return journal.ok() ? *std::move(journal) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Sqlite, JournalConformance, ::testing::Values(OpenIn));

class SqliteJournalTest : public ::testing::Test {
 protected:
  void Fill(uint64_t count) {
    auto journal = OpenIn(directory_.path());
    for (uint64_t i = journal->Head(), end = i + count; i < end; ++i) {
      const Record record = MakeRecord(i);
      ASSERT_OK(journal->Append(i, std::span(&record, 1)));
    }
  }
  // Opens and reads everything; OK if all of it passes its checks.
  absl::Status ReadAll() {
    ENTENTE_ASSIGN_OR_RETURN(
        auto journal,
        SqliteJournal::Open({.path = path_, .service = "t/leem", .check_integrity = true}));
    return journal->Read(0, journal->Head(), 1 << 30).status();
  }
  // Runs SQL as somebody with a shell on the host would.
  std::string Run(const std::string& sql) {
    sqlite3* db = nullptr;
    char* error = nullptr;
    sqlite3_open(path_.c_str(), &db);
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error);
    std::string text = error == nullptr ? "" : error;
    sqlite3_free(error);
    sqlite3_close(db);
    return text;
  }

  base::testing::TempDir directory_;
  const std::string path_ = directory_.File("j.db");
};

// However long it is written, and however often it was killed.
TEST_F(SqliteJournalTest, TheWriteAheadLogIsBounded) {
  constexpr uint64_t kMost = 1 << 20;
  const auto wal_bytes = [&](const std::string& path) {
    return std::filesystem::exists(path + "-wal") ? std::filesystem::file_size(path + "-wal") : 0;
  };
  auto journal = SqliteJournal::Open({.path = path_, .service = "t/leem", .wal_bytes_max = kMost});
  ASSERT_OK(journal);
  for (uint64_t i = 0; i < 100; ++i) {
    const Record record = MakeRecord(i, 64 << 10);
    ASSERT_OK((*journal)->Append(i, std::span(&record, 1)));
    ASSERT_LT(wal_bytes(path_), kMost + (256 << 10)) << i;
  }
  // As a kill leaves it: the files as they are, nothing closed.
  const std::string killed = directory_.File("killed.db");
  std::filesystem::copy_file(path_, killed);
  std::filesystem::copy_file(path_ + "-wal", killed + "-wal");
  ASSERT_GT(wal_bytes(killed), 0u);
  auto again = SqliteJournal::Open({.path = killed, .service = "t/leem"});
  ASSERT_OK(again);
  EXPECT_EQ(wal_bytes(killed), 0u);
  EXPECT_EQ((*again)->Head(), 100u);
}

TEST_F(SqliteJournalTest, KeepsRecordsOverReopening) {
  Fill(3);
  Fill(3);
  auto journal = OpenIn(directory_.path());
  EXPECT_EQ(journal->Head(), 6u);
  ASSERT_OK_AND_ASSIGN(auto records, journal->Read(0, 6, 1 << 20));
  EXPECT_EQ(records[5].header, "header 5");
}

TEST_F(SqliteJournalTest, TheDatabaseItselfRefusesChanges) {
  Fill(3);
  EXPECT_EQ(Run("UPDATE record SET kind = 2"), "journal is append-only");
  EXPECT_EQ(Run("UPDATE record SET body = x'00' WHERE position = 0"), "journal is append-only");
  const std::string erased = "UPDATE record SET erased = zeroblob(48), ";
  EXPECT_EQ(Run(erased + "header = x'00' WHERE position = 0"), "journal is append-only");
  EXPECT_EQ(Run(erased + "body = x'00' WHERE position = 1"), "journal is append-only")
      << "no document";
  EXPECT_EQ(Run("DELETE FROM record"), "journal is append-only");
  EXPECT_EQ(Run("INSERT INTO record VALUES (9, 1, x'00', x'00', zeroblob(32), NULL)"),
            "journal has no gaps");
  EXPECT_OK(ReadAll());
}

TEST_F(SqliteJournalTest, RefusesAStoreWhoseGuardsWereRemoved) {
  Fill(1);
  EXPECT_EQ(Run("DROP TRIGGER record_is_never_deleted"), "");
  EXPECT_THAT(ReadAll(), HasReason(base::Reason::kJournalCorrupt));
}

TEST_F(SqliteJournalTest, RefusesAChangedRecord) {
  Fill(5);
  EXPECT_EQ(Run("UPDATE record SET body = x'00', erased = zeroblob(48) WHERE position = 3"), "");
  EXPECT_THAT(ReadAll(), HasReason(base::Reason::kJournalCorrupt)) << "of another body";
}

TEST_F(SqliteJournalTest, NothingOfAnErasedBodyIsLeftInItsFiles) {
  auto journal = OpenIn(directory_.path());
  ASSERT_NE(journal, nullptr);
  const auto in_files = [&](const std::string& words) {
    return (base::ReadFile(path_).value() + base::ReadFile(path_ + "-wal").value_or(""))
               .find(words) != std::string::npos;
  };
  Record record = testing::MakeRecord(0, 20000);  // on pages of its own, too
  record.body.replace(15000, 17, "Mrs Example's own");
  record.body_digest = crypto::Sha256(record.body);
  ASSERT_OK(journal->Append(0, std::span(&record, 1)));
  EXPECT_TRUE(in_files("Mrs Example's own"));
  ASSERT_OK(journal->Erase(0, "remains", 7));
  EXPECT_FALSE(in_files("Mrs Example's own"));
  journal.reset();
  journal = OpenIn(directory_.path());
  ASSERT_OK_AND_ASSIGN(const auto read, journal->Read(0, 1, 1));
  EXPECT_EQ(read[0].erased_at, 7u);
  EXPECT_EQ(read[0].body_digest, record.body_digest);
}

TEST_F(SqliteJournalTest, RefusesAnotherServicesFileAndAnotherFormat) {
  Fill(1);
  EXPECT_THAT(SqliteJournal::Open({.path = path_, .service = "t/iem"}),
              HasReason(base::Reason::kConfigurationInvalid));
  Run("DROP TRIGGER meta_is_never_updated");
  for (const int64_t other : {kFormat + 1, kFormat - 1}) {
    Run(fmt::format("UPDATE meta SET value = '{}' WHERE name = 'format'", other));
    EXPECT_THAT(ReadAll(), HasReason(base::Reason::kJournalFormat)) << other;
  }
}

TEST_F(SqliteJournalTest, OnlyOneProcessWrites) {
  auto first = OpenIn(directory_.path());
  EXPECT_THAT(SqliteJournal::Open({.path = path_, .service = "t/leem"}),
              StatusIs(absl::StatusCode::kUnavailable));
}

// Flips bits all over the closed file. Each time the store is either refused or gives back exactly
// what was written (the flip hit unused space); it never gives back anything else.
TEST_F(SqliteJournalTest, NoFlippedBitIsServed) {
  Fill(40);
  const std::string original = *base::ReadFile(path_);
  int refused = 0;
  int trials = 0;
  for (size_t at = 0; at < original.size(); at += 61, ++trials) {
    std::string bytes = original;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    ASSERT_TRUE(base::WriteFileAtomically(path_, bytes));
    auto journal = SqliteJournal::Open({.path = path_, .service = "t/leem"});
    if (!journal.ok() || (*journal)->Head() != 40) {
      ++refused;
      continue;
    }
    auto records = (*journal)->Read(0, 40, 1 << 30);
    if (!records.ok()) {
      ++refused;
      continue;
    }
    for (uint64_t i = 0; i < 40; ++i) {
      ASSERT_EQ((*records)[i].header, MakeRecord(i).header) << "flip at byte " << at;
      ASSERT_EQ((*records)[i].body, MakeRecord(i).body) << "flip at byte " << at;
    }
  }
  EXPECT_GT(refused, trials / 8);
}

// The write-ahead log as a kill leaves it. A flipped bit in its middle is refused; in its last
// transaction it cannot be told from a torn tail; it never gives back anything else.
TEST_F(SqliteJournalTest, NoFlippedBitInTheLogLosesWhatWasAcknowledged) {
  std::string database;
  std::string wal;
  {
    auto journal = OpenIn(directory_.path());
    for (uint64_t i = 0; i < 20; ++i) {
      const Record record = MakeRecord(i);
      ASSERT_OK(journal->Append(i, std::span(&record, 1)));
    }
    database = *base::ReadFile(path_);
    wal = *base::ReadFile(path_ + "-wal");
  }
  ASSERT_GT(wal.size(), 20u * 8192);
  base::testing::TempDir elsewhere;
  const std::string copy = elsewhere.File("copy.db");
  const auto head_with = [&](const std::string& log) -> absl::StatusOr<uint64_t> {
    base::WriteFileAtomically(copy, database);
    base::WriteFileAtomically(copy + "-wal", log);
    ENTENTE_ASSIGN_OR_RETURN(auto journal,
                             SqliteJournal::Open({.path = copy, .service = "t/leem"}));
    return journal->Head();
  };
  EXPECT_EQ(head_with(wal).value_or(0), 20u);
  int refused = 0;
  for (size_t at = 0; at < wal.size(); at += 1511) {
    std::string bytes = wal;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    const auto head = head_with(bytes);
    if (!head.ok()) ++refused;
    if (head.ok()) {
      EXPECT_GE(*head, 19u) << "flip at byte " << at;
    }
  }
  EXPECT_GT(refused, 90);
  for (size_t size = wal.size() - 1; size > wal.size() - 8192; size -= 977) {
    EXPECT_OK(head_with(wal.substr(0, size))) << "a torn tail is no damage";
  }
}

}  // namespace
}  // namespace entente::journal::testing
