// HTTP/2 as no library sends it, over TLS with an agency's certificate: frames without end, and
// nothing is read or confirmed.
#ifndef ENTENTE_TESTS_SUPPORT_RAW_HTTP2_H_
#define ENTENTE_TESTS_SUPPORT_RAW_HTTP2_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"

namespace entente::testing {

enum class Flood {
  kHeaders,     // one block of headers that never ends
  kPings,       // pings
  kSettings,    // changes of settings
  kResets,      // calls that are reset at once
  kOpens,       // calls without a method, more than the service admits
  kCalls,       // calls of a method that is served, more than the service admits
  kCallsReset,  // the same, reset at once
};
inline constexpr Flood kFloods[] = {Flood::kHeaders,   Flood::kPings, Flood::kSettings,
                                    Flood::kResets,    Flood::kOpens, Flood::kCalls,
                                    Flood::kCallsReset};

class RawHttp2 {
 public:
  // On a socket that is connected, and closed with this. Null if the handshake fails.
  static std::unique_ptr<RawHttp2> Connect(int socket, const std::string& chain_pem,
                                           const std::string& key_pem);
  // On a new socket to this machine; null also if nobody listens.
  static std::unique_ptr<RawHttp2> Connect(const std::string& chain_pem, const std::string& key_pem,
                                           int port);
  ~RawHttp2();

  // Sends some frames; about a kilobyte of pings.
  void Send(Flood flood);
  // Whether the service lets it in: waits for its first bytes, ten seconds at most.
  bool WaitForBegin();
  // Reads, and throws away, until the other side ends it; false if it does not within ten seconds.
  bool WaitForEnd();
  struct Sent {
    uint64_t bytes = 0;
    bool cut = false;
  };
  // Sends until it is cut, for so long at most.
  Sent SendUntilCut(Flood flood, absl::Duration longest);

 private:
  struct Tls;
  explicit RawHttp2(std::unique_ptr<Tls> tls);
  const std::unique_ptr<Tls> tls_;
  uint32_t stream_ = 1;
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_RAW_HTTP2_H_
