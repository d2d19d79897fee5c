// Logs that a certificate expires, 60, 30 and 7 days ahead and once it has, and exports when.
#ifndef ENTENTE_SERVICES_CORE_RPC_HOST_EXPIRY_WATCH_H_
#define ENTENTE_SERVICES_CORE_RPC_HOST_EXPIRY_WATCH_H_

#include <map>
#include <string>
#include <vector>

#include "services/core/identity/directory.h"
#include "services/core/telemetry/metrics.h"

namespace entente::rpc {

class ExpiryWatch {
 public:
  // `files`: what a certificate is for, as in "tls", and where its PEM is.
  ExpiryWatch(std::string group, std::vector<std::pair<std::string, std::string>> files,
              telemetry::Metrics& metrics)
      : group_(std::move(group)), files_(std::move(files)), metrics_(metrics) {}
  // Looks at the files and at the directory's authorities. Logs once per certificate and step.
  void Look(const identity::Directory& directory, absl::Time now);
  // The step that was last told of a certificate: 60, 30, 7 or 0 days; -1: none. For tests.
  int ToldOf(const std::string& what) const;

 private:
  void LookAt(const std::string& what, const std::string& pem, absl::Time now);
  const std::string group_;
  const std::vector<std::pair<std::string, std::string>> files_;
  telemetry::Metrics& metrics_;
  std::map<std::string, std::pair<base::Digest, int>> told_;  // certificate and step
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_HOST_EXPIRY_WATCH_H_
