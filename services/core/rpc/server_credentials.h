// TLS for servers and clients. gRPC's experimental names stay in this pair of files.
#ifndef ENTENTE_SERVICES_CORE_RPC_SERVER_CREDENTIALS_H_
#define ENTENTE_SERVICES_CORE_RPC_SERVER_CREDENTIALS_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace entente::rpc {

// Files that are watched and read again when they change. `client_roots_file` holds every partner's
// authorities; the Guard then checks each caller against its own state's only.
struct ServerTlsFiles {
  std::string certificate_file;
  std::string key_file;
  std::string client_roots_file;
};
// Whether the certificate and the key belong together, and are those of this service: with others
// every handshake would fail. CONFIGURATION_INVALID says what is wrong.
absl::Status CheckServerTls(const ServerTlsFiles& files, const std::string& service_uri);
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const ServerTlsFiles& files);
// For calling a service of the regime, which must prove to be `service_uri`; all as PEM.
std::shared_ptr<grpc::ChannelCredentials> MakeServiceCredentials(const std::string& certificate,
                                                                 const std::string& key,
                                                                 const std::string& roots,
                                                                 const std::string& service_uri);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_SERVER_CREDENTIALS_H_
