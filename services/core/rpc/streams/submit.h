// Intake: from received bytes to the sequencer's queue, for single calls and streams.
#ifndef ENTENTE_SERVICES_CORE_RPC_STREAMS_SUBMIT_H_
#define ENTENTE_SERVICES_CORE_RPC_STREAMS_SUBMIT_H_

#include "entente/exchange/v1/document.pb.h"
#include "services/core/document/document.h"
#include "services/core/rpc/edge/backend.h"
#include "services/core/rpc/edge/router.h"

namespace entente::rpc {

namespace pb = ::entente::exchange::v1;

// Parses and verifies a document that `caller` submits.
absl::StatusOr<document::VerifiedDocument> TakeIn(Backend& backend, const Caller& caller,
                                                  pb::SignedDocument signed_document);

// Takes in the document of one call and answers it once it is recorded or refused.
void ServeSubmit(Backend& backend, UnaryCall& call);
// Serves Validate: the same, and nothing is recorded.
void ServeValidate(Backend& backend, UnaryCall& call);
grpc::ServerGenericBidiReactor* StartSubmitMany(Backend& backend,
                                                grpc::GenericCallbackServerContext* context,
                                                Caller caller, OpenCall call);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_STREAMS_SUBMIT_H_
