// Cases as registers show them to counts over time (services/core/trends).
#ifndef ENTENTE_SERVICES_CORE_MACHINE_OBSERVATION_H_
#define ENTENTE_SERVICES_CORE_MACHINE_OBSERVATION_H_

#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace entente::machine {

// On what legal basis an item is controlled; never added up.
enum class Basis { kNone, kListed, kCatchAll };

// Something that a register can count by.
struct Dimension {
  std::string name;  // as in "destination"
  // Each case that is counted has exactly one value, so that the values add up to the whole.
  bool partition = false;
};

// One case, under one value of a dimension.
struct Observation {
  int month = 0;                // MonthOf when it happened
  std::string_view originator;  // state
  std::string_view key;
  Basis basis = Basis::kNone;
};

// Months since year 0, UTC.
inline int MonthOf(absl::Time time) {
  const absl::CivilMonth month = absl::ToCivilMonth(time, absl::UTCTimeZone());
  return static_cast<int>(month.year()) * 12 + month.month() - 1;
}

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_OBSERVATION_H_
