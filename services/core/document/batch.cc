#include "services/core/document/batch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "services/core/crypto/hash.h"
#include "services/core/document/document.h"
#include "services/core/merkle/merkle.h"

namespace entente::document {
namespace {

using base::Digest;
using base::Reason;

std::string AudienceText(const pb::Audience& audience) {
  switch (audience.kind_case()) {
    case pb::Audience::kAllPartners:
      return "all_partners";
    case pb::Audience::kPublic:
      return "public";
    case pb::Audience::kListed:
      return fmt::format("{}", fmt::join(audience.listed().states(), ","));
    case pb::Audience::KIND_NOT_SET:
      break;
  }
  return "";  // refused before
}

// RFC 9162's leaf of salt and encoding. In parts: a document may be large.
Digest LeafOf(std::string_view salt, std::string_view document) {
  constexpr std::string_view kLeaf("\0", 1);
  const std::string begin =
      fmt::format("DSSEv1 {} {} {} ", kMediaType.size(), kMediaType, document.size());
  return crypto::Sha256({kLeaf, salt, begin, document});
}

std::string Statement(const std::string& originator, const std::string& audience, uint64_t size,
                      const Digest& root) {
  return fmt::format("entente-batch/v1\n{}\n{}\n{}\n{}\n", originator, audience, size,
                     base::ToBase64(root.view()));
}

// Places of the leaves in a tree of all of them, and its root.
struct Tree {
  Digest root;
  std::vector<pb::BatchPlace> places;
};

Tree Plant(std::span<pb::SignedDocument* const> documents) {
  Tree result;
  merkle::Tree tree;
  for (const pb::SignedDocument* document : documents) {
    pb::BatchPlace& place = result.places.emplace_back();
    place.set_size(static_cast<uint32_t>(documents.size()));
    place.set_index(static_cast<uint32_t>(tree.size()));
    place.set_salt(crypto::RandomBytes(kBatchSaltBytes));
    tree.Append(LeafOf(place.salt(), document->document()));
  }
  for (pb::BatchPlace& place : result.places) {
    const auto proof = tree.ProveInclusion(place.index(), tree.size());
    ENTENTE_CHECK(proof.ok());
    for (const Digest& node : *proof) place.add_path(node.str());
  }
  result.root = tree.Root();
  return result;
}

}  // namespace

void CheckPlace(const pb::BatchPlace& place, const std::string& path,
                base::FieldViolations& violations) {
  if (!place.GetReflection()->GetUnknownFields(place).empty()) {
    violations.Add(path, "has fields that this release does not know");
  }
  if (place.size() == 0 || place.size() > kBatchSizeMax) {
    violations.Add(path + ".size", "must be 1 to {}", kBatchSizeMax);
  }
  if (place.index() >= place.size()) violations.Add(path + ".index", "must be below the size");
  if (place.salt().size() != kBatchSaltBytes) {
    violations.Add(path + ".salt", "must be {} bytes", kBatchSaltBytes);
  }
  constexpr int kPathMax = 12;  // log2 of kBatchSizeMax
  if (place.path_size() > kPathMax) violations.Add(path + ".path", "at most {} nodes", kPathMax);
  for (int i = 0; i < std::min(place.path_size(), kPathMax); ++i) {
    if (place.path(i).size() == sizeof(Digest)) continue;
    violations.Add(fmt::format("{}.path[{}]", path, i), "must be {} bytes", sizeof(Digest));
  }
}

absl::StatusOr<std::string> BatchStatement(const pb::Document& header, std::string_view document,
                                           const pb::BatchPlace& place) {
  std::vector<Digest> path;
  for (const std::string& node : place.path()) {
    const auto digest = Digest::From(node);
    if (!digest.has_value()) {
      return base::RefuseArgument(Reason::kSignatureInvalid,
                                  "its place in a batch: a node is not 32 bytes");
    }
    path.push_back(*digest);
  }
  const auto root =
      merkle::RootOfInclusion(LeafOf(place.salt(), document), place.index(), place.size(), path);
  if (!root.ok()) {
    return base::RefuseArgument(Reason::kSignatureInvalid, "its place in a batch: {}",
                                base::Text(root.status()));
  }
  return Statement(header.originator(), AudienceText(header.audience()), place.size(), *root);
}

absl::Status AddSignatures(const DocumentSigner& signer,
                           std::span<pb::SignedDocument* const> documents) {
  if (documents.size() == 1) {
    return AddSignature(signer, *documents.front());
  }
  std::map<std::pair<std::string, std::string>, std::vector<pb::SignedDocument*>> batches;
  for (pb::SignedDocument* document : documents) {
    pb::Document header;
    if (!header.ParseFromString(document->document())) {
      return base::RefuseArgument(Reason::kFieldInvalid, "a document to sign does not parse");
    }
    batches[{header.originator(), AudienceText(header.audience())}].push_back(document);
  }
  for (const auto& [of, batch] : batches) {
    for (size_t begin = 0; begin < batch.size(); begin += kBatchSizeMax) {
      const auto part =
          std::span(batch).subspan(begin, std::min<size_t>(batch.size() - begin, kBatchSizeMax));
      if (part.size() == 1) {
        ENTENTE_RETURN_IF_ERROR(AddSignature(signer, *part.front()));
        continue;
      }
      Tree tree = Plant(part);
      const std::string statement = Statement(of.first, of.second, part.size(), tree.root);
      ENTENTE_ASSIGN_OR_RETURN(pb::Signature signature,
                               SignatureOf(signer, kBatchMediaType, statement));
      for (size_t i = 0; i < part.size(); ++i) {
        signature.mutable_batch()->Swap(&tree.places[i]);
        *part[i]->add_signatures() = signature;
      }
    }
  }
  return absl::OkStatus();
}

Digest HeldStatements::Key(std::string_view certificate, std::string_view statement,
                           std::string_view signature) {
  // Each part by its own digest: nothing of one can pass for something of the next.
  return crypto::Sha256({crypto::Sha256(certificate).view(), crypto::Sha256(statement).view(),
                         crypto::Sha256(signature).view()});
}

bool HeldStatements::Holds(const Digest& key) const {
  base::MutexLock lock(mutex_);
  return all_.contains(key);
}

void HeldStatements::Add(const Digest& key, const std::string& state) {
  base::MutexLock lock(mutex_);
  if (!all_.insert(key).second) return;
  OfState& of_state = states_[state];
  if (of_state.keys.size() < kOfStateMax) {
    of_state.keys.push_back(key);
    return;
  }
  all_.erase(std::exchange(of_state.keys[of_state.next], key));
  of_state.next = (of_state.next + 1) % kOfStateMax;
}

}  // namespace entente::document
