#include "services/core/journal/engines/open_journal.h"

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/journal/postgres/postgres_journal.h"
#include "services/core/journal/sqlite/sqlite_journal.h"

namespace entente::journal {

absl::StatusOr<std::string> ReadConnection(const std::string& file) {
  auto text = base::ReadFile(file);
  while (text.has_value() && !text->empty() && (text->back() == '\n' || text->back() == '\r')) {
    text->pop_back();
  }
  if (text.has_value() && !text->empty()) return *std::move(text);
  return base::RefuseArgument(base::Reason::kConfigurationInvalid,
                              "postgres_file: cannot read a connection string from {}", file);
}

namespace {

absl::StatusOr<std::unique_ptr<Journal>> OpenNamed(const std::string& name,
                                                   const std::string& service, bool read_only) {
  if (name.rfind(kPostgresPrefix, 0) != 0) {
    return SqliteJournal::Open(
        {.path = name, .service = service, .read_only = read_only, .check_integrity = read_only});
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto connection,
                           ReadConnection(name.substr(kPostgresPrefix.size())));
  return PostgresJournal::Open(
      {.connection = connection, .service = service, .read_only = read_only});
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> OpenJournal(const entente::config::v1::GroupConfig& config,
                                                     const std::string& service) {
  const std::string& postgres = config.postgres_file();
  return OpenNamed(
      postgres.empty() ? config.database_file() : std::string(kPostgresPrefix) + postgres, service,
      false);
}

absl::StatusOr<std::unique_ptr<Journal>> OpenToRead(const std::string& name,
                                                    const std::string& service) {
  return OpenNamed(name, service, true);
}

absl::StatusOr<std::unique_ptr<Journal>> OpenToFill(const std::string& name,
                                                    const std::string& service) {
  return OpenNamed(name, service, false);
}

}  // namespace entente::journal
