#include "clients/cli/base/normal_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "entente/exchange/v1/document.pb.h"
#include "entente/leem/v1/denial.pb.h"

namespace entente::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NormalTextTest, LinesEndWithALineFeedAndCharactersAreComposed) {
  leem::v1::DenialNotification body;
  body.mutable_content()->set_remarks("one\r\ntwo\rthree\n\r\n");
  // Hangul as macOS writes file names: three jamo for one syllable; and e with an acute accent.
  body.mutable_content()->add_parties()->set_name("\u1112\u1161\u11ab, Caf\u0065\u0301");
  exchange::v1::Document document;
  document.set_reference("2026-0001");
  document.mutable_body()->PackFrom(body);
  EXPECT_THAT(NormalizeTexts(document),
              ElementsAre("body.content.parties[0].name", "body.content.remarks"));
  leem::v1::DenialNotification after;
  ASSERT_TRUE(document.body().UnpackTo(&after));
  EXPECT_EQ(after.content().remarks(), "one\ntwo\nthree\n\n");
  EXPECT_EQ(after.content().parties(0).name(), "\ud55c, Caf\u00e9");
  EXPECT_THAT(NormalizeTexts(document), IsEmpty());
}

TEST(NormalTextTest, WhatIsNormalStaysByteForByte) {
  leem::v1::DenialNotification body;
  body.mutable_content()->set_remarks("a\ttab, a line\nand caf\u00e9");
  exchange::v1::Document document;
  document.mutable_body()->PackFrom(body);
  // As another encoder may have written it: PackFrom would drop the empty tail.
  document.mutable_body()->mutable_value()->append("\x0a\x00", 2);
  const std::string before = document.SerializeAsString();
  EXPECT_THAT(NormalizeTexts(document), IsEmpty());
  EXPECT_EQ(document.SerializeAsString(), before);
}

TEST(NormalTextTest, AnUnknownBodyAndBrokenCharactersAreLeftToTheService) {
  exchange::v1::Document document;
  document.mutable_body()->set_type_url("type.googleapis.com/entente.unknown.Kind");
  document.mutable_body()->set_value("\r\n");
  document.set_reference("\xff\u0065\u0301");
  EXPECT_THAT(NormalizeTexts(document), IsEmpty());
  document.mutable_body()->set_type_url("no address");
  EXPECT_THAT(NormalizeTexts(document), IsEmpty());
}

}  // namespace
}  // namespace entente::cli
