#include "services/tem/annex/edition.h"

#include <algorithm>

#include "absl/time/civil_time.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/fold_text.h"

namespace entente::tem::annex {
namespace {

using Violations = base::FieldViolations;

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view LabelOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string_view AboveOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

bool IsItemNumber(std::string_view label) {
  return !label.empty() && label.size() <= 2 && label[0] != '0' &&
         std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Whether a node of this kind may stand below one of that kind (null: at the top).
const char* MisplacedBecause(const Node& node, const Node* above) {
  switch (node.kind) {
    case v1::NODE_KIND_ITEM:
      return above != nullptr           ? "is an item and stands below something"
             : IsItemNumber(node.label) ? nullptr
                                        : "is an item; its label must be a number of 1 to 99";
    case v1::NODE_KIND_SUB_ITEM:
      return above == nullptr || above->kind != v1::NODE_KIND_ITEM
                 ? "is a sub-item and not below an item"
             : node.label.size() == 1 && node.label[0] >= 'A' && node.label[0] <= 'E'
                 ? nullptr
                 : "is a sub-item; its label must be A to E";
    case v1::NODE_KIND_ENTRY:
      return above != nullptr &&
                     (above->kind == v1::NODE_KIND_SUB_ITEM || above->kind == v1::NODE_KIND_ENTRY)
                 ? nullptr
                 : "is an entry and below neither a sub-item nor an entry";
    case v1::NODE_KIND_DEFINITION:
    case v1::NODE_KIND_GENERAL_NOTE:
      return above == nullptr ? nullptr : "must stand at the top";
    default:
      return above != nullptr ? nullptr : "must stand below something";
  }
}

void CheckStanding(const std::vector<Edition::Place>& places, const std::string& field,
                   Violations& violations) {
  std::unordered_map<std::string_view, const Node*> by_id;
  std::unordered_map<std::string_view, const Node*> by_path;
  for (const Edition::Place& place : places) {
    const Node& node = *place.node;
    if (!by_id.emplace(node.id, &node).second) {
      violations.Add(field, "{}: the id {} is there twice", place.path, node.id);
    }
    if (auto [it, fresh] = by_path.emplace(place.path, &node); !fresh) {
      violations.Add(field, "the path {} is {}", place.path,
                     it->second->reserved || node.reserved ? "a reserved number" : "there twice");
    }
  }
  for (const Edition::Place& place : places) {
    const Node* above =
        place.parent < 0 ? nullptr : places[static_cast<size_t>(place.parent)].node.get();
    if (const char* why = MisplacedBecause(*place.node, above)) {
      violations.Add(field, "{}: {}", place.path, why);
    }
    if (above != nullptr && above->reserved) {
      violations.Add(field, "{}: stands below a reserved number", place.path);
    }
    if (place.depth >= kDepthMax) {
      violations.Add(field, "{}: has more than {} levels", place.path, kDepthMax);
    }
    for (const std::string& reference : place.node->cross_references) {
      auto target = by_id.find(reference);
      if (target == by_id.end() || target->second->reserved) {
        violations.Add(field, "{}: refers to {}, which {}", place.path, reference,
                       target == by_id.end() ? "is not in the edition" : "is a reserved number");
      }
    }
  }
}

void Put(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void Put(std::string& out, int number) { Put(out, std::to_string(number)); }

}  // namespace

bool IsNodeId(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= 32 && IsAlnum(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsEditionName(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int numbers[3] = {0, 0, 0};
  size_t part = 0;
  for (char c : text) {
    if (c == '-') {
      ++part;
    } else if (c < '0' || c > '9' || part > 2) {
      return false;
    } else {
      numbers[part] = numbers[part] * 10 + (c - '0');
    }
  }
  const absl::CivilDay day(numbers[0], numbers[1], numbers[2]);
  return part == 2 && numbers[0] >= 1900 && day.month() == numbers[1] && day.day() == numbers[2];
}

void CheckNode(const Node& node, const std::string& path, Violations& violations) {
  if (!IsNodeId(node.id)) violations.Add(path + ".id", "must be 1 to 40 of a-z 0-9 -");
  if (!IsLabel(node.label)) {
    violations.Add(path + ".label", "must be 1 to 32 of A-Z a-z 0-9 -");
  }
  if (node.kind < v1::NODE_KIND_ITEM || node.kind > v1::NODE_KIND_GENERAL_NOTE) {
    violations.Add(path + ".kind", "is missing or unknown");
  }
  const bool has_category = node.category == v1::CATEGORY_I || node.category == v1::CATEGORY_II;
  if (has_category != (node.kind == v1::NODE_KIND_ITEM)) {
    violations.Add(path + ".category", "is I or II for an item, and unset for everything else");
  }
  rules::CheckText(node.text, 0, kTextMax, path + ".text", violations);
  if (base::IsPlainText(node.text) && !rules::IsNfc(node.text)) {
    violations.Add(path + ".text", "is not in normal form C");
  }
  if (node.reserved && (!node.text.empty() || !node.cross_references.empty())) {
    violations.Add(path + ".reserved", "a reserved number has no text");
  }
  if (node.cross_references.size() > static_cast<size_t>(kReferencesMax)) {
    violations.Add(path + ".cross_references", "has {} elements; at most {}",
                   node.cross_references.size(), kReferencesMax);
  }
}

std::vector<Edition::Place> Edition::PlacesOf(const NodeList& nodes, std::vector<int>& astray) {
  std::vector<Place> places;
  std::vector<int> above;  // indexes of the last node and what it is below
  for (int i = 0; i < nodes.size(); ++i) {
    const v1::AnnexNode& given = nodes[i];
    auto node = std::make_shared<Node>();
    node->id = given.id();
    node->kind = given.kind();
    node->category = given.category();
    node->reserved = given.reserved();
    node->label = std::string(LabelOf(given.path()));
    node->text = given.text();
    node->cross_references.assign(given.cross_references().begin(), given.cross_references().end());
    const std::string_view wanted = AboveOf(given.path());
    while (!above.empty() && places[static_cast<size_t>(above.back())].path != wanted) {
      above.pop_back();
    }
    if (above.empty() && !wanted.empty()) astray.push_back(i);
    Place& place = places.emplace_back();
    place.node = std::move(node);
    place.path = given.path();
    place.parent = above.empty() ? -1 : above.back();
    place.depth = static_cast<int>(above.size());
    above.push_back(i);
  }
  return places;
}

Edition Edition::Placed(const NodeList& nodes) {
  std::vector<int> ignored;
  Edition edition;
  edition.places_ = PlacesOf(nodes, ignored);
  edition.Index();
  return edition;
}

absl::StatusOr<Edition> Edition::FromNodes(const NodeList& nodes, const std::string& field) {
  Violations violations;
  if (nodes.size() > static_cast<int>(kNodesMax)) {
    violations.Add(field, "has {} nodes; at most {}", nodes.size(), kNodesMax);
    return violations.ToStatus();
  }
  std::vector<int> astray;
  std::vector<Place> places = PlacesOf(nodes, astray);
  for (int i = 0; i < nodes.size(); ++i) {
    CheckNode(*places[static_cast<size_t>(i)].node, fmt::format("{}[{}]", field, i), violations);
  }
  for (int i : astray) {
    violations.Add(fmt::format("{}[{}].path", field, i), "comes neither after nor below {}",
                   AboveOf(nodes[i].path()));
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return FromPlaces(std::move(places), field);
}

absl::StatusOr<Edition> Edition::FromPlaces(std::vector<Place> places, const std::string& field) {
  Violations violations;
  if (places.size() > kNodesMax) {
    violations.Add(field, "gives {} nodes; at most {}", places.size(), kNodesMax);
  }
  CheckStanding(places, field, violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  Edition edition;
  edition.places_ = std::move(places);
  edition.Index();
  return edition;
}

void Edition::Index() {
  by_id_.clear();
  by_path_.clear();
  by_id_.reserve(places_.size());
  by_path_.reserve(places_.size());
  for (size_t i = 0; i < places_.size(); ++i) {
    places_[i].end = static_cast<int>(i) + 1;
    by_id_.emplace(places_[i].node->id, static_cast<int>(i));
    by_path_.emplace(places_[i].path, static_cast<int>(i));
  }
  for (size_t i = places_.size(); i-- > 0;) {
    if (places_[i].parent < 0) continue;
    Place& parent = places_[static_cast<size_t>(places_[i].parent)];
    parent.end = std::max(parent.end, places_[i].end);
  }
}

void Edition::AddNodesTo(NodeList* nodes) const {
  nodes->Reserve(nodes->size() + static_cast<int>(places_.size()));
  for (const Place& place : places_) {
    v1::AnnexNode& out = *nodes->Add();
    out.set_id(place.node->id);
    out.set_path(place.path);
    out.set_kind(place.node->kind);
    out.set_category(place.node->category);
    out.set_reserved(place.node->reserved);
    out.set_text(place.node->text);
    for (const std::string& id : place.node->cross_references) out.add_cross_references(id);
  }
}

int Edition::Find(std::string_view id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? -1 : it->second;
}

int Edition::FindPath(std::string_view path) const {
  auto it = by_path_.find(path);
  return it == by_path_.end() ? -1 : it->second;
}

void Edition::ShareNodesOf(const Edition& other) {
  for (Place& place : places_) {
    const int at = other.Find(place.node->id);
    if (at >= 0 && *other[at].node == *place.node) place.node = other[at].node;
  }
  Index();  // its keys pointed into the nodes that were let go
}

base::Digest ContentDigest(const v1::AnnexEdition& edition) {
  std::string text = "entente-annex-content-v1\n";
  Put(text, edition.edition());
  Put(text, edition.title());
  Put(text, edition.base());
  Put(text, edition.language());
  for (const v1::AnnexNode& node : edition.nodes()) {
    Put(text, node.id());
    Put(text, node.path());
    Put(text, node.kind());
    Put(text, node.category());
    Put(text, node.reserved() ? 1 : 0);
    Put(text, node.text());
    Put(text, node.cross_references_size());
    for (const std::string& reference : node.cross_references()) Put(text, reference);
  }
  for (const v1::Amendment& amendment : edition.amendments()) {
    Put(text, amendment.node());
    Put(text, amendment.path());
    Put(text, amendment.kind());
    Put(text, amendment.proposal());
    Put(text, amendment.meeting());
    Put(text, amendment.effect());
  }
  return crypto::Sha256(text);
}

}  // namespace entente::tem::annex
