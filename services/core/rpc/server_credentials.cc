#include "services/core/rpc/server_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace entente::rpc {

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const ServerTlsFiles& files) {
  namespace tls = grpc::experimental;
  constexpr unsigned kRefreshSeconds = 1;
  auto provider = std::make_shared<tls::FileWatcherCertificateProvider>(
      files.key_file, files.certificate_file, files.client_roots_file, kRefreshSeconds);
  tls::TlsServerCredentialsOptions options(provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.set_check_call_host(false);
  // The chain is verified against the roots by TLS itself; names are the Guard's business.
  options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
  return tls::TlsServerCredentials(options);
}

}  // namespace entente::rpc
