// Fields that a filter may ask for: the facts that a register tells of a document.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_FACT_FIELD_H_
#define ENTENTE_SERVICES_CORE_MACHINE_FACT_FIELD_H_

#include <string>
#include <string_view>
#include <vector>

namespace entente::machine {

struct FactField {
  enum class Values {
    kText,     // whatever a document may say
    kCountry,  // ISO 3166-1 alpha-2, lower case
    kState,    // the same of partners, former ones too: two lower-case letters
    kWord,     // one of `words`
  };

  std::string name;  // "leem.destination"
  Values values = Values::kText;
  std::vector<std::string> words;

  // Why no document has this value, as a filter's author is told; empty if one may.
  std::string Fault(std::string_view value) const;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_FACT_FIELD_H_
