// The next document of a chain, from a file.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_REVISION_FILE_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_REVISION_FILE_H_

#include <string>

#include "clients/sdk/chain.h"

namespace entente::cli {

// With what the file says: its body and its marking. FIELD_INVALID where the file says what a chain
// does not admit: another audience, originator or number, or what it follows.
absl::StatusOr<exchange::v1::Document> ComposeFromFile(const sdk::Client& client,
                                                       const sdk::Chain& chain,
                                                       const std::string& reference,
                                                       const std::string& file);

// Writes a file that ComposeFromFile takes: this body, with the chain's readers and its newest
// marking. `next` is the command that takes it, for its first line. One that is there is left.
absl::Status WriteRevisionFile(const sdk::Chain& chain, const google::protobuf::Message& body,
                               const std::string& next, const std::string& file);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_REVISION_FILE_H_
