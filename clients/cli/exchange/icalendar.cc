#include "clients/cli/exchange/icalendar.h"

#include <algorithm>

namespace entente::cli {
namespace {

constexpr size_t kLineBytes = 75;

bool ContinuesLetter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// §3.1: a line that goes on begins with a space.
void AddLine(std::string_view line, std::string& out) {
  size_t most = kLineBytes;
  while (line.size() > most) {
    size_t end = most;
    while (end > 1 && ContinuesLetter(line[end])) --end;
    out.append(line.substr(0, end)).append("\r\n ");
    line.remove_prefix(end);
    most = kLineBytes - 1;
  }
  out.append(line).append("\r\n");
}

// §3.3.11. Other control characters are not text.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || c == ';' || c == ',') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f') {
      out += c;
    }
  }
  return out;
}

std::string Instant(absl::Time time) {
  return absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone());
}

}  // namespace

std::string CalendarText(const std::vector<CalendarEvent>& events, absl::Time now) {
  std::string out;
  AddLine("BEGIN:VCALENDAR", out);
  AddLine("VERSION:2.0", out);
  AddLine("PRODID:-//Entente//todo//EN", out);
  for (const CalendarEvent& event : events) {
    AddLine("BEGIN:VEVENT", out);
    AddLine("UID:" + Escaped(event.uid), out);
    AddLine("DTSTAMP:" + Instant(now), out);
    AddLine("DTSTART:" + Instant(event.at), out);
    AddLine("SUMMARY:" + Escaped(event.summary), out);
    if (!event.description.empty()) AddLine("DESCRIPTION:" + Escaped(event.description), out);
    if (!event.category.empty()) AddLine("CATEGORIES:" + Escaped(event.category), out);
    AddLine("TRANSP:TRANSPARENT", out);  // nobody is busy meanwhile
    AddLine("END:VEVENT", out);
  }
  AddLine("END:VCALENDAR", out);
  return out;
}

}  // namespace entente::cli
