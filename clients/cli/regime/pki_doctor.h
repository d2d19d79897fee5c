// What is wrong with a certificate, in the words of the profile.
#ifndef ENTENTE_CLIENTS_CLI_REGIME_PKI_DOCTOR_H_
#define ENTENTE_CLIENTS_CLI_REGIME_PKI_DOCTOR_H_

#include "clients/cli/base/directory_options.h"

namespace entente::cli {

// Examines PEM files: each certificate for every use that its names and extensions claim, its path
// to the directory's authorities, its time, revocation and seat. Refused, without details, if one
// is unfit.
absl::Status Doctor(const Context& context, const std::vector<std::string>& files,
                    const DirectoryOptions& directory);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_REGIME_PKI_DOCTOR_H_
