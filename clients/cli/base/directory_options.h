// Where the signed directory is, for operators, who have no agency's configuration.
#ifndef ENTENTE_CLIENTS_CLI_BASE_DIRECTORY_OPTIONS_H_
#define ENTENTE_CLIENTS_CLI_BASE_DIRECTORY_OPTIONS_H_

#include <memory>
#include <string>

#include "clients/cli/base/context.h"

namespace entente::cli {

struct DirectoryOptions {
  std::string file;
  std::string key_file;
};
void AddDirectoryOptions(CLI::App* command, DirectoryOptions& options);
// The directory that is named, else that of the agency's configuration. Kept alive by the result.
absl::StatusOr<std::shared_ptr<const identity::Directory>> FindDirectory(
    const Context& context, const DirectoryOptions& options);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_DIRECTORY_OPTIONS_H_
