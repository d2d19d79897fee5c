// One edition of the Annex, checked: ids and paths are unique, numbers stand where they may,
// references lead somewhere. Immutable; movable, not copyable. Nodes are shared between editions.
#ifndef ENTENTE_SERVICES_TEM_ANNEX_EDITION_H_
#define ENTENTE_SERVICES_TEM_ANNEX_EDITION_H_

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "entente/tem/v1/annex.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/base/status.h"

namespace entente::tem::annex {

using NodeList = google::protobuf::RepeatedPtrField<v1::AnnexNode>;

inline constexpr size_t kNodesMax = 5000;
inline constexpr size_t kTextMax = 20000;  // characters
inline constexpr int kReferencesMax = 64;
inline constexpr int kDepthMax = 12;

// A node wherever it stands.
struct Node {
  std::string id;
  v1::NodeKind kind = v1::NODE_KIND_UNSPECIFIED;
  v1::Category category = v1::CATEGORY_UNSPECIFIED;
  bool reserved = false;
  std::string label;
  std::string text;
  std::vector<std::string> cross_references;
  bool operator==(const Node&) const = default;
  // All but where it stands.
  bool SameContent(const Node& other) const {
    return kind == other.kind && category == other.category && reserved == other.reserved &&
           text == other.text && cross_references == other.cross_references;
  }
};

// Adds the faults of a node by itself: id, text, references' form. `path` names the node in them.
void CheckNode(const Node& node, const std::string& path, base::FieldViolations& violations);
bool IsNodeId(std::string_view text);
bool IsLabel(std::string_view text);
// "2016-10-20": a date that exists.
bool IsEditionName(std::string_view text);

class Edition {
 public:
  struct Place {
    std::shared_ptr<const Node> node;
    std::string path;
    int parent = -1;  // index; -1: the top
    int depth = 0;
    int end = 0;  // index behind the last node below it
  };

  Edition() = default;  // empty
  Edition(Edition&&) = default;
  Edition& operator=(Edition&&) = default;

  // From an edition's nodes, in the order of the text. FIELD_INVALID with every fault, as in
  // "nodes[3].path".
  static absl::StatusOr<Edition> FromNodes(const NodeList& nodes, const std::string& field);
  // From places whose nodes were checked: checks how they stand to each other. Faults name paths.
  static absl::StatusOr<Edition> FromPlaces(std::vector<Place> places, const std::string& field);
  // The same without asking any rule, for nodes that were judged when they were recorded.
  static Edition Placed(const NodeList& nodes);
  void AddNodesTo(NodeList* nodes) const;

  const std::vector<Place>& places() const { return places_; }
  size_t size() const { return places_.size(); }
  // Index of a place, or -1.
  int Find(std::string_view id) const;
  int FindPath(std::string_view path) const;
  const Place& operator[](int index) const { return places_[static_cast<size_t>(index)]; }
  // Id of what is above; empty at the top.
  std::string_view ParentId(int index) const {
    const int parent = (*this)[index].parent;
    return parent < 0 ? std::string_view() : std::string_view((*this)[parent].node->id);
  }
  // Uses the other's node wherever it equals this one's, to keep one copy of it.
  void ShareNodesOf(const Edition& other);

 private:
  void Index();
  // `astray`: nodes that come neither after nor below what their paths say.
  static std::vector<Place> PlacesOf(const NodeList& nodes, std::vector<int>& astray);
  std::vector<Place> places_;
  std::unordered_map<std::string_view, int> by_id_;
  std::unordered_map<std::string_view, int> by_path_;
};

// What an approval names; see README.md.
base::Digest ContentDigest(const v1::AnnexEdition& edition);

}  // namespace entente::tem::annex

#endif  // ENTENTE_SERVICES_TEM_ANNEX_EDITION_H_
