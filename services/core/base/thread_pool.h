// A fixed set of threads with one bounded queue. Work that is posted after Stop is dropped.
#ifndef ENTENTE_SERVICES_CORE_BASE_THREAD_POOL_H_
#define ENTENTE_SERVICES_CORE_BASE_THREAD_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "services/core/base/mutex.h"

namespace entente::base {

// Thread-safe.
class ThreadPool {
 public:
  ThreadPool(int threads, size_t queue_max);
  ~ThreadPool();

  // False if the queue is full or the pool is stopped; the work is then not kept.
  bool TryPost(std::function<void()> work);
  // Runs what is queued, then ends the threads.
  void Stop();

 private:
  void Run();

  const size_t queue_max_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_THREAD_POOL_H_
