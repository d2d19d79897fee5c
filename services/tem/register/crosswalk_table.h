// Relations between nodes of the Annex and codes of national lists, found from both sides. One
// shelf per ledger: what is hidden from a reader costs him nothing, so that time tells nothing of
// it (law 6).
#ifndef ENTENTE_SERVICES_TEM_REGISTER_CROSSWALK_TABLE_H_
#define ENTENTE_SERVICES_TEM_REGISTER_CROSSWALK_TABLE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "entente/tem/v1/crosswalk.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/by_reader.h"

namespace entente::tem {

// One crosswalk, as its newest document has it.
struct CrosswalkChain {
  std::string name;
  std::shared_ptr<const entry::pb::Audience> audience;
  base::Digest tip;
  std::vector<uint64_t> positions;
  std::string jurisdiction;
  std::string national_edition;
  std::string source;
  struct Row {
    std::string node;  // id
    std::string code;
    v1::CrosswalkRelation relation = v1::CROSSWALK_RELATION_UNSPECIFIED;
    std::string valid_from;   // "2016-10-21"; empty: open
    std::string valid_until;  // exclusive
  };
  std::vector<Row> rows;

  // Whether a row is valid at a day; the empty day is any.
  static bool ValidAt(const Row& row, const std::string& date) {
    return date.empty() || ((row.valid_from.empty() || row.valid_from <= date) &&
                            (row.valid_until.empty() || date < row.valid_until));
  }
};

class CrosswalkTable {
 public:
  // The chain of this name, made in the ledger of this audience if there is none.
  CrosswalkChain& Open(const std::string& name, const std::string& ledger,
                       const std::shared_ptr<const entry::pb::Audience>& audience);
  const CrosswalkChain* Find(std::string_view name) const;
  // Puts rows in the place of those that the chain has.
  void Replace(CrosswalkChain& chain, std::vector<CrosswalkChain::Row> rows);
  // Calls `visit` for every row of a node, or with a code, of every crosswalk that the reader may
  // read.
  using Visitor = std::function<void(const CrosswalkChain&, const CrosswalkChain::Row&)>;
  void OfNode(const machine::Reader& reader, const std::string& node, const Visitor& visit) const;
  void OfCode(const machine::Reader& reader, const std::string& code, const Visitor& visit) const;
  const std::deque<CrosswalkChain>& chains() const { return chains_; }

 private:
  // Rows by key and chain: what one chain has is replaced without a look at the others'.
  using Index = std::map<std::string, std::map<uint32_t, std::vector<uint32_t>>>;
  struct Shelf {
    Index by_node;
    Index by_code;
  };
  void Visit(const machine::Reader& reader, Index Shelf::*index, const std::string& key,
             const Visitor& visit) const;
  std::deque<CrosswalkChain> chains_;
  std::deque<Shelf*> shelf_of_;  // by chain
  std::map<std::string, uint32_t, std::less<>> by_name_;
  std::map<std::string, Shelf> shelves_;  // by ledger
  machine::ByReader<const Shelf*> by_reader_;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_REGISTER_CROSSWALK_TABLE_H_
