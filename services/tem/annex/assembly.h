// A new edition of an old one and agreed proposals; proposals against a newer edition; where two
// proposals collide.
#ifndef ENTENTE_SERVICES_TEM_ANNEX_ASSEMBLY_H_
#define ENTENTE_SERVICES_TEM_ANNEX_ASSEMBLY_H_

#include <string>
#include <vector>

#include "entente/tem/v1/proposal.pb.h"
#include "entente/tem/v1/proposal_service.pb.h"
#include "services/tem/annex/difference.h"

namespace entente::tem::annex {

// A proposal as it goes into an edition.
struct Part {
  std::string name;
  std::string number;
  std::string meeting;               // that agreed it
  const v1::Proposal* proposal;      // not null
  const Edition* edition = nullptr;  // that it was written for; not null
};

struct Assembly {
  Edition edition;
  std::vector<v1::Amendment> amendments;
};

// Applies the parts to `base` in the order given, but each after those that it follows. Refuses,
// naming the places: parts that collide and do not follow each other, parts of an older edition
// that cannot be rebased, references that would lead nowhere.
absl::StatusOr<Assembly> Assemble(const Edition& base, const std::vector<Part>& parts,
                                  const std::string& field);

// Where changes that were written for `before` do not apply to `after` as they are; empty: they do.
std::vector<v1::RebaseConflict> Rebase(const Edition& before, const Edition& after,
                                       const ChangeList& changes);

// Tokens at which two footprints meet, each with what it is.
std::vector<std::pair<std::string, v1::ConflictKind>> Meetings(const Footprint& one,
                                                               const Footprint& other);

}  // namespace entente::tem::annex

#endif  // ENTENTE_SERVICES_TEM_ANNEX_ASSEMBLY_H_
