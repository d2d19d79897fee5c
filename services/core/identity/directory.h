// Who takes part: partners, their certificate authorities, agencies and seats. Answers every
// question of trust: may this certificate call, may it sign, what may this agency do.
#ifndef ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_H_
#define ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "entente/config/v1/directory.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/mutex.h"
#include "services/core/base/names.h"
#include "services/core/crypto/certificate.h"
#include "services/core/document/document.h"
#include "services/core/entry/entry.h"

namespace entente::identity {

inline constexpr std::string_view kDirectoryMediaType =
    "application/vnd.entente.directory.v1+textproto";
// The highest Directory.format that this build follows.
inline constexpr uint32_t kDirectoryFormat = 0;

enum class Right { kRead, kSubmit, kChair };

// One state of the directory. Immutable but for its cache of verdicts; thread-safe.
class Directory final : public document::SignerTrust {
 public:
  // Refuses, naming every field at fault.
  static absl::StatusOr<std::shared_ptr<const Directory>> FromProto(
      entente::config::v1::Directory proto);

  uint64_t serial() const { return proto_.serial(); }
  const std::string& trust_domain() const { return proto_.trust_domain(); }
  const entente::config::v1::Directory& proto() const { return proto_; }

  bool IsPartner(std::string_view state) const;
  // States that are partners now, sorted.
  const std::vector<std::string>& partners() const { return partner_states_; }
  bool Has(const base::AgencyName& agency, std::string_view group, Right right) const;
  // Whether an agency led a group under the directory of `serial`, as far as this one remembers.
  bool ChairedAt(const base::AgencyName& agency, std::string_view group, uint64_t serial) const;
  // UNAUTHENTICATED with the check that failed, or who calls: an agency, or a service of the
  // regime, which has no state. `chain` are intermediates.
  absl::StatusOr<base::AgencyName> AcceptCaller(const crypto::Certificate& leaf,
                                                std::span<const crypto::Certificate> chain,
                                                absl::Time time) const;
  absl::StatusOr<document::Signer> AcceptSigner(const crypto::Certificate& leaf,
                                                std::span<const crypto::Certificate> chain,
                                                absl::Time time) const override;
  int SignaturesRequired(std::string_view state) const override;
  // For what was recorded in the past, under the directory of `serial`: path and profile at that
  // time, and revocations up to that serial.
  absl::StatusOr<document::Signer> AcceptPast(const crypto::Certificate& leaf,
                                              std::span<const crypto::Certificate> chain,
                                              crypto::LeafUsage usage, absl::Time time,
                                              uint64_t serial) const;
  int SignaturesRequiredAt(std::string_view state, uint64_t serial) const;

  // Keys that checkpoints from a group's service are verified with.
  std::vector<entry::NoteVerifier> LogVerifiers(std::string_view group) const;
  // With the retired ones: for checkpoints in stores and saved copies.
  std::vector<entry::NoteVerifier> PastLogVerifiers(std::string_view group) const;
  // Whether the service of a group may sign checkpoints with this key.
  bool SignsWith(std::string_view group, std::string_view vkey) const;
  // Every partner's authorities, PEM, for TLS.
  std::string PartnerAuthoritiesPem() const;
  std::string ServiceAuthoritiesPem() const;

 private:
  struct Partner {
    std::vector<crypto::Certificate> authorities;
    std::vector<crypto::Certificate> retired_authorities;
    std::map<base::Digest, uint64_t> retired;  // TBSCertificate -> serial that retired it, if known
    bool former = false;
    std::map<std::string, const entente::config::v1::Agency*, std::less<>> agencies;
    std::map<base::Digest, uint64_t> revoked;  // TBSCertificate -> serial that revoked it
    int signatures_required = 1;
    uint64_t signatures_required_serial = 0;
  };
  struct Verdict {
    document::Signer signer;
    absl::Time until;  // check the path again after this
  };
  struct Subject {
    base::AgencyName agency;
    std::string officer;
    const Partner* partner = nullptr;
  };

  explicit Directory(entente::config::v1::Directory proto) : proto_(std::move(proto)) {}
  void Load(base::FieldViolations& violations);
  void LoadPartner(int index, base::FieldViolations& violations);
  void LoadRetired(const entente::config::v1::Partner& proto, const std::string& path,
                   Partner& partner, base::FieldViolations& violations) const;
  absl::StatusOr<Subject> ParseUri(std::string_view uri) const;
  std::optional<base::AgencyName> ServiceOf(const crypto::Certificate& leaf) const;
  absl::StatusOr<document::Signer> Accept(const crypto::Certificate& leaf,
                                          std::span<const crypto::Certificate> chain,
                                          absl::Time time, crypto::LeafUsage usage) const;
  absl::StatusOr<document::Signer> Check(const crypto::Certificate& leaf,
                                         std::span<const crypto::Certificate> chain,
                                         absl::Time time, crypto::LeafUsage usage) const;
  absl::StatusOr<Subject> CheckCertificate(const crypto::Certificate& leaf,
                                           std::span<const crypto::Certificate> chain,
                                           absl::Time time, crypto::LeafUsage usage,
                                           std::optional<uint64_t> past_serial) const;
  // Authorities that counted under the directory of `serial`.
  static std::vector<crypto::Certificate> AuthoritiesAt(const Partner& partner, uint64_t serial);
  // Whether the certificate, one of its chain, or its agency was revoked by `serial` or before.
  static absl::Status CheckRevocation(const Subject& subject, const crypto::Certificate& leaf,
                                      std::span<const crypto::Certificate> chain, uint64_t serial);

  entente::config::v1::Directory proto_;
  std::map<std::string, Partner, std::less<>> partners_;
  std::vector<std::string> partner_states_;  // not the former ones
  using Verifiers = std::map<std::string, std::vector<entry::NoteVerifier>, std::less<>>;
  void LoadService(int index, base::FieldViolations& violations);
  Verifiers log_verifiers_;
  Verifiers past_log_verifiers_;  // with the retired ones
  std::vector<crypto::Certificate> service_authorities_;
  mutable base::Mutex mutex_;
  mutable std::map<std::pair<base::Digest, crypto::LeafUsage>, Verdict> verdicts_
      ABSL_GUARDED_BY(mutex_);
  mutable std::map<std::pair<base::Digest, crypto::LeafUsage>, Subject> past_verdicts_
      ABSL_GUARDED_BY(mutex_);
};

// Trust for verifying what was recorded in the past, under the directory of `serial`. The directory
// must outlive it.
class PastSignerTrust final : public document::SignerTrust {
 public:
  PastSignerTrust(const Directory& directory, uint64_t serial)
      : directory_(directory), serial_(serial) {}
  absl::StatusOr<document::Signer> AcceptSigner(const crypto::Certificate& leaf,
                                                std::span<const crypto::Certificate> chain,
                                                absl::Time time) const override {
    return directory_.AcceptPast(leaf, chain, crypto::LeafUsage::kDocumentSigning, time, serial_);
  }
  int SignaturesRequired(std::string_view state) const override {
    return directory_.SignaturesRequiredAt(state, serial_);
  }

 private:
  const Directory& directory_;
  const uint64_t serial_;
};

// Where the newest directory comes from. A later release follows POC's ledger behind this
// interface.
class DirectorySource {
 public:
  virtual ~DirectorySource() = default;
  // Never null. Thread-safe.
  virtual std::shared_ptr<const Directory> Get() const = 0;
  // Calls `changed` after each change, on a thread of the source. One listener may be set.
  virtual void OnChange(std::function<void()> changed) = 0;
};

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

// A directory that a test sets.
class StaticDirectory final : public DirectorySource {
 public:
  explicit StaticDirectory(std::shared_ptr<const Directory> directory)
      : directory_(std::move(directory)) {}
  std::shared_ptr<const Directory> Get() const override {
    base::MutexLock lock(mutex_);
    return directory_;
  }
  void OnChange(std::function<void()> changed) override {
    base::MutexLock lock(mutex_);
    changed_ = std::move(changed);
  }
  void Set(std::shared_ptr<const Directory> directory) {
    std::function<void()> changed;
    {
      base::MutexLock lock(mutex_);
      directory_ = std::move(directory);
      changed = changed_;
    }
    if (changed) changed();
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const Directory> directory_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> changed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::identity

#endif  // ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_H_
