#include "services/core/journal/postgres/connection.h"

#include "services/core/base/status.h"

namespace entente::journal::postgres {
namespace {

using base::Reason;

void AppendBigEndian(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

// libpq's words without its line feeds, and never the connection string, which may hold a password.
std::string Words(const char* message) {
  std::string text = message == nullptr ? "" : message;
  for (char& c : text) c = c == '\n' ? ' ' : c;
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

absl::Status Faulted(const std::string& text) {
  return base::WithRetry(base::MakeRefusal(absl::StatusCode::kUnavailable, Reason::kJournalFaulted,
                                           "the database: " + text),
                         absl::Seconds(1));
}

absl::Status ErrorOf(const PGresult* result, PGconn* connection) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string code = state == nullptr ? "" : state;
  const std::string text =
      Words(result == nullptr ? PQerrorMessage(connection) : PQresultErrorMessage(result));
  if (code == "23505") {
    return base::MakeRefusal(absl::StatusCode::kAborted, Reason::kJournalHeadMoved,
                             "another writer was first");
  }
  if (code == "53100") {  // disk_full: the statement was rolled back
    return base::WithRetry(base::MakeRefusal(absl::StatusCode::kResourceExhausted,
                                             Reason::kJournalFull, "the database: " + text),
                           absl::Seconds(5));
  }
  return Faulted(text);
}

}  // namespace

std::string BinaryInt(int64_t value) {
  std::string out;
  AppendBigEndian(out, static_cast<uint64_t>(value), 8);
  return out;
}

std::string BinaryShort(int16_t value) {
  std::string out;
  AppendBigEndian(out, static_cast<uint16_t>(value), 2);
  return out;
}

std::string BinaryArray(uint32_t element_oid, std::span<const std::string_view> elements) {
  std::string out;
  AppendBigEndian(out, 1, 4);  // dimensions
  AppendBigEndian(out, 0, 4);  // no NULLs
  AppendBigEndian(out, element_oid, 4);
  AppendBigEndian(out, elements.size(), 4);
  AppendBigEndian(out, 1, 4);  // first index
  for (std::string_view element : elements) {
    AppendBigEndian(out, element.size(), 4);
    out += element;
  }
  return out;
}

int64_t IntAt(const PGresult* result, int row, int column) {
  const std::string_view bytes = BytesAt(result, row, column);
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return bytes.size() == 2 ? static_cast<int16_t>(value) : static_cast<int64_t>(value);
}

std::string_view BytesAt(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<size_t>(PQgetlength(result, row, column))};
}

absl::StatusOr<Connection> Connection::Open(const std::string& connection) {
  // What is said first may be overridden by the connection string.
  // A standby is no place for a journal's writer, nor to be compared with: it may be behind.
  constexpr std::pair<const char*, const char*> kDefaults[] = {
      {"connect_timeout", "5"},
      {"keepalives_idle", "10"},
      {"tcp_user_timeout", "20000"},
      {"application_name", "entente"},
      {"target_session_attrs", "read-write"}};
  std::vector<const char*> names, values;
  for (const auto& [name, value] : kDefaults) {
    names.push_back(name);
    values.push_back(value);
  }
  names.insert(names.end(), {"dbname", nullptr});
  values.insert(values.end(), {connection.c_str(), nullptr});
  Connection opened(PQconnectdbParams(names.data(), values.data(), 1));
  if (!opened.usable()) return Faulted(Words(PQerrorMessage(opened.handle())));
  ENTENTE_RETURN_IF_ERROR(
      opened.RunAll("SET synchronous_commit = on; SET statement_timeout = '30s'; "
                    "SET idle_in_transaction_session_timeout = '30s'; SET search_path = public; "
                    "SET client_min_messages = warning"));
  return opened;
}

absl::StatusOr<ResultPtr> Connection::Run(const char* sql,
                                          std::span<const std::string> parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(parameters.size(), 1);
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.data());
    lengths.push_back(static_cast<int>(parameter.size()));
  }
  ResultPtr result(PQexecParams(handle(), sql, static_cast<int>(parameters.size()), nullptr,
                                values.data(), lengths.data(), formats.data(), 1));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
  return Error(result.get());
}

absl::Status Connection::RunAll(const std::string& sql) {
  const ResultPtr result(PQexec(handle(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return absl::OkStatus();
  return Error(result.get());
}

absl::Status Connection::Error(const PGresult* result) {
  absl::Status status = ErrorOf(result, handle());
  faulted_ = faulted_ || status.code() == absl::StatusCode::kUnavailable;
  return status;
}

}  // namespace entente::journal::postgres
