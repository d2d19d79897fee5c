#include "services/core/entry/audience.h"

#include <algorithm>

#include "services/core/base/bytes.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::entry {

bool Includes(const pb::Audience& audience, std::string_view state, bool is_partner) {
  switch (audience.kind_case()) {
    case pb::Audience::kAllPartners:
      return is_partner;
    case pb::Audience::kListed:
      return is_partner &&
             std::find(audience.listed().states().begin(), audience.listed().states().end(),
                       state) != audience.listed().states().end();
    case pb::Audience::kPublic:
      return true;
    case pb::Audience::KIND_NOT_SET:
      return false;
  }
  return false;
}

bool IsLedgerId(std::string_view id) {
  return id == "all" || id == "public" ||
         (id.size() == 33 && id[0] == 'x' && base::FromHex(id.substr(1)).has_value());
}

std::string LedgerIdOf(std::string_view group, const pb::Audience& audience) {
  switch (audience.kind_case()) {
    case pb::Audience::kAllPartners:
      return "all";
    case pb::Audience::kPublic:
      return "public";
    case pb::Audience::kListed:
      break;
    case pb::Audience::KIND_NOT_SET:
      ENTENTE_CHECK(false);
  }
  std::string set = "entente-ledger-v1\n" + std::string(group);
  for (const std::string& state : audience.listed().states()) set += "\n" + state;
  return "x" + crypto::Sha256(set).hex().substr(0, 32);
}

}  // namespace entente::entry
