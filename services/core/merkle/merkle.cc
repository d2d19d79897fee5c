#include "services/core/merkle/merkle.h"

#include <bit>
#include <cstring>
#include <string>

#include "services/core/base/status.h"
#include "services/core/base/tight.h"
#include "services/core/crypto/hash.h"

namespace entente::merkle {
namespace {

using base::Reason;

absl::Status Invalid(std::string_view text) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "{}", text);
}

absl::Status OutOfRange(uint64_t have) {
  return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange,
                      "the ledger's size is {}; ask within it", have);
}

// Largest power of two below n; n > 1.
uint64_t SplitPoint(uint64_t n) { return std::bit_floor(n - 1); }

}  // namespace

Digest LeafHash(std::string_view data) {
  std::string input(1, '\0');
  input += data;
  return crypto::Sha256(input);
}

Digest NodeHash(const Digest& left, const Digest& right) {
  char input[65];
  input[0] = 1;
  std::memcpy(input + 1, left.bytes.data(), 32);
  std::memcpy(input + 33, right.bytes.data(), 32);
  return crypto::Sha256(std::string_view(input, sizeof input));
}

Digest EmptyRoot() { return crypto::Sha256(std::string_view()); }

void Tree::Append(const Digest& leaf_hash) {
  Digest node = leaf_hash;
  for (size_t level = 0;; ++level) {
    if (levels_.size() == level) levels_.emplace_back();
    base::AppendTight(levels_[level], node);
    const size_t count = levels_[level].size();
    if (count % 2 != 0) return;
    node = NodeHash(levels_[level][count - 2], levels_[level][count - 1]);
  }
}

Digest Tree::Range(uint64_t begin, uint64_t end) const {
  const uint64_t width = end - begin;
  if (std::has_single_bit(width)) {
    const int level = std::countr_zero(width);
    return levels_[static_cast<size_t>(level)][begin >> level];
  }
  const uint64_t middle = begin + SplitPoint(width);
  return NodeHash(Range(begin, middle), Range(middle, end));
}

Digest Tree::RootAt(uint64_t size) const {
  ENTENTE_CHECK(size <= this->size());
  return size == 0 ? EmptyRoot() : Range(0, size);
}

CompactRange Tree::Frontier() const {
  std::vector<Digest> nodes;
  uint64_t begin = 0;
  for (size_t level = levels_.size(); level-- > 0;) {
    const uint64_t width = uint64_t{1} << level;
    if ((size() & width) == 0) continue;
    nodes.push_back(levels_[level][begin >> level]);
    begin += width;
  }
  auto range = CompactRange::From(size(), std::move(nodes));
  ENTENTE_CHECK(range.ok());
  return *std::move(range);
}

absl::StatusOr<std::vector<Digest>> Tree::ProveInclusion(uint64_t index, uint64_t size) const {
  if (size > this->size() || index >= size) return OutOfRange(this->size());
  std::vector<Digest> proof;
  uint64_t begin = 0;
  uint64_t end = size;
  while (end - begin > 1) {
    const uint64_t middle = begin + SplitPoint(end - begin);
    const bool left = index < middle;
    proof.insert(proof.begin(), left ? Range(middle, end) : Range(begin, middle));
    (left ? end : begin) = middle;
  }
  return proof;
}

absl::StatusOr<std::vector<Digest>> Tree::ProveConsistency(uint64_t old_size,
                                                           uint64_t new_size) const {
  if (new_size > size() || old_size > new_size) return OutOfRange(size());
  std::vector<Digest> proof;
  if (old_size == 0 || old_size == new_size) return proof;
  uint64_t begin = 0;
  uint64_t end = new_size;
  bool complete = true;  // the old tree's part is a subtree that the verifier knows as the old root
  while (end != old_size) {
    const uint64_t middle = begin + SplitPoint(end - begin);
    if (old_size <= middle) {
      proof.insert(proof.begin(), Range(middle, end));
      end = middle;
    } else {
      proof.insert(proof.begin(), Range(begin, middle));
      begin = middle;
      complete = false;
    }
  }
  if (!complete) proof.insert(proof.begin(), Range(begin, end));
  return proof;
}

absl::StatusOr<CompactRange> CompactRange::From(uint64_t size, std::vector<Digest> nodes) {
  if (static_cast<size_t>(std::popcount(size)) != nodes.size()) {
    return Invalid("a frontier has one node per set bit of its size");
  }
  CompactRange range;
  range.size_ = size;
  range.nodes_ = std::move(nodes);
  return range;
}

void CompactRange::Append(const Digest& leaf_hash) {
  Digest node = leaf_hash;
  for (uint64_t s = size_; s % 2 != 0; s /= 2) {
    node = NodeHash(nodes_.back(), node);
    nodes_.pop_back();
  }
  nodes_.push_back(node);
  ++size_;
}

Digest CompactRange::Root() const {
  if (nodes_.empty()) return EmptyRoot();
  Digest root = nodes_.back();
  for (size_t i = nodes_.size() - 1; i-- > 0;) root = NodeHash(nodes_[i], root);
  return root;
}

absl::StatusOr<Digest> RootOfInclusion(const Digest& leaf_hash, uint64_t index, uint64_t size,
                                       std::span<const Digest> proof) {
  if (index >= size) return Invalid("index is not below the tree's size");
  uint64_t fn = index;
  uint64_t sn = size - 1;
  Digest hash = leaf_hash;
  for (const Digest& node : proof) {
    if (sn == 0) return Invalid("inclusion proof is too long");
    if (fn % 2 == 1 || fn == sn) {
      hash = NodeHash(node, hash);
      while (fn % 2 == 0 && fn != 0) {
        fn /= 2;
        sn /= 2;
      }
    } else {
      hash = NodeHash(hash, node);
    }
    fn /= 2;
    sn /= 2;
  }
  if (sn != 0) return Invalid("inclusion proof is too short");
  return hash;
}

absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t index, uint64_t size,
                             std::span<const Digest> proof, const Digest& root) {
  ENTENTE_ASSIGN_OR_RETURN(const Digest led_to, RootOfInclusion(leaf_hash, index, size, proof));
  return led_to == root ? absl::OkStatus() : Invalid("inclusion proof does not lead to the root");
}

absl::Status VerifyConsistency(uint64_t old_size, const Digest& old_root, uint64_t new_size,
                               const Digest& new_root, std::span<const Digest> proof) {
  if (old_size > new_size) return Invalid("the older tree is larger than the newer");
  if (old_size == new_size) {
    if (!proof.empty()) return Invalid("consistency proof must be empty here");
    const bool empty_ok = old_size != 0 || old_root == EmptyRoot();
    return old_root == new_root && empty_ok ? absl::OkStatus()
                                            : Invalid("roots contradict each other");
  }
  if (old_size == 0) return Invalid("every tree extends the empty one; that proves nothing");
  if (proof.empty()) return Invalid("consistency proof is empty");
  uint64_t fn = old_size - 1;
  uint64_t sn = new_size - 1;
  for (; fn % 2 == 1; fn /= 2) sn /= 2;
  size_t next = 0;
  const Digest start = fn == 0 ? old_root : proof[next++];
  Digest old_hash = start;
  Digest new_hash = start;
  for (; next < proof.size(); ++next) {
    if (sn == 0) return Invalid("consistency proof is too long");
    if (fn % 2 == 1 || fn == sn) {
      old_hash = NodeHash(proof[next], old_hash);
      new_hash = NodeHash(proof[next], new_hash);
      while (fn % 2 == 0 && fn != 0) {
        fn /= 2;
        sn /= 2;
      }
    } else {
      new_hash = NodeHash(new_hash, proof[next]);
    }
    fn /= 2;
    sn /= 2;
  }
  if (sn != 0) return Invalid("consistency proof is too short");
  return old_hash == old_root && new_hash == new_root
             ? absl::OkStatus()
             : Invalid("consistency proof does not lead to both roots");
}

}  // namespace entente::merkle
