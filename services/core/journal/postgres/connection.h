// A libpq connection with what the journal needs of it: binary parameters and results, typed
// errors.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_CONNECTION_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace entente::journal::postgres {

// One parameter or one element, in PostgreSQL's binary format.
std::string BinaryInt(int64_t value);    // int8
std::string BinaryShort(int16_t value);  // int2
// A one-dimensional array of elements of one type.
inline constexpr uint32_t kByteaOid = 17;
inline constexpr uint32_t kIntOid = 20;
inline constexpr uint32_t kShortOid = 21;
std::string BinaryArray(uint32_t element_oid, std::span<const std::string_view> elements);

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

int64_t IntAt(const PGresult* result, int row, int column);  // int2 or int8
std::string_view BytesAt(const PGresult* result, int row, int column);

// Not thread-safe.
class Connection {
 public:
  // UNAVAILABLE/JOURNAL_FAULTED where the database cannot be reached. Commits of this connection
  // are durable when they return, whatever the server's configuration says.
  static absl::StatusOr<Connection> Open(const std::string& connection);

  // One statement; parameters and results are binary. A unique violation is
  // ABORTED/JOURNAL_HEAD_MOVED, a full disk RESOURCE_EXHAUSTED/JOURNAL_FULL, everything else
  // UNAVAILABLE/JOURNAL_FAULTED: whether it was carried out is then unknown.
  absl::StatusOr<ResultPtr> Run(const char* sql, std::span<const std::string> parameters = {});
  // Several statements without parameters, in one transaction.
  absl::Status RunAll(const std::string& sql);
  // False after a fault: libpq may not yet know that the server is gone.
  bool usable() const { return !faulted_ && PQstatus(connection_.get()) == CONNECTION_OK; }
  PGconn* handle() const { return connection_.get(); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit Connection(PGconn* connection) : connection_(connection) {}
  absl::Status Error(const PGresult* result);
  std::unique_ptr<PGconn, Finish> connection_;
  bool faulted_ = false;
};

}  // namespace entente::journal::postgres

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_CONNECTION_H_
