// Who has a document: by what they signed, not by what the service says.
#ifndef ENTENTE_CLIENTS_SDK_DELIVERY_H_
#define ENTENTE_CLIENTS_SDK_DELIVERY_H_

#include <optional>
#include <string>
#include <vector>

#include "clients/sdk/client.h"
#include "services/core/entry/entry.h"

namespace entente::sdk {

// A state's signed word that it holds the document.
struct DeliveryProof {
  entry::pb::Acknowledgement acknowledgement;  // its agency, size, root, and time by its clock
  absl::Time recorded;                         // by the service
};

// A document of one's own, and which states of its audience have it.
struct Delivery {
  VerifiedEntry entry;
  struct State {
    std::string state;                   // ISO 3166-1 alpha-2, lower case
    std::optional<DeliveryProof> proof;  // nothing: not yet, as the service says
  };
  std::vector<State> states;         // sorted
  pb::GetDeliveryResponse response;  // what was verified, to keep
};

// Asks and verifies: the entry is the named one and signed by its originator; each acknowledgement
// is signed by an agency of its state, and its root covers that very entry. DATA_LOSS where the
// service says what nobody signed. Times are shown, not judged.
absl::StatusOr<Delivery> FetchDelivery(Client& client, const std::string& name);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_DELIVERY_H_
