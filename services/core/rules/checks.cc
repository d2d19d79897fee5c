#include "services/core/rules/checks.h"

#include "services/core/base/codes.h"
#include "services/core/base/text.h"
#include "services/core/rules/fold_text.h"

namespace entente::rules {
namespace {

constexpr absl::Duration kClockSkewMax = absl::Minutes(5);

}  // namespace

void CheckText(const std::string& text, size_t least, size_t most, const std::string& path,
               base::FieldViolations& violations) {
  if (!base::IsPlainText(text)) {
    violations.Add(path, "is not UTF-8 without control characters");
    return;
  }
  const size_t length = base::CodePoints(text);
  if (length < least) violations.Add(path, "is missing");
  if (length > most) violations.Add(path, "has {} characters; at most {}", length, most);
}

void CheckName(const std::string& name, const std::string& path,
               base::FieldViolations& violations) {
  CheckText(name, 1, 500, path, violations);
  if (base::IsPlainText(name) && !IsNfc(name)) violations.Add(path, "is not in normal form C");
}

void CheckCountry(const std::string& code, bool needed, const std::string& path,
                  base::FieldViolations& violations) {
  if (code.empty() && !needed) return;
  if (base::IsCountry(code)) return;
  violations.Add(path, "\"{}\" is not a lower-case ISO 3166-1 alpha-2 code", code);
}

void CheckTexts(const TextList& list, int most, size_t length, const std::string& path,
                base::FieldViolations& violations) {
  if (TooMany(list, most, path, violations)) return;
  for (int i = 0; i < list.size(); ++i) {
    CheckText(list[i], 1, length, fmt::format("{}[{}]", path, i), violations);
  }
}

void CheckStates(const TextList& list, int least, const std::string& path,
                 base::FieldViolations& violations) {
  if (list.size() < least) violations.Add(path, "is empty");
  if (TooMany(list, 64, path, violations)) return;
  for (int i = 0; i < list.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", path, i);
    CheckCountry(list[i], true, at, violations);
    if (i > 0 && list[i - 1] >= list[i]) violations.Add(at, "must be sorted, unique");
  }
}

void CheckHeader(const document::pb::Document& header, absl::Time now, int level_max,
                 base::FieldViolations& violations) {
  const absl::Time composed = absl::FromUnixSeconds(header.composed_time().seconds()) +
                              absl::Nanoseconds(header.composed_time().nanos());
  if (composed > now + kClockSkewMax) violations.Add("composed_time", "is in the future");
  if (header.marking().level() > level_max) {
    violations.Add("marking.level", "is above what the regime's profile admits here");
  }
}

bool AtMost(const Restriction& part, const Restriction& whole) {
  return part.level <= whole.level && part.tlp <= whole.tlp &&
         (!part.originator_controlled || whole.originator_controlled);
}

bool Holds(const document::pb::Audience& audience, std::string_view state) {
  if (!audience.has_listed()) return true;
  const auto& states = audience.listed().states();
  return std::find(states.begin(), states.end(), state) != states.end();
}

bool Within(const document::pb::Audience& narrow, const document::pb::Audience& wide) {
  if (wide.has_public_()) return true;
  if (narrow.has_public_()) return false;
  if (wide.has_all_partners()) return true;
  if (!narrow.has_listed()) return false;
  const auto& states = narrow.listed().states();
  return std::all_of(states.begin(), states.end(),
                     [&](const std::string& state) { return Holds(wide, state); });
}

}  // namespace entente::rules
