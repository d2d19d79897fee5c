// Files, whole.
#ifndef ENTENTE_SERVICES_CORE_BASE_FILES_H_
#define ENTENTE_SERVICES_CORE_BASE_FILES_H_

#include <optional>
#include <string>
#include <string_view>

namespace entente::base {

// Whole file as bytes; nothing if it cannot be read.
std::optional<std::string> ReadFile(const std::string& path);
// Writes through a temporary file in the same folder, synced, then renamed. A process that is
// killed meanwhile leaves the temporary file: "<path>.tmp<pid>-<number>".
bool WriteFileAtomically(const std::string& path, std::string_view data, int mode = 0644);
// Removes what processes that are gone left so in a folder.
void RemoveAbandoned(const std::string& folder);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_FILES_H_
