#include "services/core/rpc/transport/service_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace entente::rpc {
namespace {

namespace tls = grpc::experimental;

class NameVerifier final : public tls::ExternalCertificateVerifier {
 public:
  NameVerifier(std::string uri, std::function<void()> proven)
      : uri_(std::move(uri)), proven_(std::move(proven)) {}
  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const auto uris = request->uri_names();
    if (uris.size() == 1 && std::string(uris[0].data(), uris[0].size()) == uri_) {
      if (proven_) proven_();
      return true;
    }
    *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                "the server's certificate is not that of " + uri_);
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string uri_;
  const std::function<void()> proven_;
};

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> MakeServiceCredentials(
    const document::SigningIdentity& identity, const std::string& roots,
    const std::string& service_uri, std::function<void()> proven) {
  // From what was parsed: this gRPC aborts the process where one of them is empty, as a file is for
  // a moment that is not replaced in one step.
  std::string chain;
  for (const auto& one : identity.chain) chain += one.Pem();
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(
      roots, std::vector<tls::IdentityKeyCertPair>{{identity.key.Pem(), chain}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<NameVerifier>(service_uri, std::move(proven)));
  return tls::TlsCredentials(options);
}

}  // namespace entente::rpc
