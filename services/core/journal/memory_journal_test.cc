// The memory journal keeps the laws, so that tests above it mean something.
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/journal/testing/conformance.h"

namespace entente::journal::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, JournalConformance,
                         ::testing::Values([](const std::string&) -> std::unique_ptr<Journal> {
                           return std::make_unique<MemoryJournal>();
                         }));

TEST(MemoryJournalTest, ACorruptRecordIsNeverReturned) {
  MemoryJournal journal;
  const Record record = MakeRecord(0);
  ASSERT_OK(journal.Append(0, std::span(&record, 1)));
  journal.Corrupt(0, 5);
  EXPECT_THAT(journal.Read(0, 1, 1000), HasReason(base::Reason::kJournalCorrupt));
}

}  // namespace
}  // namespace entente::journal::testing
