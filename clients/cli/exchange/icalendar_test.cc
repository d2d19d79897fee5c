#include "clients/cli/exchange/icalendar.h"

#include <gtest/gtest.h>

namespace entente::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1477040400);  // 2016-10-21T09:00:00Z

std::string Of(const std::string& summary) {
  return CalendarText({{.uid = "a@entente", .at = kNow + absl::Hours(24), .summary = summary}},
                      kNow);
}

TEST(ICalendarTest, IsWhatTheStandardSays) {
  EXPECT_EQ(Of("leem.renewal"),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Entente//todo//EN\r\n"
            "BEGIN:VEVENT\r\nUID:a@entente\r\nDTSTAMP:20161021T090000Z\r\n"
            "DTSTART:20161022T090000Z\r\nSUMMARY:leem.renewal\r\nTRANSP:TRANSPARENT\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n");
  EXPECT_EQ(CalendarText({}, kNow),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Entente//todo//EN\r\n"
            "END:VCALENDAR\r\n");
}

TEST(ICalendarTest, TextCannotAddLines) {
  EXPECT_NE(Of("a\r\nATTACH:x;y,z\\").find("SUMMARY:a\\nATTACH:x\\;y\\,z\\\\\r\n"),
            std::string::npos);
}

TEST(ICalendarTest, LongLinesAreFoldedBetweenLetters) {
  std::string summary;
  for (int i = 0; i < 100; ++i) summary += i % 3 == 0 ? "\u00e4" : "x";
  const std::string text = Of(summary);
  std::string unfolded;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find("\r\n", begin);
    const std::string line = text.substr(begin, end - begin);
    EXPECT_LE(line.size(), 75u);
    // No line begins within a letter.
    const size_t first = line.rfind(' ', 0) == 0 ? 1 : 0;
    EXPECT_NE(static_cast<unsigned char>(line.at(first)) & 0xC0, 0x80) << line;
    unfolded += first == 1 ? line.substr(1) : "\n" + line;
    begin = end + 2;
  }
  EXPECT_NE(unfolded.find("\nSUMMARY:" + summary + "\n"), std::string::npos);
}

}  // namespace
}  // namespace entente::cli
