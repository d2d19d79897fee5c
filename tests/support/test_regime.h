// An invented regime for tests: states with authorities, agencies and officers, a directory, a log
// key, and sample denials. Everything is real cryptography; only the clock is fake.
#ifndef ENTENTE_TESTS_SUPPORT_TEST_REGIME_H_
#define ENTENTE_TESTS_SUPPORT_TEST_REGIME_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/testing/fake_clock.h"
#include "services/core/document/document.h"
#include "services/core/entry/entry.h"
#include "services/core/identity/directory.h"
#include "tests/support/static_directory.h"

namespace entente::testing {

namespace pb = ::entente::exchange::v1;

class TestRegime {
 public:
  // One agency "licensing" with one officer "officer-1" per state, seats to read and submit in
  // every group, the sample group (tests/support/sample) too.
  explicit TestRegime(const std::vector<std::string>& states, absl::Time now);

  const identity::Directory& directory() const { return *directory_->Get(); }
  StaticDirectory& source() { return *directory_; }
  const entry::NoteSigner& log_signer(const std::string& group = "leem") const {
    return log_signers_.at(group);
  }
  std::vector<entry::NoteVerifier> log_keys(const std::string& group = "leem") const {
    return directory().LogVerifiers(group);
  }

  // The services' authority, and their log key: one for all.
  const crypto::Certificate& service_authority() const {
    return authorities_.at("services").certificate;
  }
  const crypto::PrivateKey& log_key() const { return *log_key_; }

  // A certificate of a state's authority, over a fresh key.
  document::SigningIdentity Issue(const std::string& authority, crypto::CertificateRequest request);
  document::SigningIdentity IssueOfficer(const std::string& state, const std::string& officer,
                                         const std::string& authority = "");
  document::SigningIdentity IssueTls(const std::string& state);
  // What a group's service serves with.
  document::SigningIdentity IssueServiceTls(const std::string& group);
  const document::SigningIdentity& officer(const std::string& state) const {
    return officers_.at(state);
  }
  // Changes the directory; its serial rises.
  void Edit(const std::function<void(entente::config::v1::Directory&)>& edit);

  // A partner leaves the regime, or comes back.
  void SetFormer(const std::string& state, bool former);

  // Unsigned sample documents by a state's agency.
  // Orders a document erased: of the same state and audience unless told, by its name, digest and
  // index, with the digest of what remains.
  pb::Document Erasure(const std::string& reference, const pb::Document& of,
                       const std::string& name, const base::Digest& digest, uint64_t index,
                       const base::Digest& remains, const std::string& state = "") const;
  pb::Document Denial(const std::string& state, const std::string& reference,
                      const std::vector<std::string>& audience = {}) const;
  pb::Document Revision(const std::string& state, const std::string& reference,
                        const pb::Document& first, const std::string& name,
                        const base::Digest& supersedes,
                        const google::protobuf::Message& body) const;
  // Signed by the officer of the originator's state.
  pb::SignedDocument Sign(const pb::Document& document) const;
  // What a state's agency says that it holds, signed with a TLS certificate of its own.
  pb::SignedAcknowledgement Acknowledge(const std::string& state, const std::string& group,
                                        const std::string& ledger, const entry::Head& head);
  // Parsed and verified, as intake does.
  absl::StatusOr<document::VerifiedDocument> Verify(const pb::SignedDocument& document) const;
  absl::StatusOr<document::VerifiedDocument> SignAndVerify(const pb::Document& document) const {
    return Verify(Sign(document));
  }
  static base::Digest DigestOf(const pb::SignedDocument& document);

 private:
  struct Authority {
    crypto::Certificate certificate;
    crypto::PrivateKey key;
  };
  absl::Time now_;
  std::map<std::string, Authority> authorities_;
  std::map<std::string, document::SigningIdentity> officers_;
  std::map<std::string, document::SigningIdentity> tls_;
  std::unique_ptr<StaticDirectory> directory_;
  Authority MakeAuthority(const std::string& name) const;

  std::optional<crypto::PrivateKey> log_key_;
  std::map<std::string, entry::NoteSigner> log_signers_;
  mutable document::Verifier verifier_;
};

// The profile that tests judge by; the same figures as deploy/config/profile.textproto.
config::v1::RegimeProfile TestProfile();
// A complete sample content, of invented parties.
leem::v1::DenialContent SampleContent();

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_TEST_REGIME_H_
