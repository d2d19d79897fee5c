// A calendar that other programs read (RFC 5545).
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_ICALENDAR_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_ICALENDAR_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace entente::cli {

// An instant of a calendar.
struct CalendarEvent {
  std::string uid;  // the same whenever it is written again, so that it is replaced, not doubled
  absl::Time at;
  std::string summary;
  std::string description;
  std::string category;
};

// Lines end with CRLF and are folded at 75 bytes, never within a letter; texts are escaped. `now`
// is when it was written. Without
// events it has no component, which §3.6 asks for and programs do without.
std::string CalendarText(const std::vector<CalendarEvent>& events, absl::Time now);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_ICALENDAR_H_
