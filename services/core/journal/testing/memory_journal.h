// A journal in memory: the simplest thing that keeps the laws. Thread-safe.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_TESTING_MEMORY_JOURNAL_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_TESTING_MEMORY_JOURNAL_H_

#include "services/core/base/mutex.h"
#include "services/core/journal/journal.h"

namespace entente::journal::testing {

class MemoryJournal final : public Journal {
 public:
  absl::Status Append(uint64_t expected_head, std::span<const Record> batch) override;
  absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end, size_t bytes_max) override;
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) override;
  uint64_t Head() override;
  // Flips one bit of a stored body or header, as a bad disk would.
  void Corrupt(uint64_t position, size_t byte);

 private:
  base::Mutex mutex_;
  std::vector<Record> records_ ABSL_GUARDED_BY(mutex_);
  std::vector<base::Digest> chain_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::journal::testing

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_TESTING_MEMORY_JOURNAL_H_
