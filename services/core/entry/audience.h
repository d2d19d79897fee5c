// Who may read a ledger, and its id, which follows from that.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_AUDIENCE_H_
#define ENTENTE_SERVICES_CORE_ENTRY_AUDIENCE_H_

#include <string>
#include <string_view>

#include "entente/exchange/v1/document.pb.h"

namespace entente::entry {

namespace pb = ::entente::exchange::v1;

// Who may read: a pure function of the audience and the reader's state. `is_partner` tells whether
// that state is a partner now, which "all partners" asks when it is read.
bool Includes(const pb::Audience& audience, std::string_view state, bool is_partner);
// Different audiences that one state may address in a group. A cursor has a line of some 40 bytes
// for each of its reader's ledgers, so that 64 states make at most kCursorBytesMax.
inline constexpr int kAudiencesPerStateMax = 128;

// Whether `id` has the form of a ledger's: "all", "public", or "x" and 32 hex digits.
bool IsLedgerId(std::string_view id);
// The ledger of a group that holds documents for `audience`.
std::string LedgerIdOf(std::string_view group, const pb::Audience& audience);

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_AUDIENCE_H_
