// Resource names (AIP-122): "partners/kr/agencies/motie", "partners/kr/denials/2016-0042".
#ifndef ENTENTE_SERVICES_CORE_BASE_NAMES_H_
#define ENTENTE_SERVICES_CORE_BASE_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
// Whether `code` is an officially assigned ISO 3166-1 alpha-2 code, in lower case.
bool IsCountry(std::string_view code);
// Whether `code` is an ISO 4217 currency, upper case.
bool IsCurrency(std::string_view code);
// Whether `code` is a unit of UN/ECE Recommendation 20 that the exchange knows.
bool IsUnit(std::string_view code);
// Whether `text` is a DNS label in lower case.
bool IsDnsLabel(std::string_view text);
// Whether `text` may be an originator's reference: 1 to 64 of A-Z a-z 0-9 . _ ~ -, no leading dot.
bool IsReference(std::string_view text);
// Whether `text` is UTF-8 without control characters other than line feed and tab.
bool IsPlainText(std::string_view text);
// Number of code points in UTF-8.
size_t CodePoints(std::string_view text);
// Splits at `separator`; the parts of "" are {""}.
std::vector<std::string_view> Split(std::string_view text, char separator);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_NAMES_H_
