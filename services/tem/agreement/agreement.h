// Whether a text is agreed: a pure function of signed positions on it and of who is a partner.
#ifndef ENTENTE_SERVICES_TEM_AGREEMENT_AGREEMENT_H_
#define ENTENTE_SERVICES_TEM_AGREEMENT_AGREEMENT_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/tem/v1/proposal.pb.h"

namespace entente::tem {

struct Agreement {
  bool agreed = false;
  std::vector<std::string> in_the_way;  // "kr: study reserve", by state
};

// `positions`: where states stand on the one text; sponsors have joined unless they say otherwise.
// Agreed: every partner has joined or lifted, or keeps silent in a way that the rules let pass
// (rule 12). States that are not partners count for nothing.
Agreement Agree(const std::map<std::string, v1::PositionKind>& positions,
                std::span<const std::string> sponsors, std::span<const std::string> partners,
                const entente::config::v1::TemRules& rules);

// Whether a position stays open until it is lifted or changed.
inline bool IsOpen(v1::PositionKind kind) {
  return kind == v1::POSITION_KIND_STUDY_RESERVE || kind == v1::POSITION_KIND_SCRUTINY_RESERVE ||
         kind == v1::POSITION_KIND_BLOCK;
}

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_AGREEMENT_AGREEMENT_H_
