// Applies changes to an edition, one after another, and says what they touch.
#ifndef ENTENTE_SERVICES_TEM_ANNEX_DRAFT_H_
#define ENTENTE_SERVICES_TEM_ANNEX_DRAFT_H_

#include <deque>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/tem/annex/edition.h"

namespace entente::tem::annex {

using ChangeList = google::protobuf::RepeatedPtrField<v1::Change>;

// A copy of an edition that changes are made to. Duplicate paths and references that lead nowhere
// are looked for at the end: in between they may come and go.
class Draft {
 public:
  explicit Draft(const Edition& base);
  // Makes the changes; faults are named as in "body.changes[2].move.parent", and a change at fault
  // is left out.
  void Apply(const ChangeList& changes, const std::string& field,
             base::FieldViolations& violations);
  // The edition as it stands now. `field` names the whole in faults.
  absl::StatusOr<Edition> Finish(const std::string& field) const;

 private:
  struct Item {
    std::shared_ptr<const Node> node;
    Item* parent = nullptr;  // the root has none
    std::vector<Item*> children;
  };
  struct Step;  // one change with where its faults go

  Item* Known(const std::string& id, const char* field, Step& step) const;
  Item* Changeable(const std::string& id, const char* field, Step& step) const;
  Item* Movable(const std::string& id, Step& step) const;
  static bool HoldsReserved(const Item& item);
  Item* Above(const std::string& id, const char* field, Step& step);
  // Where a child goes that follows `after`; -1 and a fault where that is not below `parent`.
  static int SlotAfter(const Item& parent, const std::string& after, Step& step);
  bool Fresh(const std::string& id, const char* field, Step& step) const;
  void Add(const v1::AddNode& change, Step& step);
  void Remove(const v1::RemoveNode& change, Step& step);
  void Replace(const v1::ReplaceText& change, Step& step);
  void Move(const v1::MoveNode& change, Step& step);
  void Renumber(const v1::RenumberNode& change, Step& step);
  void Split(const v1::SplitNode& change, Step& step);
  void Merge(const v1::MergeNodes& change, Step& step);
  Item* Insert(std::shared_ptr<const Node> node, Item* parent, int slot);
  void Forget(Item& item);  // with what is below it
  static void Detach(Item& item);

  std::deque<Item> items_;
  Item* root_;
  std::unordered_map<std::string, Item*> by_id_;
  std::set<std::string> gone_;  // ids of what was taken out: never used again
};

// What changes touch and what they lean on, as tokens: node ids, and "@parent/label" for a place
// that something is put at.
struct Footprint {
  std::set<std::string> touched;
  std::set<std::string> depends;
};
Footprint FootprintOf(const Edition& edition, const ChangeList& changes);
// The node of a token: its id, or the parent of a place.
std::string NodeOfToken(const std::string& token);

}  // namespace entente::tem::annex

#endif  // ENTENTE_SERVICES_TEM_ANNEX_DRAFT_H_
