// Changes to a directory, before it is signed. Every function names what it could not find or do,
// and leaves the directory as it was then.
#ifndef ENTENTE_CLIENTS_CLI_REGIME_DIRECTORY_EDIT_H_
#define ENTENTE_CLIENTS_CLI_REGIME_DIRECTORY_EDIT_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "entente/config/v1/directory.pb.h"
#include "services/core/crypto/certificate.h"

namespace entente::cli {

// Adds an authority of a state, which becomes a partner with its first. Refuses what is no
// authority by the profile, and one that another state has: nobody issues for two.
absl::Status AddAuthority(entente::config::v1::Directory& directory, const std::string& state,
                          const crypto::Certificate& certificate);
// The authority issues no longer: what was recorded before `serial` still verifies by it, and
// nothing later does. Refuses a state's last one.
absl::Status RetireAuthority(entente::config::v1::Directory& directory, const std::string& state,
                             const crypto::Certificate& certificate, uint64_t serial);
// The same for the authorities of the services. Retired ones are removed: nothing that they issued
// is verified later.
absl::Status AddServiceAuthority(entente::config::v1::Directory& directory,
                                 const crypto::Certificate& certificate);
absl::Status RemoveServiceAuthority(entente::config::v1::Directory& directory,
                                    const crypto::Certificate& certificate);
// A key that checkpoints of a group may be signed with, as a C2SP vkey.
absl::Status AddLogKey(entente::config::v1::Directory& directory, const std::string& group,
                       const std::string& vkey);
// Moves a log key to the retired ones. Refuses the last one in use.
absl::Status RetireLogKey(entente::config::v1::Directory& directory, const std::string& group,
                          const std::string& vkey);
// Gives an agency these seats ("leem:read,submit") from `serial` on, instead of those it has; it is
// made if it is new. What it did as a chair before stands.
absl::Status SetSeats(entente::config::v1::Directory& directory, const std::string& state,
                      const std::string& agency, std::span<const std::string> seats,
                      uint64_t serial);
// Revokes an agency as a whole from `serial` on.
absl::Status RevokeAgency(entente::config::v1::Directory& directory, const std::string& state,
                          const std::string& agency, uint64_t serial);
// Revokes one certificate of a state from `serial` on: a leaf that names it, or an authority that
// stands between.
absl::Status RevokeCertificate(entente::config::v1::Directory& directory, const std::string& state,
                               const crypto::Certificate& certificate, uint64_t serial);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_REGIME_DIRECTORY_EDIT_H_
