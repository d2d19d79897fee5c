// An index from keys to chains. A query sees the chains that its reader may read. They are kept per
// ledger, and it walks the reader's ledgers only: neither its answers, nor its pages, nor its cost
// tell anything of what is hidden (law 6).
#ifndef ENTENTE_SERVICES_CORE_MACHINE_RELEASED_INDEX_H_
#define ENTENTE_SERVICES_CORE_MACHINE_RELEASED_INDEX_H_

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/core/base/tight.h"
#include "services/core/machine/by_reader.h"
#include "services/core/machine/chains.h"
#include "services/core/machine/register.h"

namespace entente::machine {

class ReleasedIndex {
 public:
  // Puts a chain on its ledger's shelf under a key. Twice is once.
  void Add(const Chain& chain, const std::string& key) {
    Shelf& shelf = shelves_[chain.ledger];
    if (shelf.chains.empty()) by_reader_.Add(chain.audience(), &shelf);
    std::vector<const Chain*>& chains = shelf.chains[key];
    const auto at = std::lower_bound(chains.begin(), chains.end(), &chain, BeforeThat);
    if (at == chains.end()) {
      base::AppendTight(chains, &chain);
    } else if (*at != &chain) {
      chains.insert(at, &chain);
    }
  }
  // Takes a chain off its ledger's shelf under a key, if it is there.
  void Remove(const Chain& chain, const std::string& key) {
    const auto shelf = shelves_.find(chain.ledger);
    if (shelf == shelves_.end()) return;
    const auto chains = shelf->second.chains.find(key);
    if (chains == shelf->second.chains.end()) return;
    auto& list = chains->second;
    list.erase(std::remove(list.begin(), list.end(), &chain), list.end());
  }
  // Calls `visit` with the chains after `after` (null: from the first) that are under `key` and
  // that the reader may read, by Before, until it returns false.
  void Visit(const Reader& reader, const std::string& key, const Chain* after,
             const std::function<bool(const Chain&)>& visit) const {
    std::vector<Run> runs;
    by_reader_.ForEach(reader, [&](const Shelf* shelf) {
      auto it = shelf->chains.find(key);
      if (it != shelf->chains.end()) runs.emplace_back(it->second);
    });
    VisitInOrder(std::move(runs), after, visit);
  }

 private:
  struct Shelf {
    std::map<std::string, std::vector<const Chain*>> chains;  // by key; by Before
  };
  static bool BeforeThat(const Chain* a, const Chain* b) { return Before(*a, *b); }

  std::map<const Ledger*, Shelf> shelves_;
  ByReader<const Shelf*> by_reader_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_RELEASED_INDEX_H_
