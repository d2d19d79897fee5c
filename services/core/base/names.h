// Resource names (AIP-122): "partners/kr/agencies/motie", "partners/kr/denials/2016-0042".
#ifndef ENTENTE_SERVICES_CORE_BASE_NAMES_H_
#define ENTENTE_SERVICES_CORE_BASE_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

namespace entente::base {

// An agency of a partner state; or, without a state, a service of the regime.
struct AgencyName {
  std::string state;   // ISO 3166-1 alpha-2, lower case; empty for a service
  std::string agency;  // a DNS label

  auto operator<=>(const AgencyName&) const = default;
  std::string str() const {
    return state.empty() ? "services/" + agency : "partners/" + state + "/agencies/" + agency;
  }
  static std::optional<AgencyName> Parse(std::string_view name);
};

// Whether `code` has the form of an alpha-2 code: two lower-case letters.
bool IsStateForm(std::string_view code);
// Whether `text` is a DNS label in lower case.
bool IsDnsLabel(std::string_view text);
// Whether `text` may be an originator's reference: 1 to 64 of A-Z a-z 0-9 . _ ~ -, no leading dot.
bool IsReference(std::string_view text);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_NAMES_H_
