// Threads that work for many parties in turn: each party has a queue of its own, and whoever has
// been given the least time so far comes next. A party that asks for much waits for itself, and
// never has all threads: one is left for whoever comes while its work runs, and two while others
// are about, so that it leaves them a processor, too.
#ifndef ENTENTE_SERVICES_CORE_BASE_FAIR_POOL_H_
#define ENTENTE_SERVICES_CORE_BASE_FAIR_POOL_H_

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "services/core/base/mutex.h"

namespace entente::base {

// Thread-safe. Work that is posted after Stop is dropped.
class FairPool {
 public:
  // Of `threads` one party may have all but one at a time, and all but two within a second of
  // another's coming; one in any case.
  FairPool(int threads, size_t queue_max_per_party);
  ~FairPool();

  // False if the party's queue is full or the pool is stopped; the work is then not kept.
  bool TryPost(const std::string& party, std::function<void()> work);
  // A party has come with work that needs no thread of the pool.
  void Seen(const std::string& party);
  // Runs what is queued, then ends the threads.
  void Stop();
  // Work that waits, of all parties.
  size_t queued() const;

 private:
  using Time = std::chrono::nanoseconds;
  struct Party {
    std::deque<std::function<void()>> queue;
    Time used{0};  // of a thread, on the common scale
    int running = 0;
  };
  // How much of one party's work may run now.
  int RunningMax() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The party that comes next; the end if there is no work, or only of parties that have all they
  // may have.
  std::map<std::string, Party>::iterator Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  void Note(const std::string& party) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t queue_max_;
  const int running_max_;  // of one party
  mutable Mutex mutex_;
  CondVar wake_;
  std::map<std::string, Party> parties_ ABSL_GUARDED_BY(mutex_);  // with work queued or running
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that wait for work
  // How much the party that was served last had been given: who comes back from a rest starts here
  // and has saved nothing up.
  Time level_ ABSL_GUARDED_BY(mutex_){0};
  std::string newest_ ABSL_GUARDED_BY(mutex_);  // party that was seen last …
  std::chrono::steady_clock::time_point newest_time_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point other_time_ ABSL_GUARDED_BY(mutex_);  // … any other
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_FAIR_POOL_H_
