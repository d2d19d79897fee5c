#include "services/core/identity/directory.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <chrono>

#include "services/core/base/codes.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"

namespace entente::identity {
namespace {

using base::Reason;

// How long a verdict on a certificate's path is kept; expiry and revocation are checked each time.
constexpr absl::Duration kVerdictLifetime = absl::Seconds(60);
constexpr size_t kVerdictsMax = 10000;

absl::Status Unauthenticated(Reason reason, std::string text) {
  return base::MakeRefusal(absl::StatusCode::kUnauthenticated, reason, std::move(text));
}

// Verdicts are on a path, not on a leaf: without its intermediates a leaf has none, and what is
// accepted with a cached verdict must be acceptable to every reader.
base::Digest PathKey(const crypto::Certificate& leaf, std::span<const crypto::Certificate> chain) {
  if (chain.empty()) return leaf.digest();
  std::string digests = leaf.digest().str();
  for (const auto& certificate : chain) digests += certificate.digest().view();
  return crypto::Sha256(digests);
}

void CheckAgency(const entente::config::v1::Agency& agency, const std::string& path,
                 base::FieldViolations& violations) {
  if (!base::IsDnsLabel(agency.id())) violations.Add(path + ".id", "must be a DNS label");
  for (int i = 0; i < agency.seats_size(); ++i) {
    if (!base::IsDnsLabel(agency.seats(i).group())) {
      violations.Add(fmt::format("{}.seats[{}].group", path, i), "is not a group's name");
    }
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Directory>> Directory::FromProto(
    entente::config::v1::Directory proto) {
  std::shared_ptr<Directory> directory(new Directory(std::move(proto)));
  base::FieldViolations violations;
  directory->Load(violations);
  if (!violations.empty()) {
    return base::RefuseArgument(Reason::kDirectoryInvalid, "directory: {}",
                                base::Text(violations.ToStatus()));
  }
  return std::shared_ptr<const Directory>(std::move(directory));
}

void Directory::Load(base::FieldViolations& violations) {
  if (proto_.format() > kDirectoryFormat) {
    violations.Add("format", "is {}, and this program follows {} at most: upgrade it",
                   proto_.format(), kDirectoryFormat);
  }
  if (proto_.serial() == 0) violations.Add("serial", "must be at least 1");
  const auto labels = base::Split(proto_.trust_domain(), '.');
  if (labels.size() < 2 || !std::all_of(labels.begin(), labels.end(), base::IsDnsLabel)) {
    violations.Add("trust_domain", "must be a domain name of two or more labels");
  }
  for (int i = 0; i < proto_.partners_size(); ++i) LoadPartner(i, violations);
  for (const auto& [state, partner] : partners_) {
    if (!partner.former) partner_states_.push_back(state);
  }
  for (int i = 0; i < proto_.services_size(); ++i) LoadService(i, violations);
  for (const std::string& pem : proto_.service_ca_pem()) {
    auto certificates = crypto::Certificate::FromPem(pem);
    if (!certificates.ok()) {
      violations.Add("service_ca_pem", "{}", base::Text(certificates.status()));
      continue;
    }
    service_authorities_.insert(service_authorities_.end(), certificates->begin(),
                                certificates->end());
  }
}

void Directory::LoadService(int index, base::FieldViolations& violations) {
  const auto& service = proto_.services(index);
  const std::string path = fmt::format("services[{}]", index);
  if (!base::IsDnsLabel(service.group())) {
    violations.Add(path + ".group", "is not a group's name");
  }
  const auto load = [&](const auto& vkeys, std::string_view field, bool current) {
    for (const std::string& vkey : vkeys) {
      auto verifier = entry::NoteVerifier::FromVkey(vkey);
      if (!verifier.ok()) {
        violations.Add(fmt::format("{}.{}", path, field), "{}", base::Text(verifier.status()));
        continue;
      }
      if (current) log_verifiers_[service.group()].push_back(*verifier);
      past_log_verifiers_[service.group()].push_back(*std::move(verifier));
    }
  };
  load(service.log_keys(), "log_keys", true);
  load(service.retired_log_keys(), "retired_log_keys", false);
}

// From which serial on each authority is retired.
void Directory::LoadRetired(const entente::config::v1::Partner& proto, const std::string& path,
                            Partner& partner, base::FieldViolations& violations) const {
  for (const auto& retired : proto.retired_authorities()) {
    const auto bytes = base::FromHex(retired.tbs_digest());
    const auto digest = bytes ? base::Digest::From(*bytes) : std::nullopt;
    if (!digest || retired.serial() == 0 || retired.serial() > proto_.serial()) {
      violations.Add(path + ".retired_authorities",
                     "need a SHA-256 in hex and the serial that retired it");
      continue;
    }
    partner.retired.emplace(*digest, retired.serial());
  }
  // Without it an authority that is retired, perhaps for a stolen key, would count for ever.
  for (const auto& one : partner.retired_authorities) {
    if (partner.retired.count(one.tbs_digest()) == 0) {
      violations.Add(path + ".retired_authorities",
                     "needs the serial that retired each of retired_ca_pem; of {} it says none",
                     one.tbs_digest().hex());
    }
  }
}

void Directory::LoadPartner(int index, base::FieldViolations& violations) {
  const auto& proto = proto_.partners(index);
  const std::string path = fmt::format("partners[{}]", index);
  if (!base::IsCountry(proto.state())) {
    violations.Add(path + ".state", "is not a lower-case ISO 3166-1 alpha-2 code");
  }
  Partner partner;
  partner.signatures_required = std::max(1, proto.signatures_required());
  if (partner.signatures_required > 2) {
    violations.Add(path + ".signatures_required", "must be 0, 1 or 2");
  }
  partner.former = proto.former();
  if (proto.former() ? proto.ca_pem_size() > 0
                     : proto.ca_pem_size() == 0 || proto.ca_pem_size() > 8) {
    violations.Add(path + ".ca_pem", "needs 1 to 8 authorities; a former partner's are retired");
  }
  for (const std::string& pem : proto.ca_pem()) {
    auto certificates = crypto::Certificate::FromPem(pem);
    if (!certificates.ok()) {
      violations.Add(path + ".ca_pem", "{}", base::Text(certificates.status()));
      continue;
    }
    for (auto& certificate : *certificates) {
      // It is an anchor, whoever else signed it: what is none must not become one.
      const absl::Status fit = crypto::CheckAuthorityProfile(certificate);
      if (!fit.ok()) violations.Add(path + ".ca_pem", "{}", base::Text(fit));
      partner.authorities.push_back(std::move(certificate));
    }
  }
  for (const std::string& pem : proto.retired_ca_pem()) {
    auto certificates = crypto::Certificate::FromPem(pem);
    if (!certificates.ok()) {
      violations.Add(path + ".retired_ca_pem", "{}", base::Text(certificates.status()));
      continue;
    }
    for (auto& one : *certificates) partner.retired_authorities.push_back(std::move(one));
  }
  LoadRetired(proto, path, partner, violations);
  for (int i = 0; i < proto.agencies_size(); ++i) {
    const auto& agency = proto.agencies(i);
    CheckAgency(agency, fmt::format("{}.agencies[{}]", path, i), violations);
    if (!partner.agencies.emplace(agency.id(), &agency).second) {
      violations.Add(fmt::format("{}.agencies[{}].id", path, i), "is there twice");
    }
  }
  partner.signatures_required_serial = proto.signatures_required_serial();
  for (const auto& revoked : proto.revoked_certificates()) {
    const auto bytes = base::FromHex(revoked.tbs_digest());
    const auto digest = bytes ? base::Digest::From(*bytes) : std::nullopt;
    if (!digest || revoked.serial() == 0 || revoked.serial() > proto_.serial()) {
      violations.Add(path + ".revoked_certificates",
                     "need a SHA-256 in hex and the serial that revoked it");
      continue;
    }
    partner.revoked.emplace(*digest, revoked.serial());
  }
  for (const auto& one : partner.authorities) {
    if (partner.revoked.contains(one.tbs_digest())) {
      violations.Add(path + ".revoked_certificates",
                     "has {}, an authority that ca_pem still has; retire it, too",
                     one.tbs_digest().hex());
    }
  }
  if (!partners_.emplace(proto.state(), std::move(partner)).second) {
    violations.Add(path + ".state", "is there twice");
  }
}

bool Directory::IsPartner(std::string_view state) const {
  auto it = partners_.find(state);
  return it != partners_.end() && !it->second.former;
}

bool Directory::Has(const base::AgencyName& agency, std::string_view group, Right right) const {
  auto partner = partners_.find(agency.state);
  if (partner == partners_.end()) return false;
  auto it = partner->second.agencies.find(agency.agency);
  if (it == partner->second.agencies.end() || it->second->revoked_serial() != 0) return false;
  for (const auto& seat : it->second->seats()) {
    if (seat.group() != group) continue;
    switch (right) {
      case Right::kRead:
        return seat.read();
      case Right::kSubmit:
        return seat.submit();
      case Right::kChair:
        return seat.chair();
    }
  }
  return false;
}

bool Directory::ChairedAt(const base::AgencyName& agency, std::string_view group,
                          uint64_t serial) const {
  auto partner = partners_.find(agency.state);
  if (partner == partners_.end()) return false;
  auto it = partner->second.agencies.find(agency.agency);
  if (it == partner->second.agencies.end()) return false;
  for (const auto& seat : it->second->seats()) {
    if (seat.group() != group) continue;
    const auto& terms = seat.past_chair_terms();
    return (seat.chair() && serial >= seat.chair_from_serial()) ||
           std::any_of(terms.begin(), terms.end(), [&](const auto& term) {
             return term.from_serial() <= serial && serial < term.until_serial();
           });
  }
  return false;
}

// "spiffe://kr.mtcr.example/agencies/licensing[/officers/a.kim]"
absl::StatusOr<Directory::Subject> Directory::ParseUri(std::string_view uri) const {
  const auto refuse = [&](std::string_view why) {
    return Unauthenticated(Reason::kCertificateRejected,
                           fmt::format("certificate refused: URI \"{}\" {}", uri, why));
  };
  const auto parts = base::Split(uri, '/');
  if ((parts.size() != 5 && parts.size() != 7) || parts[0] != "spiffe:" || !parts[1].empty() ||
      parts[3] != "agencies" || (parts.size() == 7 && parts[5] != "officers")) {
    return refuse("is not spiffe://{state}.{trust domain}/agencies/{agency}[/officers/{officer}]");
  }
  Subject subject;
  subject.agency = {std::string(parts[2].substr(0, 2)), std::string(parts[4])};
  if (parts[2] != subject.agency.state + "." + trust_domain()) {
    return refuse("is of another trust domain");
  }
  auto partner = partners_.find(subject.agency.state);
  if (partner == partners_.end()) return refuse("names a state that is not a partner");
  subject.partner = &partner->second;
  if (parts.size() == 7) {
    subject.officer = std::string(parts[6]);
    if (!base::IsReference(subject.officer)) return refuse("has a malformed officer");
  }
  return subject;
}

absl::StatusOr<Directory::Subject> Directory::CheckCertificate(
    const crypto::Certificate& leaf, std::span<const crypto::Certificate> chain, absl::Time time,
    crypto::LeafUsage usage, std::optional<uint64_t> past_serial) const {
  ENTENTE_RETURN_IF_ERROR(crypto::CheckLeafProfile(leaf, usage));
  ENTENTE_ASSIGN_OR_RETURN(Subject subject, ParseUri(leaf.uris()[0]));
  const bool signing = usage == crypto::LeafUsage::kDocumentSigning;
  if (signing == subject.officer.empty()) {
    return Unauthenticated(Reason::kCertificateRejected,
                           signing
                               ? "certificate refused: a signer's URI must name an officer"
                               : "certificate refused: a caller's URI must not name an officer");
  }
  if (subject.partner->former && !past_serial.has_value()) {
    return Unauthenticated(Reason::kCertificateRejected,
                           "certificate refused: its state is no longer a partner");
  }
  ENTENTE_RETURN_IF_ERROR(crypto::CheckPath(leaf, chain,
                                            past_serial.has_value()
                                                ? AuthoritiesAt(*subject.partner, *past_serial)
                                                : subject.partner->authorities,
                                            time));
  return subject;
}

std::vector<crypto::Certificate> Directory::AuthoritiesAt(const Partner& partner, uint64_t serial) {
  std::vector<crypto::Certificate> authorities = partner.authorities;
  for (const auto& one : partner.retired_authorities) {
    if (serial < partner.retired.at(one.tbs_digest())) authorities.push_back(one);
  }
  return authorities;
}

absl::StatusOr<document::Signer> Directory::Check(const crypto::Certificate& leaf,
                                                  std::span<const crypto::Certificate> chain,
                                                  absl::Time time, crypto::LeafUsage usage) const {
  ENTENTE_ASSIGN_OR_RETURN(Subject subject,
                           CheckCertificate(leaf, chain, time, usage, std::nullopt));
  ENTENTE_RETURN_IF_ERROR(CheckRevocation(subject, leaf, chain, serial()));
  auto agency = subject.partner->agencies.find(subject.agency.agency);
  if (agency == subject.partner->agencies.end()) {
    return Unauthenticated(Reason::kAgencyUnknown,
                           fmt::format("{} is not in the directory", subject.agency.str()));
  }
  return document::Signer{subject.agency, subject.officer, leaf.digest()};
}

absl::StatusOr<document::Signer> Directory::Accept(const crypto::Certificate& leaf,
                                                   std::span<const crypto::Certificate> chain,
                                                   absl::Time time, crypto::LeafUsage usage) const {
  const auto key = std::make_pair(PathKey(leaf, chain), usage);
  if (time < leaf.not_before() || time > leaf.not_after()) return Check(leaf, chain, time, usage);
  {
    base::MutexLock lock(mutex_);
    auto it = verdicts_.find(key);
    if (it != verdicts_.end() && time <= it->second.until &&
        time > it->second.until - 2 * kVerdictLifetime) {
      return it->second.signer;
    }
  }
  ENTENTE_ASSIGN_OR_RETURN(document::Signer signer, Check(leaf, chain, time, usage));
  base::MutexLock lock(mutex_);
  if (verdicts_.size() >= kVerdictsMax) verdicts_.clear();
  verdicts_[key] = {signer, time + kVerdictLifetime};
  return signer;
}

absl::StatusOr<base::AgencyName> Directory::AcceptCaller(const crypto::Certificate& leaf,
                                                         std::span<const crypto::Certificate> chain,
                                                         absl::Time time) const {
  if (auto service = ServiceOf(leaf)) {
    ENTENTE_RETURN_IF_ERROR(crypto::CheckLeafProfile(leaf, crypto::LeafUsage::kTlsClient));
    ENTENTE_RETURN_IF_ERROR(crypto::CheckPath(leaf, chain, service_authorities_, time));
    return *std::move(service);
  }
  ENTENTE_ASSIGN_OR_RETURN(document::Signer signer,
                           Accept(leaf, chain, time, crypto::LeafUsage::kTlsClient));
  return signer.agency;
}

// "spiffe://mtcr.example/services/leem"
std::optional<base::AgencyName> Directory::ServiceOf(const crypto::Certificate& leaf) const {
  const std::string prefix = "spiffe://" + trust_domain() + "/services/";
  if (leaf.uris().size() != 1 || leaf.uris()[0].rfind(prefix, 0) != 0) return std::nullopt;
  return base::AgencyName{"", leaf.uris()[0].substr(prefix.size())};
}

absl::StatusOr<document::Signer> Directory::AcceptSigner(const crypto::Certificate& leaf,
                                                         std::span<const crypto::Certificate> chain,
                                                         absl::Time time) const {
  auto signer = Accept(leaf, chain, time, crypto::LeafUsage::kDocumentSigning);
  if (signer.ok()) return signer;
  // The caller is known; it is the document that is at fault.
  absl::Status status(absl::StatusCode::kInvalidArgument, signer.status().message());
  signer.status().ForEachPayload(
      [&](absl::string_view url, const absl::Cord& value) { status.SetPayload(url, value); });
  return status;
}

absl::StatusOr<document::Signer> Directory::AcceptPast(const crypto::Certificate& leaf,
                                                       std::span<const crypto::Certificate> chain,
                                                       crypto::LeafUsage usage, absl::Time time,
                                                       uint64_t serial) const {
  base::Digest path = PathKey(leaf, chain);
  if (leaf.uris().size() == 1) {
    // Which authorities count depends on the serial: a verdict is on those that did. Of nested sets
    // the size tells which.
    if (auto named = ParseUri(leaf.uris()[0]); named.ok() && !named->partner->retired.empty()) {
      path = crypto::Sha256(path.str() +
                            std::to_string(AuthoritiesAt(*named->partner, serial).size()));
    }
  }
  const auto key = std::make_pair(path, usage);
  std::optional<Subject> subject;
  if (time >= leaf.not_before() && time <= leaf.not_after()) {
    base::MutexLock lock(mutex_);
    auto it = past_verdicts_.find(key);
    if (it != past_verdicts_.end()) subject = it->second;
  }
  if (!subject.has_value()) {
    ENTENTE_ASSIGN_OR_RETURN(subject, CheckCertificate(leaf, chain, time, usage, serial));
    base::MutexLock lock(mutex_);
    if (past_verdicts_.size() >= kVerdictsMax) past_verdicts_.clear();
    past_verdicts_[key] = *subject;
  }
  ENTENTE_RETURN_IF_ERROR(CheckRevocation(*subject, leaf, chain, serial));
  return document::Signer{subject->agency, subject->officer, leaf.digest()};
}

absl::Status Directory::CheckRevocation(const Subject& subject, const crypto::Certificate& leaf,
                                        std::span<const crypto::Certificate> chain,
                                        uint64_t serial) {
  const auto revoked = [&](const crypto::Certificate& certificate) {
    auto it = subject.partner->revoked.find(certificate.tbs_digest());
    return it != subject.partner->revoked.end() && it->second <= serial;
  };
  // A retired authority vouches for nothing later, also where another one that counts has signed
  // it.
  const auto retired = [&](const crypto::Certificate& certificate) {
    auto it = subject.partner->retired.find(certificate.tbs_digest());
    return it != subject.partner->retired.end() && it->second <= serial;
  };
  if (revoked(leaf) || std::any_of(chain.begin(), chain.end(), revoked) ||
      std::any_of(chain.begin(), chain.end(), retired)) {
    return Unauthenticated(Reason::kCertificateRevoked,
                           "certificate refused: it, or one that it stands on, is on the "
                           "directory's list of revocations");
  }
  auto agency = subject.partner->agencies.find(subject.agency.agency);
  if (agency != subject.partner->agencies.end() && agency->second->revoked_serial() != 0 &&
      agency->second->revoked_serial() <= serial) {
    return Unauthenticated(Reason::kAgencyRevoked,
                           fmt::format("{} is revoked", subject.agency.str()));
  }
  return absl::OkStatus();
}

int Directory::SignaturesRequiredAt(std::string_view state, uint64_t serial) const {
  auto it = partners_.find(state);
  return it == partners_.end() || serial < it->second.signatures_required_serial
             ? 1
             : it->second.signatures_required;
}

int Directory::SignaturesRequired(std::string_view state) const {
  auto it = partners_.find(state);
  return it == partners_.end() ? 1 : it->second.signatures_required;
}

std::vector<entry::NoteVerifier> Directory::LogVerifiers(std::string_view group) const {
  auto it = log_verifiers_.find(group);
  return it == log_verifiers_.end() ? std::vector<entry::NoteVerifier>() : it->second;
}

std::vector<entry::NoteVerifier> Directory::PastLogVerifiers(std::string_view group) const {
  auto it = past_log_verifiers_.find(group);
  return it == past_log_verifiers_.end() ? std::vector<entry::NoteVerifier>() : it->second;
}

bool Directory::SignsWith(std::string_view group, std::string_view vkey) const {
  return std::any_of(proto_.services().begin(), proto_.services().end(), [&](const auto& service) {
    return service.group() == group &&
           std::count(service.log_keys().begin(), service.log_keys().end(), vkey) != 0;
  });
}

std::string Directory::PartnerAuthoritiesPem() const {
  std::string pem;
  for (const auto& partner : proto_.partners()) {
    for (const std::string& one : partner.ca_pem()) pem += one + "\n";
  }
  return pem;
}

std::string Directory::ServiceAuthoritiesPem() const {
  std::string pem;
  for (const std::string& one : proto_.service_ca_pem()) pem += one + "\n";
  return pem;
}

}  // namespace entente::identity
