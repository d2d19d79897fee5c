// Bytes in flight: what requests, answers and streams may hold at once, of one agency and of all.
// A call takes its share before its request is read, so that nothing unpaid for is in memory.
//
// Every agency has a guaranteed share that nobody else can use; above it agencies draw on one
// shared part, each up to its own limit. A caller that meets a limit waits in turn, and its next
// requests stay unread: HTTP/2's flow control then stops it, and nobody else.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_BUDGET_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_BUDGET_H_

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "services/core/base/mutex.h"

namespace entente::rpc {

// Thread-safe.
class Budget {
 public:
  struct Options {
    size_t shared_bytes_max = 48 << 20;
    // Its guaranteed part included: sixteen streams that wait for a document each, and some calls.
    size_t agency_bytes_max = 24 << 20;
    size_t guaranteed_bytes = 3 << 20;  // more than any one call asks for
    size_t waiting_max = 512;           // per agency
  };
  // Bytes that are held; given back when it goes. Movable.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept { *this = std::move(other); }
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { Resize(0); }
    // What turned out to be needed. More than was taken is admitted: it is there already.
    void Resize(size_t bytes);
    size_t bytes() const { return bytes_; }

   private:
    friend class Budget;
    Hold(Budget* budget, std::string agency, size_t bytes)
        : budget_(budget), agency_(std::move(agency)), bytes_(bytes) {}
    Budget* budget_ = nullptr;
    std::string agency_;
    size_t bytes_ = 0;
  };
  // Nothing once the budget is closed.
  using Ready = std::function<void(std::optional<Hold>)>;

  explicit Budget(Options options) : options_(options) {}

  // Calls `ready` with the bytes as soon as they are there, perhaps before it returns, without a
  // lock held. False if too many of the agency's calls wait already; `ready` is then not called.
  bool Take(const std::string& agency, size_t bytes, Ready ready);
  // From now on, and for whoever waits, there is nothing.
  void Close();
  // All bytes held.
  size_t used() const;
  const Options& options() const { return options_; }

 private:
  struct Waiter {
    size_t bytes;
    Ready ready;
  };
  struct Account {
    size_t used = 0;
    std::deque<Waiter> waiting;
  };
  size_t Above(size_t used) const {
    return used > options_.guaranteed_bytes ? used - options_.guaranteed_bytes : 0;
  }
  bool Fits(const Account& account, size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Change(Account& account, size_t used) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Resize(const std::string& agency, size_t before, size_t after);

  const Options options_;
  mutable base::Mutex mutex_;
  std::map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
  std::string last_served_ ABSL_GUARDED_BY(mutex_);
  size_t shared_used_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_BUDGET_H_
