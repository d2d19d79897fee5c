#include "services/tem/register/crosswalk_table.h"

#include <set>

namespace entente::tem {

CrosswalkRecord& CrosswalkTable::Open(const machine::Chain& chain) {
  if (CrosswalkRecord* known = chains_.Of(&chain)) return *known;
  auto [shelf, first] = shelves_.try_emplace(chain.ledger);
  if (first) by_reader_.Add(chain.audience(), &shelf->second);
  CrosswalkRecord& fresh = chains_.Add(chain);
  fresh.chain = &chain;
  return fresh;
}

void CrosswalkTable::Replace(CrosswalkRecord& chain, std::vector<CrosswalkRecord::Row> rows) {
  Shelf& shelf = shelves_.find(chain.chain->ledger)->second;
  const auto forget = [&](Index& index, const std::string& key) {
    auto it = index.find(key);
    if (it == index.end()) return;
    it->second.erase(&chain);
    if (it->second.empty()) index.erase(it);
  };
  std::set<std::string> nodes;
  std::set<std::string> codes;
  for (const CrosswalkRecord::Row& row : chain.rows) {
    nodes.insert(row.node);
    codes.insert(row.code);
  }
  for (const std::string& node : nodes) forget(shelf.by_node, node);
  for (const std::string& code : codes) forget(shelf.by_code, code);
  chain.rows = std::move(rows);
  for (uint32_t i = 0; i < chain.rows.size(); ++i) {
    shelf.by_node[chain.rows[i].node][&chain].push_back(i);
    shelf.by_code[chain.rows[i].code][&chain].push_back(i);
  }
}

void CrosswalkTable::Visit(const machine::Reader& reader, Index Shelf::*index,
                           const std::string& key, const Visitor& visit) const {
  by_reader_.ForEach(reader, [&](const Shelf* shelf) {
    auto it = (shelf->*index).find(key);
    if (it == (shelf->*index).end()) return;
    for (const auto& [chain, rows] : it->second) {
      for (const uint32_t row : rows) visit(*chain, chain->rows[row]);
    }
  });
}

void CrosswalkTable::OfNode(const machine::Reader& reader, const std::string& node,
                            const Visitor& visit) const {
  Visit(reader, &Shelf::by_node, node, visit);
}

void CrosswalkTable::OfCode(const machine::Reader& reader, const std::string& code,
                            const Visitor& visit) const {
  Visit(reader, &Shelf::by_code, code, visit);
}

}  // namespace entente::tem
