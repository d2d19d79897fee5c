#include "services/core/rpc/edge/memory_plan.h"

#include <gtest/gtest.h>

namespace entente::rpc {
namespace {

constexpr uint64_t kMiB = 1 << 20;

MemoryPlan Plan() {
  entente::config::v1::Limits limits;
  limits.set_memory_bytes_max(512 * kMiB);
  return PlanMemory(limits, /*groups=*/1, /*agencies=*/35);
}

TEST(MemoryPlanTest, ThePartsComeToTheLimit) {
  const MemoryPlan plan = Plan();
  EXPECT_EQ(plan.limit, 512 * kMiB);
  EXPECT_EQ(plan.base + plan.in_flight + plan.transport + plan.unproven + plan.feed + plan.state,
            plan.limit);
}

TEST(MemoryWatchTest, IsShortWhereThePlanDoesNotExplainWhatIsThere) {
  uint64_t resident = 0;
  MemoryWatch watch([&resident] { return resident; });
  resident = 1 << 30;
  EXPECT_FALSE(watch.IsShort()) << "without a plan nothing is known";
  const MemoryPlan plan = Plan();
  watch.Note(plan, "leem", 0);
  const uint64_t most = plan.limit - plan.state;
  resident = most;
  EXPECT_FALSE(watch.IsShort());
  resident = most + 1;
  EXPECT_TRUE(watch.IsShort());
  watch.Note(plan, "leem", 50 * kMiB);
  EXPECT_FALSE(watch.IsShort()) << "what is recorded is explained";
}

TEST(MemoryWatchTest, NeverWaitsForTheLimit) {
  uint64_t resident = 512 * kMiB - 90 * kMiB;
  MemoryWatch watch([&resident] { return resident; });
  watch.Note(Plan(), "leem", 200 * kMiB);
  EXPECT_TRUE(watch.IsShort()) << "the last 96 MiB are for what comes until somebody is cut";
}

TEST(MemoryWatchTest, ReadsTheProcessItself) {
  MemoryWatch watch;
  MemoryPlan plan = Plan();
  plan.limit = 1;
  plan.base = plan.in_flight = plan.transport = plan.unproven = plan.feed = 0;
  watch.Note(plan, "leem", 0);
  EXPECT_TRUE(watch.IsShort());
}

}  // namespace
}  // namespace entente::rpc
