// TLS for whoever calls a service of the regime: clients, services that follow another, probes.
#ifndef ENTENTE_SERVICES_CORE_RPC_TRANSPORT_SERVICE_CREDENTIALS_H_
#define ENTENTE_SERVICES_CORE_RPC_TRANSPORT_SERVICE_CREDENTIALS_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "services/core/document/document.h"

namespace entente::rpc {

// Calls with `identity`, and only a server whose certificate is of `roots` (PEM) and carries
// `service_uri` as its one URI. `proven` is called in each handshake when it has shown that.
std::shared_ptr<grpc::ChannelCredentials> MakeServiceCredentials(
    const document::SigningIdentity& identity, const std::string& roots,
    const std::string& service_uri, std::function<void()> proven = nullptr);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_TRANSPORT_SERVICE_CREDENTIALS_H_
