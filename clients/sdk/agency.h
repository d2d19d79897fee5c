// An agency's own keys and view of the directory, from a ClientConfig file.
#ifndef ENTENTE_CLIENTS_SDK_AGENCY_H_
#define ENTENTE_CLIENTS_SDK_AGENCY_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "clients/sdk/token_key.h"
#include "entente/config/v1/client_config.pb.h"
#include "services/core/document/document.h"
#include "services/core/identity/directory.h"

namespace entente::sdk {

// Immutable; thread-safe.
class Agency {
 public:
  // Reads the configuration and every file it names; errors name the file. Tokens are opened when
  // something is to be signed; `ask` is then asked for PINs.
  static absl::StatusOr<std::shared_ptr<const Agency>> Load(const std::string& config_file,
                                                            PinPrompt ask = nullptr);

  // The same configuration's agency with what its files hold now, or null where that is what this
  // one has: a directory of a later serial, another certificate. An error where the files cannot be
  // taken, as while one of a pair is replaced and the other is not.
  absl::StatusOr<std::shared_ptr<const Agency>> Newer() const;

  // A service of the regime that reads another's public ledger: it signs nothing.
  static std::shared_ptr<const Agency> OfService(
      const std::string& group, std::shared_ptr<const identity::Directory> directory,
      entente::config::v1::ClientConfig config);

  const base::AgencyName& name() const { return name_; }
  const entente::config::v1::ClientConfig& config() const { return config_; }
  const identity::Directory& directory() const { return *directory_; }
  const std::vector<document::DocumentSigner>& signers() const { return signers_; }
  // What the agency calls with, and signs its acknowledgements by; none of a service.
  const std::optional<document::SigningIdentity>& tls() const { return tls_; }
  // Whether documents of this kind (full name) are signed one by one: a service refuses them from a
  // batch. As the profile says that the configuration names; without one, alerts and their
  // closures.
  bool SignsAlone(std::string_view kind) const { return signed_alone_.contains(kind); }
  // A channel to a group's service over mTLS, which must prove to be that service. Calls over it
  // fail with CALLER_NOT_ACCEPTED where it does not take the certificate (CallerCheck).
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& group) const;
  // "<state_dir>/<file>".
  std::string StateFile(const std::string& file) const;

 private:
  Agency() = default;
  static absl::StatusOr<std::shared_ptr<Agency>> Read(const std::string& config_file,
                                                      PinPrompt ask);
  std::string config_file_;   // empty: of a service
  std::string tls_identity_;  // certificate and key, as they were read
  std::optional<document::SigningIdentity> tls_;
  base::AgencyName name_;
  entente::config::v1::ClientConfig config_;
  std::shared_ptr<const identity::Directory> directory_;
  std::vector<document::DocumentSigner> signers_;
  PinPrompt ask_;
  std::set<std::string, std::less<>> signed_alone_ = {"entente.iem.v1.Alert",
                                                      "entente.iem.v1.AlertClosure"};
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_AGENCY_H_
