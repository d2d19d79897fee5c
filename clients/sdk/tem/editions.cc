#include "clients/sdk/tem/editions.h"

#include "clients/sdk/calls.h"
#include "entente/tem/v1/annex_service.grpc.pb.h"
#include "services/core/base/status.h"

namespace entente::sdk {

absl::StatusOr<VerifiedEdition> FetchEdition(const Client& client, const std::string& edition) {
  const auto forged = [](const std::string& what, std::string_view why) {
    return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked, "{}: {}", what,
                        why);
  };
  tem::v1::GetEditionRequest request;
  request.set_edition(edition);
  ENTENTE_ASSIGN_OR_RETURN(const auto response,
                           Call(client, &tem::v1::AnnexService::Stub::GetEdition, request));
  document::Verifier verifier;
  ENTENTE_ASSIGN_OR_RETURN(const auto entry, VerifyAlone(client, response.entry(), verifier));
  VerifiedEdition result;
  result.name = entry.name();
  if (entry.erased() || !entry.document.audience().has_public_() ||
      !entry.document.body().UnpackTo(&result.proto) ||
      (!edition.empty() && result.proto.edition() != edition)) {
    return forged(edition, "the service answers with another document");
  }
  if (!client.agency().directory().ChairedAt(entry.agency(), "tem",
                                             entry.leaf.stamp().directory_serial())) {
    return forged(result.proto.edition(), "was signed by an agency that did not chair TEM");
  }
  ENTENTE_ASSIGN_OR_RETURN(result.content,
                           tem::annex::Edition::FromNodes(result.proto.nodes(), "nodes"));
  return result;
}

}  // namespace entente::sdk
