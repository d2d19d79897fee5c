#include "services/tem/register/crosswalk_table.h"

#include <algorithm>
#include <set>

namespace entente::tem {

CrosswalkChain& CrosswalkTable::Open(const std::string& name) {
  auto [it, fresh] = by_name_.emplace(name, static_cast<uint32_t>(chains_.size()));
  if (fresh) chains_.emplace_back().name = name;
  return chains_[it->second];
}

const CrosswalkChain* CrosswalkTable::Find(std::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &chains_[it->second];
}

void CrosswalkTable::Replace(CrosswalkChain& chain, std::vector<CrosswalkChain::Row> rows) {
  const uint32_t number = by_name_.find(chain.name)->second;
  const auto forget = [&](std::map<std::string, std::vector<Place>>& index,
                          const std::string& key) {
    auto it = index.find(key);
    if (it == index.end()) return;
    auto& places = it->second;
    places.erase(std::remove_if(places.begin(), places.end(),
                                [&](const Place& place) { return place.first == number; }),
                 places.end());
    if (places.empty()) index.erase(it);
  };
  std::set<std::string> nodes;
  std::set<std::string> codes;
  for (const CrosswalkChain::Row& row : chain.rows) {
    nodes.insert(row.node);
    codes.insert(row.code);
  }
  for (const std::string& node : nodes) forget(by_node_, node);
  for (const std::string& code : codes) forget(by_code_, code);
  chain.rows = std::move(rows);
  for (uint32_t i = 0; i < chain.rows.size(); ++i) {
    by_node_[chain.rows[i].node].emplace_back(number, i);
    by_code_[chain.rows[i].code].emplace_back(number, i);
  }
}

void CrosswalkTable::Visit(const std::map<std::string, std::vector<Place>>& index,
                           const std::string& key, const Visitor& visit) const {
  auto it = index.find(key);
  if (it == index.end()) return;
  for (const auto& [chain, row] : it->second) visit(chains_[chain], chains_[chain].rows[row]);
}

void CrosswalkTable::OfNode(const std::string& node, const Visitor& visit) const {
  Visit(by_node_, node, visit);
}

void CrosswalkTable::OfCode(const std::string& code, const Visitor& visit) const {
  Visit(by_code_, code, visit);
}

}  // namespace entente::tem
