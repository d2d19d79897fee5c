#include "clients/sdk/link.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"
#include "services/core/base/clock.h"

namespace entente::sdk {
namespace {

// How soon a stop is seen.
constexpr absl::Duration kStep = absl::Milliseconds(50);

absl::Time Now() { return base::SystemClock().Now(); }

bool Stopped(const std::atomic<bool>* stop) { return stop != nullptr && *stop; }

class Sleeper final : public Waiter {
 public:
  void Wait(absl::Duration longest, const std::atomic<bool>* stop) override {
    for (absl::Duration left = longest; left > absl::ZeroDuration() && !Stopped(stop);
         left -= kStep) {
      absl::SleepFor(std::min(kStep, left));
    }
  }
};

}  // namespace

std::unique_ptr<Waiter> MakeSleeper() { return std::make_unique<Sleeper>(); }

Link::Link(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)), thread_([this] { Run(); }) {}

Link::~Link() {
  queue_.Shutdown();
  thread_.join();
}

void Link::Run() {
  // Without a call nobody else makes an idle channel connect.
  constexpr absl::Duration kLook = absl::Milliseconds(250);
  void* tag = nullptr;
  bool ok = false;
  do {
    channel_->GetState(true);
  } while (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(Now() + kLook)) !=
           grpc::CompletionQueue::SHUTDOWN);
}

void Link::Wait(absl::Duration longest, const std::atomic<bool>* stop) {
  const absl::Time until = Now() + longest;
  grpc_connectivity_state state = channel_->GetState(true);
  const bool was_away = state != GRPC_CHANNEL_READY;
  for (absl::Time now = Now(); now < until && !Stopped(stop); now = Now()) {
    channel_->WaitForStateChange(state, absl::ToChronoTime(std::min(now + kStep, until)));
    state = channel_->GetState(true);
    if (was_away && state == GRPC_CHANNEL_READY) return;
  }
}

}  // namespace entente::sdk
