// entente-tem: the TEM service on its embedded journal.
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/rpc/server_host.h"
#include "services/tem/proposal_service.h"

int main(int argc, char** argv) {
  return entente::rpc::RunServer(
      argc, argv, "entente-tem", {entente::tem::TemModule()},
      [](const std::string& path,
         const std::string& service) -> absl::StatusOr<std::unique_ptr<entente::journal::Journal>> {
        return entente::journal::SqliteJournal::Open({.path = path, .service = service});
      });
}
