// Who takes part: partners, their certificate authorities, agencies and seats. Answers every
// question of trust: may this certificate call, may it sign, what may this agency do.
#ifndef ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_H_
#define ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "entente/config/v1/directory.pb.h"
#include "services/core/base/mutex.h"
#include "services/core/base/names.h"
#include "services/core/crypto/certificate.h"
#include "services/core/document/document.h"
#include "services/core/entry/note.h"

namespace entente::identity {

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

}  // namespace entente::identity

#endif  // ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_H_
