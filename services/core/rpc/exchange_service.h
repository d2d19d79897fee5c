// entente.exchange.v1.ExchangeService over one machine: the same code for every group.
//
// Handlers run on gRPC's reaction threads and never wait there. Submit verifies in place
// (docs/adr/0005); streams verify in the intake pool; SQL and proofs are the reader pool's work.
#ifndef ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_
#define ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_

#include <functional>
#include <memory>

#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "services/core/machine/sequencer.h"
#include "services/core/rpc/follow.h"
#include "services/core/rpc/guard.h"
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
  base::ThreadPool& intake;   // parses and verifies
  base::ThreadPool& readers;  // reads state and journal
  telemetry::Metrics& metrics;
  telemetry::AuditLog* audit = nullptr;  // null: none is kept
};

// Runs `work` for an authorised caller on the readers' threads and gives the reactor to return. Its
// status is logged and counted.
grpc::ServerUnaryReactor* ServeRead(Backend& backend, grpc::CallbackServerContext* context,
                                    std::string_view method,
                                    const google::protobuf::Message& request,
                                    std::function<absl::Status(const Caller&)> work);
// Counts, logs and audits a call that has finished, or the opening of a stream.
void Report(Backend& backend, const CallRecord& call, const absl::Status& status);

// Refuses until the machine has reached the heads that the request names (read your writes).
absl::Status CheckAtLeast(const machine::Machine& machine, const machine::Reader& reader,
                          const google::protobuf::RepeatedPtrField<pb::Head>& at_least);
// Heads of the reader's ledgers.
void AddHeads(const machine::Machine& machine, const machine::Reader& reader,
              google::protobuf::RepeatedPtrField<pb::Head>* heads);
// The one answer to everything that is not there for this caller.
absl::Status NotFound(std::string_view what);

using ExchangeServiceBase = pb::ExchangeService::WithRawCallbackMethod_Follow<
    pb::ExchangeService::WithCallbackMethod_Submit<
        pb::ExchangeService::WithCallbackMethod_SubmitMany<
            pb::ExchangeService::WithCallbackMethod_Acknowledge<
                pb::ExchangeService::WithCallbackMethod_GetDelivery<
                    pb::ExchangeService::WithCallbackMethod_GetEntry<
                        pb::ExchangeService::WithCallbackMethod_ListLedgers<
                            pb::ExchangeService::WithCallbackMethod_GetCheckpoint<
                                pb::ExchangeService::WithCallbackMethod_ProveInclusion<
                                    pb::ExchangeService::WithCallbackMethod_ProveConsistency<
                                        pb::ExchangeService::Service>>>>>>>>>>;

class ExchangeServiceImpl final : public ExchangeServiceBase {
 public:
  explicit ExchangeServiceImpl(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   const pb::SubmitRequest* request,
                                   pb::SubmitResponse* response) override;
  grpc::ServerBidiReactor<pb::SubmitManyRequest, pb::SubmitManyResponse>* SubmitMany(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Follow(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const pb::AcknowledgeRequest* request,
                                        pb::AcknowledgeResponse* response) override;
  grpc::ServerUnaryReactor* GetDelivery(grpc::CallbackServerContext* context,
                                        const pb::GetDeliveryRequest* request,
                                        pb::GetDeliveryResponse* response) override;
  grpc::ServerUnaryReactor* GetEntry(grpc::CallbackServerContext* context,
                                     const pb::GetEntryRequest* request,
                                     pb::GetEntryResponse* response) override;
  grpc::ServerUnaryReactor* ListLedgers(grpc::CallbackServerContext* context,
                                        const pb::ListLedgersRequest* request,
                                        pb::ListLedgersResponse* response) override;
  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context,
                                          const pb::GetCheckpointRequest* request,
                                          pb::GetCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* ProveInclusion(grpc::CallbackServerContext* context,
                                           const pb::ProveInclusionRequest* request,
                                           pb::ProveInclusionResponse* response) override;
  grpc::ServerUnaryReactor* ProveConsistency(grpc::CallbackServerContext* context,
                                             const pb::ProveConsistencyRequest* request,
                                             pb::ProveConsistencyResponse* response) override;

 private:
  // OUT_OF_RANGE/CURSOR_AHEAD where a cursor is beyond what is applied, or not the reader's.
  absl::Status CheckReached(const entry::Cursor& cursor, const machine::Reader& reader) const;
  Backend& backend_;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EXCHANGE_SERVICE_H_
