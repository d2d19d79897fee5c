// What differs between two editions: node by node for people, and as the changes that make the new
// one of the old one.
#ifndef ENTENTE_SERVICES_TEM_ANNEX_DIFFERENCE_H_
#define ENTENTE_SERVICES_TEM_ANNEX_DIFFERENCE_H_

#include <string>
#include <vector>

#include "entente/tem/v1/annex_service.pb.h"
#include "services/tem/annex/draft.h"

namespace entente::tem::annex {

using Differences = std::vector<v1::NodeDifference>;

// In the order of the new edition's text; what was removed comes where it stood. A move takes what
// is below along without a word; so does a new number. Removing or adding names every node.
// With `whole`, what is the same comes too, without kinds, and every text is there.
// `may_move`: ids that can have moved among their siblings, where that is known; null: any.
Differences Compare(const Edition& before, const Edition& after, bool whole = false,
                    const std::set<std::string>* may_move = nullptr);
// Changes that give `after` when they are applied to `before`, in that order.
ChangeList ChangesBetween(const Edition& before, const Edition& after);
// A text's pieces, by words (with the white space after them).
std::vector<v1::TextPiece> CompareTexts(const std::string& before, const std::string& after);

}  // namespace entente::tem::annex

#endif  // ENTENTE_SERVICES_TEM_ANNEX_DIFFERENCE_H_
