// The journal that a group's configuration names, whichever engine keeps it.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_ENGINES_OPEN_JOURNAL_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_ENGINES_OPEN_JOURNAL_H_

#include <memory>
#include <string>
#include <string_view>

#include "entente/config/v1/server_config.pb.h"
#include "services/core/journal/journal.h"

namespace entente::journal {

// `service` as in "mtcr.example/leem". Errors are those of the engine's own Open.
absl::StatusOr<std::unique_ptr<Journal>> OpenJournal(const entente::config::v1::GroupConfig& config,
                                                     const std::string& service);

// A journal as an operator names it on the command line: a SQLite file, or "postgres:FILE", where
// FILE holds a connection string.
inline constexpr std::string_view kPostgresPrefix = "postgres:";
// Opens an existing journal read-only; a service may be writing it meanwhile. SQLite's own checks
// of integrity are run as well.
absl::StatusOr<std::unique_ptr<Journal>> OpenToRead(const std::string& name,
                                                    const std::string& service);
// Opens a journal for writing, and creates it if there is none.
absl::StatusOr<std::unique_ptr<Journal>> OpenToFill(const std::string& name,
                                                    const std::string& service);

// The connection string in a file; INVALID_ARGUMENT/CONFIGURATION_INVALID names the file.
absl::StatusOr<std::string> ReadConnection(const std::string& file);

}  // namespace entente::journal

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_ENGINES_OPEN_JOURNAL_H_
