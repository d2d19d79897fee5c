// TEM's proposals, what states have signed about them, and the edition that agreed ones make: by
// the service's own folds, over documents that were verified.
#ifndef ENTENTE_CLIENTS_SDK_TEM_PROPOSALS_H_
#define ENTENTE_CLIENTS_SDK_TEM_PROPOSALS_H_

#include <functional>
#include <string>
#include <vector>

#include "clients/sdk/chain.h"
#include "clients/sdk/tem/proposal_fold.h"
#include "entente/config/v1/regime_profile.pb.h"
#include "entente/tem/v1/annex.pb.h"
#include "entente/tem/v1/proposal_service.pb.h"

namespace entente::sdk {

// A proposal's newest text, from its verified documents.
struct VerifiedProposal {
  std::string name;
  Chain chain;
  tem::v1::Proposal body;
  std::string text_digest;  // 32 bytes
};
absl::StatusOr<VerifiedProposal> FetchProposal(const Client& client, const std::string& name);

// How it stands, as the service says.
absl::StatusOr<tem::v1::ProposalView> FetchProposalView(const Client& client,
                                                        const std::string& name);
// Calls `take` with each that a filter finds, as the service says, until it returns false.
absl::Status ForEachProposal(const Client& client, const std::string& filter,
                             const std::function<bool(const tem::v1::ProposalView&)>& take);

// Who judges an agreement, and how.
struct AgreementRules {
  entente::config::v1::TemRules tem;  // what silence means
  // States that joined the regime after a conclusion. Another partner of the directory whom the
  // service did not note then would have had no say.
  std::vector<std::string> joined_later;
};
// At which meeting a proposal's newest text was concluded as agreed: a chair said so, and by the
// positions that were signed and the partners of then it is. Else
// FAILED_PRECONDITION/PROCEDURE_FORBIDS.
absl::StatusOr<std::string> MeetingThatAgreed(const Client& client,
                                              const VerifiedProposal& proposal,
                                              const AgreementRules& rules);

// An edition that is made of agreed proposals, and the approval of it without the chair's words.
struct EditionDraft {
  tem::v1::AnnexEdition edition;
  tem::v1::EditionApproval approval;
};
// Of the newest edition and these proposals; of all that the service says are agreed where none are
// named. Each is verified, and its agreement judged again.
absl::StatusOr<EditionDraft> AssembleEdition(const Client& client, const std::string& edition,
                                             const std::vector<std::string>& proposals,
                                             const AgreementRules& rules);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_TEM_PROPOSALS_H_
