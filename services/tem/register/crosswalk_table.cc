#include "services/tem/register/crosswalk_table.h"

#include <set>

namespace entente::tem {

CrosswalkChain& CrosswalkTable::Open(const std::string& name, const std::string& ledger,
                                     const std::shared_ptr<const entry::pb::Audience>& audience) {
  auto [it, fresh] = by_name_.emplace(name, static_cast<uint32_t>(chains_.size()));
  if (fresh) {
    auto [shelf, first] = shelves_.try_emplace(ledger);
    if (first) by_reader_.Add(*audience, &shelf->second);
    shelf_of_.push_back(&shelf->second);
    chains_.emplace_back().name = name;
    chains_.back().audience = audience;
  }
  return chains_[it->second];
}

const CrosswalkChain* CrosswalkTable::Find(std::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &chains_[it->second];
}

void CrosswalkTable::Replace(CrosswalkChain& chain, std::vector<CrosswalkChain::Row> rows) {
  const uint32_t number = by_name_.find(chain.name)->second;
  Shelf& shelf = *shelf_of_[number];
  const auto forget = [&](Index& index, const std::string& key) {
    auto it = index.find(key);
    if (it == index.end()) return;
    it->second.erase(number);
    if (it->second.empty()) index.erase(it);
  };
  std::set<std::string> nodes;
  std::set<std::string> codes;
  for (const CrosswalkChain::Row& row : chain.rows) {
    nodes.insert(row.node);
    codes.insert(row.code);
  }
  for (const std::string& node : nodes) forget(shelf.by_node, node);
  for (const std::string& code : codes) forget(shelf.by_code, code);
  chain.rows = std::move(rows);
  for (uint32_t i = 0; i < chain.rows.size(); ++i) {
    shelf.by_node[chain.rows[i].node][number].push_back(i);
    shelf.by_code[chain.rows[i].code][number].push_back(i);
  }
}

void CrosswalkTable::Visit(const machine::Reader& reader, Index Shelf::*index,
                           const std::string& key, const Visitor& visit) const {
  by_reader_.ForEach(reader, [&](const Shelf* shelf) {
    auto it = (shelf->*index).find(key);
    if (it == (shelf->*index).end()) return;
    for (const auto& [chain, rows] : it->second) {
      for (const uint32_t row : rows) visit(chains_[chain], chains_[chain].rows[row]);
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
