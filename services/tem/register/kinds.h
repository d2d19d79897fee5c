// Short kinds of TEM's documents.
#ifndef ENTENTE_SERVICES_TEM_REGISTER_KINDS_H_
#define ENTENTE_SERVICES_TEM_REGISTER_KINDS_H_

#include <string>

namespace entente::tem {

inline constexpr char kProposal[] = "Proposal";
inline constexpr char kClosure[] = "ProposalClosure";
inline constexpr char kSponsorship[] = "ProposalSponsorship";
inline constexpr char kComment[] = "ProposalComment";
inline constexpr char kPosition[] = "ProposalPosition";
inline constexpr char kConclusion[] = "ProposalConclusion";
inline constexpr char kApproval[] = "EditionApproval";
inline constexpr char kEdition[] = "AnnexEdition";
inline constexpr char kCrosswalk[] = "Crosswalk";
inline constexpr char kImplementation[] = "ImplementationStatus";

// Whether documents of this short kind are said about a proposal.
inline bool IsAnswer(const std::string& kind) {
  return kind == kSponsorship || kind == kComment || kind == kPosition || kind == kConclusion;
}

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_REGISTER_KINDS_H_
