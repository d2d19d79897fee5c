#include "services/core/journal/postgres/postgres_journal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "services/core/base/mutex.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/journal/postgres/connection.h"

namespace entente::journal {
namespace {

using base::Reason;
using postgres::BinaryArray;
using postgres::BinaryInt;
using postgres::BinaryShort;
using postgres::BytesAt;
using postgres::Connection;
using postgres::IntAt;
using postgres::ResultPtr;

constexpr size_t kIdleMax = 4;  // connections for reading that are kept

// Made once per database, under a lock: two services may start at once. `chain` of a record is
// ChainDigest of journal.h.
constexpr const char* kSchema = R"sql(
BEGIN;
SELECT pg_advisory_xact_lock(7310573);
CREATE TABLE IF NOT EXISTS entente_journal (service text PRIMARY KEY, format bigint NOT NULL);
CREATE TABLE IF NOT EXISTS entente_record (
  service text NOT NULL REFERENCES entente_journal, position bigint NOT NULL CHECK (position >= 0),
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3), header bytea NOT NULL, body bytea NOT NULL,
  chain bytea NOT NULL CHECK (octet_length(chain) = 32),
  erased bytea CHECK (octet_length(erased) = 48), PRIMARY KEY (service, position));
CREATE OR REPLACE FUNCTION entente_refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE OR REPLACE TRIGGER record_is_never_deleted BEFORE DELETE ON entente_record
  FOR EACH ROW EXECUTE FUNCTION entente_refuse();
CREATE OR REPLACE TRIGGER record_is_erased_at_most BEFORE UPDATE ON entente_record
  FOR EACH ROW WHEN (NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND OLD.kind = 1 AND
    (NEW.service, NEW.position, NEW.kind, NEW.header, NEW.chain) =
    (OLD.service, OLD.position, OLD.kind, OLD.header, OLD.chain)))
  EXECUTE FUNCTION entente_refuse();
CREATE OR REPLACE TRIGGER record_is_never_emptied BEFORE TRUNCATE ON entente_record
  FOR EACH STATEMENT EXECUTE FUNCTION entente_refuse();
CREATE OR REPLACE TRIGGER journal_is_never_changed BEFORE UPDATE OR DELETE ON entente_journal
  FOR EACH ROW EXECUTE FUNCTION entente_refuse();
COMMIT;
)sql";

// Nothing is inserted unless $2 is the head, and the record before it the one that the writer
// knows; two writers that both see that meet at the primary key, and one of them learns that the
// other was first.
constexpr const char* kAppend = R"sql(
WITH head AS (
  SELECT coalesce(max(position) + 1, 0) AS size,
    coalesce((SELECT chain FROM entente_record WHERE service = $1 AND position = $2::bigint - 1),
             decode(repeat('00', 32), 'hex')) AS chain
  FROM entente_record WHERE service = $1),
added AS (
  INSERT INTO entente_record (service, position, kind, header, body, chain, erased)
  SELECT $1, $2::bigint + r.ordinality - 1, r.kind, r.header, r.body, r.chain,
    nullif(r.erased, ''::bytea)
  FROM head, unnest($3::smallint[], $4::bytea[], $5::bytea[], $6::bytea[], $9::bytea[])
    WITH ORDINALITY AS r (kind, header, body, chain, erased, ordinality)
  WHERE head.size = $2::bigint AND head.chain = $8::bytea
  RETURNING position)
SELECT count(*), pg_notify($7, '')::text FROM added)sql";

// The record before gives the chain to check against.
constexpr const char* kRead = R"sql(
SELECT position, kind, header, body, chain, erased FROM (
  SELECT *, sum(octet_length(header) + octet_length(body)) FILTER (WHERE position >= $2::bigint)
    OVER (ORDER BY position) - octet_length(header) - octet_length(body) AS before
  FROM entente_record
  WHERE service = $1 AND position >= $2::bigint - 1
    AND position < least($3::bigint, $2::bigint + 4096)) AS r
WHERE position <= $2::bigint OR before < $4::bigint
ORDER BY position)sql";

constexpr const char* kErase = R"sql(
UPDATE entente_record SET body = $3::bytea, erased = sha256(body) || int8send($4::bigint) ||
  int8send(octet_length(body))
WHERE service = $1 AND position = $2::bigint AND kind = 1 AND erased IS NULL)sql";
constexpr const char* kIsDocument = R"sql(SELECT 1::bigint FROM entente_record
WHERE service = $1 AND position = $2::bigint AND kind = 1)sql";

// A standby may be behind, which proves nothing.
constexpr const char* kHead = R"sql(
SELECT pg_is_in_recovery(), r.size, r.chain FROM (SELECT 1) AS one LEFT JOIN (
  SELECT position + 1 AS size, chain FROM entente_record WHERE service = $1
  ORDER BY position DESC LIMIT 1) AS r ON true)sql";
constexpr const char* kChain = R"sql(
SELECT chain FROM entente_record WHERE service = $1 AND position = $2::bigint)sql";

absl::Status Corrupt(std::string text) {
  return base::MakeRefusal(
      absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
      "the database: " + std::move(text) + "; restore a backup, do not repair");
}

}  // namespace

class PostgresJournal::Impl {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        channel_("entente_" + crypto::Sha256(options_.service).hex().substr(0, 16)) {}
  ~Impl() { Watch(nullptr); }

  absl::Status Start();
  absl::Status Append(uint64_t expected_head, std::span<const Record> batch);
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at);
  absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end, size_t bytes_max);
  uint64_t Head() const { return head_.load(std::memory_order_acquire); }
  absl::Status Refresh();
  void Watch(std::function<void()> moved);

 private:
  absl::StatusOr<Connection> Take();
  void GiveBack(Connection connection);
  absl::Status CheckFormat(Connection& connection);
  absl::Status RefreshOn(Connection& connection);
  absl::StatusOr<std::vector<Record>> Check(const PGresult* result, uint64_t begin,
                                            uint64_t end) const;
  absl::Status Insert(Connection& connection, uint64_t expected_head, std::span<const Record> batch,
                      const base::Digest& before, base::Digest& last);
  void Run(const std::function<void()>& moved);
  void WaitForNews(Connection* connection) const;

  const Options options_;
  const std::string channel_;
  std::atomic<uint64_t> head_{0};

  base::Mutex mutex_;
  std::vector<Connection> idle_ ABSL_GUARDED_BY(mutex_);
  // The newest record that this process has read or written: it must stay where it is.
  uint64_t known_size_ ABSL_GUARDED_BY(mutex_) = 0;
  base::Digest known_chain_ ABSL_GUARDED_BY(mutex_);

  int stop_fd_ = -1;
  std::thread watcher_;
};

absl::StatusOr<Connection> PostgresJournal::Impl::Take() {
  {
    base::MutexLock lock(mutex_);
    if (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connection::Open(options_.connection);
}

void PostgresJournal::Impl::GiveBack(Connection connection) {
  base::MutexLock lock(mutex_);
  if (!connection.usable()) return idle_.clear();  // whatever broke it has broken the others
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(connection));
}

absl::Status PostgresJournal::Impl::Start() {
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  ENTENTE_ASSIGN_OR_RETURN(const ResultPtr there,
                           connection.Run("SELECT count(*) FROM pg_attribute WHERE attrelid = "
                                          "to_regclass('entente_record') AND attname IN "
                                          "('position', 'erased') HAVING count(*) > 0"));
  if (PQntuples(there.get()) == 0) {
    if (options_.read_only) {
      return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                          "the database holds no journal of Entente");
    }
    ENTENTE_RETURN_IF_ERROR(connection.RunAll(kSchema));
  } else if (IntAt(there.get(), 0, 0) != 2) {
    return journal::CheckFormat("the database", kFormat - 1);  // its tables are of before
  }
  ENTENTE_RETURN_IF_ERROR(CheckFormat(connection));
  ENTENTE_RETURN_IF_ERROR(RefreshOn(connection));
  GiveBack(std::move(connection));
  return absl::OkStatus();
}

absl::Status PostgresJournal::Impl::CheckFormat(Connection& connection) {
  if (!options_.read_only) {
    const std::string row[] = {options_.service, BinaryInt(kFormat)};
    ENTENTE_RETURN_IF_ERROR(connection
                                .Run("INSERT INTO entente_journal VALUES ($1, $2::bigint) ON "
                                     "CONFLICT DO NOTHING",
                                     row)
                                .status());
  }
  const std::string service[] = {options_.service};
  ENTENTE_ASSIGN_OR_RETURN(
      const ResultPtr result,
      connection.Run("SELECT format FROM entente_journal WHERE service = $1", service));
  if (PQntuples(result.get()) != 1) {
    return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                        "the database holds no journal of {}", options_.service);
  }
  return journal::CheckFormat("the database", IntAt(result.get(), 0, 0));
}

absl::Status PostgresJournal::Impl::RefreshOn(Connection& connection) {
  uint64_t known_size = 0;
  base::Digest known_chain;
  {
    base::MutexLock lock(mutex_);
    known_size = known_size_;
    known_chain = known_chain_;
  }
  const std::string service[] = {options_.service};
  ENTENTE_ASSIGN_OR_RETURN(const ResultPtr newest, connection.Run(kHead, service));
  if (PQntuples(newest.get()) != 1 || BytesAt(newest.get(), 0, 0) != std::string_view("\0", 1)) {
    return base::WithRetry(base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted,
                                        "the database: is a standby"),
                           absl::Seconds(1));
  }
  const bool empty = PQgetisnull(newest.get(), 0, 1) != 0;
  const uint64_t size = empty ? 0 : static_cast<uint64_t>(IntAt(newest.get(), 0, 1));
  if (known_size > 0) {
    const std::string place[] = {options_.service, BinaryInt(static_cast<int64_t>(known_size - 1))};
    ENTENTE_ASSIGN_OR_RETURN(const ResultPtr there, connection.Run(kChain, place));
    if (PQntuples(there.get()) != 1 || BytesAt(there.get(), 0, 0) != known_chain.view()) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalRolledBack,
                          "the database has lost record {}, which was there: was it failed over "
                          "to a standby that was behind? (docs/runbooks/restore.md)",
                          known_size - 1);
    }
  }
  const auto chain = empty ? base::Digest() : base::Digest::From(BytesAt(newest.get(), 0, 2));
  if (!chain.has_value()) return Corrupt("the last chain digest is malformed");
  base::MutexLock lock(mutex_);
  if (size > known_size_) {
    known_size_ = size;
    known_chain_ = *chain;
  }
  head_.store(known_size_, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status PostgresJournal::Impl::Refresh() {
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  const absl::Status status = RefreshOn(connection);
  GiveBack(std::move(connection));
  return status;
}

absl::Status PostgresJournal::Impl::Insert(Connection& connection, uint64_t expected_head,
                                           std::span<const Record> batch,
                                           const base::Digest& before, base::Digest& last) {
  std::vector<std::string> kinds, chains, erased;
  last = before;
  for (const Record& record : batch) {
    last = ChainDigest(last, record);
    kinds.push_back(BinaryShort(static_cast<int16_t>(record.kind)));
    chains.push_back(last.str());
    erased.push_back(ErasedColumn(record));
  }
  std::vector<std::string_view> headers, bodies;
  for (const Record& record : batch) {
    headers.push_back(record.header);
    bodies.push_back(record.body);
  }
  const auto views = [](const std::vector<std::string>& texts) {
    return std::vector<std::string_view>(texts.begin(), texts.end());
  };
  const std::string parameters[] = {options_.service,
                                    BinaryInt(static_cast<int64_t>(expected_head)),
                                    BinaryArray(postgres::kShortOid, views(kinds)),
                                    BinaryArray(postgres::kByteaOid, headers),
                                    BinaryArray(postgres::kByteaOid, bodies),
                                    BinaryArray(postgres::kByteaOid, views(chains)),
                                    channel_,
                                    before.str(),
                                    BinaryArray(postgres::kByteaOid, views(erased))};
  ENTENTE_ASSIGN_OR_RETURN(const ResultPtr result, connection.Run(kAppend, parameters));
  if (IntAt(result.get(), 0, 0) == static_cast<int64_t>(batch.size())) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kAborted, Reason::kJournalHeadMoved, "head is not {}",
                      expected_head);
}

absl::Status PostgresJournal::Impl::Append(uint64_t expected_head, std::span<const Record> batch) {
  base::Digest before;
  {
    base::MutexLock lock(mutex_);
    if (expected_head != known_size_) {
      return base::Refuse(absl::StatusCode::kAborted, Reason::kJournalHeadMoved,
                          "head is {}, not {}", known_size_, expected_head);
    }
    before = known_chain_;
  }
  if (batch.empty()) return absl::OkStatus();
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  base::Digest last;
  absl::Status status = Insert(connection, expected_head, batch, before, last);
  if (status.ok()) {
    base::MutexLock lock(mutex_);
    // The watcher may have seen it already, and more.
    if (known_size_ < expected_head + batch.size()) {
      known_size_ = expected_head + batch.size();
      known_chain_ = last;
      head_.store(known_size_, std::memory_order_release);
    }
  } else if (status.code() == absl::StatusCode::kAborted) {
    if (const absl::Status seen = RefreshOn(connection); !seen.ok()) status = seen;
  }
  GiveBack(std::move(connection));
  return status;
}

// Every record against its chain, and the chain against what this process knows.
absl::StatusOr<std::vector<Record>> PostgresJournal::Impl::Check(const PGresult* result,
                                                                 uint64_t begin,
                                                                 uint64_t end) const {
  std::vector<Record> records;
  base::Digest chain;
  uint64_t next = begin == 0 ? 0 : begin - 1;
  for (int row = 0; row < PQntuples(result); ++row, ++next) {
    const auto stored = base::Digest::From(BytesAt(result, row, 4));
    if (IntAt(result, row, 0) != static_cast<int64_t>(next) || !stored) {
      return Corrupt(fmt::format("record {} is out of place", next));
    }
    if (next < begin) {
      chain = *stored;
      continue;
    }
    Record record;
    record.kind = static_cast<RecordKind>(IntAt(result, row, 1));
    record.header = BytesAt(result, row, 2);
    record.body = BytesAt(result, row, 3);
    const bool reads = ReadErasedColumn(BytesAt(result, row, 5), record);
    chain = ChainDigest(chain, record);
    if (!reads || chain != *stored) return Corrupt(fmt::format("record {} fails its check", next));
    records.push_back(std::move(record));
  }
  if (records.empty() && begin < end) return Corrupt(fmt::format("record {} is gone", begin));
  return records;
}

absl::StatusOr<std::vector<Record>> PostgresJournal::Impl::Read(uint64_t begin, uint64_t end,
                                                                size_t bytes_max) {
  if (begin > end || end > Head()) {
    return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange, "head is {}",
                        Head());
  }
  if (begin == end) return std::vector<Record>();
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  const std::string range[] = {options_.service, BinaryInt(static_cast<int64_t>(begin)),
                               BinaryInt(static_cast<int64_t>(end)),
                               BinaryInt(static_cast<int64_t>(bytes_max))};
  const auto result = connection.Run(kRead, range);
  GiveBack(std::move(connection));
  ENTENTE_RETURN_IF_ERROR(result.status());
  return Check(result->get(), begin, end);
}

absl::Status PostgresJournal::Impl::Erase(uint64_t position, std::string_view remains,
                                          uint64_t erased_at) {
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  const std::string place[] = {options_.service, BinaryInt(static_cast<int64_t>(position)),
                               std::string(remains), BinaryInt(static_cast<int64_t>(erased_at))};
  const auto document = connection.Run(kIsDocument, std::span(place).first(2));
  absl::Status status = document.status();
  if (status.ok() && PQntuples(document->get()) == 0) status = NothingToErase(position);
  if (status.ok()) status = connection.Run(kErase, place).status();
  GiveBack(std::move(connection));
  return status;
}

void PostgresJournal::Impl::Watch(std::function<void()> moved) {
  if (watcher_.joinable()) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
    watcher_.join();
    ::close(stop_fd_);
    stop_fd_ = -1;
  }
  if (moved == nullptr) return;
  stop_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  watcher_ = std::thread([this, moved = std::move(moved)] { Run(moved); });
}

// Until something was notified, the time to poll has come, or this is stopped.
void PostgresJournal::Impl::WaitForNews(Connection* connection) const {
  pollfd waits[] = {{stop_fd_, POLLIN, 0},
                    {connection == nullptr ? -1 : PQsocket(connection->handle()), POLLIN, 0}};
  ::poll(waits, 2, options_.poll_ms);
  if (connection == nullptr || PQconsumeInput(connection->handle()) == 0) return;
  while (PGnotify* notified = PQnotifies(connection->handle())) PQfreemem(notified);
}

void PostgresJournal::Impl::Run(const std::function<void()>& moved) {
  std::unique_ptr<Connection> listener;
  uint64_t told = Head();
  uint64_t stop = 0;
  // Notifications only wake: what is asked of the table is the truth.
  while (::read(stop_fd_, &stop, sizeof stop) < 0) {
    if (listener == nullptr || !listener->usable()) {
      listener.reset();
      if (auto opened = Connection::Open(options_.connection); opened.ok()) {
        listener = std::make_unique<Connection>(*std::move(opened));
        if (!listener->RunAll("LISTEN " + channel_).ok()) listener.reset();
      }
    }
    // A loss is told, too: whoever catches up next learns of it.
    const absl::Status seen = Refresh();
    if (Head() != told || seen.code() == absl::StatusCode::kDataLoss) {
      told = Head();
      moved();
    }
    WaitForNews(listener.get());
  }
}

PostgresJournal::PostgresJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PostgresJournal::~PostgresJournal() = default;

absl::StatusOr<std::unique_ptr<PostgresJournal>> PostgresJournal::Open(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  ENTENTE_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<PostgresJournal>(new PostgresJournal(std::move(impl)));
}

absl::Status PostgresJournal::Append(uint64_t expected_head, std::span<const Record> batch) {
  return impl_->Append(expected_head, batch);
}
absl::StatusOr<std::vector<Record>> PostgresJournal::Read(uint64_t begin, uint64_t end,
                                                          size_t bytes_max) {
  return impl_->Read(begin, end, bytes_max);
}
absl::Status PostgresJournal::Erase(uint64_t position, std::string_view remains,
                                    uint64_t erased_at) {
  return impl_->Erase(position, remains, erased_at);
}
uint64_t PostgresJournal::Head() { return impl_->Head(); }
absl::Status PostgresJournal::Refresh() { return impl_->Refresh(); }
void PostgresJournal::Watch(std::function<void()> moved) { impl_->Watch(std::move(moved)); }

}  // namespace entente::journal
