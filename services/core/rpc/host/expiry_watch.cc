#include "services/core/rpc/host/expiry_watch.h"

#include "services/core/base/files.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

constexpr int kSteps[] = {0, 7, 30, 60};  // days

}  // namespace

void ExpiryWatch::LookAt(const std::string& what, const std::string& pem, absl::Time now) {
  auto chain = crypto::Certificate::FromPem(pem);
  if (!chain.ok() || chain->empty()) return;
  const crypto::Certificate& certificate = chain->front();
  metrics_.SetExpiry(what, static_cast<double>(absl::ToUnixSeconds(certificate.not_after())));
  int step = -1;
  for (int days : kSteps) {
    if (step < 0 && certificate.not_after() <= now + absl::Hours(24) * days) step = days;
  }
  auto& [digest, told] = told_.try_emplace(what, base::Digest(), -1).first->second;
  if (digest != certificate.digest()) {
    digest = certificate.digest();
    told = -1;
  }
  if (step < 0 || step == told) return;
  told = step;
  telemetry::Log(
      step <= 7 ? telemetry::Level::kError : telemetry::Level::kWarn,
      step == 0 ? "a certificate has expired" : "a certificate expires soon",
      {{telemetry::field::kGroup, group_},
       {"certificate", what},
       {"not_after",
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", certificate.not_after(), absl::UTCTimeZone())},
       {"days", std::to_string(absl::ToInt64Hours(certificate.not_after() - now) / 24)}});
}

void ExpiryWatch::Look(const identity::Directory& directory, absl::Time now) {
  for (const auto& [what, path] : files_) {
    if (const auto pem = base::ReadFile(path)) LookAt(what, *pem, now);
  }
  for (const auto& partner : directory.proto().partners()) {
    for (int i = 0; i < partner.ca_pem_size(); ++i) {
      LookAt(
          fmt::format("authority {}{}", partner.state(), i == 0 ? "" : fmt::format(" {}", i + 1)),
          partner.ca_pem(i), now);
    }
  }
  for (const std::string& pem : directory.proto().service_ca_pem()) {
    LookAt("authority of services", pem, now);
  }
}

int ExpiryWatch::ToldOf(const std::string& what) const {
  auto it = told_.find(what);
  return it == told_.end() ? -1 : it->second.second;
}

}  // namespace entente::rpc
