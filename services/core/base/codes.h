// Code lists of other bodies.
#ifndef ENTENTE_SERVICES_CORE_BASE_CODES_H_
#define ENTENTE_SERVICES_CORE_BASE_CODES_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace entente::base {

// Whether `code` is an officially assigned ISO 3166-1 alpha-2 code, in lower case.
bool IsCountry(std::string_view code);
// Whether `code` is an ISO 4217 currency, upper case.
bool IsCurrency(std::string_view code);
// Whether `code` is a unit of UN/ECE Recommendation 20, for what is measured: Annex I without what
// it deprecates, percent and parts.
bool IsUnit(std::string_view code);
// Whether it is one that goods and services are traded in, and technology counted: pieces,
// packages, mass, length, area, volume, time, power.
bool IsTradeUnit(std::string_view code);

// A code of two letters, as ISO 3166-1 has them, in two bytes. Any other text is kept as none.
class Letters {
 public:
  Letters() = default;
  explicit Letters(std::string_view code) {
    if (code.size() == 2) letters_ = {code[0], code[1]};
  }
  std::string_view view() const { return {letters_.data(), size_t{letters_[0] == 0 ? 0u : 2u}}; }
  bool empty() const { return letters_[0] == 0; }

 private:
  std::array<char, 2> letters_{};
};

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_CODES_H_
