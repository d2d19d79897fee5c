// Where followed entries are saved: "<dir>/<ledger>/<index, 10 digits>.entry", a serialised Entry
// each, or ".skipped", the leaf hash in hex of one that a filter left out, and
// "<dir>/<ledger>/checkpoint", the newest verified checkpoint.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_SAVED_ENTRIES_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_SAVED_ENTRIES_H_

#include <fmt/format.h>

#include <string>

namespace entente::cli {

inline std::string EntryPath(const std::string& folder, const std::string& ledger, uint64_t index) {
  return fmt::format("{}/{}/{:010}.entry", folder, ledger, index);
}
inline std::string SkippedPath(const std::string& folder, const std::string& ledger,
                               uint64_t index) {
  return fmt::format("{}/{}/{:010}.skipped", folder, ledger, index);
}
inline std::string CheckpointPath(const std::string& folder, const std::string& ledger) {
  return folder + "/" + ledger + "/checkpoint";
}

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_SAVED_ENTRIES_H_
