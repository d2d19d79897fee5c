// Claims about Budget: an agency that uses all it may takes nothing from a neighbour.
#include "services/core/rpc/edge/budget.h"

#include <gtest/gtest.h>

#include <vector>

namespace entente::rpc {
namespace {

constexpr Budget::Options kSmall{
    .shared_bytes_max = 100, .agency_bytes_max = 60, .guaranteed_bytes = 10, .waiting_max = 2};

class BudgetTest : public ::testing::Test {
 protected:
  ~BudgetTest() override { budget_.Close(); }  // what the holds give back is nobody's any more
  // Whether the bytes are there at once; they are held.
  bool Take(const std::string& agency, size_t bytes) {
    const size_t before = holds_.size();
    taken_ = budget_.Take(agency, bytes, [this, agency](std::optional<Budget::Hold> hold) {
      order_.push_back(agency);
      if (hold.has_value()) holds_.push_back(*std::move(hold));
    });
    return holds_.size() > before;
  }
  Budget budget_{kSmall};
  std::vector<Budget::Hold> holds_;
  std::vector<std::string> order_;
  bool taken_ = false;
};

TEST_F(BudgetTest, WhoMeetsHisLimitWaitsAndNobodyElse) {
  EXPECT_TRUE(Take("greedy", 40));
  EXPECT_TRUE(Take("greedy", 20));
  EXPECT_FALSE(Take("greedy", 1));
  EXPECT_TRUE(taken_);
  EXPECT_TRUE(Take("honest", 50));
  EXPECT_EQ(budget_.used(), 110u);
}

TEST_F(BudgetTest, TheGuaranteedShareIsThereWhenTheSharedOneIsGone) {
  ASSERT_TRUE(Take("one", 60));
  ASSERT_TRUE(Take("two", 60));
  EXPECT_TRUE(Take("three", 10)) << "its guaranteed share";
  EXPECT_FALSE(Take("three", 1)) << "the shared part is gone";
  EXPECT_TRUE(Take("four", 10));
}

TEST_F(BudgetTest, WhatIsGivenBackIsServedInTurn) {
  ASSERT_TRUE(Take("one", 60));
  ASSERT_TRUE(Take("two", 60));
  for (const char* agency : {"one", "one", "three", "three"}) {
    EXPECT_FALSE(Take(agency, 11)) << agency;
  }
  order_.clear();
  holds_[0].Resize(0);
  EXPECT_EQ(order_, (std::vector<std::string>{"one", "three", "one", "three"}));
}

TEST_F(BudgetTest, TooManyWaitingAreRefusedAndAClosedBudgetEndsAll) {
  ASSERT_TRUE(Take("one", 60));
  Take("one", 1);
  Take("one", 1);
  EXPECT_TRUE(taken_);
  Take("one", 1);
  EXPECT_FALSE(taken_);
  order_.clear();
  budget_.Close();
  EXPECT_EQ(order_.size(), 2u);
  EXPECT_EQ(holds_.size(), 1u) << "they were given nothing";
}

TEST_F(BudgetTest, ALoneCallLargerThanTheLimitPasses) { EXPECT_TRUE(Take("one", 90)); }

TEST_F(BudgetTest, HoldsGiveBackWhatTheyHave) {
  ASSERT_TRUE(Take("one", 50));
  holds_[0].Resize(5);
  EXPECT_EQ(budget_.used(), 5u);
  Budget::Hold moved = std::move(holds_[0]);
  holds_.clear();
  EXPECT_EQ(budget_.used(), 5u);
  moved.Resize(0);
  EXPECT_EQ(budget_.used(), 0u);
}

}  // namespace
}  // namespace entente::rpc
