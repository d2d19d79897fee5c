// A server process's configuration: read, completed with its folder, checked.
#ifndef ENTENTE_SERVICES_CORE_RPC_HOST_LOAD_CONFIG_H_
#define ENTENTE_SERVICES_CORE_RPC_HOST_LOAD_CONFIG_H_

#include <memory>
#include <string>
#include <vector>

#include "services/core/identity/directory.h"
#include "services/core/identity/directory_file.h"
#include "services/core/rpc/host/server_host.h"

namespace entente::rpc {

struct Process {
  entente::config::v1::ServerConfig config;
  entente::config::v1::RegimeProfile profile;
  std::unique_ptr<identity::DirectoryFile> directory;
  std::vector<const GroupModule*> modules;  // one per configured group
};

// Reads the configuration at `path` and what it names; `listen`, if not empty, stands for the only
// group's. CONFIGURATION_INVALID and FIELD_INVALID name the file and the field.
absl::Status LoadConfig(const std::string& path, const std::string& listen,
                        const std::vector<GroupModule>& modules, Process& process);

// Opens every file that serving would, and names the first that will not do. Changes nothing.
absl::Status CheckFiles(const Process& process);
// Files with keys that somebody else than their owner and its group can read.
std::vector<std::string> ReadableByAll(const Process& process);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_HOST_LOAD_CONFIG_H_
