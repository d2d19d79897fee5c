// What verbs read from a folder of "follow --save" instead of a service: verified again, offline.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_SAVED_READING_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_SAVED_READING_H_

#include <string>
#include <vector>

#include "clients/cli/base/context.h"
#include "clients/sdk/saved_ledgers.h"

namespace entente::cli {

// The entries for which `keep` is true; null: all. Says on standard error if some wait for a
// checkpoint.
absl::StatusOr<std::vector<sdk::VerifiedEntry>> ReadSaved(const Context& context,
                                                          const std::string& folder,
                                                          const std::string& group,
                                                          const sdk::SavedLedgers::Keep& keep);
// A chain of theirs.
absl::StatusOr<std::vector<sdk::VerifiedEntry>> ReadSavedChain(const Context& context,
                                                               const std::string& folder,
                                                               const std::string& group,
                                                               const std::string& name);

// A verified entry for machines: {"leaf", "document"}, and "erased_at" beside what remains of one
// that was erased.
std::string EntryLine(const sdk::VerifiedEntry& entry);
// A line for each document.
absl::Status PrintLines(const std::vector<sdk::VerifiedEntry>& entries);
// Who signed it; of one that was erased, who ordered that, as far as it is known.
std::string ByWhom(const sdk::VerifiedEntry& entry);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_SAVED_READING_H_
