#include "services/core/base/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace entente::base {
namespace {

TEST(NearestTest, CountsSlips) {
  const std::vector<std::string> known = {"denial", "delivery", "directory", "sign", "pki"};
  EXPECT_EQ(Nearest("denail", known), "denial");
  EXPECT_EQ(Nearest("denials", known), "denial");
  EXPECT_EQ(Nearest("dnial", known), "denial");
  EXPECT_EQ(Nearest("sing", known), "sign");
  EXPECT_EQ(Nearest("pik", known), "pki");
  EXPECT_EQ(Nearest("delivery", known), "delivery");
  for (const char* other : {"", "help", "annex", "x"})
    EXPECT_EQ(Nearest(other, known), "") << other;
  EXPECT_EQ(Nearest(std::string(1'000'000, 'd'), known), "");
  EXPECT_EQ(Nearest("denial", {}), "");
}

}  // namespace
}  // namespace entente::base
