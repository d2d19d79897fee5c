// What is written of a content is read again, whatever codes the profile knows.
#include "services/iem/register/facts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace entente::iem {
namespace {

using Told = std::set<std::pair<std::string, std::string>>;

Told Tell(const FactBook& book, const machine::WordSet& words) {
  Told told;
  book.Read(words, [&](std::string_view name, std::string_view value) {
    EXPECT_TRUE(told.emplace(name, value).second) << name << " " << value << " is told twice";
  });
  return told;
}

// A profile of so many topics, "T000" and on.
FactBook BookOf(int topics) {
  entente::config::v1::RegimeProfile profile;
  for (int i = 0; i < topics; ++i) {
    profile.mutable_iem()->add_topics()->set_code(fmt::format("T{:03}", i));
  }
  return FactBook(profile);
}

v1::Alert SampleAlert() {
  v1::Alert alert;
  for (const char* country : {"aq", "bq", "aq"}) alert.add_route(country);
  alert.add_actors()->set_country("bq");
  alert.add_actors()->set_country("zz");
  for (const char* topic : {"T000", "T001", "T254", "T255", "T300"}) alert.add_topics(topic);
  alert.add_items()->set_entry("9.A.1");
  alert.add_items();
  alert.set_campaign("kites");
  return alert;
}

TEST(FactBookTest, SaysTheSameWhateverTheProfileKnows) {
  const Told told = Tell(BookOf(0), BookOf(0).Write(SampleAlert()));
  const Told expected = {
      {"iem.urgency", "unspecified"}, {"iem.kind", "unspecified"}, {"iem.item", "9.A.1"},
      {"iem.item", "unlisted"},       {"iem.route", "aq>bq>aq"},   {"iem.country", "aq"},
      {"iem.country", "bq"},          {"iem.country", "zz"},       {"iem.topic", "T000"},
      {"iem.topic", "T001"},          {"iem.topic", "T254"},       {"iem.topic", "T255"},
      {"iem.topic", "T300"},          {"iem.campaign", "kites"}};
  EXPECT_EQ(told, expected);
  // 255 places; what does not fit is written out.
  for (const int topics : {1, 2, 255, 256, 400}) {
    const FactBook book = BookOf(topics);
    const machine::WordSet words = book.Write(SampleAlert());
    EXPECT_EQ(Tell(book, words), expected) << topics;
    for (const auto& [name, value] : expected) EXPECT_TRUE(book.Has(words, name, value)) << value;
    EXPECT_FALSE(book.Has(words, "iem.topic", "T002"));
    EXPECT_FALSE(book.Has(words, "iem.country", "aq>bq>aq"));
  }
}

TEST(FactBookTest, APlaceByItselfIsNoRoute) {
  v1::Alert alert;
  alert.add_route("aq");
  const FactBook book = BookOf(0);
  const machine::WordSet words = book.Write(alert);
  EXPECT_TRUE(book.Has(words, "iem.country", "aq"));
  EXPECT_FALSE(book.Has(words, "iem.route", "aq"));
}

TEST(FactBookTest, AZeroByteEndsAValueAndNothingElse) {
  v1::Alert alert;
  alert.set_campaign(std::string("kites\0zz", 8));
  alert.add_topics(std::string("\0", 1));
  const FactBook book = BookOf(3);
  const Told told = Tell(book, book.Write(alert));
  EXPECT_TRUE(told.contains({"iem.campaign", "kites"}));
  EXPECT_TRUE(told.contains({"iem.topic", ""}));
}

TEST(FactBookTest, OfAReport) {
  v1::TrendReport report;
  report.add_topics("T001");
  report.add_purchase_countries("aq");
  report.add_transit_countries("aq");
  report.add_typologies()->set_red_flag("NEW");
  const FactBook book = BookOf(2);
  const Told expected = {{"iem.country", "aq"}, {"iem.topic", "T001"}, {"iem.red_flag", "NEW"}};
  EXPECT_EQ(Tell(book, book.Write(report)), expected);
}

}  // namespace
}  // namespace entente::iem
