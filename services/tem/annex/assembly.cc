#include "services/tem/annex/assembly.h"

#include <algorithm>
#include <map>

namespace entente::tem::annex {
namespace {

using Violations = base::FieldViolations;

bool Follows(const Part& one, const Part& other) {
  const auto& follows = one.proposal->follows();
  return std::find(follows.begin(), follows.end(), other.name) != follows.end();
}

// Each after those that it follows, else in the order given. A circle is a fault.
std::vector<size_t> Order(const std::vector<Part>& parts, const std::string& field,
                          Violations& violations) {
  std::map<std::string_view, size_t> by_name;
  for (size_t i = 0; i < parts.size(); ++i) by_name.emplace(parts[i].name, i);
  std::vector<size_t> order;
  std::vector<int> seen(parts.size(), 0);  // 1: on the way, 2: done
  const std::function<void(size_t)> visit = [&](size_t i) {
    if (seen[i] == 2) return;
    if (seen[i] == 1) {
      violations.Add(fmt::format("{}[{}]", field, i), "follows itself, by way of others");
      return;
    }
    seen[i] = 1;
    for (const std::string& name : parts[i].proposal->follows()) {
      auto it = by_name.find(name);
      if (it != by_name.end()) visit(it->second);
    }
    seen[i] = 2;
    order.push_back(i);
  };
  for (size_t i = 0; i < parts.size(); ++i) visit(i);
  return order;
}

void CheckCollisions(const Edition& base, const std::vector<Part>& parts,
                     const std::vector<Footprint>& footprints, const std::string& field,
                     Violations& violations) {
  std::map<std::string_view, std::vector<size_t>> touching;  // token -> the parts before
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const std::string& token : footprints[i].touched) {
      std::vector<size_t>& others = touching[token];
      for (size_t other : others) {
        if (Follows(parts[i], parts[other]) || Follows(parts[other], parts[i])) continue;
        const int at = base.Find(NodeOfToken(token));
        violations.Add(
            fmt::format("{}[{}]", field, i),
            "{} and {} both change {}; settle it: withdraw, merge, or let one follow the other",
            parts[i].name, parts[other].name,
            at < 0 ? NodeOfToken(token) : base[at].path + " (" + NodeOfToken(token) + ")");
      }
      others.push_back(i);
    }
  }
}

// What a part's changes do to nodes by themselves.
std::map<std::string, std::set<v1::AmendmentKind>> DoneBy(const Part& part,
                                                          const Footprint& footprint) {
  std::map<std::string, std::set<v1::AmendmentKind>> done;
  for (const v1::Change& change : part.proposal->changes()) {
    switch (change.kind_case()) {
      case v1::Change::kAdd:
        done[change.add().node().id()].insert(v1::AMENDMENT_KIND_ADDED);
        break;
      case v1::Change::kRemove:
        done[change.remove().node()].insert(change.remove().reserve() ? v1::AMENDMENT_KIND_RESERVED
                                                                      : v1::AMENDMENT_KIND_REMOVED);
        break;
      case v1::Change::kReplace:
        done[change.replace().node()].insert(v1::AMENDMENT_KIND_TEXT);
        break;
      case v1::Change::kMove:
        done[change.move().node()].insert(v1::AMENDMENT_KIND_MOVED);
        done[change.move().node()].insert(v1::AMENDMENT_KIND_RENUMBERED);
        break;
      case v1::Change::kRenumber:
        done[change.renumber().node()].insert(v1::AMENDMENT_KIND_RENUMBERED);
        done[change.renumber().node()].insert(v1::AMENDMENT_KIND_MOVED);
        break;
      case v1::Change::kSplit:
        done[change.split().node()].insert(v1::AMENDMENT_KIND_TEXT);
        for (const auto& one : change.split().parts()) {
          done[one.id()].insert(v1::AMENDMENT_KIND_ADDED);
        }
        break;
      case v1::Change::kMerge:
        done[change.merge().into()].insert(v1::AMENDMENT_KIND_TEXT);
        break;
      case v1::Change::KIND_NOT_SET:
        break;
    }
  }
  // What goes with something above it, or into another.
  for (const std::string& token : footprint.touched) {
    if (token[0] != '@') done[token].insert(v1::AMENDMENT_KIND_REMOVED);
  }
  return done;
}

std::vector<v1::Amendment> Amendments(const Edition& base, const Edition& result,
                                      const std::vector<Part>& parts,
                                      const std::vector<Footprint>& footprints,
                                      const std::vector<size_t>& order) {
  std::map<std::pair<std::string, int>, std::vector<size_t>> by_deed;  // node and kind
  std::map<std::string, size_t> last_touch;
  std::set<std::string> may_move;
  for (size_t i : order) {
    for (const auto& [node, kinds] : DoneBy(parts[i], footprints[i])) {
      for (v1::AmendmentKind kind : kinds) by_deed[{node, kind}].push_back(i);
      last_touch[node] = i;
    }
    for (const v1::Change& change : parts[i].proposal->changes()) {
      if (change.has_move()) may_move.insert(change.move().node());
    }
  }
  std::vector<v1::Amendment> amendments;
  for (const v1::NodeDifference& difference : Compare(base, result, false, &may_move)) {
    for (int kind : difference.kinds()) {
      std::vector<size_t> doers = by_deed[{difference.node(), kind}];
      auto last = last_touch.find(difference.node());
      if (doers.empty() && last != last_touch.end()) doers.push_back(last->second);
      for (size_t i : doers) {
        v1::Amendment& line = amendments.emplace_back();
        line.set_node(difference.node());
        line.set_path(difference.new_path().empty() ? difference.old_path()
                                                    : difference.new_path());
        line.set_kind(static_cast<v1::AmendmentKind>(kind));
        line.set_proposal(parts[i].number);
        line.set_meeting(parts[i].meeting);
        line.set_effect(parts[i].proposal->effect());
      }
    }
  }
  return amendments;
}

// Looks for what has happened to the places of one change.
class Rebasing {
 public:
  Rebasing(const Edition& before, const Edition& after, const ChangeList& changes)
      : before_(before), after_(after) {
    for (const v1::Change& change : changes) {
      if (change.has_add()) own_.insert(change.add().node().id());
      for (const auto& part : change.split().parts()) own_.insert(part.id());
    }
  }
  void Look(int index, const v1::Change& change) {
    index_ = index;
    switch (change.kind_case()) {
      case v1::Change::kAdd:
        Parent(change.add().parent());
        New(change.add().node().id());
        Sibling(change.add().parent(), change.add().after());
        break;
      case v1::Change::kRemove:
        Content(change.remove().node());
        Below(change.remove().node());
        break;
      case v1::Change::kReplace:
        Content(change.replace().node());
        break;
      case v1::Change::kMove:
        Standing(change.move().node());
        Parent(change.move().parent());
        Sibling(change.move().parent(), change.move().after());
        break;
      case v1::Change::kRenumber:
        Standing(change.renumber().node());
        break;
      case v1::Change::kSplit:
        Content(change.split().node());
        Standing(change.split().node());
        for (const auto& part : change.split().parts()) New(part.id());
        break;
      case v1::Change::kMerge:
        Content(change.merge().into());
        for (const std::string& other : change.merge().others()) Content(other);
        break;
      case v1::Change::KIND_NOT_SET:
        break;
    }
  }
  std::vector<v1::RebaseConflict> found;

 private:
  void Say(const std::string& node, std::string_view why) {
    v1::RebaseConflict& conflict = found.emplace_back();
    conflict.set_change(index_);
    conflict.set_node(node);
    conflict.set_why(std::string(why));
  }
  // Both places of a node that is not the proposal's own; false, after saying so, if it is gone.
  bool Both(const std::string& id, int& then, int& now) {
    if (own_.count(id) != 0) return false;
    then = before_.Find(id);
    now = after_.Find(id);
    if (now >= 0 && then >= 0) return true;
    Say(id, now < 0 ? "is not in the newer edition" : "is not in the edition it was written for");
    return false;
  }
  void Content(const std::string& id) {
    int then = 0;
    int now = 0;
    if (Both(id, then, now) && !before_[then].node->SameContent(*after_[now].node)) {
      Say(id, after_[now].node->reserved ? "is a reserved number now" : "has another text now");
    }
  }
  void Standing(const std::string& id) {
    int then = 0;
    int now = 0;
    if (!Both(id, then, now)) return;
    if (before_.ParentId(then) != after_.ParentId(now) ||
        before_[then].node->label != after_[now].node->label) {
      Say(id, "stands at " + after_[now].path + " now");
    }
  }
  void Below(const std::string& id) {
    int then = 0;
    int now = 0;
    if (!Both(id, then, now)) return;
    const auto ids = [](const Edition& edition, int at) {
      std::set<std::string_view> below;
      for (int i = at + 1; i < edition[at].end; ++i) below.insert(edition[i].node->id);
      return below;
    };
    if (ids(before_, then) != ids(after_, now)) Say(id, "has something else below it now");
  }
  void Parent(const std::string& id) {
    int then = 0;
    int now = 0;
    if (!id.empty() && Both(id, then, now) && after_[now].node->reserved) {
      Say(id, "is a reserved number now");
    }
  }
  void New(const std::string& id) {
    if (after_.Find(id) >= 0) Say(id, "is a node of the newer edition already");
  }
  void Sibling(const std::string& parent, const std::string& id) {
    if (id.empty() || own_.count(id) != 0) return;
    const int now = after_.Find(id);
    const bool there = now >= 0 && after_.ParentId(now) == parent;
    const int then = before_.Find(id);
    const bool was = then >= 0 && before_.ParentId(then) == parent;
    if (was && !there) Say(id, "is no longer where the change follows it");
  }

  const Edition& before_;
  const Edition& after_;
  std::set<std::string> own_;
  int index_ = 0;
};

}  // namespace

std::vector<v1::RebaseConflict> Rebase(const Edition& before, const Edition& after,
                                       const ChangeList& changes) {
  Rebasing rebasing(before, after, changes);
  for (int i = 0; i < changes.size(); ++i) rebasing.Look(i, changes[i]);
  if (!rebasing.found.empty()) return std::move(rebasing.found);
  // What is left is seen when it is done: a path that is taken, a reference to what is gone.
  Draft draft(after);
  Violations violations;
  draft.Apply(changes, "changes", violations);
  absl::Status status = violations.ToStatus();
  if (status.ok()) status = draft.Finish("changes").status();
  for (const auto& fault : base::ViolationsOf(status)) {
    v1::RebaseConflict& conflict = rebasing.found.emplace_back();
    conflict.set_change(-1);
    conflict.set_why(fault.field + ": " + fault.description);
  }
  return std::move(rebasing.found);
}

std::vector<std::pair<std::string, v1::ConflictKind>> Meetings(const Footprint& one,
                                                               const Footprint& other) {
  std::vector<std::pair<std::string, v1::ConflictKind>> found;
  for (const std::string& token : one.touched) {
    if (other.touched.count(token) != 0) {
      found.emplace_back(token, v1::CONFLICT_KIND_COLLISION);
    } else if (other.depends.count(token) != 0) {
      found.emplace_back(token, v1::CONFLICT_KIND_DEPENDENCY);
    }
  }
  for (const std::string& token : one.depends) {
    if (other.touched.count(token) != 0) found.emplace_back(token, v1::CONFLICT_KIND_DEPENDENCY);
  }
  return found;
}

absl::StatusOr<Assembly> Assemble(const Edition& base, const std::vector<Part>& parts,
                                  const std::string& field) {
  Violations violations;
  std::vector<Footprint> footprints;
  for (size_t i = 0; i < parts.size(); ++i) {
    footprints.push_back(FootprintOf(*parts[i].edition, parts[i].proposal->changes()));
    if (parts[i].edition == &base) continue;
    for (const auto& conflict : Rebase(*parts[i].edition, base, parts[i].proposal->changes())) {
      violations.Add(fmt::format("{}[{}]", field, i), "{} cannot be rebased: {} {}", parts[i].name,
                     conflict.node(), conflict.why());
    }
  }
  const std::vector<size_t> order = Order(parts, field, violations);
  CheckCollisions(base, parts, footprints, field, violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  Draft draft(base);
  for (size_t i : order) {
    draft.Apply(parts[i].proposal->changes(), fmt::format("{}[{}].changes", field, i), violations);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  Assembly assembly;
  ENTENTE_ASSIGN_OR_RETURN(assembly.edition, draft.Finish(field));
  assembly.amendments = Amendments(base, assembly.edition, parts, footprints, order);
  return assembly;
}

}  // namespace entente::tem::annex
