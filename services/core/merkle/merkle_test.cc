// Merkle trees against a reference that is obviously right, against random shapes, and against
// vectors that nobody here wrote (where ../shared is there).
#include "services/core/merkle/merkle.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/hash.h"

namespace entente::merkle {
namespace {

using base::testing::StatusIs;

// RFC 6962 §2.1, word for word.
Digest ReferenceRoot(std::span<const Digest> leaves) {
  if (leaves.empty()) return EmptyRoot();
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return NodeHash(ReferenceRoot(leaves.first(k)), ReferenceRoot(leaves.subspan(k)));
}

std::vector<Digest> MakeLeaves(size_t count) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(LeafHash("leaf " + std::to_string(i)));
  return leaves;
}

TEST(MerkleTest, KnownAnswersOfRfc6962) {
  EXPECT_EQ(EmptyRoot().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(LeafHash("").hex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(MerkleTest, EveryProofOfEveryTreeUpTo65Verifies) {
  const auto leaves = MakeLeaves(65);
  Tree tree;
  CompactRange range;
  for (uint64_t size = 0; size <= 65; ++size) {
    if (size > 0) {
      tree.Append(leaves[size - 1]);
      range.Append(leaves[size - 1]);
    }
    const Digest root = ReferenceRoot(std::span(leaves).first(size));
    EXPECT_EQ(tree.Root(), root);
    EXPECT_EQ(range.Root(), root);
    for (uint64_t index = 0; index < size; ++index) {
      ASSERT_OK_AND_ASSIGN(auto proof, tree.ProveInclusion(index, size));
      EXPECT_OK(VerifyInclusion(leaves[index], index, size, proof, root));
      EXPECT_FALSE(VerifyInclusion(leaves[index], index + 1, size, proof, root).ok());
      if (!proof.empty()) {
        proof.pop_back();
        EXPECT_FALSE(VerifyInclusion(leaves[index], index, size, proof, root).ok());
      }
    }
    for (uint64_t old_size = size == 0 ? 0 : 1; old_size <= size; ++old_size) {
      ASSERT_OK_AND_ASSIGN(auto proof, tree.ProveConsistency(old_size, size));
      EXPECT_OK(VerifyConsistency(old_size, tree.RootAt(old_size), size, root, proof));
      if (old_size > 0 && old_size < size) {
        EXPECT_FALSE(VerifyConsistency(old_size, root, size, root, proof).ok());
      }
    }
  }
}

TEST(MerkleTest, RandomTreesAgreeWithTheReference) {
  std::mt19937_64 random(20161021);
  for (int round = 0; round < 20; ++round) {
    const uint64_t size = 1 + random() % 3000;
    const auto leaves = MakeLeaves(size);
    Tree tree;
    for (const auto& leaf : leaves) tree.Append(leaf);
    const uint64_t at = 1 + random() % size;
    EXPECT_EQ(tree.RootAt(at), ReferenceRoot(std::span(leaves).first(at)));
  }
}

TEST(MerkleTest, AFrontierGrowsOnAsTheTreeDoes) {
  Tree tree;
  CompactRange grown;
  for (int i = 0; i < 300; ++i) {
    const CompactRange frontier = tree.Frontier();
    ASSERT_EQ(frontier.size(), grown.size());
    ASSERT_EQ(frontier.nodes(), grown.nodes()) << i;
    const Digest leaf = LeafHash(std::to_string(i));
    tree.Append(leaf);
    grown.Append(leaf);
    ASSERT_EQ(tree.Root(), grown.Root());
  }
}

TEST(MerkleTest, RefusesWhatIsOutOfRange) {
  Tree tree;
  tree.Append(LeafHash("a"));
  EXPECT_THAT(tree.ProveInclusion(1, 1), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(tree.ProveInclusion(0, 2), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(tree.ProveConsistency(1, 2), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_FALSE(CompactRange::From(3, {}).ok());
}

// --- Vectors of transparency-dev/merkle
// -----------------------------------------------------------

using google::protobuf::Struct;
namespace fs = std::filesystem;

std::vector<Struct> LoadVectors(const std::string& kind) {
  std::vector<Struct> vectors;
  const fs::path folder = fs::path("../shared/vectors/merkle/testdata") / kind;
  if (!fs::exists(folder)) return vectors;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    Struct vector;
    EXPECT_TRUE(
        google::protobuf::util::JsonStringToMessage(*base::ReadFile(file.path()), &vector).ok())
        << file.path();
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

uint64_t Number(const Struct& s, const std::string& name) {
  // A JSON number cannot tell 2^64 - 1 from 2^64; the vectors mean the former.
  const double value = s.fields().at(name).number_value();
  return value >= 18446744073709551615.0 ? UINT64_MAX : static_cast<uint64_t>(value);
}

// Nothing if it is not a digest at all, which the vectors use too.
std::optional<Digest> ToDigest(const google::protobuf::Value& value) {
  auto bytes = base::FromBase64(value.string_value());
  return bytes ? Digest::From(*bytes) : std::nullopt;
}

// Some consistency vectors hold words for roots; equal words stand for equal roots.
std::optional<Digest> ToRoot(const google::protobuf::Value& value) {
  auto digest = ToDigest(value);
  return digest ? digest : crypto::Sha256(value.string_value());
}

std::optional<std::vector<Digest>> Proof(const Struct& s) {
  std::vector<Digest> proof;
  for (const auto& node : s.fields().at("proof").list_value().values()) {
    auto digest = ToDigest(node);
    if (!digest) return std::nullopt;
    proof.push_back(*digest);
  }
  return proof;
}

TEST(MerkleVectorTest, InclusionProofsOfAnotherImplementation) {
  const auto vectors = LoadVectors("inclusion");
  if (!fs::exists("../shared/vectors")) GTEST_SKIP() << "no ../shared/vectors on this machine";
  EXPECT_EQ(vectors.size(), 98u);
  for (const auto& v : vectors) {
    const auto proof = Proof(v);
    const auto leaf = ToDigest(v.fields().at("leafHash"));
    const auto root = ToDigest(v.fields().at("root"));
    const bool ok =
        proof && leaf && root &&
        VerifyInclusion(*leaf, Number(v, "leafIdx"), Number(v, "treeSize"), *proof, *root).ok();
    EXPECT_EQ(ok, !v.fields().at("wantErr").bool_value()) << v.ShortDebugString();
  }
}

TEST(MerkleVectorTest, ConsistencyProofsOfAnotherImplementation) {
  const auto vectors = LoadVectors("consistency");
  if (!fs::exists("../shared/vectors")) GTEST_SKIP() << "no ../shared/vectors on this machine";
  EXPECT_EQ(vectors.size(), 98u);
  for (const auto& v : vectors) {
    const auto proof = Proof(v);
    const auto old_root = ToRoot(v.fields().at("root1"));
    const auto new_root = ToRoot(v.fields().at("root2"));
    const bool ok =
        proof && old_root && new_root &&
        VerifyConsistency(Number(v, "size1"), *old_root, Number(v, "size2"), *new_root, *proof)
            .ok();
    EXPECT_EQ(ok, !v.fields().at("wantErr").bool_value()) << v.ShortDebugString();
  }
}

// A real log that another implementation wrote: leaf hashes from its tiles give its signed roots.
TEST(MerkleVectorTest, RebuildsTesserasLog) {
  const std::string log = "../shared/vectors/tessera/testdata/log";
  if (!fs::exists(log)) GTEST_SKIP() << "no ../shared/vectors on this machine";
  const std::string tile = *base::ReadFile(log + "/tile/0/000.p/15");
  CompactRange range;
  for (uint64_t size = 1; size <= 15; ++size) {
    range.Append(*Digest::From(std::string_view(tile).substr((size - 1) * 32, 32)));
    const std::string note = *base::ReadFile(log + "/checkpoint." + std::to_string(size));
    EXPECT_NE(note.find("\n" + std::to_string(size) + "\n" + base::ToBase64(range.Root().view())),
              std::string::npos)
        << size;
  }
}

}  // namespace
}  // namespace entente::merkle
