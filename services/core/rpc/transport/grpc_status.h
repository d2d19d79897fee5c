// The edge between absl::Status and grpc::Status, details included. Shared by servers and the SDK.
#ifndef ENTENTE_SERVICES_CORE_RPC_TRANSPORT_GRPC_STATUS_H_
#define ENTENTE_SERVICES_CORE_RPC_TRANSPORT_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace entente::rpc {

// Initial metadata of a stream that the service has opened: from then on it is followed, however
// long nothing comes.
inline constexpr char kOpenedKey[] = "x-entente-opened";

// Whether a refusal comes from the journal: its text names files and positions, which are the
// operator's to know (law 6).
bool IsJournalFault(const absl::Status& status);
// What a caller may read of a refusal's text.
std::string TextForCaller(const absl::Status& status);
// Packs the payloads of a refusal as details of a google.rpc.Status.
grpc::Status ToGrpcStatus(const absl::Status& status);
// Serialised google.rpc.Status of a refusal.
std::string ToRpcStatusBytes(const absl::Status& status);
// Back again; details become payloads.
absl::Status FromGrpcStatus(const grpc::Status& status);
absl::Status FromRpcStatusBytes(int code, const std::string& message, const std::string& bytes);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_TRANSPORT_GRPC_STATUS_H_
