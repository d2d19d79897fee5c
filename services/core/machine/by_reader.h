// What belongs to ledgers, found by who may read it: a query costs what the reader's own ledgers
// cost, however many are hidden from it (law 6).
#ifndef ENTENTE_SERVICES_CORE_MACHINE_BY_READER_H_
#define ENTENTE_SERVICES_CORE_MACHINE_BY_READER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/core/entry/audience.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/register.h"

namespace entente::machine {

template <typename T>
class ByReader {
 public:
  // Once for each ledger, whose audience never changes.
  void Add(const entry::pb::Audience& audience, T value) {
    if (audience.has_listed()) {
      for (const std::string& state : audience.listed().states()) {
        auto& values = listed_[state];
        if (values.empty() || values.back() != value) values.push_back(value);
      }
    } else {
      open_.emplace_back(audience, value);
    }
  }
  // Calls `visit` with what the reader may read, in no order that means anything.
  template <typename Visit>
  void ForEach(const Reader& reader, const Visit& visit) const {
    for (const auto& [audience, value] : open_) {
      if (entry::Includes(audience, reader.state, reader.is_partner)) visit(value);
    }
    if (!reader.is_partner) return;
    auto it = listed_.find(reader.state);
    if (it == listed_.end()) return;
    for (const T& value : it->second) visit(value);
  }

 private:
  std::vector<std::pair<entry::pb::Audience, T>> open_;  // everybody's, and all partners'
  std::map<std::string, std::vector<T>, std::less<>> listed_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_BY_READER_H_
