// A fault is named by line and column, whatever comments stand before it.
#include "clients/cli/base/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "entente/exchange/v1/document.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/status.h"

namespace entente::cli {
namespace {

using ::testing::StartsWith;

std::string Fault(std::string_view text) {
  leem::v1::DenialNotification::descriptor();  // its type is known
  exchange::v1::Document document;
  return base::Text(FromJson(text, document));
}

TEST(JsonTextTest, TakesCommentsAndFields) {
  exchange::v1::Document document;
  EXPECT_TRUE(FromJson("{\n  // a comment\n  \"reference\": \"1\"\n}", document).ok());
  EXPECT_EQ(document.reference(), "1");
}

TEST(JsonTextTest, FaultsOfFormHaveTheirPlace) {
  EXPECT_THAT(Fault("{\n  // a comment\n  \"reference\": \"1\"\n  \"audience\": {}}"),
              StartsWith("4:3: Expected , or }"));
  EXPECT_THAT(Fault("{\"reference\": \"1\""), StartsWith("1:17: Unexpected end"));
  EXPECT_THAT(Fault("\n\nreference"), StartsWith("3:1: "));
}

TEST(JsonTextTest, FaultsOfMeaningHaveTheirPlace) {
  EXPECT_THAT(Fault("{\n \"reference\": \"1\",\n \"nonsense\": 1}"), StartsWith("3:2: nonsense"));
  EXPECT_THAT(Fault("{\"marking\": {\n  \"level\": \"LEVEL_X\"}}"),
              StartsWith("2:3: (marking.level)"));
  EXPECT_THAT(
      Fault("{\n\"body\": {\"@type\": \"type.googleapis.com/entente.leem.v1.DenialNotification\",\n"
            "\"content\": {\"destination\": {\n\"countri\": \"aq\"}}}}"),
      StartsWith("4:1: "));
  EXPECT_THAT(Fault("{\n\"body\": {\"@type\": \"type.googleapis.com/entente.leem.v1.Nothing\"}}"),
              StartsWith("2:1: (body)"));
}

}  // namespace
}  // namespace entente::cli
