#include "clients/cli/tem/tem_client.h"

#include "clients/cli/exchange/chain.h"
#include "services/core/base/status.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::cli {
namespace {

absl::Status Forged(const std::string& what, std::string_view why) {
  return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked, "{}: {}", what,
                      why);
}

}  // namespace

absl::StatusOr<VerifiedEdition> FetchEdition(sdk::Client& client, const std::string& edition) {
  auto stub = tem::v1::AnnexService::NewStub(client.channel());
  grpc::ClientContext context;
  tem::v1::GetEditionRequest request;
  request.set_edition(edition);
  tem::v1::GetEditionResponse response;
  ENTENTE_RETURN_IF_ERROR(rpc::FromGrpcStatus(stub->GetEdition(&context, request, &response)));
  document::Verifier verifier;
  ENTENTE_ASSIGN_OR_RETURN(const auto entry, VerifyAlone(client, response.entry(), verifier));
  VerifiedEdition result;
  result.name = entry.name();
  if (entry.erased() || !entry.document.audience().has_public_() ||
      !entry.document.body().UnpackTo(&result.proto) ||
      (!edition.empty() && result.proto.edition() != edition)) {
    return Forged(edition, "the service answers with another document");
  }
  if (!client.agency().directory().ChairedAt(entry.agency(), "tem",
                                             entry.leaf.stamp().directory_serial())) {
    return Forged(result.proto.edition(), "was signed by an agency that did not chair TEM");
  }
  ENTENTE_ASSIGN_OR_RETURN(result.content,
                           tem::annex::Edition::FromNodes(result.proto.nodes(), "nodes"));
  return result;
}

absl::StatusOr<tem::v1::ProposalView> FetchView(sdk::Client& client, const std::string& name) {
  auto stub = tem::v1::ProposalService::NewStub(client.channel());
  grpc::ClientContext context;
  tem::v1::GetProposalRequest request;
  request.set_name(name);
  tem::v1::GetProposalResponse response;
  ENTENTE_RETURN_IF_ERROR(rpc::FromGrpcStatus(stub->GetProposal(&context, request, &response)));
  if (response.proposal().name() != name) return Forged(name, "the service answers with another");
  return std::move(*response.mutable_proposal());
}

absl::StatusOr<VerifiedProposal> FetchProposal(sdk::Client& client, const std::string& name) {
  VerifiedProposal result;
  result.name = name;
  ENTENTE_ASSIGN_OR_RETURN(result.chain, FetchChain(client, name));
  for (const sdk::VerifiedEntry& entry : result.chain) {
    if (entry.document.body().UnpackTo(&result.body)) {
      result.text_digest = entry.leaf.document_digest();
    }
  }
  if (result.text_digest.empty()) return Forged(name, "has no text");
  return result;
}

}  // namespace entente::cli
