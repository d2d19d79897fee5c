#include "clients/cli/tem_client.h"

#include <algorithm>

#include "clients/cli/chain.h"
#include "clients/cli/proposal_fold.h"
#include "services/core/base/status.h"
#include "services/core/rpc/grpc_status.h"

namespace entente::cli {
namespace {

namespace v1 = entente::tem::v1;

absl::Status Forged(const std::string& what, std::string_view why) {
  return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked, "{}: {}", what,
                      why);
}

// Verifies an entry in the ledger that its own audience gives.
absl::StatusOr<sdk::VerifiedEntry> Verify(sdk::Client& client, const exchange::Entry& entry) {
  exchange::Leaf leaf;
  if (!leaf.ParseFromString(entry.leaf())) return Forged("an entry", "its leaf cannot be read");
  document::Verifier verifier;
  return sdk::VerifyEntry("tem", leaf.stamp().ledger(), entry, verifier,
                          client.agency().directory());
}

}  // namespace

absl::StatusOr<VerifiedEdition> FetchEdition(sdk::Client& client, const std::string& edition) {
  auto stub = v1::AnnexService::NewStub(client.channel());
  grpc::ClientContext context;
  v1::GetEditionRequest request;
  request.set_edition(edition);
  v1::GetEditionResponse response;
  ENTENTE_RETURN_IF_ERROR(rpc::FromGrpcStatus(stub->GetEdition(&context, request, &response)));
  ENTENTE_ASSIGN_OR_RETURN(const auto entry, Verify(client, response.entry()));
  VerifiedEdition result;
  result.name = entry.name();
  if (!entry.document.audience().has_public_() || !entry.document.body().UnpackTo(&result.proto) ||
      (!edition.empty() && result.proto.edition() != edition)) {
    return Forged(edition, "the service answers with another document");
  }
  if (!client.agency().directory().ChairedAt(entry.signers[0].agency, "tem",
                                             entry.leaf.stamp().directory_serial())) {
    return Forged(result.proto.edition(), "was signed by an agency that did not chair TEM");
  }
  ENTENTE_ASSIGN_OR_RETURN(result.content,
                           tem::annex::Edition::FromNodes(result.proto.nodes(), "nodes"));
  return result;
}

absl::StatusOr<v1::ProposalView> FetchView(sdk::Client& client, const std::string& name) {
  auto stub = v1::ProposalService::NewStub(client.channel());
  grpc::ClientContext context;
  v1::GetProposalRequest request;
  request.set_name(name);
  v1::GetProposalResponse response;
  ENTENTE_RETURN_IF_ERROR(rpc::FromGrpcStatus(stub->GetProposal(&context, request, &response)));
  if (response.proposal().name() != name) return Forged(name, "the service answers with another");
  return std::move(*response.mutable_proposal());
}

absl::StatusOr<VerifiedProposal> FetchProposal(sdk::Client& client, const std::string& name) {
  auto stub = v1::ProposalService::NewStub(client.channel());
  v1::ListProposalRevisionsRequest request;
  request.set_name(name);
  VerifiedProposal result;
  result.name = name;
  ENTENTE_ASSIGN_OR_RETURN(
      result.chain,
      FetchChain(client, name, [&](const std::string& token) -> absl::StatusOr<ChainPage> {
        request.set_page_token(token);
        grpc::ClientContext context;
        v1::ListProposalRevisionsResponse response;
        ENTENTE_RETURN_IF_ERROR(
            rpc::FromGrpcStatus(stub->ListProposalRevisions(&context, request, &response)));
        return ChainPage{{response.revisions().begin(), response.revisions().end()},
                         response.next_page_token()};
      }));
  for (const sdk::VerifiedEntry& entry : result.chain) {
    if (entry.document.body().UnpackTo(&result.body)) {
      result.text_digest = entry.leaf.document_digest();
    }
  }
  if (result.text_digest.empty()) return Forged(name, "has no text");
  return result;
}

absl::StatusOr<std::vector<sdk::VerifiedEntry>> FetchStatements(sdk::Client& client,
                                                                const std::string& name) {
  auto stub = v1::ProposalService::NewStub(client.channel());
  v1::ListStatementsRequest request;
  request.set_name(name);
  std::vector<sdk::VerifiedEntry> statements;
  do {
    grpc::ClientContext context;
    v1::ListStatementsResponse response;
    ENTENTE_RETURN_IF_ERROR(
        rpc::FromGrpcStatus(stub->ListStatements(&context, request, &response)));
    for (const auto& entry : response.statements()) {
      ENTENTE_ASSIGN_OR_RETURN(auto verified, Verify(client, entry));
      // A position or a conclusion counts for the proposal that it names itself.
      const auto& references = verified.document.references();
      const bool about = std::any_of(references.begin(), references.end(), [&](const auto& r) {
        return r.relation() == exchange::Reference::RELATION_ANSWERS && r.name() == name;
      });
      if (!about &&
          verified.document.body().type_url().find("ProposalComment") == std::string::npos) {
        return Forged(verified.name(), "is not about " + name);
      }
      statements.push_back(std::move(verified));
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  // Whatever order the service makes of it.
  std::stable_sort(statements.begin(), statements.end(), RecordedBefore);
  return statements;
}

}  // namespace entente::cli
