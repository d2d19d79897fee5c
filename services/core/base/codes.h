// Code lists of other bodies.
#ifndef ENTENTE_SERVICES_CORE_BASE_CODES_H_
#define ENTENTE_SERVICES_CORE_BASE_CODES_H_

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

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_CODES_H_
