// One ledger of a group, and where a document of it is.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_LEDGER_H_
#define ENTENTE_SERVICES_CORE_MACHINE_LEDGER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/core/entry/entry.h"
#include "services/core/merkle/merkle.h"

namespace entente::machine {

// Its audience, tree, where its entries are, and how far states have acknowledged it.
struct Ledger {
  struct AckStep {
    uint64_t size = 0;
    absl::Time time;
    uint64_t position = 0;  // of its record
  };

  std::string id;
  entry::pb::Audience audience;
  merkle::Tree tree;
  std::vector<uint64_t> positions;             // index -> journal position
  std::vector<uint64_t> checkpoint_sizes;      // rising; each was signed
  std::string checkpoint;                      // newest note; covers the whole tree between batches
  absl::Time recorded = absl::InfinitePast();  // latest time of what is in it
  uint64_t directory_serial = 0;               // highest that something in it was recorded under
  std::map<std::string, std::vector<AckStep>, std::less<>> acknowledged;  // state -> rising steps
};

// Where a document is.
struct Place {
  const Ledger* ledger = nullptr;
  uint64_t index = 0;
  uint64_t position = 0;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_LEDGER_H_
