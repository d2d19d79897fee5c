#include "clients/cli/base/directory_options.h"

#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/identity/directory_file.h"

namespace entente::cli {

using base::Reason;

void AddDirectoryOptions(CLI::App* command, DirectoryOptions& options) {
  command->add_option("--directory", options.file,
                      "The signed directory; else that of your configuration");
  command->add_option("--directory-key", options.key_file, "PEM public key that verifies it");
}

absl::StatusOr<std::shared_ptr<const identity::Directory>> FindDirectory(
    const Context& context, const DirectoryOptions& options) {
  if (options.file.empty()) {
    auto agency = context.Agency();
    if (!agency.ok()) {
      return base::WithPrefix(agency.status(),
                              "name --directory and --directory-key, or a client configuration");
    }
    const auto* directory = &(*agency)->directory();
    return std::shared_ptr<const identity::Directory>(*std::move(agency), directory);
  }
  const auto text = base::ReadFile(options.file);
  const auto signature = base::ReadFile(options.file + ".sig");
  const auto pem = base::ReadFile(options.key_file);
  if (!text.has_value() || !signature.has_value() || !pem.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "cannot read {}, its .sig, or --directory-key {}", options.file,
                                options.key_file);
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto key, crypto::PublicKey::FromPem(*pem));
  return identity::OpenDirectory(*text, *signature, key);
}

}  // namespace entente::cli
