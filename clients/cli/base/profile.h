// The regime's profile, where the client's configuration names one.
#ifndef ENTENTE_CLIENTS_CLI_BASE_PROFILE_H_
#define ENTENTE_CLIENTS_CLI_BASE_PROFILE_H_

#include <optional>

#include "clients/cli/base/people.h"
#include "clients/sdk/agency.h"
#include "entente/config/v1/regime_profile.pb.h"

namespace entente::cli {

// Nothing where none is named, or it cannot be read: services judge by theirs.
std::optional<config::v1::RegimeProfile> ReadProfile(const sdk::Agency& agency);
// Texts of its codes; none without it.
CodeTexts ReadTexts(const sdk::Agency& agency);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_PROFILE_H_
