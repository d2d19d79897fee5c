#include "clients/sdk/delivery.h"

#include "services/core/identity/acknowledgement.h"
#include "services/core/merkle/merkle.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::sdk {
namespace {

using base::Reason;

absl::StatusOr<DeliveryProof> VerifyProof(const Client& client, const VerifiedEntry& entry,
                                          const pb::DeliveryStatus& status) {
  const auto& recorded = status.acknowledgement();
  const auto& directory = client.agency().directory();
  ENTENTE_ASSIGN_OR_RETURN(auto said,
                           identity::ReadAcknowledgement(recorded.signed_acknowledgement()));
  const absl::Time time = entry::GetTime(recorded.recorded_time());
  ENTENTE_RETURN_IF_ERROR(
      identity::VerifyAcknowledgement(recorded.signed_acknowledgement(), said, directory, time,
                                      identity::RecordedUnder{time, recorded.directory_serial()}));
  const auto agency = base::AgencyName::Parse(said.agency());
  if (!agency.has_value() || agency->state != status.state() || said.ledger() != entry.ledger ||
      said.service() != directory.trust_domain() + "/" + client.group()) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid,
                        "it is of another state, ledger or service");
  }
  std::vector<base::Digest> proof;
  for (const std::string& hash : status.inclusion_proof()) {
    auto digest = base::Digest::From(hash);
    if (!digest) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid,
                          "a hash of the proof is not 32 bytes");
    }
    proof.push_back(*digest);
  }
  ENTENTE_RETURN_IF_ERROR(merkle::VerifyInclusion(merkle::LeafHash(entry.entry.leaf()),
                                                  entry.index(), said.size(), proof,
                                                  *base::Digest::From(said.root())));
  return DeliveryProof{std::move(said), time};
}

absl::StatusOr<VerifiedEntry> FetchEntry(Client& client, const pb::GetDeliveryResponse& delivery) {
  grpc::ClientContext context;
  SetCallDeadline(context);
  pb::GetEntryRequest request;
  request.set_ledger(delivery.ledger());
  request.set_index(delivery.index());
  pb::GetEntryResponse response;
  ENTENTE_RETURN_IF_ERROR(
      rpc::FromGrpcStatus(client.stub().GetEntry(&context, request, &response)));
  document::Verifier verifier;
  return VerifyEntry(client.group(), delivery.ledger(), std::move(*response.mutable_entry()),
                     verifier, client.agency().directory());
}

}  // namespace

absl::StatusOr<Delivery> FetchDelivery(Client& client, const std::string& name) {
  grpc::ClientContext context;
  SetCallDeadline(context);
  pb::GetDeliveryRequest request;
  request.set_name(name);
  pb::GetDeliveryResponse response;
  ENTENTE_RETURN_IF_ERROR(
      rpc::FromGrpcStatus(client.stub().GetDelivery(&context, request, &response)));
  ENTENTE_ASSIGN_OR_RETURN(auto entry, FetchEntry(client, response));
  if (entry.name() != name || entry.index() != response.index()) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid,
                        "the service answers for {} where {} was asked", entry.name(), name);
  }
  Delivery delivery{std::move(entry), {}, {}};
  for (const auto& status : response.states()) {
    Delivery::State state{status.state(), std::nullopt};
    if (status.has_acknowledgement()) {
      auto proof = VerifyProof(client, delivery.entry, status);
      if (!proof.ok()) {
        return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid,
                            "the service says that \"{}\" has it, and proves it not: {}",
                            status.state(), base::Text(proof.status()));
      }
      state.proof = *std::move(proof);
    }
    delivery.states.push_back(std::move(state));
  }
  delivery.response = std::move(response);
  return delivery;
}

}  // namespace entente::sdk
