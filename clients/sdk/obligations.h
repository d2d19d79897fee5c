// What is owed in a group: as the service says, which computes it; nothing of it is signed.
#ifndef ENTENTE_CLIENTS_SDK_OBLIGATIONS_H_
#define ENTENTE_CLIENTS_SDK_OBLIGATIONS_H_

#include <vector>

#include "clients/sdk/client.h"

namespace entente::sdk {

// What the agency's state owes to others, and what is owed to it, by the order of lists.
// DATA_LOSS/DOCUMENT_MALFORMED where the service gives pages without an end.
absl::StatusOr<std::vector<pb::Obligation>> FetchObligations(const Client& client);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_OBLIGATIONS_H_
