#include "services/core/journal/sqlite/sqlite_journal.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "services/core/base/files.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/journal/sqlite/wal_check.h"

namespace entente::journal {
namespace {

using base::Reason;

constexpr int kReaders = 3;
constexpr int kBusyMs = 5000;
constexpr auto kCheckpointInterval = std::chrono::milliseconds(200);
// WAL frames (8 KiB each) worth copying back: each copy holds up the commits beside it.
constexpr int kCheckpointFrames = 4096;
constexpr uint64_t kFrameBytes = 8192 + 24;

// The schema, statement by statement; sqlite_schema must hold exactly these texts.
constexpr const char* kSchema[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE record (position INTEGER PRIMARY KEY, kind INTEGER NOT NULL CHECK (kind BETWEEN "
    "1 "
    "AND 3), header BLOB NOT NULL, body BLOB NOT NULL, chain BLOB NOT NULL CHECK (length(chain) = "
    "32), erased BLOB CHECK (erased IS NULL OR length(erased) = 48)) STRICT",
    "CREATE TRIGGER record_is_erased_at_most BEFORE UPDATE ON record WHEN NOT (OLD.erased IS NULL "
    "AND NEW.erased IS NOT NULL AND OLD.kind = 1 AND NEW.kind = OLD.kind AND NEW.position = "
    "OLD.position AND NEW.header = OLD.header AND NEW.chain = OLD.chain) BEGIN SELECT RAISE(ABORT, "
    "'journal is append-only'); END",
    "CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, "
    "'journal is append-only'); END",
    "CREATE TRIGGER record_has_no_gaps BEFORE INSERT ON record WHEN NEW.position <> (SELECT "
    "ifnull(max(position) + 1, 0) FROM record) BEGIN SELECT RAISE(ABORT, 'journal has no gaps'); "
    "END",
    "CREATE TRIGGER meta_is_never_updated BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'meta is "
    "fixed'); END",
    "CREATE TRIGGER meta_is_never_deleted BEFORE DELETE ON meta BEGIN SELECT RAISE(ABORT, 'meta is "
    "fixed'); END",
};

struct CloseDb {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using DbPtr = std::unique_ptr<sqlite3, CloseDb>;
using StatementPtr = std::unique_ptr<sqlite3_stmt, Finalize>;

absl::Status Corrupt(std::string_view path, std::string_view text) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
                      "{}: {}; restore a backup, do not repair", path, text);
}

// The refusal for a failed SQLite call.
absl::Status SqliteError(sqlite3* db, std::string_view path, std::string_view doing) {
  const int code = sqlite3_errcode(db);
  const std::string text = fmt::format("{}: {}: {}", path, doing, sqlite3_errmsg(db));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return base::WithRetry(
          base::MakeRefusal(absl::StatusCode::kResourceExhausted, Reason::kJournalFull, text),
          absl::Seconds(5));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Corrupt(path, text);
    default:
      return base::MakeRefusal(absl::StatusCode::kUnavailable, Reason::kJournalFaulted, text);
  }
}

absl::Status Execute(sqlite3* db, std::string_view path, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return SqliteError(db, path, sql);
}

StatementPtr Prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  return StatementPtr(statement);
}

std::string ColumnBytes(sqlite3_stmt* statement, int column) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
  return data == nullptr
             ? std::string()
             : std::string(data, static_cast<size_t>(sqlite3_column_bytes(statement, column)));
}

absl::StatusOr<std::string> QueryText(sqlite3* db, std::string_view path, const char* sql) {
  StatementPtr statement = Prepare(db, sql);
  if (statement == nullptr) return SqliteError(db, path, sql);
  const int step = sqlite3_step(statement.get());
  if (step == SQLITE_DONE) return std::string();
  if (step != SQLITE_ROW) return SqliteError(db, path, sql);
  return ColumnBytes(statement.get(), 0);
}

struct ReadConnection {
  DbPtr db;
  StatementPtr statement;
};

}  // namespace

class SqliteJournal::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}
  ~Impl() {
    {
      base::MutexLock lock(stop_mutex_);
      stopped_ = true;
    }
    stop_.NotifyAll();
    if (checkpointer_.joinable()) checkpointer_.join();
    {
      // Readers first: the last connection to close folds the WAL back, which only the writer can.
      base::MutexLock lock(readers_mutex_);
      readers_.clear();
    }
    insert_.reset();
    writer_.reset();
    if (lock_fd_ >= 0) ::close(lock_fd_);
  }

  absl::Status Start();
  absl::Status Refresh();
  absl::Status Append(uint64_t expected_head, std::span<const Record> batch);
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at);
  absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end, size_t bytes_max);
  uint64_t Head() const { return head_.load(std::memory_order_acquire); }

 private:
  absl::Status TakeLock();
  absl::StatusOr<DbPtr> Connect(bool read_only) const;
  absl::Status CreateSchema();
  absl::Status CheckSchema();
  absl::Status LoadHead();
  absl::Status InsertAll(uint64_t position, std::span<const Record> batch, base::Digest& chain);
  absl::StatusOr<std::vector<Record>> ReadOn(ReadConnection& connection, uint64_t begin,
                                             uint64_t end, size_t bytes_max);
  void RunCheckpoints();

  const Options options_;
  int lock_fd_ = -1;
  DbPtr writer_;
  StatementPtr insert_;
  std::atomic<uint64_t> head_{0};
  base::Digest chain_;    // of the last record; used by Append only
  bool faulted_ = false;  // after a failed sync nothing more may be acknowledged; the writer's

  base::Mutex readers_mutex_;
  base::CondVar reader_free_;
  std::vector<ReadConnection> readers_ ABSL_GUARDED_BY(readers_mutex_);

  base::Mutex stop_mutex_;
  base::CondVar stop_;
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
  std::atomic<int> wal_frames_{0};
  std::thread checkpointer_;
};

absl::Status SqliteJournal::Impl::TakeLock() {
  const std::string path = options_.path + ".lock";
  lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0 || ::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted,
                        "{}: another process writes this journal, or its folder cannot be written",
                        options_.path);
  }
  return absl::OkStatus();
}

absl::StatusOr<DbPtr> SqliteJournal::Impl::Connect(bool read_only) const {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int opened = sqlite3_open_v2(options_.path.c_str(), &raw, flags, nullptr);
  DbPtr db(raw);
  if (opened != SQLITE_OK) return SqliteError(raw, options_.path, "open");
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyMs);
  ENTENTE_RETURN_IF_ERROR(Execute(raw, options_.path,
                                  "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; "
                                  "PRAGMA mmap_size=0"));
  if (!read_only) {
    // SQLite would resume an interrupted WAL silently; that is what we want: it holds whole
    // commits.
    ENTENTE_RETURN_IF_ERROR(Execute(raw, options_.path,
                                    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; "
                                    "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; "
                                    "PRAGMA journal_size_limit=67108864; "
                                    "PRAGMA secure_delete=ON"));
  }
  return db;
}

absl::Status SqliteJournal::Impl::Start() {
  const bool exists = std::filesystem::exists(options_.path);
  if (options_.read_only && !exists) {
    return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound, "{}: no such file",
                        options_.path);
  }
  if (!options_.read_only) ENTENTE_RETURN_IF_ERROR(TakeLock());
  // Only while nobody writes; a reader beside a running service sees a log that moves.
  if (!options_.read_only && !WalIsWhole(base::ReadFile(options_.path + "-wal").value_or(""))) {
    return Corrupt(options_.path, "its write-ahead log is damaged in the middle");
  }
  ENTENTE_ASSIGN_OR_RETURN(writer_, Connect(options_.read_only));
  ENTENTE_ASSIGN_OR_RETURN(
      const std::string tables,
      QueryText(writer_.get(), options_.path, "SELECT count(*) FROM sqlite_schema"));
  if (tables == "0" && !options_.read_only) ENTENTE_RETURN_IF_ERROR(CreateSchema());
  ENTENTE_RETURN_IF_ERROR(CheckSchema());
  // What a killed service left is copied back before anything is served: else it would grow with
  // every kill. Should that fail, as on a full disk, the next append tells.
  if (!options_.read_only) {
    sqlite3_wal_checkpoint_v2(writer_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }
  ENTENTE_RETURN_IF_ERROR(LoadHead());
  for (int i = 0; i < kReaders; ++i) {
    ENTENTE_ASSIGN_OR_RETURN(DbPtr db, Connect(true));
    StatementPtr statement = Prepare(
        db.get(),
        "SELECT position, kind, header, body, chain, erased FROM record WHERE position >= ?1 AND "
        "position < ?2 ORDER BY position");
    if (statement == nullptr) return SqliteError(db.get(), options_.path, "prepare read");
    base::MutexLock lock(readers_mutex_);
    readers_.push_back({std::move(db), std::move(statement)});
  }
  if (!options_.read_only) {
    insert_ = Prepare(writer_.get(), "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    if (insert_ == nullptr) return SqliteError(writer_.get(), options_.path, "prepare insert");
    sqlite3_wal_hook(
        writer_.get(),
        [](void* self, sqlite3*, const char*, int frames) {
          static_cast<Impl*>(self)->wal_frames_ = frames;
          return SQLITE_OK;
        },
        this);
    checkpointer_ = std::thread([this] { RunCheckpoints(); });
  }
  return absl::OkStatus();
}

absl::Status SqliteJournal::Impl::CreateSchema() {
  ENTENTE_RETURN_IF_ERROR(Execute(writer_.get(), options_.path, "BEGIN IMMEDIATE"));
  for (const char* sql : kSchema) {
    ENTENTE_RETURN_IF_ERROR(Execute(writer_.get(), options_.path, sql));
  }
  StatementPtr insert = Prepare(writer_.get(), "INSERT INTO meta VALUES (?1, ?2)");
  const std::pair<std::string, std::string> rows[] = {{"format", std::to_string(kFormat)},
                                                      {"service", options_.service}};
  for (const auto& [name, value] : rows) {
    sqlite3_reset(insert.get());
    sqlite3_bind_text(insert.get(), 1, name.c_str(), -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(insert.get(), 2, value.c_str(), -1, SQLITE_TRANSIENT);
    if (sqlite3_step(insert.get()) != SQLITE_DONE) {
      return SqliteError(writer_.get(), options_.path, "write meta");
    }
  }
  insert.reset();
  return Execute(writer_.get(), options_.path, "COMMIT");
}

absl::Status SqliteJournal::Impl::CheckSchema() {
  sqlite3* db = writer_.get();
  ENTENTE_ASSIGN_OR_RETURN(
      const std::string format,
      QueryText(db, options_.path, "SELECT value FROM meta WHERE name = 'format'"));
  if (format.size() != 1 || format < "1" || format > "9") {
    return Corrupt(options_.path, "its format is unreadable");
  }
  ENTENTE_RETURN_IF_ERROR(CheckFormat(options_.path, format[0] - '0'));
  ENTENTE_ASSIGN_OR_RETURN(
      const std::string service,
      QueryText(db, options_.path, "SELECT value FROM meta WHERE name = 'service'"));
  if (!options_.service.empty() && service != options_.service) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "{} is the journal of {}, not of {}",
                                options_.path, service, options_.service);
  }
  std::string wanted;
  for (const char* sql : kSchema) wanted += std::string(sql) + "\n";
  ENTENTE_ASSIGN_OR_RETURN(
      const std::string found,
      QueryText(
          db, options_.path,
          "SELECT group_concat(sql || char(10), '') FROM (SELECT sql FROM sqlite_schema WHERE "
          "sql IS NOT NULL ORDER BY rowid)"));
  if (found != wanted) return Corrupt(options_.path, "its schema is not the one it was made with");
  if (options_.check_integrity) {
    ENTENTE_ASSIGN_OR_RETURN(const std::string result,
                             QueryText(db, options_.path, "PRAGMA integrity_check(1)"));
    if (result != "ok") return Corrupt(options_.path, result);
  }
  return absl::OkStatus();
}

absl::Status SqliteJournal::Impl::LoadHead() {
  StatementPtr statement =
      Prepare(writer_.get(), "SELECT position, chain FROM record ORDER BY position DESC LIMIT 1");
  if (statement == nullptr) return SqliteError(writer_.get(), options_.path, "read head");
  const int step = sqlite3_step(statement.get());
  if (step == SQLITE_DONE) return absl::OkStatus();
  if (step != SQLITE_ROW) return SqliteError(writer_.get(), options_.path, "read head");
  auto chain = base::Digest::From(ColumnBytes(statement.get(), 1));
  if (!chain.has_value()) return Corrupt(options_.path, "last chain digest is malformed");
  chain_ = *chain;
  head_ = static_cast<uint64_t>(sqlite3_column_int64(statement.get(), 0)) + 1;
  return absl::OkStatus();
}

absl::Status SqliteJournal::Impl::InsertAll(uint64_t position, std::span<const Record> batch,
                                            base::Digest& chain) {
  for (const Record& record : batch) {
    chain = ChainDigest(chain, record);
    sqlite3_stmt* s = insert_.get();
    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, static_cast<sqlite3_int64>(position++));
    sqlite3_bind_int(s, 2, static_cast<int>(record.kind));
    sqlite3_bind_blob64(s, 3, record.header.data(), record.header.size(), SQLITE_STATIC);
    // A null pointer would bind NULL; an empty body is an empty blob.
    sqlite3_bind_blob64(s, 4, record.body.empty() ? "" : record.body.data(), record.body.size(),
                        SQLITE_STATIC);
    sqlite3_bind_blob64(s, 5, chain.bytes.data(), chain.bytes.size(), SQLITE_TRANSIENT);
    const std::string erased = ErasedColumn(record);
    sqlite3_bind_null(s, 6);
    if (!erased.empty()) {
      sqlite3_bind_blob64(s, 6, erased.data(), erased.size(), SQLITE_TRANSIENT);
    }
    if (sqlite3_step(s) != SQLITE_DONE) return SqliteError(writer_.get(), options_.path, "insert");
  }
  sqlite3_reset(insert_.get());
  return absl::OkStatus();
}

// Who only reads looks for what the service has appended since.
absl::Status SqliteJournal::Impl::Refresh() {
  if (options_.read_only) return LoadHead();
  if (!faulted_) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted,
                      "{}: the disk failed earlier; restart once it is mended", options_.path);
}

absl::Status SqliteJournal::Impl::Append(uint64_t expected_head, std::span<const Record> batch) {
  ENTENTE_RETURN_IF_ERROR(Refresh());
  if (expected_head != Head()) {
    return base::Refuse(absl::StatusCode::kAborted, Reason::kJournalHeadMoved, "head is {}, not {}",
                        Head(), expected_head);
  }
  if (batch.empty()) return absl::OkStatus();
  base::Digest chain = chain_;
  absl::Status status = Execute(writer_.get(), options_.path, "BEGIN IMMEDIATE");
  if (status.ok()) status = InsertAll(expected_head, batch, chain);
  if (status.ok()) status = Execute(writer_.get(), options_.path, "COMMIT");
  if (!status.ok()) {
    sqlite3_reset(insert_.get());
    // A full disk rolls back cleanly. After any other error it is unknown what a sync has written,
    // and the page cache may now hold what the disk does not: nothing is acknowledged until a
    // restart.
    const bool full = base::ReasonOf(status) == std::string(ReasonName(Reason::kJournalFull));
    const bool rolled_back = sqlite3_get_autocommit(writer_.get()) != 0 ||
                             Execute(writer_.get(), options_.path, "ROLLBACK").ok();
    faulted_ = !full || !rolled_back;
    return status;
  }
  chain_ = chain;
  head_.store(expected_head + batch.size(), std::memory_order_release);
  // Under load the copies beside the commits never come to the log's end, where it starts over.
  // Waits for readers, whose pages are small; if one is slow, the next append tries again.
  if (static_cast<uint64_t>(wal_frames_) * kFrameBytes > options_.wal_bytes_max) {
    sqlite3_wal_checkpoint_v2(writer_.get(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  }
  return absl::OkStatus();
}

absl::Status SqliteJournal::Impl::Erase(uint64_t position, std::string_view remains,
                                        uint64_t erased_at) {
  ENTENTE_RETURN_IF_ERROR(Refresh());
  if (position >= Head()) return NothingToErase(position);
  ENTENTE_ASSIGN_OR_RETURN(auto records, Read(position, position + 1, 1));
  Record& record = records[0];
  if (record.kind != RecordKind::kDocument) return NothingToErase(position);
  sqlite3* db = writer_.get();
  if (!record.erased_at.has_value()) {
    record.erased_at = erased_at;
    record.whole_bytes = record.body.size();
    const std::string column = ErasedColumn(record);
    StatementPtr erase =
        Prepare(db, "UPDATE record SET body = ?2, erased = ?3 WHERE position = ?1");
    if (erase == nullptr) return SqliteError(db, options_.path, "prepare erase");
    sqlite3_bind_int64(erase.get(), 1, static_cast<sqlite3_int64>(position));
    sqlite3_bind_blob64(erase.get(), 2, remains.data(), remains.size(), SQLITE_STATIC);
    sqlite3_bind_blob64(erase.get(), 3, column.data(), column.size(), SQLITE_STATIC);
    if (sqlite3_step(erase.get()) != SQLITE_DONE) {
      const absl::Status status = SqliteError(db, options_.path, "erase");
      // As after an append that failed.
      faulted_ = base::ReasonOf(status) != std::string(ReasonName(Reason::kJournalFull));
      return status;
    }
  }
  // The file's own pages that held it are written over (secure_delete). The log, which has it
  // still, is copied back and emptied; that waits for readers, whose pages are small.
  // A backup reads for long: it is not waited for, and this is tried again.
  sqlite3_busy_timeout(db, 100);
  const int emptied =
      sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(db, kBusyMs);
  if (emptied != SQLITE_OK) {
    return SqliteError(db, options_.path, "empty the log of what was erased");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Record>> SqliteJournal::Impl::Read(uint64_t begin, uint64_t end,
                                                              size_t bytes_max) {
  if (begin > end || end > Head()) {
    return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange, "head is {}",
                        Head());
  }
  if (begin == end) return std::vector<Record>();
  ReadConnection connection;
  {
    base::MutexLock lock(readers_mutex_);
    while (readers_.empty()) reader_free_.Wait(readers_mutex_);
    connection = std::move(readers_.back());
    readers_.pop_back();
  }
  auto result = ReadOn(connection, begin, end, bytes_max);
  sqlite3_reset(connection.statement.get());
  {
    base::MutexLock lock(readers_mutex_);
    readers_.push_back(std::move(connection));
  }
  reader_free_.NotifyOne();
  return result;
}

absl::StatusOr<std::vector<Record>> SqliteJournal::Impl::ReadOn(ReadConnection& connection,
                                                                uint64_t begin, uint64_t end,
                                                                size_t bytes_max) {
  sqlite3_stmt* s = connection.statement.get();
  uint64_t next = begin == 0 ? 0 : begin - 1;  // the record before gives the chain to check against
  sqlite3_bind_int64(s, 1, static_cast<sqlite3_int64>(next));
  sqlite3_bind_int64(s, 2, static_cast<sqlite3_int64>(end));
  std::vector<Record> result;
  base::Digest chain;
  size_t bytes = 0;
  for (; next < end && (result.empty() || bytes < bytes_max); ++next) {
    const int step = sqlite3_step(s);
    if (step == SQLITE_DONE) return Corrupt(options_.path, fmt::format("record {} is gone", next));
    if (step != SQLITE_ROW) return SqliteError(connection.db.get(), options_.path, "read");
    const auto stored = base::Digest::From(ColumnBytes(s, 4));
    if (sqlite3_column_int64(s, 0) != static_cast<sqlite3_int64>(next) || !stored) {
      return Corrupt(options_.path, fmt::format("record {} is out of place", next));
    }
    if (next < begin) {
      chain = *stored;
      continue;
    }
    Record record;
    record.kind = static_cast<RecordKind>(sqlite3_column_int(s, 1));
    record.header = ColumnBytes(s, 2);
    record.body = ColumnBytes(s, 3);
    const bool reads = ReadErasedColumn(ColumnBytes(s, 5), record);
    chain = ChainDigest(chain, record);
    if (!reads || chain != *stored) {
      return Corrupt(options_.path, fmt::format("record {} fails its check", next));
    }
    bytes += record.header.size() + record.body.size();
    result.push_back(std::move(record));
  }
  return result;
}

// Copies the WAL back outside the commit path; PASSIVE never waits for readers or the writer.
void SqliteJournal::Impl::RunCheckpoints() {
  auto connected = Connect(false);
  if (!connected.ok()) return;  // commits go on; the WAL grows until the next start
  const DbPtr db = *std::move(connected);
  base::MutexLock lock(stop_mutex_);
  while (!stopped_) {
    stop_.WaitFor(stop_mutex_, kCheckpointInterval);
    if (stopped_ || wal_frames_ < kCheckpointFrames) continue;
    stop_mutex_.Unlock();
    sqlite3_wal_checkpoint_v2(db.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    stop_mutex_.Lock();
  }
}

SqliteJournal::SqliteJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteJournal::~SqliteJournal() = default;

absl::StatusOr<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  ENTENTE_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(impl)));
}

absl::Status SqliteJournal::Refresh() { return impl_->Refresh(); }

absl::Status SqliteJournal::Append(uint64_t expected_head, std::span<const Record> batch) {
  return impl_->Append(expected_head, batch);
}
absl::StatusOr<std::vector<Record>> SqliteJournal::Read(uint64_t begin, uint64_t end,
                                                        size_t bytes_max) {
  return impl_->Read(begin, end, bytes_max);
}
absl::Status SqliteJournal::Erase(uint64_t position, std::string_view remains, uint64_t erased_at) {
  return impl_->Erase(position, remains, erased_at);
}
uint64_t SqliteJournal::Head() { return impl_->Head(); }

absl::Status SqliteJournal::Backup(const std::string& path, const std::string& out,
                                   const std::function<void(int done, int total)>& progress) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
  DbPtr from(raw);
  if (opened != SQLITE_OK) return SqliteError(from.get(), path, "open");
  const int made =
      sqlite3_open_v2(out.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE, nullptr);
  DbPtr to(raw);
  if (made != SQLITE_OK) return SqliteError(to.get(), out, "create");
  sqlite3_busy_timeout(from.get(), 10000);
  // One transaction for all of it: a writer beside it must not make it start over.
  ENTENTE_RETURN_IF_ERROR(Execute(from.get(), path, "BEGIN"));
  ENTENTE_RETURN_IF_ERROR(QueryText(from.get(), path, "SELECT max(position) FROM record").status());
  sqlite3_backup* backup = sqlite3_backup_init(to.get(), "main", from.get(), "main");
  if (backup == nullptr) return SqliteError(to.get(), out, "backup");
  int step = SQLITE_OK;
  while (step == SQLITE_OK) {
    step = sqlite3_backup_step(backup, 1024);
    const int total = sqlite3_backup_pagecount(backup);
    if (progress) progress(total - sqlite3_backup_remaining(backup), total);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE || finished != SQLITE_OK) return SqliteError(to.get(), out, "backup");
  // A file by itself, without a log beside it, on the disk before it counts.
  ENTENTE_RETURN_IF_ERROR(QueryText(to.get(), out, "PRAGMA journal_mode = DELETE").status());
  to.reset();
  const int fd = ::open(out.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (synced) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted, "{}: cannot sync",
                      out);
}

}  // namespace entente::journal
