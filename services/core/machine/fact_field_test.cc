// A filter that can match nothing is told why.
#include "services/core/machine/fact_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace entente::machine {
namespace {

using ::testing::HasSubstr;
using Values = FactField::Values;

TEST(FactFieldTest, TakesWhatADocumentMaySay) {
  EXPECT_EQ(FactField({"x", Values::kText, {}}).Fault("Any thing"), "");
  EXPECT_EQ(FactField({"x", Values::kCountry, {}}).Fault("aq"), "");
  EXPECT_EQ(FactField({"x", Values::kState, {}}).Fault("kr"), "");
  EXPECT_EQ(FactField({"x", Values::kWord, {"open", "closed"}}).Fault("closed"), "");
}

TEST(FactFieldTest, SaysWhatOneMayHaveMeant) {
  EXPECT_THAT(FactField({"x", Values::kCountry, {}}).Fault("Antarctica"), HasSubstr("as in aq"));
  EXPECT_THAT(FactField({"x", Values::kCountry, {}}).Fault("AQ"), HasSubstr("lower case"));
  EXPECT_THAT(FactField({"x", Values::kCountry, {}}).Fault("zz"), HasSubstr("no country"));
  EXPECT_THAT(FactField({"x", Values::kState, {}}).Fault("NZ"), HasSubstr("as in kr"));
  EXPECT_THAT(FactField({"x", Values::kWord, {"open", "closed"}}).Fault("close"),
              HasSubstr("nearest: closed; one of open, closed"));
  EXPECT_THAT(FactField({"x", Values::kWord, {}}).Fault("x"), HasSubstr("not known"));
}

}  // namespace
}  // namespace entente::machine
