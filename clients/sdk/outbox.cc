#include "clients/sdk/outbox.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/entry.h"

namespace entente::sdk {
namespace {

namespace fs = std::filesystem;
using base::Reason;

constexpr char kSigned[] = ".signed";

// That a file is there outlives a power cut only once its folder is written.
bool SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

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
  size_t files = 0;
  for (fs::directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    files += file->path().extension() == kSigned ? 1 : 0;
  }
  if (!error && files >= kDocumentsMax) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kBudgetExceeded,
                        "{} documents wait in {} for an answer; send them before others", files,
                        folder_);
  }
  if (!error && base::WriteFileAtomically(PathOf(document), document.SerializeAsString(), 0600) &&
      SyncFolder(folder_)) {
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

absl::StatusOr<document::pb::SignedDocument> Outbox::Read(const std::string& path) {
  const auto bytes = base::ReadFile(path);
  document::pb::SignedDocument document;
  document::pb::Document header;
  if (bytes && document.ParseFromString(*bytes) && header.ParseFromString(document.document())) {
    return document;
  }
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kDocumentMalformed,
                      "{} holds no signed document", path);
}

absl::StatusOr<std::vector<std::string>> Outbox::Unanswered() const {
  std::vector<std::pair<absl::Time, std::string>> all;
  base::RemoveAbandoned(folder_);
  std::error_code error;  // not there: empty
  for (fs::directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    if (file->path().extension() != kSigned) continue;
    ENTENTE_ASSIGN_OR_RETURN(const auto document, Read(file->path().string()));
    document::pb::Document header;
    header.ParseFromString(document.document());
    all.emplace_back(entry::GetTime(header.composed_time()), file->path().string());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::string> paths;
  paths.reserve(all.size());
  for (auto& [time, path] : all) paths.push_back(std::move(path));
  return paths;
}

}  // namespace entente::sdk
