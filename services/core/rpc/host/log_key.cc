#include "services/core/rpc/host/log_key.h"

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {

using base::Reason;

absl::StatusOr<entry::NoteSigner> LogKeyFile::Load(const std::string& pem) const {
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromPem(pem));
  const auto directory = directory_.Get();
  ENTENTE_ASSIGN_OR_RETURN(
      auto signer,
      entry::NoteSigner::Create(directory->trust_domain() + "/" + group_, std::move(key)));
  if (directory->SignsWith(group_, signer.Vkey())) return signer;
  return base::RefuseArgument(Reason::kConfigurationInvalid,
                              "log_key_file {}: the directory (serial {}) does not list {} in "
                              "log_keys of {}, so that no reader would accept it; add it there "
                              "first (docs/PKI.md)",
                              path_, directory->serial(), signer.Vkey(), group_);
}

absl::StatusOr<const entry::NoteSigner*> LogKeyFile::Open() {
  const auto pem = base::ReadFile(path_);
  if (!pem.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", path_);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto signer, Load(*pem));
  signers_.push_back(std::move(signer));
  pem_ = *pem;
  taken_ = &signers_.back();
  return &signers_.back();
}

const entry::NoteSigner* LogKeyFile::Look() {
  const auto pem = base::ReadFile(path_);
  if (pem.has_value() && *pem != pem_) {
    auto signer = Load(*pem);
    if (signer.ok()) {
      signers_.push_back(*std::move(signer));
      pem_ = *pem;
      refused_.clear();
    } else if (std::exchange(refused_, *pem) != *pem) {
      telemetry::Log(telemetry::Level::kError, "log key not taken over; the old one stays in use",
                     {{telemetry::field::kGroup, group_},
                      {telemetry::field::kError, base::Text(signer.status())}});
    }
  }
  return taken_ == &signers_.back() ? nullptr : &signers_.back();
}

}  // namespace entente::rpc
