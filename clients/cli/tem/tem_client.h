// What the nouns annex and proposal share: documents of TEM, fetched and verified.
#ifndef ENTENTE_CLIENTS_CLI_TEM_TEM_CLIENT_H_
#define ENTENTE_CLIENTS_CLI_TEM_TEM_CLIENT_H_

#include <string>
#include <vector>

#include "clients/cli/base/context.h"
#include "entente/tem/v1/annex_service.grpc.pb.h"
#include "entente/tem/v1/proposal_service.grpc.pb.h"
#include "services/tem/annex/edition.h"

namespace entente::cli {

// An edition whose document was verified: signed, in the public ledger's form, by an agency that
// chaired TEM when it was recorded.
struct VerifiedEdition {
  std::string name;  // the document's assigned name
  tem::v1::AnnexEdition proto;
  tem::annex::Edition content;
};
// "" is the newest, as the service says.
absl::StatusOr<VerifiedEdition> FetchEdition(sdk::Client& client, const std::string& edition);

// A proposal's newest text, from its verified documents.
struct VerifiedProposal {
  std::string name;
  std::vector<sdk::VerifiedEntry> chain;
  tem::v1::Proposal body;
  std::string text_digest;  // 32 bytes
};
absl::StatusOr<VerifiedProposal> FetchProposal(sdk::Client& client, const std::string& name);
absl::StatusOr<tem::v1::ProposalView> FetchView(sdk::Client& client, const std::string& name);
}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_TEM_TEM_CLIENT_H_
