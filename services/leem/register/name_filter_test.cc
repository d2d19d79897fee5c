#include "services/leem/register/name_filter.h"

#include <gtest/gtest.h>

#include <random>

#include "fmt/format.h"

namespace entente::leem {
namespace {

// Folded names, one a line.
std::string Names(int how_many, uint32_t seed) {
  std::mt19937 random(seed);
  std::string names;
  for (int i = 0; i < how_many; ++i) {
    for (int letters = 0; letters < 24; ++letters) {
      names += static_cast<char>('a' + random() % 26);
    }
    names += "\n";
  }
  return names;
}

TEST(NameFilterTest, AnswersForFewNamesExactly) {
  const NameFilter filter("polar freight\naurora metals\n");
  EXPECT_EQ(filter.Contains("freight\n"), Match::kYes);
  EXPECT_EQ(filter.Contains("fr"), Match::kYes);
  EXPECT_EQ(filter.Contains(""), Match::kYes);
  EXPECT_EQ(filter.Contains("aurora freight"), Match::kNo);
  EXPECT_EQ(NameFilter().Contains("a"), Match::kNo);
}

TEST(NameFilterTest, NeverRulesOutWhatIsThere) {
  for (const int how_many : {7, 20, 200}) {
    const std::string names = Names(how_many, 1);
    const NameFilter filter(names);
    for (size_t at = 0; at < names.size(); ++at) {
      for (const size_t length : {1, 2, 3, 4, 17}) {
        EXPECT_NE(filter.Contains(names.substr(at, length)), Match::kNo) << at << " " << length;
      }
    }
  }
}

TEST(NameFilterTest, RulesOutNearlyAllOthers) {
  const NameFilter filter(Names(20, 1));  // 500 bytes
  const std::string others = Names(1000, 2);
  int wrong = 0;
  for (size_t line = 0; line < 1000; ++line) {
    wrong += filter.Contains(others.substr(line * 25, 8)) != Match::kNo ? 1 : 0;
  }
  EXPECT_LE(wrong, 10);
}

TEST(NameFilterTest, TakesAsMuchHoweverLongTheNamesAre) {
  EXPECT_EQ(NameFilter(std::string(NameFilter::kKept, 'a')).bytes().size(), NameFilter::kKept);
  EXPECT_EQ(NameFilter(std::string(NameFilter::kKept + 1, 'a')).bytes().size(), NameFilter::kBytes);
  EXPECT_EQ(NameFilter(std::string(kPartyNamesMax, 'a')).bytes().size(), NameFilter::kBytes);
}

TEST(NameFilterTest, FoldsNamesAndAliasesAsFarAsTheyFit) {
  v1::DenialContent content;
  auto* party = content.add_parties();
  party->set_name("Ｐolar FREIGHT");
  party->add_aliases()->set_name("Pólar");
  content.add_parties();  // withheld: has no name
  EXPECT_EQ(FoldNames(content), "polar freight\npólar\n");
  for (int i = 0; i < 100; ++i) {
    content.mutable_parties(0)->add_aliases()->set_name(std::string(500, 'a'));
  }
  EXPECT_LE(FoldNames(content).size(), kPartyNamesMax);
  EXPECT_GT(FoldNames(content).size(), kPartyNamesMax - 502);
}

}  // namespace
}  // namespace entente::leem
