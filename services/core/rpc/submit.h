// Intake: from received bytes to the sequencer's queue, for single calls and streams.
#ifndef ENTENTE_SERVICES_CORE_RPC_SUBMIT_H_
#define ENTENTE_SERVICES_CORE_RPC_SUBMIT_H_

#include "services/core/rpc/exchange_service.h"

namespace entente::rpc {

// Parses and verifies a document that `caller` submits.
absl::StatusOr<document::VerifiedDocument> TakeIn(Backend& backend, const Caller& caller,
                                                  pb::SignedDocument signed_document);

grpc::ServerUnaryReactor* StartSubmit(Backend& backend, grpc::CallbackServerContext* context,
                                      const pb::SubmitRequest* request,
                                      pb::SubmitResponse* response);
grpc::ServerBidiReactor<pb::SubmitManyRequest, pb::SubmitManyResponse>* StartSubmitMany(
    Backend& backend, grpc::CallbackServerContext* context);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_SUBMIT_H_
