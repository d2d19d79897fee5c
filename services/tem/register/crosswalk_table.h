// Relations between nodes of the Annex and codes of national lists, found from both sides. One
// shelf per ledger: what is hidden from a reader costs it nothing, so that time tells nothing of
// it (law 6).
#ifndef ENTENTE_SERVICES_TEM_REGISTER_CROSSWALK_TABLE_H_
#define ENTENTE_SERVICES_TEM_REGISTER_CROSSWALK_TABLE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "entente/tem/v1/crosswalk.pb.h"
#include "services/core/machine/by_reader.h"
#include "services/core/machine/chains.h"

namespace entente::tem {

// One crosswalk, as its newest document has it.
struct CrosswalkRecord {
  const machine::Chain* chain = nullptr;
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
  // What this chain comes to; made if there is nothing yet.
  CrosswalkRecord& Open(const machine::Chain& chain);
  // Puts rows in the place of those that the chain has.
  void Replace(CrosswalkRecord& chain, std::vector<CrosswalkRecord::Row> rows);
  // Calls `visit` for every row of a node, or with a code, of every crosswalk that the reader may
  // read.
  using Visitor = std::function<void(const CrosswalkRecord&, const CrosswalkRecord::Row&)>;
  void OfNode(const machine::Reader& reader, const std::string& node, const Visitor& visit) const;
  void OfCode(const machine::Reader& reader, const std::string& code, const Visitor& visit) const;
  const machine::OfChains<CrosswalkRecord>& chains() const { return chains_; }

 private:
  struct ByNumber {
    bool operator()(const CrosswalkRecord* a, const CrosswalkRecord* b) const {
      return a->chain->number < b->chain->number;
    }
  };
  // Rows by key and crosswalk: what one chain has is replaced without a look at the others'.
  using Index =
      std::map<std::string, std::map<const CrosswalkRecord*, std::vector<uint32_t>, ByNumber>>;
  struct Shelf {
    Index by_node;
    Index by_code;
  };
  void Visit(const machine::Reader& reader, Index Shelf::*index, const std::string& key,
             const Visitor& visit) const;
  machine::OfChains<CrosswalkRecord> chains_;
  std::map<const machine::Ledger*, Shelf> shelves_;
  machine::ByReader<const Shelf*> by_reader_;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_REGISTER_CROSSWALK_TABLE_H_
