#include "services/core/machine/fact_field.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "services/core/base/codes.h"
#include "services/core/base/names.h"
#include "services/core/base/nearest.h"

namespace entente::machine {

std::string FactField::Fault(std::string_view value) const {
  switch (values) {
    case Values::kText:
      return "";
    case Values::kCountry:
      if (base::IsCountry(value)) return "";
      return fmt::format("{} is no country: write ISO 3166-1 alpha-2 in lower case, as in aq",
                         value);
    case Values::kState:
      if (base::IsStateForm(value)) return "";
      return fmt::format("{} is no state: write two lower-case letters, as in kr", value);
    case Values::kWord:
      break;
  }
  if (std::find(words.begin(), words.end(), value) != words.end()) return "";
  const std::string nearest = base::Nearest(value, words);
  return fmt::format("{} is not known; {}{}one of {}", value,
                     nearest.empty() ? "" : "nearest: ", nearest.empty() ? "" : nearest + "; ",
                     fmt::join(words, ", "));
}

}  // namespace entente::machine
