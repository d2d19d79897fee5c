// One partner in good standing who uses all that the API and a socket allow, and strangers without
// a certificate. They run as processes of their own, and no refusal stops them.
#ifndef ENTENTE_TESTS_ROBUSTNESS_HOSTILE_H_
#define ENTENTE_TESTS_ROBUSTNESS_HOSTILE_H_

#include <string>

#include "absl/time/time.h"

namespace entente::robustness {

struct HostileOptions {
  std::string config;   // the partner's client configuration
  std::string address;  // of the service: "127.0.0.1:7701"
  absl::Duration longest;
};

// Every call at its limits: documents whose names grow when they are folded, requests of millions
// of empty messages, a chain that is revised for ever, lists and trends of everything, sixteen
// streams of the largest documents, follows that show the same signature four thousand times.
// `kind` is "calls" for all of it, or one: names, bombs, chain, reads, streams, signatures.
int RunCalls(const HostileOptions& options, const std::string& kind);
// Bytes of an authenticated connection that no call explains: endless headers, pings, settings,
// streams that are reset at once.
int RunBytes(const HostileOptions& options);
// Connections without a certificate from eight addresses: up to 20,000 held, 200 greetings a
// second, until 100,000 were opened; then again.
int RunStrangers(const HostileOptions& options);

}  // namespace entente::robustness

#endif  // ENTENTE_TESTS_ROBUSTNESS_HOSTILE_H_
