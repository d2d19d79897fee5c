// RFC 6962 Merkle trees: hashing, an appendable tree, inclusion and consistency proofs. Pure
// functions and values; no I/O. Proofs follow RFC 9162 §2.1.3 and §2.1.4.
#ifndef ENTENTE_SERVICES_CORE_MERKLE_MERKLE_H_
#define ENTENTE_SERVICES_CORE_MERKLE_MERKLE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/core/base/bytes.h"

namespace entente::merkle {

using base::Digest;

// SHA-256(0x00 || data).
Digest LeafHash(std::string_view data);
// SHA-256(0x01 || left || right).
Digest NodeHash(const Digest& left, const Digest& right);
// Root of the empty tree: SHA-256("").
Digest EmptyRoot();

class CompactRange;

// A tree that keeps every complete node: 64 bytes per leaf. Not thread-safe.
class Tree {
 public:
  // Appends a leaf by its hash.
  void Append(const Digest& leaf_hash);
  uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  const Digest& leaf(uint64_t index) const { return levels_[0][index]; }
  // Root of the first `size` leaves; `size` must not be above size().
  Digest RootAt(uint64_t size) const;
  Digest Root() const { return RootAt(size()); }
  // What a tree that grows on needs of this one, in O(log size).
  CompactRange Frontier() const;
  // Proof that leaf `index` is in the tree of the first `size` leaves; OUT_OF_RANGE otherwise.
  absl::StatusOr<std::vector<Digest>> ProveInclusion(uint64_t index, uint64_t size) const;
  // Proof that the tree of `old_size` is a prefix of that of `new_size`; OUT_OF_RANGE otherwise.
  absl::StatusOr<std::vector<Digest>> ProveConsistency(uint64_t old_size, uint64_t new_size) const;

 private:
  // Root of leaves [begin, end); begin is a multiple of the range's width rounded up to 2^k.
  Digest Range(uint64_t begin, uint64_t end) const;

  std::vector<std::vector<Digest>> levels_;  // levels_[k][i]: root of leaves [i*2^k, (i+1)*2^k)
};

// The minimal frontier of a tree: enough to append and to tell the root, 32 bytes per level.
class CompactRange {
 public:
  CompactRange() = default;
  // From a stored frontier; the number of nodes must be the number of set bits of `size`.
  static absl::StatusOr<CompactRange> From(uint64_t size, std::vector<Digest> nodes);
  void Append(const Digest& leaf_hash);
  uint64_t size() const { return size_; }
  const std::vector<Digest>& nodes() const { return nodes_; }
  Digest Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Digest> nodes_;  // roots of the complete subtrees, largest first
};

// The root that a proof of inclusion leads to; its length is fixed by index and size.
// DATA_LOSS/PROOF_INVALID.
absl::StatusOr<Digest> RootOfInclusion(const Digest& leaf_hash, uint64_t index, uint64_t size,
                                       std::span<const Digest> proof);
// OK, or DATA_LOSS/PROOF_INVALID.
absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t index, uint64_t size,
                             std::span<const Digest> proof, const Digest& root);
absl::Status VerifyConsistency(uint64_t old_size, const Digest& old_root, uint64_t new_size,
                               const Digest& new_root, std::span<const Digest> proof);

}  // namespace entente::merkle

#endif  // ENTENTE_SERVICES_CORE_MERKLE_MERKLE_H_
