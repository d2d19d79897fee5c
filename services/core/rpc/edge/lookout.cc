#include "services/core/rpc/edge/lookout.h"

#include <dlfcn.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace entente::rpc {

// Those of this process.
struct Lookouts {
  using Time = Lookout::Time;

  base::Mutex mutex;  // taken before that of any of them
  std::vector<Lookout*> all ABSL_GUARDED_BY(mutex);
  // Before that, none is late.
  std::atomic<Time::rep> late_at{Time::max().time_since_epoch().count()};

  static Lookouts& Get() {
    static auto* const lookouts = new Lookouts;
    return *lookouts;
  }
  void BeforeRead() {
    const Time now = std::chrono::steady_clock::now();
    if (now.time_since_epoch().count() < late_at.load(std::memory_order_relaxed)) return;
    base::MutexLock lock(mutex);
    LookWhereLate();
  }
  void LookWhereLate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Time next = Time::max();
    for (Lookout* lookout : all) next = std::min(next, lookout->LookIfLate());
    late_at.store(next.time_since_epoch().count(), std::memory_order_relaxed);
  }
};

Lookout::Lookout(std::function<void()> look, std::chrono::milliseconds late_after)
    : look_(std::move(look)), late_after_(late_after), looked_(std::chrono::steady_clock::now()) {
  Lookouts& lookouts = Lookouts::Get();
  base::MutexLock lock(lookouts.mutex);
  lookouts.all.push_back(this);
  lookouts.LookWhereLate();
}

Lookout::~Lookout() {
  Lookouts& lookouts = Lookouts::Get();
  base::MutexLock lock(lookouts.mutex);
  std::erase(lookouts.all, this);
}

void Lookout::Look() {
  base::MutexLock lock(mutex_);
  LookNow();
}

// What was read when it began counts, however long it takes.
void Lookout::LookNow() {
  const Time began = std::chrono::steady_clock::now();
  look_();
  looked_ = began;
}

Lookout::Time Lookout::LookIfLate() {
  base::MutexLock lock(mutex_);
  if (std::chrono::steady_clock::now() >= looked_ + late_after_) {
    LookNow();
  }
  return looked_ + late_after_;
}

}  // namespace entente::rpc

// gRPC reads by recvmsg, and has no place where it would ask before. So the program's own comes
// before the C library's, which it calls.
extern "C" __attribute__((visibility("default"))) ssize_t recvmsg(int socket, msghdr* message,
                                                                  int flags) {
  using Read = ssize_t (*)(int, msghdr*, int);
  static const auto read = reinterpret_cast<Read>(::dlsym(RTLD_NEXT, "recvmsg"));
  entente::rpc::Lookouts::Get().BeforeRead();
  return read(socket, message, flags);
}
