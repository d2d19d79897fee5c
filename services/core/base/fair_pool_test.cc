// Claims about FairPool: who asks for much waits for itself, and nothing that was taken is lost.
#include "services/core/base/fair_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace entente::base {
namespace {

// Holds the pool's thread until it is told to go on.
class Gate {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

TEST(FairPoolTest, ANeighbourIsServedBeforeTheRestOfALongQueue) {
  std::vector<std::string> order;
  {
    Gate gate;  // outlives the pool, whose threads may still look at it
    FairPool pool(1, 1000);
    ASSERT_TRUE(pool.TryPost("greedy", [&] { gate.Pass(); }));
    for (int i = 0; i < 500; ++i) {
      ASSERT_TRUE(pool.TryPost("greedy", [&] { order.emplace_back("greedy"); }));
    }
    ASSERT_TRUE(pool.TryPost("honest", [&] { order.emplace_back("honest"); }));
    gate.Open();
  }
  ASSERT_EQ(order.size(), 501u);
  EXPECT_EQ(order[0], "honest");
}

// However much one has queued before, somebody else finds a thread.
TEST(FairPoolTest, OneThreadIsLeftForOthers) {
  Gate gate;
  Gate served;
  FairPool pool(3, 1000);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(pool.TryPost("greedy", [&] { gate.Pass(); }));
  }
  ASSERT_TRUE(pool.TryPost("honest", [&] { served.Open(); }));
  served.Pass();  // would wait for ever
  gate.Open();
}

// While others are about, one has a single thread of three at a time, whatever it has queued.
TEST(FairPoolTest, WithOthersAboutOneHasLess) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> ran{0};
  FairPool pool(3, 1000);
  for (int i = 0; i < 300; ++i) {
    pool.Seen("honest");
    ASSERT_TRUE(pool.TryPost("greedy", [&] {
      // However slow the machine is, the other is still about.
      pool.Seen("greedy");
      pool.Seen("honest");
      const int now = ++running;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --running;
      ++ran;
    }));
  }
  pool.Stop();
  EXPECT_EQ(ran, 300);
  EXPECT_EQ(most, 1);
}

TEST(FairPoolTest, AFullQueueIsOnesOwn) {
  Gate gate;
  FairPool pool(1, 3);
  ASSERT_TRUE(pool.TryPost("greedy", [&] { gate.Pass(); }));
  int taken = 0;
  for (int i = 0; i < 10; ++i) taken += pool.TryPost("greedy", [] {}) ? 1 : 0;
  EXPECT_LE(taken, 4);
  EXPECT_GE(taken, 2);
  EXPECT_TRUE(pool.TryPost("honest", [] {}));
  gate.Open();
}

TEST(FairPoolTest, WhatWasTakenRunsEvenAtTheEnd) {
  std::atomic<int> ran{0};
  FairPool pool(2, 100);
  int taken = 0;
  for (int i = 0; i < 100; ++i) {
    taken += pool.TryPost("party " + std::to_string(i % 7), [&] { ++ran; }) ? 1 : 0;
  }
  pool.Stop();
  EXPECT_EQ(ran, taken);
  EXPECT_FALSE(pool.TryPost("late", [&] { ++ran; }));
  EXPECT_EQ(ran, taken);
}

}  // namespace
}  // namespace entente::base
