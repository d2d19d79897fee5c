// The directory as a file that is signed.
#ifndef ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_FILE_H_
#define ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_FILE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "services/core/base/mutex.h"
#include "services/core/crypto/keys.h"
#include "services/core/identity/directory_source.h"

namespace entente::identity {

inline constexpr std::string_view kDirectoryMediaType =
    "application/vnd.entente.directory.v1+textproto";

// What is signed of a directory's text: DSSE's encoding of it.
std::string DirectoryPayload(std::string_view text);
// Signs a directory's text; the content of "<file>.sig": the signature in base64 (RFC 4648 §4).
std::string SignDirectory(std::string_view text, const crypto::PrivateKey& key);
// Parses a directory's text; neither its signature nor its serial is looked at. Whoever edits or
// signs one refuses unknown fields: they would be dropped, or have no effect.
// INVALID_ARGUMENT/DIRECTORY_INVALID if it is none.
enum class UnknownFields { kRefuse, kLeaveUnread };
absl::StatusOr<entente::config::v1::Directory> ParseDirectory(std::string_view text,
                                                              UnknownFields unknown);
// Checks the signature and the content of a directory's text.
absl::StatusOr<std::shared_ptr<const Directory>> OpenDirectory(std::string_view text,
                                                               std::string_view signature,
                                                               const crypto::PublicKey& key);

// A signed file, read again when it changes. A file that fails its checks, or whose serial is lower
// than the one in force, changes nothing and is reported through `problem`.
class DirectoryFile final : public DirectorySource {
 public:
  struct Options {
    std::string path;
    std::string key_path;  // PEM public key
    absl::Duration poll_interval = absl::Milliseconds(500);
    std::function<void(const absl::Status&)> problem;
  };
  static absl::StatusOr<std::unique_ptr<DirectoryFile>> Open(Options options);
  ~DirectoryFile() override;

  std::shared_ptr<const Directory> Get() const override;
  void OnChange(std::function<void()> changed) override;

 private:
  DirectoryFile(Options options, crypto::PublicKey key)
      : options_(std::move(options)), key_(std::move(key)) {}
  absl::StatusOr<std::shared_ptr<const Directory>> Load(std::string& fingerprint) const;
  void Run();

  const Options options_;
  const crypto::PublicKey key_;
  mutable base::Mutex mutex_;
  base::CondVar stop_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const Directory> current_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> changed_ ABSL_GUARDED_BY(mutex_);
  std::string loaded_;  // what Run saw last
  std::thread thread_;
};

}  // namespace entente::identity

#endif  // ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_FILE_H_
