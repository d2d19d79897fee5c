#include "services/core/machine/register.h"

#include "services/core/machine/erasure.h"

namespace entente::machine {

bool Register::Fold(AppliedDocument document, const base::Digest& digest,
                    const Ledger& ledger) noexcept {
  const Place place{&ledger, document.leaf.stamp().index(), document.position};
  document.chain = chains_.Apply(document.leaf, document.header, digest, place);
  if (document.chain == nullptr) return false;
  document.number = static_cast<uint32_t>(document.chain->positions.size());
  if (document.kind != kErasure.message) Apply(document);
  return true;
}

}  // namespace entente::machine
