// Checking a journal whole, for the verbs that need it.
#ifndef ENTENTE_CLIENTS_CLI_VERIFY_H_
#define ENTENTE_CLIENTS_CLI_VERIFY_H_

#include <memory>
#include <string>

#include "clients/cli/cli.h"

namespace entente::cli {

// Where a directory is, for operators, who have no agency's configuration.
struct DirectoryOptions {
  std::string file;
  std::string key_file;
};
void AddDirectoryOptions(CLI::App* command, DirectoryOptions& options);
// The directory that is named, else that of the agency's configuration. Kept alive by the result.
absl::StatusOr<std::shared_ptr<const identity::Directory>> FindDirectory(
    const Context& context, const DirectoryOptions& options);

// Re-derives everything from a journal's bytes; findings are printed, and any is DATA_LOSS.
absl::Status FsckFile(const Context& context, const identity::Directory& directory,
                      const std::string& path, const std::string& group);

// Writes a time where a service looks for it: when it was backed up, or found whole. A failure is
// told on standard error, and is none of the command's.
void NoteTime(const std::string& file, absl::Time time);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_VERIFY_H_
