// The connection to a service between calls, and how a client waits for it.
//
// gRPC's blocking calls move bytes only while a thread waits inside one. Between two tries nobody
// would read the server's part of a handshake, so a client that slept there after an outage would
// never connect again: each try fails at once, because nothing has connected yet. A link keeps a
// thread of its own in gRPC for as long as the client lives.
#ifndef ENTENTE_CLIENTS_SDK_LINK_H_
#define ENTENTE_CLIENTS_SDK_LINK_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/time/time.h"

namespace entente::sdk {

// How a client waits between tries. Thread-safe.
class Waiter {
 public:
  virtual ~Waiter() = default;
  // Returns after `longest`, sooner where there is reason to try again, and within a tenth of a
  // second once `stop` (may be null) is true.
  virtual void Wait(absl::Duration longest, const std::atomic<bool>* stop) = 0;
};

// Waits by the clock alone: for channels within one process, which are always connected.
std::unique_ptr<Waiter> MakeSleeper();

// Keeps a channel connected: it connects again by itself, at gRPC's own pace. A wait that began
// while it was away ends when it is back.
class Link final : public Waiter {
 public:
  explicit Link(std::shared_ptr<grpc::Channel> channel);
  ~Link() override;
  void Wait(absl::Duration longest, const std::atomic<bool>* stop) override;

 private:
  void Run();

  const std::shared_ptr<grpc::Channel> channel_;
  grpc::CompletionQueue queue_;  // of no call: a thread that looks into it moves everybody's bytes
  std::thread thread_;
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_LINK_H_
