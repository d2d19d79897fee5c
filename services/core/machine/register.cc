#include "services/core/machine/register.h"

namespace entente::machine {

bool Register::Fold(AppliedDocument document, const base::Digest& digest,
                    const Ledger& ledger) noexcept {
  const Place place{&ledger, document.leaf.stamp().index(), document.position};
  document.chain = chains_.Apply(document.leaf, document.header, digest, place);
  if (document.chain == nullptr) return false;
  Apply(document);
  return true;
}

}  // namespace entente::machine
