// What was said about a proposal, made into what its agreement is judged by: the same fold as the
// service's (tem::TemRegister), over entries that were verified.
#ifndef ENTENTE_CLIENTS_SDK_TEM_PROPOSAL_FOLD_H_
#define ENTENTE_CLIENTS_SDK_TEM_PROPOSAL_FOLD_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "clients/sdk/ledger_view.h"
#include "entente/tem/v1/proposal.pb.h"

namespace entente::sdk {

// How a text stands.
struct TextStanding {
  std::map<std::string, tem::v1::PositionKind> positions;  // by state
  std::vector<std::string> sponsors;                       // the first one's state included
  std::string meeting;  // at which a chair concluded that it is agreed; empty: none did
  std::vector<std::string> partners;  // of that instant, as the service noted
};
// Folds answers, in order of recording, that speak to the text with this digest (32 bytes) of a
// proposal by `sponsor`'s state. `chaired` tells whether a conclusion's signer chaired TEM.
TextStanding StandingOf(const std::vector<VerifiedEntry>& answers, const std::string& sponsor,
                        const std::string& text_digest,
                        const std::function<bool(const VerifiedEntry&)>& chaired);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_TEM_PROPOSAL_FOLD_H_
