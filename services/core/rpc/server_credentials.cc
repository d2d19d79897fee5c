#include "services/core/rpc/server_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "services/core/base/status.h"
#include "services/core/document/document.h"

namespace entente::rpc {
namespace {

namespace tls = grpc::experimental;

// Accepts only a server whose certificate carries this name as its one URI.
class NameVerifier final : public tls::ExternalCertificateVerifier {
 public:
  explicit NameVerifier(std::string uri) : uri_(std::move(uri)) {}
  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const auto uris = request->uri_names();
    if (uris.size() == 1 && std::string(uris[0].data(), uris[0].size()) == uri_) return true;
    *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                "the server's certificate is not that of " + uri_);
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string uri_;
};

}  // namespace

absl::Status CheckServerTls(const ServerTlsFiles& files, const std::string& service_uri) {
  // As documents' signers are read: the key must be that of the first certificate.
  const auto identity =
      document::SigningIdentity::FromFiles(files.certificate_file, files.key_file);
  if (!identity.ok()) return identity.status();
  const crypto::Certificate& leaf = identity->chain[0];
  ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
      crypto::CheckLeafProfile(leaf, crypto::LeafUsage::kTlsServer), files.certificate_file));
  if (leaf.uris() == std::vector<std::string>{service_uri}) return absl::OkStatus();
  return base::RefuseArgument(base::Reason::kConfigurationInvalid,
                              "{} is not the certificate of {}", files.certificate_file,
                              service_uri);
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const ServerTlsFiles& files) {
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

std::shared_ptr<grpc::ChannelCredentials> MakeServiceCredentials(const std::string& certificate,
                                                                 const std::string& key,
                                                                 const std::string& roots,
                                                                 const std::string& service_uri) {
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(
      roots, std::vector<tls::IdentityKeyCertPair>{{key, certificate}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<NameVerifier>(service_uri));
  return tls::TlsCredentials(options);
}

}  // namespace entente::rpc
