#include "clients/cli/base/words.h"

#include <algorithm>

#include "services/core/base/clock.h"
#include "services/core/base/text.h"
#include "services/core/entry/entry.h"

namespace entente::cli {

std::string Word(const std::string& name, size_t prefix) {
  std::string word = name.substr(std::min(prefix, name.size()));
  for (char& c : word) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return word;
}

absl::Status ParseTimeInto(const std::string& text, const char* flag,
                           google::protobuf::Timestamp* out) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error) &&
      !absl::ParseTime("%Y-%m-%d", text, &time, &error)) {
    return base::RefuseArgument(base::Reason::kFieldInvalid,
                                "{}: write 2016-10-21 or 2016-10-21T09:00:00Z", flag);
  }
  entry::SetTime(time, out);
  return absl::OkStatus();
}

std::string StateOf(const std::string& name) {
  const auto parts = base::Split(name, '/');
  return parts.size() >= 4 && parts[0] == "partners" ? std::string(parts[1]) : "";
}

std::string FreshReference() {
  return "r" + std::to_string(absl::ToUnixMicros(base::SystemClock().Now()));
}

}  // namespace entente::cli
