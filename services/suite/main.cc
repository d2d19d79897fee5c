// entente-suite: every group in one process, each with a journal of its own.
#include "services/core/journal/engines/open_journal.h"
#include "services/core/rpc/host/run_server.h"
#include "services/iem/matter_service.h"
#include "services/leem/denial_service.h"
#include "services/tem/proposal_service.h"

int main(int argc, char** argv) {
#define ENTENTE_GROUP(name, Name, port, follows) entente::name::Name##Module(),
  return entente::rpc::RunServer(argc, argv, "entente-suite",
                                 {
#include "services/groups.def"
                                 },
                                 entente::journal::OpenJournal);
#undef ENTENTE_GROUP
}
