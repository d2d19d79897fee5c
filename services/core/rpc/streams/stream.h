// What streams of both directions share: whose they are, their place in the hub, and their end.
#ifndef ENTENTE_SERVICES_CORE_RPC_STREAMS_STREAM_H_
#define ENTENTE_SERVICES_CORE_RPC_STREAMS_STREAM_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "services/core/base/mutex.h"
#include "services/core/rpc/edge/acceptor.h"
#include "services/core/rpc/edge/guard.h"

namespace entente::rpc {

class StreamHub;

// Keeps itself alive from Join to OnDone; the hub holds it weakly.
class Stream : public grpc::ServerGenericBidiReactor, public std::enable_shared_from_this<Stream> {
 public:
  // Something was published, or (on a tick) time has passed. `recheck`: the directory changed, the
  // caller must be checked again; `draining`: the stream must end.
  virtual void Wake(bool tick, bool recheck, bool draining) = 0;
  // Ends it at once.
  void Abort();
  void OnDone() final;

 protected:
  Stream(StreamHub& hub, grpc::GenericCallbackServerContext* context, Caller caller, OpenCall call);
  // Joins the hub's streams; RESOURCE_EXHAUSTED/STREAMS_EXCEEDED if the agency has too many, and
  // the stream must then be finished.
  absl::Status Join();
  // gRPC's Finish, called once, whoever wants it. Not with the mutex held.
  void FinishOnce(const absl::Status& status);
  // How it finished. The last thing, on gRPC's thread: nobody else uses this any more.
  virtual void Ended(const absl::Status&) {}

  StreamHub& hub_;
  grpc::GenericCallbackServerContext* const context_;
  const std::string chain_pem_;
  const Caller caller_;
  const std::string party_;  // the agency's name

  base::Mutex mutex_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;  // the context is gone
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;

 private:
  const OpenCall call_;
  bool joined_ = false;
  std::shared_ptr<Stream> self_;
  absl::Status ended_ ABSL_GUARDED_BY(mutex_) = absl::CancelledError("");
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_STREAMS_STREAM_H_
