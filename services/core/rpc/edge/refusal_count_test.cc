// Claims about RefusalCount: a caller has few lines, and none of its refusals is lost to the count.
#include "services/core/rpc/edge/refusal_count.h"

#include <gtest/gtest.h>

#include "services/core/base/testing/fake_clock.h"

namespace entente::rpc {
namespace {

TEST(RefusalCountTest, TheNextLineStandsForThoseThatHadNone) {
  base::testing::FakeClock clock;
  RefusalCount count(2);
  EXPECT_EQ(count.Count("jp", clock.Now()), 1u);
  EXPECT_EQ(count.Count("jp", clock.Now()), 1u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(count.Count("jp", clock.Now()), 0u);
  clock.Advance(absl::Milliseconds(999));
  EXPECT_EQ(count.Count("jp", clock.Now()), 0u);
  clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(count.Count("jp", clock.Now()), 1002u);
  EXPECT_EQ(count.Count("jp", clock.Now()), 1u);
  EXPECT_EQ(count.Count("jp", clock.Now()), 0u);
}

TEST(RefusalCountTest, NobodyTakesAnothersLines) {
  base::testing::FakeClock clock;
  RefusalCount count(1);
  for (int i = 0; i < 100; ++i) count.Count("jp", clock.Now());
  EXPECT_EQ(count.Count("kr", clock.Now()), 1u);
}

}  // namespace
}  // namespace entente::rpc
