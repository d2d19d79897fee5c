// An index from keys to a register's items, which are numbered in order of recording. A query sees
// the items that its reader may read. They are kept per ledger, and it walks the reader's ledgers
// only: neither its answers, nor its pages, nor its cost tell anything of what is hidden (law 6).
#ifndef ENTENTE_SERVICES_CORE_MACHINE_RELEASED_INDEX_H_
#define ENTENTE_SERVICES_CORE_MACHINE_RELEASED_INDEX_H_

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/core/entry/entry.h"
#include "services/core/machine/by_reader.h"
#include "services/core/machine/register.h"

namespace entente::machine {

class ReleasedIndex {
 public:
  using Audience = entry::pb::Audience;

  // The ledger's audience, shared by all that is on its shelf.
  std::shared_ptr<const Audience> AudienceOf(const std::string& ledger, const Audience& audience) {
    Shelf& shelf = shelves_[ledger];
    if (shelf.audience == nullptr) {
      shelf.audience = std::make_shared<const Audience>(audience);
      by_reader_.Add(audience, &shelf);
    }
    return shelf.audience;
  }
  // Puts `number` on a shelf under a key; the ledger's audience must be known. Twice is once.
  void Add(const std::string& ledger, const std::string& key, uint32_t number) {
    std::vector<uint32_t>& numbers = shelves_[ledger].numbers[key];
    const auto at = std::lower_bound(numbers.begin(), numbers.end(), number);
    if (at == numbers.end() || *at != number) numbers.insert(at, number);
  }
  // Calls `visit` with the numbers from `begin` on that are under `key` and that the reader may
  // read, rising, until it returns false.
  void Visit(const Reader& reader, const std::string& key, uint32_t begin,
             const std::function<bool(uint32_t)>& visit) const {
    struct Run {
      const uint32_t* next;
      const uint32_t* end;
      bool operator<(const Run& other) const { return *next > *other.next; }  // smallest on top
    };
    std::vector<Run> runs;
    by_reader_.ForEach(reader, [&](const Shelf* shelf) {
      auto it = shelf->numbers.find(key);
      if (it == shelf->numbers.end()) return;
      const uint32_t* end = it->second.data() + it->second.size();
      const uint32_t* next = std::lower_bound(it->second.data(), end, begin);
      if (next != end) runs.push_back({next, end});
    });
    std::make_heap(runs.begin(), runs.end());
    while (!runs.empty()) {
      std::pop_heap(runs.begin(), runs.end());
      Run& run = runs.back();
      if (!visit(*run.next)) return;
      if (++run.next == run.end) {
        runs.pop_back();
      } else {
        std::push_heap(runs.begin(), runs.end());
      }
    }
  }

 private:
  struct Shelf {
    std::shared_ptr<const Audience> audience;
    std::map<std::string, std::vector<uint32_t>> numbers;  // by key; rising
  };
  std::map<std::string, Shelf> shelves_;  // by ledger
  ByReader<const Shelf*> by_reader_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_RELEASED_INDEX_H_
