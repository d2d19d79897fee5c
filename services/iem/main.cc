// entente-iem: the IEM service on the journal that its configuration names.
#include "services/core/journal/engines/open_journal.h"
#include "services/core/rpc/host/run_server.h"
#include "services/iem/matter_service.h"

int main(int argc, char** argv) {
  return entente::rpc::RunServer(argc, argv, "entente-iem", {entente::iem::IemModule()},
                                 entente::journal::OpenJournal);
}
