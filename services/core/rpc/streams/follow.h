// Follow streams: one reactor each, a hub that wakes them.
//
// Laws of the reactor (each was somebody's crash):
//
//   1. One owner at a time: idle -> pumping -> writing -> ... -> finished, under one mutex; Finish
//      is called exactly once, by the owner.
//   2. One write in flight; its bytes are shared slices that live until gRPC lets go of them.
//   3. StartWrite and Finish are called without the mutex held.
//   4. It keeps itself alive until OnDone; the hub holds it weakly.
//   5. Pull, never push: nothing is queued for a stream but the message that is being written.
#ifndef ENTENTE_SERVICES_CORE_RPC_STREAMS_FOLLOW_H_
#define ENTENTE_SERVICES_CORE_RPC_STREAMS_FOLLOW_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "services/core/base/fair_pool.h"
#include "services/core/base/mutex.h"
#include "services/core/feed/feed.h"
#include "services/core/rpc/edge/acceptor.h"
#include "services/core/rpc/edge/budget.h"
#include "services/core/rpc/edge/call_record.h"
#include "services/core/rpc/edge/guard.h"
#include "services/core/rpc/streams/stream.h"

namespace entente::rpc {

// All open streams of a service: their limits per agency, their waking and their end. Thread-safe.
class StreamHub {
 public:
  struct Options {
    int streams_per_agency_max = 16;
    std::chrono::milliseconds heartbeat{10000};
    std::chrono::milliseconds stall_timeout{60000};
    std::chrono::milliseconds tick{250};
    std::chrono::milliseconds mark_interval{1000};
    // Told how many bytes of a connection a request explains; may be empty. `before` is 0 when it
    // begins to be read, and then what was expected of it.
    std::function<void(const std::string& peer, size_t before, size_t now)> explain;
  };
  // `shown` looks at a checkpoint that a follower shows, and refuses if it proves that the store
  // was rolled back.
  using Shown = std::function<absl::Status(const std::string& note)>;
  // Called when a stream opens, and notes the time, and again when it ends.
  using Reporter = std::function<void(CallRecord& call, const absl::Status& status)>;
  // `catch_up` waits until what other writers appended before the call is applied.
  using CatchUp = std::function<absl::Status()>;
  StreamHub(feed::Feed& feed, Guard& guard, base::FairPool& readers, Budget& budget,
            Options options, Shown shown, Reporter report, CatchUp catch_up);
  ~StreamHub();

  // Starts a stream; the reactor owns itself.
  grpc::ServerGenericBidiReactor* Start(grpc::GenericCallbackServerContext* context, Caller caller,
                                        OpenCall call);
  // Something was published.
  void Published();
  // The directory changed: every stream's caller is checked again.
  void DirectoryChanged() {
    recheck_ = true;
    Published();
  }
  // Ends every stream, those that follow with UNAVAILABLE, and waits until all are gone; after
  // `limit` those that their callers do not let end are aborted.
  void Drain(std::chrono::milliseconds limit);
  size_t streams() const;

  // Counts one more stream of the agency, or RESOURCE_EXHAUSTED/STREAMS_EXCEEDED.
  absl::Status Enter(const base::AgencyName& agency);
  void Leave(const base::AgencyName& agency);
  void Add(const std::shared_ptr<Stream>& stream);
  void Remove(Stream* stream);

 private:
  friend class FollowReactor;
  std::vector<std::shared_ptr<Stream>> LockedStreams() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  feed::Feed& feed_;
  Guard& guard_;
  base::FairPool& readers_;
  Budget& budget_;
  const Options options_;
  const Shown shown_;
  const Reporter report_;
  const CatchUp catch_up_;
  std::atomic<bool> recheck_{false};
  mutable base::Mutex mutex_;
  base::CondVar wake_;
  bool published_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<Stream*, std::weak_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::map<base::AgencyName, int> per_agency_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_STREAMS_FOLLOW_H_
