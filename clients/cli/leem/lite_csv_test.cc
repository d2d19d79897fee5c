// The LITE CSV: reading and writing are inverse, bad rows are named and take no other denial along.
#include "clients/cli/leem/lite_csv.h"

#include <gtest/gtest.h>

#include "clients/cli/base/csv.h"
#include "clients/cli/leem/country_names.h"
#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"

namespace entente::cli {
namespace {

const std::string kHeader = std::string(kLiteHeader) + "\r\n";

std::string RoundTrip(const std::string& text, std::string_view state) {
  auto file = ReadLite(text, state);
  EXPECT_OK(file);
  EXPECT_TRUE(file->faults.empty()) << file->faults[0].description;
  std::string out = kHeader;
  for (const auto& denial : file->denials) out += WriteLite(denial.content, state);
  return out;
}

TEST(LiteCsvTest, RowsOfOneReferenceAreOneDenialAndComeBackTheSame) {
  const std::string text =
      kHeader +
      "R/1,JP-1,Penguin Trading,\"1 Ice Shelf Road, Antarctica\",Japan,Antarctica,catch all,"
      "Not stated,Not stated,Risk,end_user\r\n"
      "R/1,JP-1,\"Penguin \"\"Old\"\" Name\",\"1 Ice Shelf Road, Antarctica\",Japan,Antarctica,"
      "catch all,Not stated,Not stated,Risk,end_user\r\n"
      "R/1,JP-1,企鹅贸易,Dock 2,Japan,Antarctica,catch all,Not stated,Not stated,Risk,consignee\r\n"
      ",JP-2,Seal Ltd,,Japan,Islamic Republic of "
      "Iran,9A101,Gyroscope,Balloons,Risk,third_party\r\n";
  auto file = ReadLite(text, "jp");
  ASSERT_OK(file);
  ASSERT_EQ(file->denials.size(), 2u);
  EXPECT_EQ(file->denials[0].content.parties_size(), 2);
  EXPECT_EQ(file->denials[0].content.parties(0).aliases_size(), 1);
  EXPECT_EQ(file->denials[1].content.control_list_entries(0).entry(), "9A101");
  EXPECT_EQ(RoundTrip(text, "jp"), text);
}

TEST(LiteCsvTest, CellsAreNormalizedAndThatIsSaid) {
  auto file = ReadLite(kHeader +
                           "R/1,JP-1,\"Penguin\r\nTrading\",Cafe\u0301 1,Japan,Antarctica,catch "
                           "all,Not stated,Not stated,Risk,end_user\r\n",
                       "jp");
  ASSERT_OK(file);
  ASSERT_EQ(file->denials.size(), 1u);
  EXPECT_EQ(file->denials[0].content.parties(0).name(), "Penguin\nTrading");
  EXPECT_EQ(file->denials[0].content.parties(0).address(), "Caf\u00e9 1");
  ASSERT_EQ(file->normalized.size(), 2u);
  EXPECT_EQ(file->normalized[0].line, 2);
  EXPECT_EQ(file->normalized[0].column, "name");
  EXPECT_EQ(file->normalized[1].column, "address");
}

TEST(LiteCsvTest, TheMetiListComesBackByteForByte) {
  auto text = base::ReadFile("../shared/data/denials-meti.lite.csv");
  if (!text) GTEST_SKIP() << "no ../shared/data on this machine";
  EXPECT_EQ(RoundTrip(*text, "jp"), *text);
}

// Partners' words end in spreadsheets.
TEST(CsvTest, WhatStartsLikeAFormulaIsTextAndComesBackTheSame) {
  for (const std::string text : {"=HYPERLINK(\"x\")", "+1", "-2", "@SUM(A1)", "=a,b"}) {
    const std::string field = CsvField(text);
    EXPECT_NE(field.find("'" + text.substr(0, 1)), std::string::npos) << field;
    const auto records = ParseCsv("x," + field + "\n");
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].fields[1], text);
  }
  EXPECT_EQ(CsvField("a=b"), "a=b");
}

TEST(LiteCsvTest, BadRowsAreNamedByLineAndColumn) {
  const std::string text = kHeader +
                           "1,A,Good,,Japan,Antarctica,catch all,x,x,x,end_user\r\n"
                           "2,B,Bad,,Norway,Antarctica,catch all,x,x,x,end_user\r\n"
                           "3,C,Bad,,Japan,Atlantis,catch all,x,x,x,end_user\r\n"
                           "4,D,Bad,,Japan,Antarctica,catch all,x,x,x,smuggler\r\n"
                           "5,E,,,Japan,Antarctica,catch all,x,x,x,end_user\r\n"
                           "6,F,short\r\n";
  auto file = ReadLite(text, "jp");
  ASSERT_OK(file);
  ASSERT_EQ(file->denials.size(), 1u);
  ASSERT_EQ(file->faults.size(), 5u);
  const char* columns[] = {"notifying_government", "country", "entity_type", "name", ""};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(file->faults[i].line, i + 3);
    EXPECT_EQ(file->faults[i].column, columns[i]);
  }
}

TEST(LiteCsvTest, AnotherHeaderIsRefused) {
  EXPECT_FALSE(ReadLite("name,address\r\n", "jp").ok());
  EXPECT_FALSE(ReadLite("", "jp").ok());
}

TEST(CountryNamesTest, KnowsShortFormalAndCodes) {
  EXPECT_EQ(CountryCode("Republic of Korea"), "kr");
  EXPECT_EQ(CountryCode("North Korea"), "kp");
  EXPECT_EQ(CountryCode("THE NETHERLANDS"), "nl");
  EXPECT_EQ(CountryCode("Republic of Lebanon"), "lb");
  EXPECT_EQ(CountryCode("jp"), "jp");
  EXPECT_EQ(CountryCode("Republic of Atlantis"), "");
  EXPECT_EQ(CountryName("jp"), "Japan");
}

}  // namespace
}  // namespace entente::cli
