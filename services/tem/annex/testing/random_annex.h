// Invented editions and changes from a seed, for tests and benchmarks.
#ifndef ENTENTE_SERVICES_TEM_ANNEX_TESTING_RANDOM_ANNEX_H_
#define ENTENTE_SERVICES_TEM_ANNEX_TESTING_RANDOM_ANNEX_H_

#include <random>
#include <string>

#include "services/tem/annex/draft.h"

namespace entente::tem::annex::testing {

class RandomAnnex {
 public:
  explicit RandomAnnex(uint64_t seed) : random_(seed) {}

  // An edition of 20 items with about so many nodes, in random shapes.
  Edition MakeEdition(int nodes) {
    Draft draft{Edition()};
    base::FieldViolations ignored;
    for (int item = 1; item <= 20; ++item) {
      Add(draft, "item-" + std::to_string(item), "", std::to_string(item), v1::NODE_KIND_ITEM);
      for (char letter = 'A'; letter <= 'E'; ++letter) {
        const std::string id = "sub-" + std::to_string(item) + "-" + static_cast<char>(letter + 32);
        Add(draft, id, "item-" + std::to_string(item), std::string(1, letter),
            v1::NODE_KIND_SUB_ITEM);
        entries_.push_back(id);
      }
    }
    for (int i = 120; i < nodes; ++i) {
      const std::string parent = entries_[Below(entries_.size())];
      const std::string id = FreshId();
      if (Add(draft, id, parent, "x" + std::to_string(i), v1::NODE_KIND_ENTRY)) {
        entries_.push_back(id);
      }
    }
    auto edition = draft.Finish("test");
    if (!edition.ok()) std::abort();
    return *std::move(edition);
  }

  // One change that mostly applies; `edition` is what it is made for.
  v1::Change MakeChange(const Edition& edition) {
    v1::Change change;
    const auto pick = [&] { return edition[static_cast<int>(Below(edition.size()))].node->id; };
    switch (Below(8)) {
      case 0:
      case 1: {
        auto& add = *change.mutable_add();
        add.set_parent(pick());
        add.set_label("n" + std::to_string(Below(100000)));
        add.mutable_node()->set_id(FreshId());
        add.mutable_node()->set_kind(Below(3) == 0 ? v1::NODE_KIND_NOTE : v1::NODE_KIND_ENTRY);
        add.mutable_node()->set_text(Text());
        if (Below(2) == 0) add.mutable_node()->add_cross_references(pick());
        add.set_after(SomeChild(edition, add.parent()));
        break;
      }
      case 2:
        change.mutable_remove()->set_node(pick());
        change.mutable_remove()->set_reserve(Below(3) == 0);
        break;
      case 3:
        change.mutable_replace()->set_node(pick());
        change.mutable_replace()->set_text(Text());
        break;
      case 4: {
        auto& move = *change.mutable_move();
        move.set_node(pick());
        move.set_parent(pick());
        if (Below(2) == 0) move.set_label("m" + std::to_string(Below(100000)));
        move.set_after(SomeChild(edition, move.parent()));
        break;
      }
      case 5:
        change.mutable_renumber()->set_node(pick());
        change.mutable_renumber()->set_label("r" + std::to_string(Below(100000)));
        break;
      case 6: {
        auto& split = *change.mutable_split();
        split.set_node(pick());
        split.set_text(Text());
        auto& part = *split.add_parts();
        part.set_id(FreshId());
        part.set_label("s" + std::to_string(Below(100000)));
        part.set_text(Text());
        break;
      }
      default:
        change.mutable_merge()->set_into(pick());
        change.mutable_merge()->add_others(pick());
        change.mutable_merge()->set_text(Text());
    }
    return change;
  }

  std::string Text() {
    static const char* const kWords[] = {"kites", "of", "silk", "that",  "reach", "300",
                                         "m",     "or", "more", "ropes", "for",   "balloons"};
    std::string text;
    for (size_t i = 0, count = 5 + Below(40); i < count; ++i) {
      text += (i == 0 ? "" : " ") + std::string(kWords[Below(std::size(kWords))]);
    }
    return text;
  }
  size_t Below(size_t n) { return random_() % n; }
  std::string FreshId() { return "new-" + std::to_string(++ids_); }

 private:
  bool Add(Draft& draft, const std::string& id, const std::string& parent, const std::string& label,
           v1::NodeKind kind) {
    ChangeList changes;
    auto& add = *changes.Add()->mutable_add();
    add.set_parent(parent);
    add.set_label(label);
    auto& last = last_[parent];
    add.set_after(last);
    add.mutable_node()->set_id(id);
    add.mutable_node()->set_kind(kind);
    if (kind == v1::NODE_KIND_ITEM) {
      add.mutable_node()->set_category(Below(4) == 0 ? v1::CATEGORY_I : v1::CATEGORY_II);
    }
    add.mutable_node()->set_text(Text());
    const int depth = parent.empty() ? 0 : depth_[parent] + 1;
    if (depth > kDepthMax - 3) return false;
    base::FieldViolations violations;
    draft.Apply(changes, "test", violations);
    if (!violations.empty()) return false;
    depth_[id] = depth;
    last = id;
    return true;
  }
  std::string SomeChild(const Edition& edition, const std::string& parent) {
    const int at = edition.Find(parent);
    if (at < 0 || Below(2) == 0) return "";
    std::string child;
    for (int i = at + 1; i < edition[at].end; ++i) {
      if (edition[i].parent == at && Below(2) == 0) child = edition[i].node->id;
    }
    return child;
  }

  std::mt19937_64 random_;
  std::vector<std::string> entries_;
  std::unordered_map<std::string, int> depth_;
  std::unordered_map<std::string, std::string> last_;
  int ids_ = 0;
};

}  // namespace entente::tem::annex::testing

#endif  // ENTENTE_SERVICES_TEM_ANNEX_TESTING_RANDOM_ANNEX_H_
