// Editions, changes and differences are each other's inverse, from seeds; and what is refused.
#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "services/tem/annex/assembly.h"
#include "services/tem/annex/testing/random_annex.h"

namespace entente::tem::annex {
namespace {

using base::testing::NamesField;
using testing::RandomAnnex;

std::string Bytes(const Edition& edition) {
  v1::AnnexEdition proto;
  edition.AddNodesTo(proto.mutable_nodes());
  return proto.SerializeAsString();
}

absl::StatusOr<Edition> Applied(const Edition& base, const ChangeList& changes) {
  Draft draft(base);
  base::FieldViolations violations;
  draft.Apply(changes, "changes", violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return draft.Finish("changes");
}

// So many random changes, each of which applies after those before it.
ChangeList RandomChanges(RandomAnnex& random, const Edition& base, int count) {
  ChangeList changes;
  auto current = Applied(base, changes);
  for (int tries = 0; changes.size() < count && tries < count * 40; ++tries) {
    ChangeList one;
    *one.Add() = random.MakeChange(*current);
    auto next = Applied(*current, one);
    if (!next.ok()) continue;
    *changes.Add() = one[0];
    current = std::move(next);
  }
  EXPECT_EQ(changes.size(), count);
  return changes;
}

TEST(AnnexPropertyTest, DiffThenApplyGivesTheEdition) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    RandomAnnex random(seed);
    const Edition before = random.MakeEdition(200);
    ASSERT_OK_AND_ASSIGN(const Edition after,
                         Applied(before, RandomChanges(random, before, 1 + seed % 30)));
    ASSERT_OK_AND_ASSIGN(const Edition again, Applied(before, ChangesBetween(before, after)));
    ASSERT_EQ(Bytes(again), Bytes(after));
    ASSERT_TRUE(ChangesBetween(after, after).empty());
    // Back again: a reserved number stays reserved, so only where none was parked.
    ASSERT_EQ(Compare(before, before).size(), 0u);
  }
}

TEST(AnnexPropertyTest, ApplyThenDiffGivesTheChangeBack) {
  int checked[8] = {};
  for (uint64_t seed = 1; seed <= 1200; ++seed) {
    SCOPED_TRACE(seed);
    RandomAnnex random(seed);
    const Edition before = random.MakeEdition(150);
    const v1::Change change = random.MakeChange(before);
    // A move among siblings can be told in several ways; splits and merges are told in parts.
    if (change.has_split() || change.has_merge()) continue;
    if (change.has_move() &&
        before.ParentId(before.Find(change.move().node())) == change.move().parent()) {
      continue;
    }
    ChangeList one;
    *one.Add() = change;
    auto after = Applied(before, one);
    if (!after.ok() || Bytes(*after) == Bytes(before)) continue;
    const ChangeList back = ChangesBetween(before, *after);
    ASSERT_EQ(back.size(), 1) << change.DebugString();
    ASSERT_EQ(back[0].DebugString(), change.DebugString());
    ++checked[change.kind_case()];
  }
  for (int kind : {1, 2, 3, 4, 5}) EXPECT_GT(checked[kind], 10) << kind;
}

TEST(AnnexPropertyTest, IdsSurviveRandomRenumbering) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    RandomAnnex random(seed);
    const Edition before = random.MakeEdition(200);
    ChangeList changes;
    for (const auto& place : before.places()) {
      if (place.node->kind != v1::NODE_KIND_ENTRY) continue;
      auto& renumber = *changes.Add()->mutable_renumber();
      renumber.set_node(place.node->id);
      renumber.set_label("z" + std::to_string(changes.size() * 7919 % 100003));
    }
    ASSERT_OK_AND_ASSIGN(const Edition after, Applied(before, changes));
    for (const auto& place : before.places()) {
      const int at = after.Find(place.node->id);
      ASSERT_GE(at, 0);
      ASSERT_EQ(after[at].node->text, place.node->text);
      ASSERT_EQ(before.FindPath(place.path), before.Find(place.node->id));
    }
    for (const auto& difference : Compare(before, after)) {
      ASSERT_EQ(difference.kinds_size(), 1);
      ASSERT_EQ(difference.kinds(0), v1::AMENDMENT_KIND_RENUMBERED);
    }
  }
}

TEST(AnnexPropertyTest, PiecesAreBothTexts) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    RandomAnnex random(seed);
    const std::string before = seed % 10 == 0 ? "" : random.Text();
    const std::string after = seed % 7 == 0 ? before : random.Text();
    std::string old_side;
    std::string new_side;
    for (const v1::TextPiece& piece : CompareTexts(before, after)) {
      if (piece.kind() != v1::PIECE_KIND_INSERTED) old_side += piece.text();
      if (piece.kind() != v1::PIECE_KIND_DELETED) new_side += piece.text();
    }
    ASSERT_EQ(old_side, before);
    ASSERT_EQ(new_side, after);
  }
}

// What is said to be free of conflicts applies, and does to its places what it did before.
TEST(AnnexPropertyTest, RebasingIsRightOrRefused) {
  int clean = 0;
  int refused = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    RandomAnnex random(seed);
    const Edition before = random.MakeEdition(150);
    const ChangeList ours = RandomChanges(random, before, 3);
    ASSERT_OK_AND_ASSIGN(const Edition after, Applied(before, RandomChanges(random, before, 12)));
    if (!Rebase(before, after, ours).empty()) {
      ++refused;
      continue;
    }
    ++clean;
    ASSERT_OK_AND_ASSIGN(const Edition there, Applied(before, ours));
    ASSERT_OK_AND_ASSIGN(const Edition here, Applied(after, ours));
    for (const v1::Change& change : ours) {
      if (!change.has_replace()) continue;
      const int then = there.Find(change.replace().node());
      const int now = here.Find(change.replace().node());
      if (then < 0 || now < 0) continue;
      ASSERT_EQ(there[then].node->text, here[now].node->text);
    }
  }
  EXPECT_GT(clean, 10);
  EXPECT_GT(refused, 10);
}

class AnnexTest : public ::testing::Test {
 protected:
  static v1::AnnexNode Node(const std::string& path, v1::NodeKind kind) {
    v1::AnnexNode node;
    std::string id = path;
    for (char& c : id) c = c == '.' ? '-' : static_cast<char>(std::tolower(c));
    node.set_id(id);
    node.set_path(path);
    node.set_kind(kind);
    if (kind == v1::NODE_KIND_ITEM) node.set_category(v1::CATEGORY_II);
    return node;
  }
  static NodeList Nodes() {
    NodeList nodes;
    *nodes.Add() = Node("3", v1::NODE_KIND_ITEM);
    *nodes.Add() = Node("3.A", v1::NODE_KIND_SUB_ITEM);
    *nodes.Add() = Node("3.A.1", v1::NODE_KIND_ENTRY);
    *nodes.Add() = Node("3.A.2", v1::NODE_KIND_ENTRY);
    nodes[3].add_cross_references("3-a-1");
    return nodes;
  }
  static absl::Status Refused(const std::function<void(NodeList&)>& spoil) {
    NodeList nodes = Nodes();
    spoil(nodes);
    return Edition::FromNodes(nodes, "nodes").status();
  }
};

TEST_F(AnnexTest, FaultsOfAnEditionAreNamed) {
  ASSERT_OK(Refused([](auto&) {}));
  EXPECT_THAT(Refused([](auto& n) { n[2].set_id("UPPER"); }), NamesField("nodes[2].id"));
  EXPECT_THAT(Refused([](auto& n) { n[2].set_path("3.A.1!"); }), NamesField("nodes[2].label"));
  EXPECT_THAT(Refused([](auto& n) { n[2].set_path("4.A.1"); }), NamesField("nodes[2].path"));
  EXPECT_THAT(Refused([](auto& n) { n[3].set_path("3.A.1"); }), NamesField("nodes"));
  EXPECT_THAT(Refused([](auto& n) { n[3].set_id("3-a-1"); }), NamesField("nodes"));
  EXPECT_THAT(Refused([](auto& n) { n[2].set_text("Cafe\xcc\x81"); }), NamesField("nodes[2].text"));
  EXPECT_THAT(Refused([](auto& n) { n[2].set_text(std::string(kTextMax + 1, 'x')); }),
              NamesField("nodes[2].text"));
  EXPECT_THAT(Refused([](auto& n) { n[3].set_cross_references(0, "gone"); }), NamesField("nodes"));
  EXPECT_THAT(Refused([](auto& n) { n[0].clear_category(); }), NamesField("nodes[0].category"));
  EXPECT_THAT(Refused([](auto& n) { n[1].set_path("3.F"); }), NamesField("nodes[2].path"));
  EXPECT_THAT(Refused([](auto& n) { n[1].set_reserved(true); }), NamesField("nodes"));
  EXPECT_THAT(Refused([](auto& n) { n[2].set_kind(v1::NODE_KIND_ITEM); }),
              NamesField("nodes[2].category"));
}

TEST_F(AnnexTest, TwoPartsThatCollideGoInOnlyOneAfterTheOther) {
  ASSERT_OK_AND_ASSIGN(const Edition base, Edition::FromNodes(Nodes(), "nodes"));
  v1::Proposal one;
  auto& replace = *one.add_changes()->mutable_replace();
  replace.set_node("3-a-1");
  replace.set_text("one");
  one.set_effect(v1::EFFECT_ADDS);
  v1::Proposal two = one;
  two.mutable_changes(0)->mutable_replace()->set_text("two");
  const std::vector<Part> parts = {{"p/2", "2", "m", &two, &base}, {"p/1", "1", "m", &one, &base}};
  EXPECT_THAT(Assemble(base, parts, "parts"), NamesField("parts[1]"));
  two.add_follows("p/1");
  ASSERT_OK_AND_ASSIGN(const Assembly assembly, Assemble(base, parts, "parts"));
  EXPECT_EQ(assembly.edition[2].node->text, "two");
  ASSERT_EQ(assembly.amendments.size(), 2u);
  EXPECT_EQ(assembly.amendments[0].proposal(), "1");
  one.add_follows("p/2");
  EXPECT_THAT(Assemble(base, parts, "parts"), NamesField("parts[0]")) << "a circle";
}

TEST_F(AnnexTest, ACollisionIsFoundWhateverStandsBetween) {
  ASSERT_OK_AND_ASSIGN(const Edition base, Edition::FromNodes(Nodes(), "nodes"));
  const auto changes = [](const std::string& text) {
    v1::Proposal proposal;
    proposal.add_changes()->mutable_replace()->set_node("3-a-1");
    proposal.mutable_changes(0)->mutable_replace()->set_text(text);
    return proposal;
  };
  const v1::Proposal one = changes("one");
  v1::Proposal both = changes("both");
  both.add_follows("p/1");
  both.add_follows("p/3");
  const v1::Proposal three = changes("three");
  EXPECT_THAT(Assemble(base,
                       {{"p/1", "1", "m", &one, &base},
                        {"p/2", "2", "m", &both, &base},
                        {"p/3", "3", "m", &three, &base}},
                       "parts"),
              NamesField("parts[2]"));
}

// A move is the mover's, not that of the sibling that it went past.
TEST_F(AnnexTest, TheCoverNamesWhatWasMoved) {
  ASSERT_OK_AND_ASSIGN(const Edition base, Edition::FromNodes(Nodes(), "nodes"));
  v1::Proposal proposal;
  auto& move = *proposal.add_changes()->mutable_move();
  move.set_node("3-a-1");
  move.set_parent("3-a");
  move.set_after("3-a-2");
  ASSERT_OK_AND_ASSIGN(const Assembly assembly,
                       Assemble(base, {{"p/1", "1", "m", &proposal, &base}}, "parts"));
  ASSERT_EQ(assembly.amendments.size(), 1u);
  EXPECT_EQ(assembly.amendments[0].node(), "3-a-1");
  EXPECT_EQ(assembly.amendments[0].kind(), v1::AMENDMENT_KIND_MOVED);
}

TEST_F(AnnexTest, TheContentDigestCoversEveryField) {
  v1::AnnexEdition edition;
  edition.set_edition("2016-10-20");
  *edition.mutable_nodes() = Nodes();
  edition.add_amendments()->set_node("3-a-1");
  const base::Digest before = ContentDigest(edition);
  const auto changed = [&](const std::function<void(v1::AnnexEdition&)>& change) {
    v1::AnnexEdition other = edition;
    change(other);
    return ContentDigest(other) != before;
  };
  EXPECT_TRUE(changed([](auto& e) { e.set_title("t"); }));
  EXPECT_TRUE(changed([](auto& e) { e.set_base("2016-03-17"); }));
  EXPECT_TRUE(changed([](auto& e) { e.set_language("fr"); }));
  EXPECT_TRUE(changed([](auto& e) { e.mutable_nodes(1)->set_text("t"); }));
  EXPECT_TRUE(changed([](auto& e) { e.mutable_nodes(1)->set_reserved(true); }));
  EXPECT_TRUE(changed([](auto& e) { e.mutable_nodes(3)->clear_cross_references(); }));
  EXPECT_TRUE(changed([](auto& e) { e.mutable_amendments(0)->set_meeting("m"); }));
  EXPECT_TRUE(changed([](auto& e) { e.mutable_nodes()->SwapElements(2, 3); }));
}

}  // namespace
}  // namespace entente::tem::annex
