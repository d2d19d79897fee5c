#include "services/tem/agreement/agreement.h"

#include <algorithm>

namespace entente::tem {

Agreement Agree(const std::map<std::string, v1::PositionKind>& positions,
                std::span<const std::string> sponsors, std::span<const std::string> partners,
                const entente::config::v1::TemRules& rules) {
  Agreement agreement;
  for (const std::string& state : partners) {
    auto it = positions.find(state);
    const auto kind = it == positions.end() ? v1::POSITION_KIND_UNSPECIFIED : it->second;
    const char* why = nullptr;
    switch (kind) {
      case v1::POSITION_KIND_STUDY_RESERVE:
        why = "study reserve";
        break;
      case v1::POSITION_KIND_SCRUTINY_RESERVE:
        why = "scrutiny reserve";
        break;
      case v1::POSITION_KIND_BLOCK:
        why = "does not join";
        break;
      case v1::POSITION_KIND_SILENT:
        why = rules.silent_agrees() ? nullptr : "keeps silent";
        break;
      case v1::POSITION_KIND_UNSPECIFIED:
        if (std::find(sponsors.begin(), sponsors.end(), state) == sponsors.end()) {
          why = rules.no_word_agrees() ? nullptr : "has said nothing on this text";
        }
        break;
      default:
        break;
    }
    if (why != nullptr) agreement.in_the_way.push_back(state + ": " + why);
  }
  // Nobody's consensus is none.
  agreement.agreed = agreement.in_the_way.empty() && !partners.empty();
  return agreement;
}

}  // namespace entente::tem
