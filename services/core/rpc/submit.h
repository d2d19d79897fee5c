// Intake: from received bytes to the sequencer's queue, for single calls and streams.
#ifndef ENTENTE_SERVICES_CORE_RPC_SUBMIT_H_
#define ENTENTE_SERVICES_CORE_RPC_SUBMIT_H_

#include "services/core/rpc/exchange_service.h"

namespace entente::rpc {

// Parses and verifies a document that `caller` submits.
absl::StatusOr<document::VerifiedDocument> TakeIn(Backend& backend, const Caller& caller,
                                                  pb::SignedDocument signed_document);

// Takes in the document of one call and answers it once it is recorded or refused.
void ServeSubmit(Backend& backend, UnaryCall& call);
grpc::ServerGenericBidiReactor* StartSubmitMany(Backend& backend,
                                                grpc::GenericCallbackServerContext* context,
                                                Caller caller, OpenCall call);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_SUBMIT_H_
