#include "services/core/rpc/streams/stream.h"

#include <utility>

#include "services/core/rpc/edge/router.h"
#include "services/core/rpc/streams/follow.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::rpc {

Stream::Stream(StreamHub& hub, grpc::GenericCallbackServerContext* context, Caller caller,
               OpenCall call)
    : hub_(hub),
      context_(context),
      chain_pem_(PeerChainPem(*context)),
      caller_(std::move(caller)),
      party_(caller_.agency.str()),
      call_(std::move(call)) {}

absl::Status Stream::Join() {
  self_ = shared_from_this();
  hub_.Add(self_);
  const absl::Status status = hub_.Enter(caller_.agency);
  joined_ = status.ok();
  return status;
}

void Stream::Abort() {
  base::MutexLock lock(mutex_);
  if (!done_) context_->TryCancel();
}

void Stream::FinishOnce(const absl::Status& status) {
  {
    base::MutexLock lock(mutex_);
    if (finished_) return;
    finished_ = true;
    ended_ = status;
  }
  Finish(ToGrpcStatus(status));
}

void Stream::OnDone() {
  absl::Status ended;
  {
    base::MutexLock lock(mutex_);
    done_ = true;
    ended = ended_;
  }
  Ended(ended);
  if (joined_) hub_.Leave(caller_.agency);
  hub_.Remove(this);
  auto self = std::move(self_);  // work that is posted still keeps it alive
}

}  // namespace entente::rpc
