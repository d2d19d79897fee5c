#include "services/core/base/names.h"

#include <algorithm>

#include "services/core/base/text.h"

namespace entente::base {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<AgencyName> AgencyName::Parse(std::string_view name) {
  const auto parts = Split(name, '/');
  if (parts.size() != 4 || parts[0] != "partners" || parts[2] != "agencies" ||
      !IsStateForm(parts[1]) || !IsDnsLabel(parts[3])) {
    return std::nullopt;
  }
  return AgencyName{std::string(parts[1]), std::string(parts[3])};
}

bool IsStateForm(std::string_view code) {
  return code.size() == 2 && IsLower(code[0]) && IsLower(code[1]);
}

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

bool IsReference(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '~' ||
           c == '-';
  });
}

}  // namespace entente::base
