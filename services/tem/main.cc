// entente-tem: the TEM service on the journal that its configuration names.
#include "services/core/journal/engines/open_journal.h"
#include "services/core/rpc/host/run_server.h"
#include "services/tem/proposal_service.h"

int main(int argc, char** argv) {
  return entente::rpc::RunServer(argc, argv, "entente-tem", {entente::tem::TemModule()},
                                 entente::journal::OpenJournal);
}
