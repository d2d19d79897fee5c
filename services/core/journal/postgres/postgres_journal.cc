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
#include "services/core/journal/postgres/statements.h"

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

absl::Status BeyondHead(uint64_t head) {
  return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange, "head is {}", head);
}

absl::Status Corrupt(std::string text) {
  return base::MakeRefusal(
      absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
      "the database: " + std::move(text) + "; restore a backup, do not repair");
}

// Columns 1 to 5 of a row: kind, header, body, chain and erased. Nothing if they do not continue
// the chain `before`.
std::optional<Record> RecordAt(const PGresult* result, int row, const base::Digest& before) {
  Record record;
  record.kind = static_cast<RecordKind>(IntAt(result, row, 1));
  record.header = BytesAt(result, row, 2);
  record.body = BytesAt(result, row, 3);
  if (!ReadErasedColumn(BytesAt(result, row, 5), record)) return std::nullopt;
  if (ChainDigest(before, record).view() != BytesAt(result, row, 4)) return std::nullopt;
  return record;
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
  absl::StatusOr<std::vector<Record>> ReadAt(std::span<const uint64_t> positions, size_t bytes_max);
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
  absl::StatusOr<std::vector<Record>> CheckEach(const PGresult* result,
                                                std::span<const uint64_t> positions) const;
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
    ENTENTE_RETURN_IF_ERROR(connection.RunAll(postgres::kSchema));
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
  ENTENTE_ASSIGN_OR_RETURN(const ResultPtr newest, connection.Run(postgres::kHead, service));
  if (PQntuples(newest.get()) != 1 || BytesAt(newest.get(), 0, 0) != std::string_view("\0", 1)) {
    return base::WithRetry(base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted,
                                        "the database: is a standby"),
                           absl::Seconds(1));
  }
  const bool empty = PQgetisnull(newest.get(), 0, 1) != 0;
  const uint64_t size = empty ? 0 : static_cast<uint64_t>(IntAt(newest.get(), 0, 1));
  if (known_size > 0) {
    const std::string place[] = {options_.service, BinaryInt(static_cast<int64_t>(known_size - 1))};
    ENTENTE_ASSIGN_OR_RETURN(const ResultPtr there, connection.Run(postgres::kChain, place));
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
  ENTENTE_ASSIGN_OR_RETURN(const ResultPtr result, connection.Run(postgres::kAppend, parameters));
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
    auto record = RecordAt(result, row, chain);
    if (!record.has_value()) return Corrupt(fmt::format("record {} fails its check", next));
    records.push_back(*std::move(record));
    chain = *stored;
  }
  if (records.empty() && begin < end) return Corrupt(fmt::format("record {} is gone", begin));
  return records;
}

absl::StatusOr<std::vector<Record>> PostgresJournal::Impl::CheckEach(
    const PGresult* result, std::span<const uint64_t> positions) const {
  std::vector<Record> records;
  for (int row = 0; row < PQntuples(result); ++row) {
    const uint64_t position = positions[records.size()];
    const auto before = base::Digest::From(BytesAt(result, row, 6));
    if (IntAt(result, row, 0) != row + 1 || before.has_value() != (position > 0)) {
      return Corrupt(fmt::format("record {} is out of place", position));
    }
    auto record = RecordAt(result, row, before.value_or(base::Digest()));
    if (!record.has_value()) return Corrupt(fmt::format("record {} fails its check", position));
    records.push_back(*std::move(record));
  }
  if (records.empty()) return Corrupt(fmt::format("record {} is gone", positions[0]));
  return records;
}

absl::StatusOr<std::vector<Record>> PostgresJournal::Impl::Read(uint64_t begin, uint64_t end,
                                                                size_t bytes_max) {
  if (begin > end || end > Head()) return BeyondHead(Head());
  if (begin == end) return std::vector<Record>();
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  const std::string range[] = {options_.service, BinaryInt(static_cast<int64_t>(begin)),
                               BinaryInt(static_cast<int64_t>(end)),
                               BinaryInt(static_cast<int64_t>(bytes_max))};
  const auto result = connection.Run(postgres::kRead, range);
  GiveBack(std::move(connection));
  ENTENTE_RETURN_IF_ERROR(result.status());
  return Check(result->get(), begin, end);
}

absl::StatusOr<std::vector<Record>> PostgresJournal::Impl::ReadAt(
    std::span<const uint64_t> positions, size_t bytes_max) {
  const uint64_t head = Head();
  std::vector<std::string> asked;
  for (const uint64_t position : positions) {
    if (position >= head) return BeyondHead(head);
    asked.push_back(BinaryInt(static_cast<int64_t>(position)));
  }
  if (asked.empty()) return std::vector<Record>();
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  const std::string places[] = {
      options_.service,
      BinaryArray(postgres::kIntOid, std::vector<std::string_view>(asked.begin(), asked.end())),
      BinaryInt(static_cast<int64_t>(bytes_max))};
  const auto result = connection.Run(postgres::kReadAt, places);
  GiveBack(std::move(connection));
  ENTENTE_RETURN_IF_ERROR(result.status());
  return CheckEach(result->get(), positions);
}

absl::Status PostgresJournal::Impl::Erase(uint64_t position, std::string_view remains,
                                          uint64_t erased_at) {
  ENTENTE_ASSIGN_OR_RETURN(Connection connection, Take());
  const std::string place[] = {options_.service, BinaryInt(static_cast<int64_t>(position)),
                               std::string(remains), BinaryInt(static_cast<int64_t>(erased_at))};
  const auto document = connection.Run(postgres::kIsDocument, std::span(place).first(2));
  absl::Status status = document.status();
  if (status.ok() && PQntuples(document->get()) == 0) status = NothingToErase(position);
  if (status.ok()) status = connection.Run(postgres::kErase, place).status();
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
absl::StatusOr<std::vector<Record>> PostgresJournal::ReadAt(std::span<const uint64_t> positions,
                                                            size_t bytes_max) {
  return impl_->ReadAt(positions, bytes_max);
}
absl::Status PostgresJournal::Erase(uint64_t position, std::string_view remains,
                                    uint64_t erased_at) {
  return impl_->Erase(position, remains, erased_at);
}
uint64_t PostgresJournal::Head() { return impl_->Head(); }
absl::Status PostgresJournal::Refresh() { return impl_->Refresh(); }
void PostgresJournal::Watch(std::function<void()> moved) { impl_->Watch(std::move(moved)); }

}  // namespace entente::journal
