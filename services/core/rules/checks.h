// What registers of every group check alike: texts, names, codes, headers.
#ifndef ENTENTE_SERVICES_CORE_RULES_CHECKS_H_
#define ENTENTE_SERVICES_CORE_RULES_CHECKS_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "services/core/base/nearest.h"
#include "services/core/base/status.h"
#include "services/core/document/document.h"

namespace entente::rules {

// Letters of a control list's entry: the longest of the MTCR Annex, "4.C.6.c.2.o", has eleven, and
// "VIII(h)(12)(iii)" of another list sixteen. All are kept in memory, for filters and trends.
inline constexpr size_t kEntryLettersMax = 20;

// UTF-8 without control characters, of `least` to `most` characters.
void CheckText(const std::string& text, size_t least, size_t most, const std::string& path,
               base::FieldViolations& violations);
// A name in any script: 1 to 500 characters in normal form C.
void CheckName(const std::string& name, const std::string& path, base::FieldViolations& violations);
// A country, ISO 3166-1 alpha-2 in lower case; empty is admitted unless `needed`.
void CheckCountry(const std::string& code, bool needed, const std::string& path,
                  base::FieldViolations& violations);
// Whether a code list of the profile has `code`.
template <typename Codes>
bool HasCode(const Codes& codes, const std::string& code) {
  return std::any_of(codes.begin(), codes.end(), [&](const auto& c) { return c.code() == code; });
}
// Says that `code` is no `what` of the profile, and which one is nearest.
template <typename Codes>
void AddUnknown(const std::string& code, std::string_view what, const Codes& codes,
                const std::string& path, base::FieldViolations& violations) {
  std::vector<std::string> known;
  for (const auto& one : codes) known.push_back(one.code());
  const std::string nearest = base::Nearest(code, known);
  violations.Add(path, "\"{}\" is not a {} of the profile{}{}", code, what,
                 nearest.empty() ? "" : "; nearest: ", nearest);
}
// Whether a list is over its limit; its elements are then not looked at.
template <typename List>
bool TooMany(const List& list, int most, const std::string& path,
             base::FieldViolations& violations) {
  if (list.size() <= most) return false;
  violations.Add(path, "has {} elements; at most {}", list.size(), most);
  return true;
}
using TextList = google::protobuf::RepeatedPtrField<std::string>;
// Texts of 1 to `length` characters.
void CheckTexts(const TextList& list, int most, size_t length, const std::string& path,
                base::FieldViolations& violations);
// States, sorted, unique; at least `least` of them, at most 64.
void CheckStates(const TextList& list, int least, const std::string& path,
                 base::FieldViolations& violations);
// Codes of the profile, sorted, unique.
template <typename Codes>
void CheckCodes(const TextList& list, int most, const Codes& codes, const std::string& path,
                base::FieldViolations& violations) {
  if (TooMany(list, most, path, violations)) return;
  for (int i = 0; i < list.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", path, i);
    if (!HasCode(codes, list[i])) AddUnknown(list[i], "code", codes, at, violations);
    if (i > 0 && list[i - 1] >= list[i]) violations.Add(at, "codes must be sorted, unique");
  }
}
// Limits that every document keeps, whatever its body: not from the future, not marked above
// `level_max`.
void CheckHeader(const document::pb::Document& header, absl::Time now, int level_max,
                 base::FieldViolations& violations);
// What of a marking restricts use. The rest of it, codes and caveats, is for people.
struct Restriction {
  Restriction() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a marking is one, with words to it.
  Restriction(const document::pb::Marking& marking)
      : level(static_cast<int8_t>(marking.level())),
        tlp(static_cast<int8_t>(marking.tlp())),
        originator_controlled(marking.originator_controlled()) {}

  int8_t level = 0;
  int8_t tlp = 0;
  bool originator_controlled = false;
};
// rule 9: whether `part` may stand in a whole that is restricted so.
bool AtMost(const Restriction& part, const Restriction& whole);
// Whether everybody whom `narrow` reaches is reached by `wide`.
bool Within(const document::pb::Audience& narrow, const document::pb::Audience& wide);
// Whether a listed audience, or all partners, holds the state.
bool Holds(const document::pb::Audience& audience, std::string_view state);

}  // namespace entente::rules

#endif  // ENTENTE_SERVICES_CORE_RULES_CHECKS_H_
