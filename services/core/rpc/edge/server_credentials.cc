#include "services/core/rpc/edge/server_credentials.h"

#include <fcntl.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/mman.h>
#include <unistd.h>

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/document/document.h"

namespace entente::rpc {
namespace {

namespace tls = grpc::experimental;

// Puts a file in memory with this text in the place of `fd`, in one step; whoever opens it by its
// number finds the one or the other whole.
bool Replace(int& fd, const std::string& text) {
  const int fresh = ::memfd_create("tls", MFD_CLOEXEC);
  if (fresh < 0) return false;
  const bool written =
      ::write(fresh, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written) {
    ::close(fresh);
    return false;
  }
  if (fd < 0) {
    fd = fresh;
    return true;
  }
  const bool replaced = ::dup3(fresh, fd, O_CLOEXEC) == fd;
  ::close(fresh);
  return replaced;
}

class CallerVerifier final : public tls::ExternalCertificateVerifier {
 public:
  explicit CallerVerifier(AcceptConnection accept) : accept_(std::move(accept)) {}
  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    std::string chain(request->peer_cert().data(), request->peer_cert().size());
    const auto rest = request->peer_cert_full_chain();
    chain.append(rest.data(), rest.size());
    if (!accept_(chain).ok()) {
      *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "caller not accepted");
    }
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const AcceptConnection accept_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TlsIdentity>> TlsIdentity::Open(std::string certificate_file,
                                                               std::string key_file,
                                                               std::string service_uri) {
  std::unique_ptr<TlsIdentity> identity(
      new TlsIdentity(std::move(certificate_file), std::move(key_file), std::move(service_uri)));
  ENTENTE_RETURN_IF_ERROR(identity->Look());
  return identity;
}

TlsIdentity::~TlsIdentity() {
  ::close(certificate_);
  ::close(key_);
}

absl::Status TlsIdentity::Look() {
  const std::string certificate = base::ReadFile(certificate_file_).value_or("");
  const std::string key = base::ReadFile(key_file_).value_or("");
  if (!in_force_.empty() && certificate + key == in_force_) return absl::OkStatus();
  // As documents' signers are read: the key must be that of the first certificate.
  ENTENTE_ASSIGN_OR_RETURN(const auto identity,
                           document::SigningIdentity::FromFiles(certificate_file_, key_file_));
  const crypto::Certificate& leaf = identity.chain[0];
  ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
      crypto::CheckLeafProfile(leaf, crypto::LeafUsage::kTlsServer), certificate_file_));
  if (leaf.uris() != std::vector<std::string>{service_uri_}) {
    return base::RefuseArgument(base::Reason::kConfigurationInvalid,
                                "{} is not the certificate of {}", certificate_file_, service_uri_);
  }
  // What was checked is what is taken, whatever the files hold by now.
  std::string chain;
  for (const auto& one : identity.chain) chain += one.Pem();
  if (!Replace(certificate_, chain) || !Replace(key_, identity.key.Pem())) {
    return base::Refuse(absl::StatusCode::kUnavailable, base::Reason::kConfigurationInvalid,
                        "no memory for a certificate");
  }
  in_force_ = certificate + key;
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsIdentity& identity,
                                                               const std::string& client_roots_file,
                                                               AcceptConnection accept) {
  constexpr unsigned kRefreshSeconds = 1;
  auto provider = std::make_shared<tls::FileWatcherCertificateProvider>(
      identity.key_path(), identity.certificate_path(), client_roots_file, kRefreshSeconds);
  tls::TlsServerCredentialsOptions options(provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.set_check_call_host(false);
  // The chain is verified against the roots by TLS itself.
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<CallerVerifier>(std::move(accept)));
  return tls::TlsServerCredentials(options);
}

}  // namespace entente::rpc
