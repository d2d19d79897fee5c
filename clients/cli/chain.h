// What every noun that sends documents shares: signing and submitting files, and chains that were
// verified before anything is built on them.
#ifndef ENTENTE_CLIENTS_CLI_CHAIN_H_
#define ENTENTE_CLIENTS_CLI_CHAIN_H_

#include <string>
#include <vector>

#include "clients/cli/cli.h"

namespace entente::cli {

// A receipt for people, or leaf and receipt in JSON.
void PrintReceipt(const exchange::v1::Receipt& receipt, bool json);
// Signs and submits; with --hold, signs and keeps it in that file. Texts are normalised before, and
// what that changes is said on standard error.
absl::Status SubmitAndPrint(const Context& context, sdk::Client& client,
                            exchange::v1::Document document);
// Signs and submits documents in proto3 JSON; originator and time of composing are filled in where
// they are missing. Goes on after a refusal; the first one is returned.
absl::Status SendFiles(const Context& context, const std::string& group,
                       const std::vector<std::string>& files);
// All partners where `states` is empty, else those and the agency's own.
absl::Status ReadAudience(std::vector<std::string> states, const sdk::Agency& agency,
                          exchange::v1::Audience& audience);

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

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_CHAIN_H_
