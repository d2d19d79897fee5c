// Time as a dependency. Nothing outside base/ asks the system for it.
#ifndef ENTENTE_SERVICES_CORE_BASE_CLOCK_H_
#define ENTENTE_SERVICES_CORE_BASE_CLOCK_H_

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace entente::base {

// Tells civil time, UTC. May go back when somebody sets the machine's clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
};

// A calendar day in UTC.
struct CivilDate {
  int32_t year = 0;
  int32_t month = 0;
  int32_t day = 0;

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

#endif  // ENTENTE_SERVICES_CORE_BASE_CLOCK_H_
