#include "clients/sdk/agency.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>

#include "clients/sdk/caller_check.h"
#include "clients/sdk/request_id.h"
#include "entente/config/v1/regime_profile.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/identity/directory_file.h"
#include "services/core/rpc/transport/service_credentials.h"

namespace entente::sdk {
namespace {

using base::Reason;

absl::StatusOr<std::string> MustRead(const std::string& path) {
  auto text = base::ReadFile(path);
  if (text.has_value()) return *std::move(text);
  return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", path);
}

absl::StatusOr<document::DocumentSigner> OpenSigner(const entente::config::v1::Signer& signer,
                                                    const PinPrompt& ask) {
  if (signer.pkcs11_uri().empty()) {
    return document::SigningIdentity::FromFiles(signer.certificate_file(), signer.key_file());
  }
  if (!signer.key_file().empty()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "signers: a key is in key_file or at pkcs11_uri, not in both");
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto pem, MustRead(signer.certificate_file()));
  ENTENTE_ASSIGN_OR_RETURN(auto chain, crypto::Certificate::FromPem(pem));
  auto key = std::make_shared<TokenKey>(signer.pkcs11_uri(), chain.front(), ask);
  return document::DocumentSigner(std::move(chain), std::move(key));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Agency>> Agency::Load(const std::string& config_file,
                                                           PinPrompt ask) {
  return Read(config_file, std::move(ask));
}

absl::StatusOr<std::shared_ptr<Agency>> Agency::Read(const std::string& config_file,
                                                     PinPrompt ask) {
  std::shared_ptr<Agency> agency(new Agency());
  agency->ask_ = std::move(ask);
  auto& config = agency->config_;
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, MustRead(config_file));
  if (!google::protobuf::TextFormat::ParseFromString(text, &config)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "{} is not a text-proto entente.config.v1.ClientConfig",
                                config_file);
  }
  const auto folder = std::filesystem::absolute(config_file).parent_path();
  const auto resolve = [&](std::string* path) {
    if (!path->empty()) *path = (folder / *path).lexically_normal().string();
  };
  if (config.state_dir().empty()) config.set_state_dir("state");
  for (std::string* path : {config.mutable_tls_certificate_file(), config.mutable_tls_key_file(),
                            config.mutable_directory_file(), config.mutable_directory_key_file(),
                            config.mutable_state_dir(), config.mutable_profile_file()}) {
    resolve(path);
  }
  auto name = base::AgencyName::Parse(config.agency());
  if (!name.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "{}: agency must be \"partners/{{state}}/agencies/{{agency}}\"",
                                config_file);
  }
  agency->name_ = *name;
  if (!config.profile_file().empty()) {
    entente::config::v1::RegimeProfile profile;
    ENTENTE_ASSIGN_OR_RETURN(const auto profile_text, MustRead(config.profile_file()));
    if (!google::protobuf::TextFormat::ParseFromString(profile_text, &profile)) {
      return base::RefuseArgument(Reason::kConfigurationInvalid,
                                  "{} is not a text-proto entente.config.v1.RegimeProfile",
                                  config.profile_file());
    }
    const auto& kinds = profile.signing().signed_alone();
    agency->signed_alone_ = {kinds.begin(), kinds.end()};
  }
  for (auto& signer : *config.mutable_signers()) {
    resolve(signer.mutable_certificate_file());
    resolve(signer.mutable_key_file());
    ENTENTE_ASSIGN_OR_RETURN(auto opened, OpenSigner(signer, agency->ask_));
    agency->signers_.push_back(std::move(opened));
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto directory_text, MustRead(config.directory_file()));
  ENTENTE_ASSIGN_OR_RETURN(const auto signature, MustRead(config.directory_file() + ".sig"));
  ENTENTE_ASSIGN_OR_RETURN(const auto key_pem, MustRead(config.directory_key_file()));
  ENTENTE_ASSIGN_OR_RETURN(const auto key, crypto::PublicKey::FromPem(key_pem));
  ENTENTE_ASSIGN_OR_RETURN(agency->directory_,
                           identity::OpenDirectory(directory_text, signature, key));
  agency->config_file_ = config_file;
  ENTENTE_ASSIGN_OR_RETURN(const auto certificate, MustRead(config.tls_certificate_file()));
  ENTENTE_ASSIGN_OR_RETURN(const auto tls_key, MustRead(config.tls_key_file()));
  agency->tls_identity_ = certificate + tls_key;
  ENTENTE_ASSIGN_OR_RETURN(agency->tls_, document::SigningIdentity::FromFiles(
                                             config.tls_certificate_file(), config.tls_key_file()));
  return agency;
}

absl::StatusOr<std::shared_ptr<const Agency>> Agency::Newer() const {
  if (config_file_.empty()) return nullptr;
  ENTENTE_ASSIGN_OR_RETURN(auto now, Read(config_file_, ask_));
  const uint64_t serial = now->directory().serial();
  if (now->name_ != name_ || serial < directory().serial()) return nullptr;  // old is no news
  if (serial == directory().serial() && now->tls_identity_ == tls_identity_) return nullptr;
  // A token that is open stays so: nobody is asked for its PIN again.
  const auto& was = config_.signers();
  for (int i = 0; i < std::min(was.size(), now->config_.signers_size()); ++i) {
    auto& signer = now->signers_[static_cast<size_t>(i)];
    const auto& same = signers_[static_cast<size_t>(i)];
    if (!was[i].pkcs11_uri().empty() &&
        was[i].pkcs11_uri() == now->config_.signers(i).pkcs11_uri() &&
        signer.chain.front().der() == same.chain.front().der()) {
      signer.key = same.key;
    }
  }
  return now;
}

std::shared_ptr<const Agency> Agency::OfService(
    const std::string& group, std::shared_ptr<const identity::Directory> directory,
    entente::config::v1::ClientConfig config) {
  std::shared_ptr<Agency> agency(new Agency());
  agency->name_ = {"", group};
  agency->directory_ = std::move(directory);
  agency->config_ = std::move(config);
  return agency;
}

std::string Agency::StateFile(const std::string& file) const {
  std::error_code ignored;
  std::filesystem::create_directories(config_.state_dir(), ignored);
  return config_.state_dir() + "/" + file;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Agency::Connect(const std::string& group) const {
  std::string address;
  for (const auto& endpoint : config_.endpoints()) {
    if (endpoint.group() == group) address = endpoint.address();
  }
  if (address.empty()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "the client configuration names no endpoint for {}", group);
  }
  std::optional<document::SigningIdentity> identity = tls_;
  if (!identity.has_value()) {
    ENTENTE_ASSIGN_OR_RETURN(identity, document::SigningIdentity::FromFiles(
                                           config_.tls_certificate_file(), config_.tls_key_file()));
  }
  static const base::SystemClock kClock;
  const auto check = std::make_shared<CallerCheck>(directory_, *identity, kClock);
  const auto credentials =
      rpc::MakeServiceCredentials(*identity, directory_->ServiceAuthoritiesPem(),
                                  "spiffe://" + directory_->trust_domain() + "/services/" + group,
                                  [check] { check->Proven(); });
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(16 << 20);
  // A network that drops packets silently is noticed within half a minute, also between calls.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 15000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);
  auto interceptors = RequestIdInterceptors();
  interceptors.push_back(CallerCheckInterceptor(check));
  return grpc::experimental::CreateCustomChannelWithInterceptors(address, credentials, arguments,
                                                                 std::move(interceptors));
}

}  // namespace entente::sdk
