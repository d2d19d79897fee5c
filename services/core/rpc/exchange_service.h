// entente.exchange.v1.ExchangeService over one machine: the same code for every group.
//
// Calls come in through the Router. Handlers run on gRPC's reaction threads and never wait there.
// Submit verifies in place while its agency has few calls open (docs/adr/0005); else, and for
// streams, the intake pool does; SQL and proofs are the reader pool's work.
#ifndef ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_
#define ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_

#include <functional>
#include <memory>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/machine/sequencer.h"
#include "services/core/rpc/acceptor.h"
#include "services/core/rpc/follow.h"
#include "services/core/rpc/guard.h"
#include "services/core/rpc/refusal_count.h"
#include "services/core/rpc/router.h"
#include "services/core/telemetry/audit.h"
#include "services/core/telemetry/metrics.h"

namespace entente::rpc {

namespace pb = ::entente::exchange::v1;

// What services share to answer calls. References must outlive the services.
struct Backend {
  Guard& guard;
  const identity::DirectorySource& directory;
  const base::Clock& clock;
  machine::Machine& machine;
  journal::Journal& journal;
  machine::Sequencer& sequencer;
  document::Verifier& verifier;
  FollowHub& follow;
  base::FairPool& intake;   // parses and verifies
  base::FairPool& readers;  // reads state and journal
  Budget& budget;
  const machine::Budgets& budgets;  // of states
  telemetry::Metrics& metrics;
  telemetry::AuditLog* audit = nullptr;  // null: none is kept
  Acceptor* acceptor = nullptr;          // null: connections come from elsewhere
  // What a stream's document holds of its agency's budget at least: an agency's streams then wait,
  // unread, before they have more documents in flight than its queues take.
  size_t document_bytes_min = 0;
  // Of those who come too often or are not let in, and of other refusals in the log.
  std::shared_ptr<RefusalCount> refusals = std::make_shared<RefusalCount>(1);
  std::shared_ptr<RefusalCount> logged = std::make_shared<RefusalCount>(10);
};

// Counts, logs and audits a call that has finished, or the opening of a stream.
void Report(Backend& backend, const CallRecord& call, const absl::Status& status);

// Refuses until the machine has reached the heads that a request names (read your writes); and,
// where it asks for exactly them, once a ledger of the reader's has passed them: HEAD_PASSED, which
// tells the oldest that is kept, or LEDGER_FORKED where one of that size has another root.
absl::Status CheckHeads(const machine::Machine& machine, const machine::Reader& reader,
                        const google::protobuf::RepeatedPtrField<pb::Head>& at_least, bool exactly);
template <typename Request>
absl::Status CheckHeads(const machine::Machine& machine, const machine::Reader& reader,
                        const Request& request) {
  return CheckHeads(machine, reader, request.at_least(), request.exactly());
}
// Heads of the reader's ledgers.
void AddHeads(const machine::Machine& machine, const machine::Reader& reader,
              google::protobuf::RepeatedPtrField<pb::Head>* heads);
// The one answer to everything that is not there for this caller.
absl::Status NotFound(std::string_view what);

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
