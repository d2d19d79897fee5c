// The embedded engine: one SQLite file in WAL mode with synchronous=FULL. The database itself
// refuses changes to what was written. One process at a time writes, held by a lock file beside it.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_SQLITE_SQLITE_JOURNAL_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_SQLITE_SQLITE_JOURNAL_H_

#include <functional>
#include <memory>
#include <string>

#include "services/core/journal/journal.h"

namespace entente::journal {

class SqliteJournal final : public Journal {
 public:
  struct Options {
    std::string path;
    std::string service;     // as in "mtcr.example/leem"; a file of another service is refused
    bool read_only = false;  // for fsck: no lock, nothing is created
    bool check_integrity = false;  // run SQLite's own integrity check on opening
    // The write-ahead log starts over once it passes this: it is copied back beside the commits all
    // the time, and what is left then by the writer itself.
    uint64_t wal_bytes_max = 256 << 20;
  };
  // Opens or makes the file. DATA_LOSS/JOURNAL_CORRUPT where its schema or counts are not as
  // written; FAILED_PRECONDITION/JOURNAL_FORMAT for another format; UNAVAILABLE if another process
  // holds it.
  static absl::StatusOr<std::unique_ptr<SqliteJournal>> Open(Options options);
  ~SqliteJournal() override;

  // Copies the journal at `path` to the new file `out` by SQLite's online backup, while a service
  // may be writing it: a state that was committed at one moment. `progress` gets pages done and in
  // all.
  static absl::Status Backup(const std::string& path, const std::string& out,
                             const std::function<void(int done, int total)>& progress);

  // JOURNAL_FAULTED once the disk has failed: nothing more is taken until a restart.
  absl::Status Refresh() override;
  absl::Status Append(uint64_t expected_head, std::span<const Record> batch) override;
  absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end, size_t bytes_max) override;
  // Nothing of the body is left in the database's own files.
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) override;
  uint64_t Head() override;

 private:
  class Impl;
  explicit SqliteJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace entente::journal

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_SQLITE_SQLITE_JOURNAL_H_
