// Which of the words that are known somebody may have meant.
#ifndef ENTENTE_SERVICES_CORE_BASE_NEAREST_H_
#define ENTENTE_SERVICES_CORE_BASE_NEAREST_H_

#include <span>
#include <string>
#include <string_view>

namespace entente::base {

// The one that takes the fewest slips to become `word`: a letter too many, too few, wrong, or two
// that changed places. Empty where even that takes more than a third of its letters, and one.
std::string Nearest(std::string_view word, std::span<const std::string> known);

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_NEAREST_H_
