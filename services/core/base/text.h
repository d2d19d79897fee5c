// Text in UTF-8.
#ifndef ENTENTE_SERVICES_CORE_BASE_TEXT_H_
#define ENTENTE_SERVICES_CORE_BASE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace entente::base {

// Whether `text` is UTF-8 without control characters other than line feed and tab.
bool IsPlainText(std::string_view text);
// A number in decimal, without sign and leading zeros; nothing if it is none.
std::optional<uint64_t> ParseDecimal(std::string_view text);
// Number of code points in UTF-8.
size_t CodePoints(std::string_view text);
// Splits at `separator`; the parts of "" are {""}.
std::vector<std::string_view> Split(std::string_view text, char separator);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_TEXT_H_
