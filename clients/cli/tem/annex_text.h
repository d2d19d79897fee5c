// Editions and what differs between them as text: clean, with changes tracked, side by side.
#ifndef ENTENTE_CLIENTS_CLI_TEM_ANNEX_TEXT_H_
#define ENTENTE_CLIENTS_CLI_TEM_ANNEX_TEXT_H_

#include <string>
#include <vector>

#include "services/tem/annex/difference.h"

namespace entente::cli {

// "ITEM 3 (Category II)", "3.A.2", "3.A.2 Note 1": how a place is cited in words.
std::string AmendmentWord(tem::v1::AmendmentKind kind);
std::string EffectWord(tem::v1::Effect effect);
// The cover page's lines; empty for an edition that amends nothing.
std::string CoverText(const tem::v1::AnnexEdition& edition);
std::string CleanText(const tem::v1::AnnexEdition& edition);
// [-taken out-] {+put in+}; red and green with `colour`.
std::string RedlineText(const tem::annex::Differences& differences, bool colour);
// Two columns, each of `width` characters.
std::string SideBySideText(const tem::annex::Differences& differences, size_t width);
// "moved from 3.A.2 to 3.A.4": what happened, in words.
std::string WhatHappened(const tem::v1::NodeDifference& difference);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_TEM_ANNEX_TEXT_H_
