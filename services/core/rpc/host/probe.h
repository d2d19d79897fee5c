// Asks a running service from outside, as its callers do: over TLS, by name, with a certificate.
// A port that accepts tells nothing, and neither does a process that lives.
#ifndef ENTENTE_SERVICES_CORE_RPC_HOST_PROBE_H_
#define ENTENTE_SERVICES_CORE_RPC_HOST_PROBE_H_

#include "services/core/rpc/host/load_config.h"

namespace entente::rpc {

enum class ProbeFor {
  kLive,   // it answers, whatever it says
  kReady,  // it says that it serves
};

// Asks each group of the configuration for its health, with the client certificate that stands
// there, at most five seconds each. UNAVAILABLE names the group that does not answer, or does not
// serve; CONFIGURATION_INVALID where a group names no client certificate.
absl::Status Probe(const Process& process, ProbeFor what);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_HOST_PROBE_H_
