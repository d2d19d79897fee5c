#include "services/core/base/calendar.h"

#include <algorithm>
#include <cstdio>

#include "absl/time/civil_time.h"

namespace entente::base {
namespace {

absl::CivilDay ToAbsl(const CivilDate& date) {
  return absl::CivilDay(date.year, date.month, date.day);
}

CivilDate FromAbsl(absl::CivilDay day) {
  return {static_cast<int>(day.year()), day.month(), day.day()};
}

}  // namespace

bool CivilDate::Valid() const {
  return year >= 1900 && year <= 2200 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
         FromAbsl(ToAbsl(*this)) == *this;
}

std::string CivilDate::str() const {
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
  return text;
}

int64_t CivilDate::day_number() const { return ToAbsl(*this) - absl::CivilDay(1970, 1, 1); }

CivilDate CivilDate::AddMonths(int months) const {
  const absl::CivilMonth target = absl::CivilMonth(year, month) + months;
  const absl::CivilDay last = absl::CivilDay(target + 1) - 1;
  return {static_cast<int>(target.year()), target.month(), std::min<int>(day, last.day())};
}

CivilDate CivilDate::AddDays(int64_t days) const { return FromAbsl(ToAbsl(*this) + days); }

CivilDate DateOf(absl::Time time) { return FromAbsl(absl::ToCivilDay(time, absl::UTCTimeZone())); }

std::optional<CivilDate> ParseDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  int parts[3] = {};
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    int& part = parts[i < 4 ? 0 : i < 7 ? 1 : 2];
    part = part * 10 + (text[i] - '0');
  }
  const CivilDate date(parts[0], parts[1], parts[2]);
  if (!date.Valid()) return std::nullopt;
  return date;
}

}  // namespace entente::base
