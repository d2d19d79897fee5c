// entente-iem: the IEM service on its embedded journal.
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/rpc/server_host.h"
#include "services/iem/matter_service.h"

int main(int argc, char** argv) {
  return entente::rpc::RunServer(
      argc, argv, "entente-iem", {entente::iem::IemModule()},
      [](const std::string& path,
         const std::string& service) -> absl::StatusOr<std::unique_ptr<entente::journal::Journal>> {
        return entente::journal::SqliteJournal::Open({.path = path, .service = service});
      });
}
