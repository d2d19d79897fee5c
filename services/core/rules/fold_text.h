// Text in the Unicode forms that names are kept in and searched by. ICU stays in this pair
// of files.
#ifndef ENTENTE_SERVICES_CORE_RULES_FOLD_TEXT_H_
#define ENTENTE_SERVICES_CORE_RULES_FOLD_TEXT_H_

#include <string>
#include <string_view>

namespace entente::rules {

// NFKC with case folding (UAX #15, ICU's nfkc_cf). ASCII takes a short cut.
std::string FoldText(std::string_view text);
// Whether UTF-8 text is in normal form C.
bool IsNfc(std::string_view text);
// UTF-8 text in normal form C.
std::string ToNfc(std::string_view text);

}  // namespace entente::rules

#endif  // ENTENTE_SERVICES_CORE_RULES_FOLD_TEXT_H_
