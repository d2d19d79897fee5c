// Claims about base/: text forms are strict, dates are real, refusals carry what they say.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <filesystem>

#include "services/core/base/bytes.h"
#include "services/core/base/calendar.h"
#include "services/core/base/codes.h"
#include "services/core/base/files.h"
#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/base/text.h"
#include "services/core/base/tight.h"

namespace entente::base {
namespace {

using testing::HasReason;
using testing::NamesField;

TEST(Base64Test, RoundTripsEveryLength) {
  for (size_t n = 0; n < 70; ++n) {
    std::string data;
    for (size_t i = 0; i < n; ++i) data += static_cast<char>(i * 37 + n);
    EXPECT_EQ(FromBase64(ToBase64(data)), data);
    EXPECT_EQ(FromHex(ToHex(data)), data);
  }
}

TEST(Base64Test, RefusesWhatIsNotCanonical) {
  for (const char* text : {"A", "AA", "AAA", "AA=A", "====", "AB==", "AAB=", "AA A", "AAAA\n"}) {
    EXPECT_EQ(FromBase64(text), std::nullopt) << text;
  }
}

TEST(CivilDateTest, KnowsWhichDaysExist) {
  EXPECT_TRUE(ParseDate("2016-02-29").has_value());
  for (const char* text : {"2015-02-29", "2016-13-01", "2016-00-10", "2016-1-1", "1899-12-31",
                           "2016-04-31", "2016/04/01", "20160401xx"}) {
    EXPECT_FALSE(ParseDate(text).has_value()) << text;
  }
}

TEST(CivilDateTest, WhatDoesNotFitIsNoDay) {
  // 65536 + 2016, 256 + 10 and 256 + 21 must not come round to a day.
  for (const CivilDate& date :
       {CivilDate(67552, 10, 21), CivilDate(2016, 266, 21), CivilDate(2016, 10, 277),
        CivilDate(-67552, -266, -277), CivilDate(INT_MAX, INT_MAX, INT_MIN)}) {
    EXPECT_FALSE(date.Valid()) << date.str();
    EXPECT_FALSE(date.empty());
  }
}

TEST(LettersTest, KeepsTwoAndNothingElse) {
  EXPECT_EQ(Letters("aq").view(), "aq");
  for (const char* other : {"", "a", "aqq"}) EXPECT_TRUE(Letters(other).empty()) << other;
  EXPECT_EQ(Letters().view(), "");
}

TEST(AppendTightTest, LeavesAnEighthEmptyAtMost) {
  std::vector<uint64_t> list;
  for (uint64_t i = 0; i < 10000; ++i) {
    EXPECT_EQ(AppendTight(list, i), i);
    ASSERT_LE(list.capacity(), list.size() + list.size() / 8 + 1);
  }
  for (uint64_t i = 0; i < 10000; ++i) ASSERT_EQ(list[i], i);
}

TEST(CivilDateTest, AddMonthsEndsAtTheMonthsLastDay) {
  EXPECT_EQ((CivilDate{2016, 1, 31}.AddMonths(1)), (CivilDate{2016, 2, 29}));
  EXPECT_EQ((CivilDate{2016, 2, 29}.AddMonths(36)), (CivilDate{2019, 2, 28}));
}

TEST(NamesTest, ParsesOnlyWholeAgencyNames) {
  EXPECT_EQ(AgencyName::Parse("partners/kr/agencies/licensing")->state, "kr");
  for (const char* name :
       {"", "partners/kr", "partners/KR/agencies/a", "partners/kr/agencies/A",
        "partners/kr/agencies/", "partners/kr/agencies/a/b", "x/kr/agencies/a"}) {
    EXPECT_FALSE(AgencyName::Parse(name).has_value()) << name;
  }
}

TEST(NamesTest, KnowsCodeLists) {
  EXPECT_TRUE(IsCountry("kr") && IsCountry("na") && IsCountry("tw"));
  EXPECT_FALSE(IsCountry("xx") || IsCountry("KR") || IsCountry(""));
  EXPECT_TRUE(IsCurrency("EUR") && IsUnit("KGM"));
  EXPECT_FALSE(IsCurrency("EURO") || IsUnit("kg"));
  // Newton, kilonewton, newton second, megapascal, gigahertz, degree, kelvin, micrometre, metre per
  // second (squared), joule, volt, percent, parts per million: what parameters are given in.
  for (const char* code : {"NEW", "B47", "C57", "MPA", "A86", "DD", "KEL", "4H", "MTS", "MSK",
                           "JOU", "VLT", "P1", "59"}) {
    EXPECT_TRUE(IsUnit(code) && !IsTradeUnit(code)) << code;
  }
  EXPECT_TRUE(IsUnit("C62") && IsTradeUnit("C62"));
  EXPECT_FALSE(IsUnit("") || IsUnit("MPa") || IsUnit("ZZZ"));
  // Each partner's money, and what was withdrawn while denials in it are in force.
  for (const char* code : {"ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP",
                           "HUF", "INR", "ISK", "JPY", "KRW", "NOK", "NZD", "PLN", "RUB", "SEK",
                           "TRY", "UAH", "USD", "ZAR", "ANG", "CUC", "HRK", "SLL", "ZWL"}) {
    EXPECT_TRUE(IsCurrency(code)) << code;
  }
}

TEST(NamesTest, PlainTextIsValidUtf8WithoutControls) {
  EXPECT_TRUE(IsPlainText("김 하나\n\tا"));
  EXPECT_FALSE(IsPlainText(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsPlainText("\xc0\xaf"));      // overlong
  EXPECT_FALSE(IsPlainText("\xed\xa0\x80"));  // surrogate
  EXPECT_FALSE(IsPlainText("\xf4\x90\x80\x80"));
  EXPECT_FALSE(IsPlainText("abc\xe2\x82"));
}

// What a killed process left of a file is removed, and nothing that only looks like it, or that a
// process writes at this moment.
TEST(FilesTest, WhatAKilledProcessLeftIsRemoved) {
  const testing::TempDir folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const std::string gone = std::to_string(child);
  const std::string here = std::to_string(::getpid());
  const std::string alive = std::to_string(::getppid());
  const std::vector<std::string> kept = {"heads",
                                         "heads.tmp" + alive + "-0",
                                         "heads.tmp" + here + "-7",
                                         "heads.tmp" + gone,
                                         "heads.tmp" + gone + "-1x",
                                         "heads.tmpx-1",
                                         ".tmp" + gone + "-1"};
  for (const auto& name : kept) ASSERT_TRUE(WriteFileAtomically(folder.File(name), "x"));
  for (const std::string& name : {"heads.tmp" + gone + "-12", "heads.tmp" + here + "-3"}) {
    ASSERT_TRUE(WriteFileAtomically(folder.File(name), "x"));
  }
  // One that a process of this number left before this one began.
  std::filesystem::last_write_time(
      folder.File("heads.tmp" + here + "-3"),
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  RemoveAbandoned(folder.path());
  for (const auto& name : kept) EXPECT_TRUE(std::filesystem::exists(folder.File(name))) << name;
  EXPECT_FALSE(std::filesystem::exists(folder.File("heads.tmp" + gone + "-12")));
  EXPECT_FALSE(std::filesystem::exists(folder.File("heads.tmp" + here + "-3")));
  RemoveAbandoned(folder.File("none"));
}

TEST(StatusTest, FieldViolationsNameEveryField) {
  FieldViolations violations;
  EXPECT_OK(violations.ToStatus());
  violations.Add("a", "is missing");
  violations.Add("b[1]", "is {}", "odd");
  const absl::Status status = violations.ToStatus();
  EXPECT_THAT(status, HasReason(Reason::kFieldInvalid));
  EXPECT_THAT(status, NamesField("a"));
  EXPECT_THAT(status, NamesField("b[1]"));
}

TEST(StatusTest, EveryReasonHasItsOwnName) {
  for (size_t i = 0; i < kReasonNames.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(kReasonNames[i].first), i);
    EXPECT_EQ(ReasonName(kReasonNames[i].first), kReasonNames[i].second);
  }
}

}  // namespace
}  // namespace entente::base
