// What people are shown is all that a document says, and nothing that could pass for something
// else.
#include "clients/cli/base/people.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/exchange/v1/document.pb.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/leem/v1/denial.pb.h"

namespace entente::cli {
namespace {

TEST(PeopleTest, FieldsAreLinesInPlainWords) {
  leem::v1::DenialContent content;
  content.mutable_decision_date()->set_year(2016);
  content.mutable_decision_date()->set_month(10);
  content.mutable_decision_date()->set_day(3);
  content.set_act(leem::v1::DENIAL_ACT_SUBSTANTIALLY_LIMITED);
  content.mutable_destination()->set_country("aq");
  content.set_item_description("Rope\nin two lines");
  content.add_reasons()->set_code("DIVERSION");
  content.add_reasons()->set_code("OWN");
  config::v1::RegimeProfile profile;
  auto& reason = *profile.mutable_denials()->add_reason_codes();
  reason.set_code("DIVERSION");
  reason.set_text("Risk of diversion");
  // A code of another list, of the same name, says nothing here.
  auto& other = *profile.mutable_iem()->add_topics();
  other.set_code("OWN");
  other.set_text("Another");
  EXPECT_EQ(InWords(content, TextsOf(profile)),
            "decision date: 2016-10-03\n"
            "act: substantially limited\n"
            "destination:\n"
            "  country: aq\n"
            "item description: Rope\n"
            "  | in two lines\n"
            "reasons 1 of 2:\n"
            "  code: DIVERSION (Risk of diversion)\n"
            "reasons 2 of 2:\n"
            "  code: OWN\n");
}

TEST(PeopleTest, WhatIsPackedIsUnpackedAndWhatIsThereAndEmptyIsSaid) {
  exchange::v1::Document document;
  document.mutable_audience()->mutable_all_partners();
  iem::v1::Alert alert;
  alert.set_summary("A kite");
  alert.add_topics("A");
  alert.add_topics("B");
  document.mutable_body()->PackFrom(alert);
  document.add_references()->set_digest(std::string(32, '\x01'));
  const std::string words = InWords(document, {});
  EXPECT_THAT(words, ::testing::HasSubstr("audience:\n  all partners: yes\n"));
  EXPECT_THAT(words, ::testing::HasSubstr("body: Alert\n  summary: A kite\n"));
  EXPECT_THAT(words, ::testing::HasSubstr("topics: A, B\n"));
  EXPECT_THAT(words, ::testing::HasSubstr("digest: 0101010101"));
  document.mutable_body()->set_type_url("type.googleapis.com/entente.none.v1.Nothing");
  EXPECT_THAT(InWords(document, {}), ::testing::HasSubstr("cannot read"));
}

TEST(PeopleTest, WhatIsPackedWithoutAnEndIsNotShownWithoutAnEnd) {
  exchange::v1::Document document;
  for (int i = 0; i < 1000; ++i) {
    exchange::v1::Document outer;
    outer.mutable_body()->set_type_url("type.googleapis.com/entente.exchange.v1.Document");
    outer.mutable_body()->set_value(document.SerializeAsString());
    document = std::move(outer);
  }
  const std::string words = InWords(document, {});
  EXPECT_THAT(words, ::testing::HasSubstr("too deep to be shown"));
  EXPECT_LT(words.size(), 10'000u);
  document.mutable_body()->set_value("\x98\x75\x01");  // a field that there is not
  EXPECT_THAT(InWords(document, {}), ::testing::HasSubstr("does not know"));
}

// A line that is not the document's own, or letters that hide others, would deceive who reads it.
TEST(PeopleTest, NothingInATextPassesForALineOfItsOwn) {
  iem::v1::Alert alert;
  alert.set_summary("A kite\nauthority: Somebody");
  alert.set_authority("\x1b[2Jnobody");
  const std::string words = InWords(alert, {});
  EXPECT_THAT(words, ::testing::HasSubstr("summary: A kite\n  | authority: Somebody\n"));
  EXPECT_THAT(words, ::testing::HasSubstr("authority: (not printable)\n"));
}

}  // namespace
}  // namespace entente::cli
