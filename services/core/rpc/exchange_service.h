// entente.exchange.v1.ExchangeService over one machine: the same code for every group.
//
// Calls come in through the Router. Handlers run on gRPC's reaction threads and never wait there.
// Submit verifies in place while its agency has few calls open (docs/adr/0005); else, and for
// streams, the intake pool does; SQL and proofs are the reader pool's work.
#ifndef ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_
#define ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_

#include <memory>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/rpc/edge/backend.h"
#include "services/core/rpc/edge/router.h"

namespace entente::rpc {

namespace pb = ::entente::exchange::v1;

class ExchangeServiceImpl final : public Service {
 public:
  explicit ExchangeServiceImpl(Backend& backend) : backend_(backend) {}
  void AddTo(Router& router) override;

 private:
  void Acknowledge(UnaryCall& call);
  absl::Status GetDelivery(const Caller& caller, const pb::GetDeliveryRequest& request,
                           pb::GetDeliveryResponse& response) const;
  absl::Status GetEntry(const Caller& caller, const pb::GetEntryRequest& request,
                        pb::GetEntryResponse& response) const;
  absl::Status ListRevisions(const Caller& caller, const pb::ListRevisionsRequest& request,
                             pb::ListRevisionsResponse& response) const;
  absl::Status ListAnswers(const Caller& caller, const pb::ListAnswersRequest& request,
                           pb::ListAnswersResponse& response) const;
  absl::Status ListObligations(const Caller& caller, const pb::ListObligationsRequest& request,
                               pb::ListObligationsResponse& response) const;
  absl::Status ListLedgers(const Caller& caller, const pb::ListLedgersRequest& request,
                           pb::ListLedgersResponse& response) const;
  absl::Status GetCheckpoint(const Caller& caller, const pb::GetCheckpointRequest& request,
                             pb::GetCheckpointResponse& response) const;
  absl::Status ProveInclusion(const Caller& caller, const pb::ProveInclusionRequest& request,
                              pb::ProveInclusionResponse& response) const;
  absl::Status ProveConsistency(const Caller& caller, const pb::ProveConsistencyRequest& request,
                                pb::ProveConsistencyResponse& response) const;
  absl::Status GetBudget(const Caller& caller, const pb::GetBudgetRequest& request,
                         pb::GetBudgetResponse& response) const;
  absl::StatusOr<std::vector<machine::Sequencer::Acknowledged>> VerifyAcknowledgements(
      const Caller& caller, const pb::AcknowledgeRequest& request) const;
  // Whether so much, or more, of the state is recorded: it changes nothing then.
  bool Known(const std::string& state, const pb::Acknowledgement& said) const;
  // OUT_OF_RANGE/CURSOR_AHEAD where one is beyond what is applied, or of a ledger that is not the
  // reader's; FAILED_PRECONDITION/LEDGER_FORKED where it is of other entries.
  absl::Status CheckReached(const std::vector<machine::Sequencer::Acknowledged>& acknowledged,
                            const machine::Reader& reader) const;
  Backend& backend_;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_
