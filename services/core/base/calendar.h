// Days of the calendar.
#ifndef ENTENTE_SERVICES_CORE_BASE_CALENDAR_H_
#define ENTENTE_SERVICES_CORE_BASE_CALENDAR_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace entente::base {

// A calendar day in UTC, in four bytes: registers keep millions.
struct CivilDate {
  int16_t year = 0;
  int8_t month = 0;
  int8_t day = 0;

  CivilDate() = default;
  // What does not fit is no day, and stays none.
  CivilDate(int y, int m, int d)
      : year(static_cast<int16_t>(std::clamp(y, INT16_MIN, INT16_MAX))),
        month(static_cast<int8_t>(std::clamp(m, INT8_MIN, INT8_MAX))),
        day(static_cast<int8_t>(std::clamp(d, INT8_MIN, INT8_MAX))) {}

  auto operator<=>(const CivilDate&) const = default;
  bool empty() const { return year == 0; }
  // Whether there is such a day, in 1900 to 2200.
  bool Valid() const;
  // "2016-10-21".
  std::string str() const;
  // Days since 1970-01-01.
  int64_t day_number() const;
  // The same day of the month `months` later, or that month's last day.
  CivilDate AddMonths(int months) const;
  CivilDate AddDays(int64_t days) const;
};

// The day that `time` falls in, UTC.
CivilDate DateOf(absl::Time time);
// From "2016-10-21"; nothing if it is no such day.
std::optional<CivilDate> ParseDate(std::string_view text);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_CALENDAR_H_
