// entente-suite: every group in one process, each with a journal of its own.
#include "services/core/journal/engines/open_journal.h"
#include "services/core/rpc/host/run_server.h"
#include "services/iem/matter_service.h"
#include "services/leem/denial_service.h"
#include "services/tem/proposal_service.h"

int main(int argc, char** argv) {
  return entente::rpc::RunServer(
      argc, argv, "entente-suite",
      {entente::iem::IemModule(), entente::leem::LeemModule(), entente::tem::TemModule()},
      entente::journal::OpenJournal);
}
