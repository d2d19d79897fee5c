#include "services/core/rpc/edge/budget.h"

#include <utility>
#include <vector>

namespace entente::rpc {

Budget::Hold& Budget::Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  Resize(0);
  budget_ = std::exchange(other.budget_, nullptr);
  agency_ = std::move(other.agency_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void Budget::Hold::Resize(size_t bytes) {
  if (budget_ == nullptr || bytes == bytes_) return;
  budget_->Resize(agency_, std::exchange(bytes_, bytes), bytes);
}

bool Budget::Fits(const Account& account, size_t bytes) const {
  const size_t after = account.used + bytes;
  if (Above(after) == 0) return true;
  // One call may pass an empty account's limit: else it would wait for ever.
  if (after > options_.agency_bytes_max && account.used > 0) return false;
  return shared_used_ + Above(after) - Above(account.used) <= options_.shared_bytes_max;
}

void Budget::Change(Account& account, size_t used) {
  shared_used_ = shared_used_ + Above(used) - Above(account.used);
  used_ = used_ + used - account.used;
  account.used = used;
}

bool Budget::Take(const std::string& agency, size_t bytes, Ready ready) {
  bool closed = false;
  {
    base::MutexLock lock(mutex_);
    closed = closed_;
    if (!closed) {
      Account& account = accounts_[agency];
      if (!account.waiting.empty() || !Fits(account, bytes)) {
        if (account.waiting.size() >= options_.waiting_max) return false;
        account.waiting.push_back({bytes, std::move(ready)});
        ++waiting_;
        return true;
      }
      Change(account, account.used + bytes);
    }
  }
  if (closed) {
    ready(std::nullopt);
  } else {
    ready(Hold(this, agency, bytes));
  }
  return true;
}

// What is given back goes to those who wait, one of each agency in turn.
void Budget::Resize(const std::string& agency, size_t before, size_t after) {
  std::vector<std::pair<Ready, Hold>> served;
  {
    base::MutexLock lock(mutex_);
    Account& account = accounts_[agency];
    Change(account, account.used + after - before);
    for (bool more = after < before && waiting_ > 0; more;) {
      more = false;
      auto it = accounts_.upper_bound(last_served_);
      for (size_t i = 0; i < accounts_.size(); ++i, ++it) {
        if (it == accounts_.end()) it = accounts_.begin();
        Account& next = it->second;
        if (next.waiting.empty() || !Fits(next, next.waiting.front().bytes)) continue;
        Waiter waiter = std::move(next.waiting.front());
        next.waiting.pop_front();
        --waiting_;
        Change(next, next.used + waiter.bytes);
        served.emplace_back(std::move(waiter.ready), Hold(this, it->first, waiter.bytes));
        last_served_ = it->first;
        more = waiting_ > 0;
        break;
      }
    }
  }
  for (auto& [ready, hold] : served) ready(std::move(hold));
}

void Budget::Close() {
  std::vector<Ready> waiting;
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [agency, account] : accounts_) {
      for (Waiter& waiter : account.waiting) waiting.push_back(std::move(waiter.ready));
      account.waiting.clear();
    }
    waiting_ = 0;
  }
  for (const Ready& ready : waiting) ready(std::nullopt);
}

size_t Budget::used() const {
  base::MutexLock lock(mutex_);
  return used_;
}

}  // namespace entente::rpc
