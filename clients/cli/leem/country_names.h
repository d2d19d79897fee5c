// English country names and their ISO 3166-1 alpha-2 codes.
#ifndef ENTENTE_CLIENTS_CLI_LEEM_COUNTRY_NAMES_H_
#define ENTENTE_CLIENTS_CLI_LEEM_COUNTRY_NAMES_H_

#include <string>
#include <string_view>

namespace entente::cli {

// Lower-case code of a country named in English or by its code; empty if unknown.
std::string CountryCode(std::string_view name);
// The usual English name.
std::string CountryName(std::string_view code);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_LEEM_COUNTRY_NAMES_H_
