#include "services/core/identity/directory_file.h"

#include <google/protobuf/text_format.h>
#include <algorithm>
#include <chrono>
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::identity {

using base::Reason;

std::string DirectoryPayload(std::string_view text) {
  return document::PreAuthenticationEncoding(kDirectoryMediaType, text);
}

std::string SignDirectory(std::string_view text, const crypto::PrivateKey& key) {
  return base::ToBase64(key.Sign(DirectoryPayload(text))) + "\n";
}

absl::StatusOr<entente::config::v1::Directory> ParseDirectory(std::string_view text,
                                                              UnknownFields unknown) {
  entente::config::v1::Directory proto;
  google::protobuf::TextFormat::Parser parser;
  // A newer directory may say more than this program knows; what it must not leave unread raises
  // the format.
  parser.AllowUnknownField(unknown == UnknownFields::kLeaveUnread);
  if (!parser.ParseFromString(std::string(text), &proto)) {
    return base::RefuseArgument(Reason::kDirectoryInvalid,
                                "directory: not a Directory in protobuf text format, or one with "
                                "fields that this release does not know");
  }
  return proto;
}

absl::StatusOr<std::shared_ptr<const Directory>> OpenDirectory(std::string_view text,
                                                               std::string_view signature,
                                                               const crypto::PublicKey& key) {
  while (!signature.empty() && (signature.back() == '\n' || signature.back() == '\r')) {
    signature.remove_suffix(1);
  }
  auto value = base::FromBase64(signature);
  if (!value.has_value() || !key.Verify(*value, DirectoryPayload(text)).ok()) {
    return base::RefuseArgument(Reason::kDirectoryInvalid,
                                "directory: its signature does not verify with the directory key");
  }
  ENTENTE_ASSIGN_OR_RETURN(auto proto, ParseDirectory(text, UnknownFields::kLeaveUnread));
  return Directory::FromProto(std::move(proto));
}

absl::StatusOr<std::shared_ptr<const Directory>> DirectoryFile::Load(
    std::string& fingerprint) const {
  auto text = base::ReadFile(options_.path);
  auto signature = base::ReadFile(options_.path + ".sig");
  if (!text.has_value() || !signature.has_value()) {
    return base::RefuseArgument(Reason::kDirectoryInvalid, "cannot read {} and {}.sig",
                                options_.path, options_.path);
  }
  const std::string seen = crypto::Sha256({*text, "\n", *signature}).hex();
  if (seen == fingerprint) return std::shared_ptr<const Directory>();
  fingerprint = seen;
  return OpenDirectory(*text, *signature, key_);
}

absl::StatusOr<std::unique_ptr<DirectoryFile>> DirectoryFile::Open(Options options) {
  auto pem = base::ReadFile(options.key_path);
  if (!pem.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read directory key {}",
                                options.key_path);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PublicKey::FromPem(*pem));
  std::unique_ptr<DirectoryFile> file(new DirectoryFile(std::move(options), std::move(key)));
  ENTENTE_ASSIGN_OR_RETURN(auto directory, file->Load(file->loaded_));
  {
    base::MutexLock lock(file->mutex_);
    file->current_ = std::move(directory);
  }
  file->thread_ = std::thread([self = file.get()] { self->Run(); });
  return file;
}

DirectoryFile::~DirectoryFile() {
  {
    base::MutexLock lock(mutex_);
    stopped_ = true;
  }
  stop_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const Directory> DirectoryFile::Get() const {
  base::MutexLock lock(mutex_);
  return current_;
}

void DirectoryFile::OnChange(std::function<void()> changed) {
  base::MutexLock lock(mutex_);
  changed_ = std::move(changed);
}

void DirectoryFile::Run() {
  while (true) {
    {
      base::MutexLock lock(mutex_);
      if (!stopped_) stop_.WaitFor(mutex_, absl::ToChronoMilliseconds(options_.poll_interval));
      if (stopped_) return;
    }
    auto loaded = Load(loaded_);
    if (loaded.ok() && *loaded == nullptr) continue;
    if (loaded.ok() && (*loaded)->serial() < Get()->serial()) {
      loaded = base::RefuseArgument(Reason::kDirectoryInvalid,
                                    "directory: serial {} is lower than {}, which is in force",
                                    (*loaded)->serial(), Get()->serial());
    }
    if (!loaded.ok()) {
      if (options_.problem) options_.problem(loaded.status());
      continue;
    }
    std::function<void()> changed;
    {
      base::MutexLock lock(mutex_);
      current_ = *std::move(loaded);
      changed = changed_;
    }
    if (changed) changed();
  }
}

}  // namespace entente::identity
