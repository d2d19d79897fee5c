#include "services/tem/annex/difference.h"

#include <algorithm>
#include <climits>
#include <dtl/dtl.hpp>
#include <map>

namespace entente::tem::annex {
namespace {

// Words and signs with the white space after them, so that joining them gives the text.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  bool space = true;
  for (char c : text) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t';
    if (words.empty() || (space && !is_space)) words.emplace_back();
    words.back() += c;
    space = is_space;
  }
  return words;
}

// Children by parent id, in order.
std::map<std::string_view, std::vector<int>> Families(const Edition& edition) {
  std::map<std::string_view, std::vector<int>> families;
  for (int i = 0; i < static_cast<int>(edition.size()); ++i) {
    families[edition.ParentId(i)].push_back(i);
  }
  return families;
}

// Positions of a longest rising subsequence.
std::vector<size_t> LongestRising(const std::vector<int>& values) {
  std::vector<size_t> tails;  // positions; tails[k] ends the best run of length k + 1
  std::vector<size_t> back(values.size(), SIZE_MAX);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = std::lower_bound(tails.begin(), tails.end(), values[i],
                                     [&](size_t a, int value) { return values[a] < value; });
    if (at != tails.begin()) back[i] = *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<size_t> result;
  for (size_t i = tails.empty() ? SIZE_MAX : tails.back(); i != SIZE_MAX; i = back[i]) {
    result.push_back(i);
  }
  std::reverse(result.begin(), result.end());
  return result;
}

// Of siblings by their old places, which moved: none of `anchored`, and of the others the fewest
// that can be said to.
std::vector<bool> MovedAmong(const std::vector<int>& old_places,
                             const std::vector<bool>& anchored) {
  const size_t count = old_places.size();
  std::vector<bool> moved(count, false);
  // Between its anchored neighbours a place must lie between theirs.
  std::vector<int> floor(count);
  std::vector<int> ceiling(count);
  int bound = -1;
  for (size_t i = 0; i < count; ++i) {
    floor[i] = bound;
    if (anchored[i]) bound = std::max(bound, old_places[i]);
  }
  bound = INT_MAX;
  for (size_t i = count; i-- > 0;) {
    ceiling[i] = bound;
    if (anchored[i]) bound = std::min(bound, old_places[i]);
  }
  std::vector<int> places;
  std::vector<size_t> positions;
  for (size_t i = 0; i < count; ++i) {
    moved[i] = !anchored[i];
    if (!anchored[i] && (old_places[i] < floor[i] || old_places[i] > ceiling[i])) continue;
    places.push_back(old_places[i]);
    positions.push_back(i);
  }
  for (size_t keep : LongestRising(places)) moved[positions[keep]] = false;
  return moved;
}

// Which nodes of the new edition did not keep their place below the same parent. `may` tells which
// can have; null: all but reserved numbers.
std::vector<bool> MovedNodes(const Edition& before, const Edition& after,
                             const std::set<std::string>* may) {
  std::vector<bool> moved(after.size(), false);
  for (const auto& [parent, children] : Families(after)) {
    std::vector<int> old_places;
    std::vector<int> stayed;
    std::vector<bool> anchored;
    for (int child : children) {
      const Node& node = *after[child].node;
      const int old = before.Find(node.id);
      if (old < 0) continue;
      if (before.ParentId(old) != parent) {
        moved[static_cast<size_t>(child)] = true;
        continue;
      }
      old_places.push_back(old);
      stayed.push_back(child);
      anchored.push_back(may != nullptr ? may->count(node.id) == 0 : before[old].node->reserved);
    }
    const std::vector<bool> among = MovedAmong(old_places, anchored);
    for (size_t i = 0; i < stayed.size(); ++i) moved[static_cast<size_t>(stayed[i])] = among[i];
  }
  return moved;
}

void CompareNode(const Edition& before, const Edition& after, int old, int now, bool moved,
                 bool whole, Differences& out) {
  const Node& then = *before[old].node;
  const Node& today = *after[now].node;
  v1::NodeDifference difference;
  if (moved) {
    difference.add_kinds(v1::AMENDMENT_KIND_MOVED);
  } else if (then.label != today.label) {
    difference.add_kinds(v1::AMENDMENT_KIND_RENUMBERED);
  }
  if (!then.SameContent(today)) {
    difference.add_kinds(today.reserved && !then.reserved ? v1::AMENDMENT_KIND_RESERVED
                                                          : v1::AMENDMENT_KIND_TEXT);
    if (then.text != today.text) {
      for (v1::TextPiece& piece : CompareTexts(then.text, today.text)) {
        *difference.add_pieces() = std::move(piece);
      }
    }
  }
  if (difference.kinds().empty() && !whole) return;
  if (whole && difference.pieces().empty() && !today.text.empty()) {
    difference.add_pieces()->set_kind(v1::PIECE_KIND_KEPT);
    difference.mutable_pieces(0)->set_text(today.text);
  }
  difference.set_node(today.id);
  difference.set_old_path(before[old].path);
  difference.set_new_path(after[now].path);
  difference.set_kind(today.kind);
  difference.set_reserved(today.reserved);
  out.push_back(std::move(difference));
}

v1::NodeDifference Whole(const Edition::Place& place, bool added) {
  v1::NodeDifference difference;
  difference.set_node(place.node->id);
  difference.set_kind(place.node->kind);
  if (added) {
    difference.set_new_path(place.path);
  } else {
    difference.set_old_path(place.path);
  }
  difference.add_kinds(added ? v1::AMENDMENT_KIND_ADDED : v1::AMENDMENT_KIND_REMOVED);
  if (!place.node->text.empty()) {
    v1::TextPiece& piece = *difference.add_pieces();
    piece.set_kind(added ? v1::PIECE_KIND_INSERTED : v1::PIECE_KIND_DELETED);
    piece.set_text(place.node->text);
  }
  return difference;
}

}  // namespace

std::vector<v1::TextPiece> CompareTexts(const std::string& before, const std::string& after) {
  std::vector<v1::TextPiece> pieces;
  // Between kept words, what was taken out comes before what was put in.
  std::string deleted;
  std::string inserted;
  const auto put = [&](v1::PieceKind kind, std::string& text) {
    if (text.empty()) return;
    if (pieces.empty() || pieces.back().kind() != kind) pieces.emplace_back().set_kind(kind);
    pieces.back().mutable_text()->append(text);
    text.clear();
  };
  const auto flush = [&] {
    put(v1::PIECE_KIND_DELETED, deleted);
    put(v1::PIECE_KIND_INSERTED, inserted);
  };
  dtl::Diff<std::string, std::vector<std::string>> diff(Words(before), Words(after));
  diff.onHuge();
  diff.compose();
  for (const auto& [word, info] : diff.getSes().getSequence()) {
    if (info.type == dtl::SES_DELETE) {
      deleted += word;
    } else if (info.type == dtl::SES_ADD) {
      inserted += word;
    } else {
      flush();
      std::string kept = word;
      put(v1::PIECE_KIND_KEPT, kept);
    }
  }
  flush();
  return pieces;
}

Differences Compare(const Edition& before, const Edition& after, bool whole,
                    const std::set<std::string>* may_move) {
  const std::vector<bool> moved = MovedNodes(before, after, may_move);
  // What was removed comes behind the nearest node before it that is still there.
  std::map<int, std::vector<int>> removed_behind;
  int last_kept = -1;
  for (int old = 0; old < static_cast<int>(before.size()); ++old) {
    const int now = after.Find(before[old].node->id);
    if (now >= 0) {
      last_kept = now;
    } else {
      removed_behind[last_kept].push_back(old);
    }
  }
  Differences out;
  const auto put_removed = [&](int behind) {
    auto it = removed_behind.find(behind);
    if (it == removed_behind.end()) return;
    for (int old : it->second) out.push_back(Whole(before[old], false));
  };
  put_removed(-1);
  for (int now = 0; now < static_cast<int>(after.size()); ++now) {
    const int old = before.Find(after[now].node->id);
    if (old < 0) {
      out.push_back(Whole(after[now], true));
    } else {
      CompareNode(before, after, old, now, moved[static_cast<size_t>(now)], whole, out);
    }
    put_removed(now);
  }
  return out;
}

ChangeList ChangesBetween(const Edition& before, const Edition& after) {
  ChangeList changes;
  const std::vector<bool> moved = MovedNodes(before, after, nullptr);
  std::map<std::string_view, std::string_view> last_below;  // parent -> its child handled last
  for (int now = 0; now < static_cast<int>(after.size()); ++now) {
    const Node& node = *after[now].node;
    const std::string_view parent = after.ParentId(now);
    const std::string_view previous = std::exchange(last_below[parent], node.id);
    const int old = before.Find(node.id);
    if (old < 0) {
      v1::AddNode& add = *changes.Add()->mutable_add();
      v1::AnnexNode& given = *add.mutable_node();
      given.set_id(node.id);
      given.set_kind(node.kind);
      given.set_category(node.category);
      given.set_reserved(node.reserved);
      given.set_text(node.text);
      for (const std::string& reference : node.cross_references) {
        given.add_cross_references(reference);
      }
      add.set_parent(std::string(parent));
      add.set_label(node.label);
      add.set_after(std::string(previous));
      continue;
    }
    const Node& then = *before[old].node;
    if (moved[static_cast<size_t>(now)]) {
      v1::MoveNode& move = *changes.Add()->mutable_move();
      move.set_node(node.id);
      move.set_parent(std::string(parent));
      if (then.label != node.label) move.set_label(node.label);
      move.set_after(std::string(previous));
    } else if (then.label != node.label) {
      v1::RenumberNode& renumber = *changes.Add()->mutable_renumber();
      renumber.set_node(node.id);
      renumber.set_label(node.label);
    }
    if (!then.SameContent(node) && !node.reserved) {
      v1::ReplaceText& replace = *changes.Add()->mutable_replace();
      replace.set_node(node.id);
      replace.set_text(node.text);
      for (const std::string& reference : node.cross_references) {
        replace.add_cross_references(reference);
      }
      if (then.kind != node.kind) replace.set_kind(node.kind);
      if (then.category != node.category) replace.set_category(node.category);
    }
  }
  // At the end, when all that goes on elsewhere has left them.
  for (int old = 0; old < static_cast<int>(before.size()); ++old) {
    const Node& then = *before[old].node;
    const int now = after.Find(then.id);
    if (now >= 0 && (!after[now].node->reserved || then.reserved)) continue;
    // What is below something that goes, or whose number is parked, goes along with it.
    const int parent = before[old].parent;
    const int above = parent < 0 ? -1 : after.Find(before[parent].node->id);
    if (now < 0 && parent >= 0 && (above < 0 || after[above].node->reserved)) continue;
    v1::RemoveNode& remove = *changes.Add()->mutable_remove();
    remove.set_node(then.id);
    remove.set_reserve(now >= 0);
  }
  return changes;
}

}  // namespace entente::tem::annex
