// Checking a journal whole.
#ifndef ENTENTE_CLIENTS_ADMIN_FSCK_H_
#define ENTENTE_CLIENTS_ADMIN_FSCK_H_

#include <string>

#include "clients/cli/base/directory_options.h"

namespace entente::admin {

// Re-derives everything from a journal's bytes; findings are printed, and any is DATA_LOSS.
absl::Status FsckFile(const cli::Context& context, const identity::Directory& directory,
                      const std::string& path, const std::string& group);

// Writes a time where a service looks for it: when it was backed up, or found whole. A failure is
// told on standard error, and is none of the command's.
void NoteTime(const std::string& file, absl::Time time);

}  // namespace entente::admin

#endif  // ENTENTE_CLIENTS_ADMIN_FSCK_H_
