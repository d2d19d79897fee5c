#include "services/core/entry/entry.h"

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/merkle/merkle.h"

namespace entente::entry {
namespace {

using base::Reason;

}  // namespace

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(rest * 1000));
}

absl::Time GetTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string SerialiseLeaf(const pb::Leaf& leaf) { return leaf.SerializeAsString(); }

absl::StatusOr<VerifiedLeaf> CheckEntry(const pb::Entry& entry) {
  const auto broken = [](std::string_view text) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "entry: {}", text);
  };
  VerifiedLeaf result;
  pb::SignedDocument signed_document;
  if (!result.leaf.ParseFromString(entry.leaf())) return broken("leaf does not parse");
  if (!signed_document.ParseFromString(entry.signed_document())) {
    return broken("signed document does not parse");
  }
  if (crypto::Sha256(entry.signed_document()).view() != result.leaf.envelope_digest()) {
    return broken("leaf commits to other signatures");
  }
  if (crypto::Sha256(signed_document.document()).view() != result.leaf.document_digest()) {
    return broken("leaf commits to another document");
  }
  result.leaf_hash = merkle::LeafHash(entry.leaf());
  return result;
}

absl::StatusOr<VerifiedLeaf> CheckReceipt(const pb::Receipt& receipt, const base::Digest& document,
                                          std::string_view trust_domain, std::string_view group,
                                          std::span<const NoteVerifier> known) {
  const auto broken = [](std::string_view text) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "receipt: {}", text);
  };
  VerifiedLeaf result;
  if (!result.leaf.ParseFromString(receipt.leaf())) return broken("leaf does not parse");
  if (result.leaf.document_digest() != document.view()) return broken("is for another document");
  const pb::Stamp& stamp = result.leaf.stamp();
  ENTENTE_ASSIGN_OR_RETURN(
      const Checkpoint checkpoint,
      OpenCheckpoint(receipt.checkpoint(), OriginOf(trust_domain, group, stamp.ledger()), known));
  std::vector<base::Digest> proof;
  for (const std::string& node : receipt.inclusion_proof()) {
    auto digest = base::Digest::From(node);
    if (!digest) return broken("a proof node is not of 32 bytes");
    proof.push_back(*digest);
  }
  result.leaf_hash = merkle::LeafHash(receipt.leaf());
  ENTENTE_RETURN_IF_ERROR(merkle::VerifyInclusion(
      result.leaf_hash, stamp.index(), checkpoint.head.size, proof, checkpoint.head.root));
  return result;
}

}  // namespace entente::entry
