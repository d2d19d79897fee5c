#include "services/core/base/fair_pool.h"

#include <algorithm>

namespace entente::base {

FairPool::FairPool(int threads, size_t queue_max_per_party)
    : queue_max_(queue_max_per_party), running_max_(std::max(1, threads - 1)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

FairPool::~FairPool() { Stop(); }

bool FairPool::TryPost(const std::string& party, std::function<void()> work) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    if (stopped_) return false;
    Note(party);
    Party& to = parties_[party];
    if (to.queue.size() >= queue_max_) return false;
    if (to.queue.empty() && to.running == 0) to.used = std::max(to.used, level_);
    to.queue.push_back(std::move(work));
    ++queued_;
    wake = idle_ > 0 && to.running < RunningMax();
  }
  if (wake) wake_.NotifyOne();
  return true;
}

void FairPool::Seen(const std::string& party) {
  MutexLock lock(mutex_);
  Note(party);
}

void FairPool::Note(const std::string& party) {
  if (party != newest_) {
    other_time_ = newest_time_;
    newest_ = party;
  }
  newest_time_ = std::chrono::steady_clock::now();
}

void FairPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

size_t FairPool::queued() const {
  MutexLock lock(mutex_);
  return queued_;
}

int FairPool::RunningMax() const {
  const bool crowded = std::chrono::steady_clock::now() - other_time_ < std::chrono::seconds(1);
  return std::max(1, crowded ? running_max_ - 1 : running_max_);
}

std::map<std::string, FairPool::Party>::iterator FairPool::Next() {
  auto best = parties_.end();
  const int running_max = RunningMax();
  for (auto it = parties_.begin(); it != parties_.end(); ++it) {
    if (it->second.queue.empty() || it->second.running >= running_max) continue;
    // Work that is running has no known cost yet; whoever has less of it goes first.
    const auto rank = [](const Party& party) { return std::make_pair(party.used, party.running); };
    if (best == parties_.end() || rank(it->second) < rank(best->second)) best = it;
  }
  return best;
}

void FairPool::Run() {
  // What a party that is being served is taken to cost until it is known.
  constexpr Time kGuess = std::chrono::microseconds(200);
  while (true) {
    std::map<std::string, Party>::iterator party;  // stays valid while something of it runs
    std::function<void()> work;
    bool more = false;
    {
      MutexLock lock(mutex_);
      while ((party = Next()) == parties_.end()) {
        if (queued_ == 0 && stopped_) return;
        ++idle_;
        wake_.Wait(mutex_);
        --idle_;
      }
      work = std::move(party->second.queue.front());
      party->second.queue.pop_front();
      --queued_;
      level_ = std::max(level_, party->second.used);
      party->second.used += kGuess;
      ++party->second.running;
      more = idle_ > 0 && Next() != parties_.end();
    }
    // Whoever takes work wakes one more while there is any, so that no thread wakes for nothing.
    if (more) wake_.NotifyOne();
    const auto began = std::chrono::steady_clock::now();
    work();
    work = nullptr;
    const Time took = std::chrono::steady_clock::now() - began;
    MutexLock lock(mutex_);
    party->second.used += took - kGuess;
    if (stopped_) wake_.NotifyAll();
    if (--party->second.running == 0 && party->second.queue.empty() &&
        party->second.used <= level_) {
      parties_.erase(party);
    }
  }
}

}  // namespace entente::base
