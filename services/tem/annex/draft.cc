#include "services/tem/annex/draft.h"

#include <algorithm>
#include <functional>

namespace entente::tem::annex {

struct Draft::Step {
  std::string at;  // "body.changes[2].move"
  base::FieldViolations& violations;
  template <typename... Args>
  void Fault(const char* field, fmt::format_string<Args...> text, Args&&... args) {
    violations.Add(at + "." + field, text, std::forward<Args>(args)...);
  }
};

Draft::Draft(const Edition& base) : root_(&items_.emplace_back()) {
  std::vector<Item*> items;
  items.reserve(base.size());
  by_id_.reserve(base.size());
  for (const Edition::Place& place : base.places()) {
    Item* parent = place.parent < 0 ? root_ : items[static_cast<size_t>(place.parent)];
    Item& item = items_.emplace_back(Item{place.node, parent, {}});
    parent->children.push_back(&item);
    items.push_back(&item);
    by_id_.emplace(place.node->id, &item);
  }
}

Draft::Item* Draft::Known(const std::string& id, const char* field, Step& step) const {
  auto it = by_id_.find(id);
  if (it != by_id_.end()) return it->second;
  step.Fault(field, "there is no node \"{}\" in the edition", id);
  return nullptr;
}

Draft::Item* Draft::Changeable(const std::string& id, const char* field, Step& step) const {
  Item* item = Known(id, field, step);
  if (item == nullptr || !item->node->reserved) return item;
  step.Fault(field, "{} is a reserved number", id);
  return nullptr;
}

bool Draft::HoldsReserved(const Item& item) {
  return std::any_of(item.children.begin(), item.children.end(), [](const Item* child) {
    return child->node->reserved || HoldsReserved(*child);
  });
}

// A node whose number may change or go: what is below it must not be reserved, or its number would
// be free again.
Draft::Item* Draft::Movable(const std::string& id, Step& step) const {
  Item* item = Changeable(id, "node", step);
  if (item == nullptr || !HoldsReserved(*item)) return item;
  step.Fault("node", "a reserved number stands below {}", id);
  return nullptr;
}

Draft::Item* Draft::Above(const std::string& id, const char* field, Step& step) {
  return id.empty() ? root_ : Changeable(id, field, step);
}

int Draft::SlotAfter(const Item& parent, const std::string& after, Step& step) {
  if (after.empty()) return 0;
  for (size_t i = 0; i < parent.children.size(); ++i) {
    if (parent.children[i]->node->id == after) return static_cast<int>(i) + 1;
  }
  step.Fault("after", "{} does not stand below the same parent", after);
  return -1;
}

bool Draft::Fresh(const std::string& id, const char* field, Step& step) const {
  if (by_id_.count(id) == 0 && gone_.count(id) == 0) return true;
  step.Fault(field, "\"{}\" is the id of another node", id);
  return false;
}

Draft::Item* Draft::Insert(std::shared_ptr<const Node> node, Item* parent, int slot) {
  Item& item = items_.emplace_back(Item{std::move(node), parent, {}});
  parent->children.insert(parent->children.begin() + slot, &item);
  by_id_.emplace(item.node->id, &item);
  return &item;
}

void Draft::Forget(Item& item) {
  by_id_.erase(item.node->id);
  gone_.insert(item.node->id);
  for (Item* child : item.children) Forget(*child);
}

void Draft::Detach(Item& item) {
  auto& siblings = item.parent->children;
  siblings.erase(std::find(siblings.begin(), siblings.end(), &item));
}

void Draft::Add(const v1::AddNode& change, Step& step) {
  auto node = std::make_shared<Node>();
  node->id = change.node().id();
  node->kind = change.node().kind();
  node->category = change.node().category();
  node->reserved = change.node().reserved();
  node->label = change.label();
  node->text = change.node().text();
  node->cross_references.assign(change.node().cross_references().begin(),
                                change.node().cross_references().end());
  base::FieldViolations own;
  CheckNode(*node, step.at + ".node", own);
  for (const auto& fault : own.violations())
    step.violations.Add(fault.field, "{}", fault.description);
  if (!change.node().path().empty()) step.Fault("node.path", "is left empty: label says it");
  Item* parent = Above(change.parent(), "parent", step);
  const bool fresh = Fresh(node->id, "node.id", step);
  if (parent == nullptr || !fresh || !own.empty()) return;
  const int slot = SlotAfter(*parent, change.after(), step);
  if (slot >= 0) Insert(std::move(node), parent, slot);
}

void Draft::Remove(const v1::RemoveNode& change, Step& step) {
  Item* item = Movable(change.node(), step);
  if (item == nullptr) return;
  if (!change.reserve()) {
    Detach(*item);
    Forget(*item);
    return;
  }
  for (Item* child : item->children) Forget(*child);
  item->children.clear();
  auto node = std::make_shared<Node>(*item->node);
  node->reserved = true;
  node->text.clear();
  node->cross_references.clear();
  item->node = std::move(node);
}

void Draft::Replace(const v1::ReplaceText& change, Step& step) {
  Item* item = Changeable(change.node(), "node", step);
  if (item == nullptr) return;
  auto node = std::make_shared<Node>(*item->node);
  node->text = change.text();
  node->cross_references.assign(change.cross_references().begin(), change.cross_references().end());
  if (change.kind() != v1::NODE_KIND_UNSPECIFIED) node->kind = change.kind();
  if (change.category() != v1::CATEGORY_UNSPECIFIED) node->category = change.category();
  if (node->kind != v1::NODE_KIND_ITEM && change.category() == v1::CATEGORY_UNSPECIFIED) {
    node->category = v1::CATEGORY_UNSPECIFIED;
  }
  base::FieldViolations own;
  CheckNode(*node, step.at, own);
  for (const auto& fault : own.violations())
    step.violations.Add(fault.field, "{}", fault.description);
  if (own.empty()) item->node = std::move(node);
}

void Draft::Move(const v1::MoveNode& change, Step& step) {
  Item* item = Movable(change.node(), step);
  Item* parent = Above(change.parent(), "parent", step);
  if (item == nullptr || parent == nullptr) return;
  for (const Item* above = parent; above != nullptr; above = above->parent) {
    if (above == item) return step.Fault("parent", "{} would stand below itself", change.node());
  }
  if (!change.label().empty() && !IsLabel(change.label())) {
    return step.Fault("label", "must be 1 to 32 of A-Z a-z 0-9 -");
  }
  if (change.after() == change.node()) return step.Fault("after", "is the node itself");
  Item* before = item->parent;
  const auto back =
      std::find(before->children.begin(), before->children.end(), item) - before->children.begin();
  Detach(*item);
  const int slot = SlotAfter(*parent, change.after(), step);
  if (slot < 0) {
    before->children.insert(before->children.begin() + back, item);
    return;
  }
  parent->children.insert(parent->children.begin() + slot, item);
  item->parent = parent;
  if (!change.label().empty() && change.label() != item->node->label) {
    auto node = std::make_shared<Node>(*item->node);
    node->label = change.label();
    item->node = std::move(node);
  }
}

void Draft::Renumber(const v1::RenumberNode& change, Step& step) {
  Item* item = Movable(change.node(), step);
  if (item == nullptr) return;
  if (!IsLabel(change.label())) return step.Fault("label", "must be 1 to 32 of A-Z a-z 0-9 -");
  auto node = std::make_shared<Node>(*item->node);
  node->label = change.label();
  item->node = std::move(node);
}

void Draft::Split(const v1::SplitNode& change, Step& step) {
  Item* item = Changeable(change.node(), "node", step);
  if (change.parts().empty() || change.parts_size() > 32) {
    return step.Fault("parts", "must be 1 to 32");
  }
  if (item == nullptr) return;
  auto stays = std::make_shared<Node>(*item->node);
  stays->text = change.text();
  base::FieldViolations own;
  CheckNode(*stays, step.at, own);
  std::vector<std::shared_ptr<Node>> parts;
  for (int i = 0; i < change.parts_size(); ++i) {
    const v1::SplitPart& part = change.parts(i);
    auto node = std::make_shared<Node>();
    node->id = part.id();
    node->kind = item->node->kind;
    node->category = item->node->category;
    node->label = part.label();
    node->text = part.text();
    node->cross_references.assign(part.cross_references().begin(), part.cross_references().end());
    CheckNode(*node, fmt::format("{}.parts[{}]", step.at, i), own);
    const bool twice = std::any_of(parts.begin(), parts.end(),
                                   [&](const auto& other) { return other->id == node->id; });
    if (twice || !Fresh(node->id, "parts", step)) {
      return step.Fault("parts", "the id {} is not new", node->id);
    }
    parts.push_back(std::move(node));
  }
  for (const auto& fault : own.violations())
    step.violations.Add(fault.field, "{}", fault.description);
  if (!own.empty()) return;
  item->node = std::move(stays);
  const auto& siblings = item->parent->children;
  auto slot =
      static_cast<int>(std::find(siblings.begin(), siblings.end(), item) - siblings.begin());
  for (auto& part : parts) Insert(std::move(part), item->parent, ++slot);
}

void Draft::Merge(const v1::MergeNodes& change, Step& step) {
  Item* into = Changeable(change.into(), "into", step);
  if (change.others().empty() || change.others_size() > 32) {
    return step.Fault("others", "must be 1 to 32");
  }
  if (into == nullptr) return;
  std::set<Item*> others;
  for (const std::string& id : change.others()) {
    Item* other = Changeable(id, "others", step);
    if (other == nullptr) return;
    if (other == into || !others.insert(other).second) {
      return step.Fault("others", "{} is named twice", id);
    }
    if (!other->children.empty()) {
      return step.Fault("others", "something stands below {}; move or remove it first", id);
    }
  }
  auto node = std::make_shared<Node>(*into->node);
  node->text = change.text();
  base::FieldViolations own;
  CheckNode(*node, step.at, own);
  for (const auto& fault : own.violations())
    step.violations.Add(fault.field, "{}", fault.description);
  if (!own.empty()) return;
  into->node = std::move(node);
  for (Item* other : others) {
    Detach(*other);
    Forget(*other);
  }
}

void Draft::Apply(const ChangeList& changes, const std::string& field,
                  base::FieldViolations& violations) {
  for (int i = 0; i < changes.size(); ++i) {
    // Nobody needs to know more of what is refused anyway.
    if (violations.violations().size() >= base::FieldViolations::kMax) return;
    if (by_id_.size() > kNodesMax) {
      return violations.Add(field, "give more than {} nodes", kNodesMax);
    }
    const v1::Change& change = changes[i];
    const std::string at = fmt::format("{}[{}]", field, i);
    const auto* kind = v1::Change::descriptor()->FindFieldByNumber(change.kind_case());
    Step step{kind == nullptr ? at : at + "." + kind->name(), violations};
    switch (change.kind_case()) {
      case v1::Change::kAdd:
        Add(change.add(), step);
        break;
      case v1::Change::kRemove:
        Remove(change.remove(), step);
        break;
      case v1::Change::kReplace:
        Replace(change.replace(), step);
        break;
      case v1::Change::kMove:
        Move(change.move(), step);
        break;
      case v1::Change::kRenumber:
        Renumber(change.renumber(), step);
        break;
      case v1::Change::kSplit:
        Split(change.split(), step);
        break;
      case v1::Change::kMerge:
        Merge(change.merge(), step);
        break;
      case v1::Change::KIND_NOT_SET:
        violations.Add(at, "says nothing");
    }
  }
}

absl::StatusOr<Edition> Draft::Finish(const std::string& field) const {
  std::vector<Edition::Place> places;
  places.reserve(by_id_.size());
  const std::function<void(const Item&, int, int)> walk = [&](const Item& item, int parent,
                                                              int depth) {
    for (const Item* child : item.children) {
      const auto index = static_cast<int>(places.size());
      Edition::Place& place = places.emplace_back();
      place.node = child->node;
      place.parent = parent;
      place.depth = depth;
      place.path = parent < 0 ? child->node->label
                              : places[static_cast<size_t>(parent)].path + "." + child->node->label;
      if (depth <= kDepthMax) walk(*child, index, depth + 1);
    }
  };
  walk(*root_, -1, 0);
  return Edition::FromPlaces(std::move(places), field);
}

namespace {

std::string Slot(std::string_view parent, std::string_view label) {
  return fmt::format("@{}/{}", parent, label);
}

// A node that is there: itself, and what its text refers to today.
void Touch(const Edition& edition, const std::string& id, Footprint& footprint) {
  footprint.touched.insert(id);
  const int at = edition.Find(id);
  if (at < 0) return;
  for (const std::string& reference : edition[at].node->cross_references) {
    footprint.depends.insert(reference);
  }
}

template <typename List>
void Lean(const List& references, Footprint& footprint) {
  footprint.depends.insert(references.begin(), references.end());
}

void AddTo(const Edition& edition, const v1::Change& change, Footprint& footprint) {
  const auto slot_of = [&](const std::string& id, const std::string& label) {
    const int at = edition.Find(id);
    if (at >= 0) footprint.touched.insert(Slot(edition.ParentId(at), label));
  };
  switch (change.kind_case()) {
    case v1::Change::kAdd:
      footprint.touched.insert(change.add().node().id());
      footprint.touched.insert(Slot(change.add().parent(), change.add().label()));
      if (!change.add().parent().empty()) footprint.depends.insert(change.add().parent());
      Lean(change.add().node().cross_references(), footprint);
      break;
    case v1::Change::kRemove: {
      Touch(edition, change.remove().node(), footprint);
      const int at = edition.Find(change.remove().node());
      for (int i = at + 1; at >= 0 && i < edition[at].end; ++i) {
        footprint.touched.insert(edition[i].node->id);
      }
      break;
    }
    case v1::Change::kReplace:
      Touch(edition, change.replace().node(), footprint);
      Lean(change.replace().cross_references(), footprint);
      break;
    case v1::Change::kMove: {
      Touch(edition, change.move().node(), footprint);
      const int at = edition.Find(change.move().node());
      const std::string label = !change.move().label().empty() ? change.move().label()
                                : at >= 0                      ? edition[at].node->label
                                                               : "";
      footprint.touched.insert(Slot(change.move().parent(), label));
      if (!change.move().parent().empty()) footprint.depends.insert(change.move().parent());
      break;
    }
    case v1::Change::kRenumber:
      Touch(edition, change.renumber().node(), footprint);
      slot_of(change.renumber().node(), change.renumber().label());
      break;
    case v1::Change::kSplit:
      Touch(edition, change.split().node(), footprint);
      for (const v1::SplitPart& part : change.split().parts()) {
        footprint.touched.insert(part.id());
        slot_of(change.split().node(), part.label());
        Lean(part.cross_references(), footprint);
      }
      break;
    case v1::Change::kMerge:
      Touch(edition, change.merge().into(), footprint);
      for (const std::string& other : change.merge().others()) Touch(edition, other, footprint);
      break;
    case v1::Change::KIND_NOT_SET:
      break;
  }
}

}  // namespace

Footprint FootprintOf(const Edition& edition, const ChangeList& changes) {
  Footprint footprint;
  for (const v1::Change& change : changes) AddTo(edition, change, footprint);
  // What a proposal does to itself is no conflict.
  for (const std::string& token : footprint.touched) footprint.depends.erase(token);
  return footprint;
}

std::string NodeOfToken(const std::string& token) {
  if (token.empty() || token[0] != '@') return token;
  return token.substr(1, token.find('/') - 1);
}

}  // namespace entente::tem::annex
