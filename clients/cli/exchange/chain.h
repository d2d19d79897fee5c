// Chains that were verified before anything is shown of them, or built on them.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_CHAIN_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_CHAIN_H_

#include <string>
#include <vector>

#include "clients/cli/base/context.h"

namespace entente::cli {

// Whether what came of an entry that was erased is what may remain of its kind, and no more.
absl::Status CheckRemains(const std::string& group, const sdk::VerifiedEntry& entry);
// Verifies an entry in the ledger that its own audience gives; of one that was erased, that the
// Erasure orders it.
absl::StatusOr<sdk::VerifiedEntry> VerifyAlone(sdk::Client& client,
                                               const exchange::v1::Entry& entry,
                                               document::Verifier& verifier);
// The documents of a chain as the service has them, each verified, and that they are a chain: one
// name, one originating state, one audience, each naming the one before it by its digest.
absl::StatusOr<std::vector<sdk::VerifiedEntry>> FetchChain(sdk::Client& client,
                                                           const std::string& name);
// What was said to a chain, and to what was said to it, each verified, in order of recording.
absl::StatusOr<std::vector<sdk::VerifiedEntry>> FetchAnswers(sdk::Client& client,
                                                             const std::string& name);
// The next document of a verified chain: its audience, its marking, its reference. Without a body.
exchange::v1::Document ComposeNext(const sdk::Client& client,
                                   const std::vector<sdk::VerifiedEntry>& chain,
                                   const std::string& name, const std::string& reference);
// The next document with what a file says: its body and its marking. FIELD_INVALID where the file
// says what a chain does not admit: another audience, originator or number, or what it follows.
absl::StatusOr<exchange::v1::Document> ComposeFromFile(const sdk::Client& client,
                                                       const std::vector<sdk::VerifiedEntry>& chain,
                                                       const std::string& name,
                                                       const std::string& reference,
                                                       const std::string& file);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_CHAIN_H_
