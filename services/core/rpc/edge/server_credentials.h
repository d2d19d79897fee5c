// TLS for servers. Clients' is in service_credentials.h and in the SDK.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_SERVER_CREDENTIALS_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_SERVER_CREDENTIALS_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace entente::rpc {

// The certificate and key that a service is called with. Its files are read again when they change,
// and taken over only if they belong together and are this service's: this gRPC aborts the process
// when it finds one of them empty, as a file is for a moment that is not replaced in one step.
//
// gRPC reads them from memory (memfd_create), where nobody else writes. Not thread-safe.
class TlsIdentity {
 public:
  // CONFIGURATION_INVALID or CERTIFICATE_REJECTED where the files are not fit.
  static absl::StatusOr<std::unique_ptr<TlsIdentity>> Open(std::string certificate_file,
                                                           std::string key_file,
                                                           std::string service_uri);
  ~TlsIdentity();

  // Takes over what the files hold. What is wrong with them, if that is not what is in force.
  absl::Status Look();
  // Where gRPC finds what is in force.
  std::string certificate_path() const { return PathOf(certificate_); }
  std::string key_path() const { return PathOf(key_); }

 private:
  TlsIdentity(std::string certificate_file, std::string key_file, std::string service_uri)
      : certificate_file_(std::move(certificate_file)),
        key_file_(std::move(key_file)),
        service_uri_(std::move(service_uri)) {}
  static std::string PathOf(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

  const std::string certificate_file_;
  const std::string key_file_;
  const std::string service_uri_;
  int certificate_ = -1;
  int key_ = -1;
  std::string in_force_;  // both, as they were read
};

// Whether a caller may connect, by its certificates: PEM, leaf first. May be called by any thread.
using AcceptConnection = std::function<absl::Status(const std::string& chain_pem)>;

// `client_roots_file` holds every partner's authorities, and is watched; what TLS lets pass,
// `accept` judges, which is where a caller is checked against its own state's authorities. Whoever
// is refused ends in the handshake. `identity` must outlive the server.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsIdentity& identity,
                                                               const std::string& client_roots_file,
                                                               AcceptConnection accept);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_SERVER_CREDENTIALS_H_
