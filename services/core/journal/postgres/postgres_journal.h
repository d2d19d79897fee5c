// The replicated engine: one table of a PostgreSQL database, shared by any number of writers on any
// number of machines. Who inserts the next position first has it; the others learn that the head
// moved, catch up, validate again and try again. No leader, no lease: the database fails over, and
// the services with it.
//
// The database refuses changes to what was written, by triggers; give services a role that may only
// SELECT and INSERT (docs/OPERATING.md), and it cannot take the triggers away either. A database
// that was failed over to a standby without its last commits is noticed: what this process has read
// or written is compared with what is there, and JOURNAL_ROLLED_BACK stops it.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_POSTGRES_JOURNAL_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_POSTGRES_JOURNAL_H_

#include <memory>
#include <string>

#include "services/core/journal/journal.h"

namespace entente::journal {

class PostgresJournal final : public Journal {
 public:
  struct Options {
    std::string connection;  // libpq's, as in "host=db dbname=entente user=leem"
    std::string service;     // as in "mtcr.example/leem"; several services may share a database
    bool read_only = false;  // nothing is created or appended
    int poll_ms = 500;       // how often other writers are looked for besides notifications
  };
  // Opens, and makes the tables if they are not there. UNAVAILABLE/JOURNAL_FAULTED where the
  // database cannot be reached; FAILED_PRECONDITION/JOURNAL_FORMAT for another format.
  static absl::StatusOr<std::unique_ptr<PostgresJournal>> Open(Options options);
  ~PostgresJournal() override;

  absl::Status Append(uint64_t expected_head, std::span<const Record> batch) override;
  // At most 4,096 records at a time.
  absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end, size_t bytes_max) override;
  absl::StatusOr<std::vector<Record>> ReadAt(std::span<const uint64_t> positions,
                                             size_t bytes_max) override;
  // The database's own log and dead rows keep the body until they are recycled and vacuumed
  // (docs/runbooks/erase.md).
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) override;
  uint64_t Head() override;
  absl::Status Refresh() override;
  void Watch(std::function<void()> moved) override;

 private:
  class Impl;
  explicit PostgresJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace entente::journal

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_POSTGRES_JOURNAL_H_
