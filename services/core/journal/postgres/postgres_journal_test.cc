#include "services/core/journal/postgres/postgres_journal.h"

#include <thread>

#include "services/core/base/mutex.h"
#include "services/core/journal/postgres/connection.h"
#include "services/core/journal/postgres/testing/postgres_server.h"
#include "services/core/journal/testing/conformance.h"

namespace entente::journal {
namespace {

using base::Reason;
using testing::MakeRecord;
using testing::PostgresServer;

PostgresServer* Server() {
  static const std::unique_ptr<PostgresServer> server = PostgresServer::Start();
  return server.get();
}

std::unique_ptr<PostgresJournal> OpenAs(const std::string& service) {
  auto journal = PostgresJournal::Open(
      {.connection = Server()->connection(), .service = service, .poll_ms = 60000});
  EXPECT_OK(journal);
  return journal.ok() ? *std::move(journal) : nullptr;
}

// What the service's own role may not do, an operator's superuser tries.
absl::Status Tamper(const std::string& sql) {
  auto connection = postgres::Connection::Open(Server()->connection());
  EXPECT_OK(connection);
  return connection->RunAll(sql);
}

#define REQUIRE_POSTGRES() \
  if (Server() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed"

class PostgresJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_POSTGRES();
    service_ = std::string("mtcr.example/") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name();
    one_ = OpenAs(service_);
    other_ = OpenAs(service_);
    ASSERT_NE(one_, nullptr);
    ASSERT_NE(other_, nullptr);
  }
  static absl::Status AppendOne(Journal& journal, uint64_t number) {
    const Record record = MakeRecord(number);
    return journal.Append(journal.Head(), std::span(&record, 1));
  }

  std::string service_;
  std::unique_ptr<PostgresJournal> one_, other_;
};

TEST_F(PostgresJournalTest, OfTwoWritersOneIsFirstAndTheOtherLearnsOfIt) {
  ASSERT_OK(AppendOne(*one_, 0));
  EXPECT_EQ(other_->Head(), 0u);
  EXPECT_THAT(AppendOne(*other_, 1), base::testing::HasReason(Reason::kJournalHeadMoved));
  EXPECT_EQ(other_->Head(), 1u) << "it has looked";
  ASSERT_OK_AND_ASSIGN(const auto read, other_->Read(0, 1, 1000));
  EXPECT_EQ(read[0].header, "header 0");
  EXPECT_OK(AppendOne(*other_, 1));
  EXPECT_OK(one_->Refresh());
  EXPECT_EQ(one_->Head(), 2u);
}

// Each of four writers appends its own records until all are in, whoever is first.
TEST_F(PostgresJournalTest, ManyWritersLeaveNoGapAndLoseNothing) {
  constexpr int kWriters = 4, kEach = 40;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      auto journal = OpenAs(service_);
      for (int i = 0; i < kEach;) {
        Record record = MakeRecord(static_cast<uint64_t>(i));
        record.header = fmt::format("{}:{}", writer, i);
        const absl::Status status = journal->Append(journal->Head(), std::span(&record, 1));
        if (status.ok()) ++i;
        ASSERT_TRUE(status.ok() || status.code() == absl::StatusCode::kAborted)
            << base::Text(status);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_OK(one_->Refresh());
  ASSERT_EQ(one_->Head(), static_cast<uint64_t>(kWriters * kEach));
  ASSERT_OK_AND_ASSIGN(const auto read, one_->Read(0, one_->Head(), 1 << 20));
  std::map<std::string, int> next;
  for (const Record& record : read) {
    const std::string writer = record.header.substr(0, 1);
    EXPECT_EQ(record.header, fmt::format("{}:{}", writer, next[writer]++));
  }
}

TEST_F(PostgresJournalTest, AWatcherHearsOfWhatOthersAppend) {
  base::Mutex mutex;
  base::CondVar heard;
  bool told = false;
  one_->Watch([&] {
    base::MutexLock lock(mutex);
    told = true;
    heard.NotifyAll();
  });
  // Notified, not polled: the next poll would be in a minute. What came before it listened it sees
  // when it looks first.
  ASSERT_OK(AppendOne(*other_, 0));
  {
    base::MutexLock lock(mutex);
    while (!told) heard.Wait(mutex);
  }
  EXPECT_EQ(one_->Head(), 1u);
  one_->Watch(nullptr);
}

TEST_F(PostgresJournalTest, ServicesDoNotSeeEachOther) {
  ASSERT_OK(AppendOne(*one_, 0));
  auto elsewhere = OpenAs(service_ + "-2");
  EXPECT_EQ(elsewhere->Head(), 0u);
  ASSERT_OK(AppendOne(*elsewhere, 5));
  ASSERT_OK(one_->Refresh());
  EXPECT_EQ(one_->Head(), 1u);
}

TEST_F(PostgresJournalTest, TheDatabaseRefusesChanges) {
  ASSERT_OK(AppendOne(*one_, 0));
  for (const std::string sql :
       {"UPDATE entente_record SET body = 'x'", "DELETE FROM entente_record",
        "TRUNCATE entente_record", "DELETE FROM entente_journal"}) {
    const absl::Status status = Tamper(sql);
    EXPECT_FALSE(status.ok()) << sql;
  }
}

TEST_F(PostgresJournalTest, ChangedBytesAreFoundAndNotServed) {
  for (uint64_t i = 0; i < 3; ++i) ASSERT_OK(AppendOne(*one_, i));
  ASSERT_OK(Tamper("ALTER TABLE entente_record DISABLE TRIGGER ALL"));
  ASSERT_OK(Tamper("UPDATE entente_record SET body = 'x' WHERE position = 1 AND service = '" +
                   service_ + "'"));
  ASSERT_OK(Tamper("ALTER TABLE entente_record ENABLE TRIGGER ALL"));
  EXPECT_THAT(one_->Read(0, 3, 1 << 20), base::testing::HasReason(Reason::kJournalCorrupt));
  EXPECT_OK(one_->Read(0, 1, 1));
  const auto read_at = [&](std::vector<uint64_t> positions) {
    return one_->ReadAt(positions, 1 << 20).status();
  };
  EXPECT_THAT(read_at({0, 1}), base::testing::HasReason(Reason::kJournalCorrupt));
  EXPECT_OK(read_at({2, 0}));
}

TEST_F(PostgresJournalTest, ARecordThatIsGoneIsMissedAmongManyToo) {
  for (uint64_t i = 0; i < 4; ++i) ASSERT_OK(AppendOne(*one_, i));
  ASSERT_OK(Tamper("ALTER TABLE entente_record DISABLE TRIGGER ALL"));
  ASSERT_OK(
      Tamper("DELETE FROM entente_record WHERE position = 1 AND service = '" + service_ + "'"));
  ASSERT_OK(Tamper("ALTER TABLE entente_record ENABLE TRIGGER ALL"));
  for (const std::vector<uint64_t>& positions :
       std::vector<std::vector<uint64_t>>{{1}, {0, 1, 3}, {1, 0}, {2}}) {
    EXPECT_THAT(one_->ReadAt(positions, 1 << 20),
                base::testing::HasReason(Reason::kJournalCorrupt));
  }
  EXPECT_OK(one_->ReadAt(std::vector<uint64_t>{3, 0}, 1 << 20));
}

// As after a failover to a standby that had not yet received the last commits.
TEST_F(PostgresJournalTest, ADatabaseThatLostRecordsIsRefused) {
  for (uint64_t i = 0; i < 3; ++i) ASSERT_OK(AppendOne(*one_, i));
  ASSERT_OK(other_->Refresh());
  ASSERT_OK(Tamper("ALTER TABLE entente_record DISABLE TRIGGER ALL"));
  ASSERT_OK(
      Tamper("DELETE FROM entente_record WHERE position = 2 AND service = '" + service_ + "'"));
  ASSERT_OK(Tamper("ALTER TABLE entente_record ENABLE TRIGGER ALL"));
  EXPECT_THAT(one_->Refresh(), base::testing::HasReason(Reason::kJournalRolledBack));
  EXPECT_THAT(AppendOne(*one_, 3), base::testing::HasReason(Reason::kJournalRolledBack));
  // Also where somebody who never saw them has gone on in another way.
  auto innocent = OpenAs(service_);
  ASSERT_OK(AppendOne(*innocent, 7));
  // The head is where it was, and not what it was: nothing is put on top of it.
  EXPECT_THAT(AppendOne(*one_, 8), base::testing::HasReason(Reason::kJournalRolledBack));
  ASSERT_OK(innocent->Refresh());
  EXPECT_EQ(innocent->Head(), 3u);
  EXPECT_THAT(other_->Refresh(), base::testing::HasReason(Reason::kJournalRolledBack));
}

TEST_F(PostgresJournalTest, ADatabaseThatCrashesLosesNothingAndIsFoundAgain) {
  ASSERT_OK(AppendOne(*one_, 0));
  Server()->CrashAndRestart();
  // The first call may meet the connection that broke; the next makes a new one.
  const absl::Status first = one_->Refresh();
  EXPECT_TRUE(first.ok() || first.code() == absl::StatusCode::kUnavailable) << base::Text(first);
  EXPECT_OK(one_->Refresh());
  EXPECT_EQ(one_->Head(), 1u);
  EXPECT_OK(AppendOne(*one_, 1));
}

TEST_F(PostgresJournalTest, AnotherFormatIsRefusedWithAClearWord) {
  ASSERT_OK(Tamper("ALTER TABLE entente_journal DISABLE TRIGGER ALL"));
  ASSERT_OK(Tamper("UPDATE entente_journal SET format = 1 WHERE service = '" + service_ + "'"));
  ASSERT_OK(Tamper("ALTER TABLE entente_journal ENABLE TRIGGER ALL"));
  EXPECT_THAT(PostgresJournal::Open({.connection = Server()->connection(), .service = service_}),
              base::testing::HasReason(Reason::kJournalFormat));
}

TEST_F(PostgresJournalTest, ARoleThatMayOnlyAddIsEnough) {
  ASSERT_OK(
      Tamper("DO $$ BEGIN CREATE ROLE leem LOGIN; EXCEPTION WHEN duplicate_object THEN END "
             "$$; GRANT SELECT, INSERT ON entente_journal, entente_record TO leem"));
  std::string connection = Server()->connection();
  connection.replace(connection.find("user=entente"), 12, "user=leem");
  auto journal = PostgresJournal::Open({.connection = connection, .service = service_});
  ASSERT_OK(journal);
  EXPECT_OK(AppendOne(**journal, 0));
  EXPECT_EQ((*journal)->Head(), 1u);
}

TEST(PostgresJournalOpenTest, AnUnreachableDatabaseIsUnavailable) {
  EXPECT_THAT(PostgresJournal::Open({.connection = "host=/nowhere dbname=x", .service = "s"}),
              base::testing::HasReason(Reason::kJournalFaulted));
}

}  // namespace

namespace testing {

// One service per test: they share the database. Without PostgreSQL there is nothing to
// instantiate.
INSTANTIATE_TEST_SUITE_P(Postgres, JournalConformance,
                         ::testing::ValuesIn(Server() == nullptr
                                                 ? std::vector<JournalFactory>()
                                                 : std::vector<JournalFactory>{OpenAs}));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalConformance);

}  // namespace testing
}  // namespace entente::journal
