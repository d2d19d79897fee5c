#include "clients/sdk/outbox.h"

#include <algorithm>
#include <filesystem>

#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/entry.h"

namespace entente::sdk {
namespace {

namespace fs = std::filesystem;
using base::Reason;

constexpr char kSigned[] = ".signed";

}  // namespace

Outbox::Outbox(const Agency& agency, const std::string& group)
    : folder_(agency.StateFile("outbox/" + group)) {}

std::string Outbox::PathOf(const document::pb::SignedDocument& document) const {
  return folder_ + "/" + crypto::Sha256(document.document()).hex() + kSigned;
}

absl::Status Outbox::Keep(const document::pb::SignedDocument& document) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!error) fs::permissions(folder_, fs::perms::owner_all, error);
  const auto files = static_cast<size_t>(
      std::distance(fs::directory_iterator(folder_, error), fs::directory_iterator()));
  if (!error && files >= kDocumentsMax) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kBudgetExceeded,
                        "{} documents wait in {} for an answer; send them before others", files,
                        folder_);
  }
  if (!error && base::WriteFileAtomically(PathOf(document), document.SerializeAsString(), 0600)) {
    return absl::OkStatus();
  }
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                      "cannot write to {}, where what is sent is kept until it is answered",
                      folder_);
}

void Outbox::Answered(const document::pb::SignedDocument& document) const {
  std::error_code ignored;
  fs::remove(PathOf(document), ignored);
}

absl::StatusOr<std::vector<document::pb::SignedDocument>> Outbox::Unanswered() const {
  struct Kept {
    document::pb::SignedDocument document;
    absl::Time composed;
  };
  std::vector<Kept> all;
  std::error_code error;  // not there: empty
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    if (file.path().extension() != kSigned) continue;
    const auto bytes = base::ReadFile(file.path().string());
    Kept kept;
    document::pb::Document header;
    if (!bytes || !kept.document.ParseFromString(*bytes) ||
        !header.ParseFromString(kept.document.document())) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kDocumentMalformed,
                          "{} holds no signed document", file.path().string());
    }
    kept.composed = entry::GetTime(header.composed_time());
    all.push_back(std::move(kept));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Kept& a, const Kept& b) { return a.composed < b.composed; });
  std::vector<document::pb::SignedDocument> documents;
  documents.reserve(all.size());
  for (Kept& kept : all) documents.push_back(std::move(kept.document));
  return documents;
}

}  // namespace entente::sdk
