// TEM's editions of the Annex, as its chairs signed them.
#ifndef ENTENTE_CLIENTS_SDK_TEM_EDITIONS_H_
#define ENTENTE_CLIENTS_SDK_TEM_EDITIONS_H_

#include <string>

#include "clients/sdk/chain.h"
#include "entente/tem/v1/annex.pb.h"
#include "services/tem/annex/edition.h"

namespace entente::sdk {

// An edition whose document was verified: signed, in the public ledger's form, by an agency that
// chaired TEM when it was recorded.
struct VerifiedEdition {
  std::string name;  // the document's assigned name
  tem::v1::AnnexEdition proto;
  tem::annex::Edition content;
};

// "" is the newest, as the service says. DATA_LOSS/LEDGER_FORKED where it answers with something
// else, or with what nobody who chaired TEM has signed.
absl::StatusOr<VerifiedEdition> FetchEdition(const Client& client, const std::string& edition);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_TEM_EDITIONS_H_
