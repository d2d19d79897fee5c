// The process around the groups that it serves: arguments, configuration, signals.
#ifndef ENTENTE_SERVICES_CORE_RPC_HOST_RUN_SERVER_H_
#define ENTENTE_SERVICES_CORE_RPC_HOST_RUN_SERVER_H_

#include <string>
#include <vector>

#include "services/core/rpc/host/server_host.h"

namespace entente::rpc {

// The whole life of a server process; the exit code. Flags: --config FILE, --check, --probe WHAT,
// --listen ADDRESS (only with one group), --help, --version.
int RunServer(int argc, char** argv, const std::string& name, std::vector<GroupModule> modules,
              const JournalFactory& journals);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_HOST_RUN_SERVER_H_
