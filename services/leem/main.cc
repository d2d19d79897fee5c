// entente-leem: the LEEM service on the journal that its configuration names.
#include "services/core/journal/engines/open_journal.h"
#include "services/core/rpc/host/run_server.h"
#include "services/leem/denial_service.h"

int main(int argc, char** argv) {
  return entente::rpc::RunServer(argc, argv, "entente-leem", {entente::leem::LeemModule()},
                                 entente::journal::OpenJournal);
}
