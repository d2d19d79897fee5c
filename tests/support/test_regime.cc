#include "tests/support/test_regime.h"

#include "entente/exchange/v1/erasure.pb.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/identity/acknowledgement.h"
#include "services/groups.h"

namespace entente::testing {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) fprintf(stderr, "%s\n", value.status().ToString().c_str());
  ENTENTE_CHECK(value.ok());
  return *std::move(value);
}

constexpr char kTrustDomain[] = "mtcr.example";

std::string AgencyUri(const std::string& state) {
  return "spiffe://" + state + "." + kTrustDomain + "/agencies/licensing";
}

std::vector<std::string> GroupsServed() {
  std::vector<std::string> names = {"sample"};
  for (const machine::Group* group : Groups()) names.emplace_back(group->name);
  return names;
}

}  // namespace

TestRegime::TestRegime(const std::vector<std::string>& states, absl::Time now) : now_(now) {
  entente::config::v1::Directory proto;
  proto.set_serial(1);
  proto.set_trust_domain(kTrustDomain);
  for (const std::string& state : states) {
    Authority authority = MakeAuthority(state);
    auto* partner = proto.add_partners();
    partner->set_state(state);
    partner->add_ca_pem(authority.certificate.Pem());
    auto* agency = partner->add_agencies();
    agency->set_id("licensing");
    for (const std::string& group : GroupsServed()) {
      auto* seat = agency->add_seats();
      seat->set_group(group);
      seat->set_read(true);
      seat->set_submit(true);
    }
    authorities_.emplace(state, std::move(authority));
    officers_.emplace(state, IssueOfficer(state, "officer-1"));
  }
  authorities_.emplace("services", MakeAuthority("services"));
  proto.add_service_ca_pem(service_authority().Pem());
  log_key_ = Must(crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
  for (const std::string& group : GroupsServed()) {
    auto* service = proto.add_services();
    service->set_group(group);
    auto signer =
        Must(entry::NoteSigner::Create(std::string(kTrustDomain) + "/" + group, *log_key_));
    service->add_log_keys(signer.Vkey());
    log_signers_.emplace(group, std::move(signer));
  }
  directory_ =
      std::make_unique<StaticDirectory>(Must(identity::Directory::FromProto(std::move(proto))));
}

TestRegime::Authority TestRegime::MakeAuthority(const std::string& name) const {
  // TLS judges by the real clock, documents by the fake one: valid for both.
  auto key = Must(crypto::PrivateKey::Generate(crypto::KeyKind::kP256));
  auto certificate = Must(crypto::Issue({.common_name = name + " authority",
                                         .authority = true,
                                         .not_before = now_ - absl::Hours(24 * 365),
                                         .not_after = now_ + absl::Hours(24 * 365 * 30)},
                                        key.public_key(), nullptr, key));
  return {std::move(certificate), std::move(key)};
}

document::SigningIdentity TestRegime::Issue(const std::string& authority,
                                            crypto::CertificateRequest request) {
  const Authority& issuer = authorities_.at(authority);
  if (request.not_after == absl::Time()) {
    request.not_before = now_ - absl::Hours(24);
    request.not_after = now_ + absl::Hours(24 * 365 * 29);
  }
  auto key = Must(crypto::PrivateKey::Generate(crypto::KeyKind::kP256));
  auto certificate =
      Must(crypto::Issue(request, key.public_key(), &issuer.certificate, issuer.key));
  return {{std::move(certificate)}, std::move(key)};
}

document::SigningIdentity TestRegime::IssueOfficer(const std::string& state,
                                                   const std::string& officer,
                                                   const std::string& authority) {
  return Issue(authority.empty() ? state : authority,
               {.common_name = officer,
                .uris = {AgencyUri(state) + "/officers/" + officer},
                .usage = crypto::LeafUsage::kDocumentSigning});
}

document::SigningIdentity TestRegime::IssueServiceTls(const std::string& group) {
  return Issue("services",
               {.common_name = group,
                .uris = {std::string("spiffe://") + kTrustDomain + "/services/" + group},
                .dns_names = {"localhost"},
                .usage = crypto::LeafUsage::kTlsServer});
}

pb::SignedAcknowledgement TestRegime::Acknowledge(const std::string& state,
                                                  const std::string& group,
                                                  const std::string& ledger,
                                                  const entry::Head& head) {
  auto tls = tls_.find(state);
  if (tls == tls_.end()) tls = tls_.emplace(state, IssueTls(state)).first;
  pb::Acknowledgement acknowledgement;
  acknowledgement.set_service("mtcr.example/" + group);
  acknowledgement.set_agency("partners/" + state + "/agencies/licensing");
  acknowledgement.set_ledger(ledger);
  acknowledgement.set_size(head.size);
  acknowledgement.set_root(head.root.str());
  entry::SetTime(now_, acknowledgement.mutable_acknowledged_time());
  return identity::SignAcknowledgement(acknowledgement, tls->second);
}

document::SigningIdentity TestRegime::IssueTls(const std::string& state) {
  return Issue(
      state,
      {.common_name = state, .uris = {AgencyUri(state)}, .usage = crypto::LeafUsage::kTlsClient});
}

void TestRegime::Edit(const std::function<void(entente::config::v1::Directory&)>& edit) {
  entente::config::v1::Directory proto = directory().proto();
  edit(proto);
  proto.set_serial(proto.serial() + 1);
  directory_->Set(Must(identity::Directory::FromProto(std::move(proto))));
}

void TestRegime::SetFormer(const std::string& state, bool former) {
  Edit([&](entente::config::v1::Directory& directory) {
    for (auto& partner : *directory.mutable_partners()) {
      if (partner.state() != state || partner.former() == former) continue;
      partner.set_former(former);
      partner.mutable_ca_pem()->Swap(partner.mutable_retired_ca_pem());
      partner.clear_retired_authorities();
      for (const std::string& pem : partner.retired_ca_pem()) {
        for (const auto& one : Must(crypto::Certificate::FromPem(pem))) {
          auto* retired = partner.add_retired_authorities();
          retired->set_tbs_digest(one.tbs_digest().hex());
          retired->set_serial(directory.serial() + 1);
        }
      }
    }
  });
}

pb::Document TestRegime::Erasure(const std::string& reference, const pb::Document& of,
                                 const std::string& name, const base::Digest& digest,
                                 uint64_t index, const base::Digest& remains,
                                 const std::string& state) const {
  pb::Document document = of;
  if (!state.empty()) document.set_originator("partners/" + state + "/agencies/licensing");
  document.set_reference(reference);
  document.clear_references();
  auto* link = document.add_references();
  link->set_relation(pb::Reference::RELATION_ERASES);
  link->set_name(name);
  link->set_digest(digest.str());
  pb::Erasure body;
  body.set_authority("Sample Data Protection Authority");
  body.set_legal_basis("Sample Act, section 17; order 4/2026");
  body.set_index(index);
  body.set_remains_digest(remains.str());
  document.mutable_body()->PackFrom(body);
  return document;
}

pb::Document TestRegime::Denial(const std::string& state, const std::string& reference,
                                const std::vector<std::string>& audience) const {
  pb::Document document;
  document.set_originator("partners/" + state + "/agencies/licensing");
  document.set_reference(reference);
  entry::SetTime(now_, document.mutable_composed_time());
  if (audience.empty()) {
    document.mutable_audience()->mutable_all_partners();
  } else {
    for (const auto& one : audience) document.mutable_audience()->mutable_listed()->add_states(one);
  }
  document.mutable_marking()->set_level(pb::Marking::LEVEL_OFFICIAL);
  document.mutable_marking()->set_tlp(pb::Marking::TLP_AMBER);
  entente::leem::v1::DenialNotification body;
  *body.mutable_content() = SampleContent();
  document.mutable_body()->PackFrom(body);
  return document;
}

pb::Document TestRegime::Revision(const std::string& state, const std::string& reference,
                                  const pb::Document& first, const std::string& name,
                                  const base::Digest& supersedes,
                                  const google::protobuf::Message& body) const {
  pb::Document document = first;
  document.set_originator("partners/" + state + "/agencies/licensing");
  document.set_reference(reference);
  auto* link = document.add_references();
  link->set_relation(pb::Reference::RELATION_SUPERSEDES);
  link->set_name(name);
  link->set_digest(supersedes.str());
  document.mutable_body()->PackFrom(body);
  return document;
}

pb::SignedDocument TestRegime::Sign(const pb::Document& document) const {
  const auto& officer = officers_.at(document.originator().substr(9, 2));
  return document::Sign(document, std::span(&officer, 1));
}

absl::StatusOr<document::VerifiedDocument> TestRegime::Verify(
    const pb::SignedDocument& document) const {
  ENTENTE_ASSIGN_OR_RETURN(auto parsed, document::Parse(document));
  return verifier_.Verify(std::move(parsed), directory(), now_);
}

base::Digest TestRegime::DigestOf(const pb::SignedDocument& document) {
  return crypto::Sha256(document.document());
}

config::v1::RegimeProfile TestProfile() {
  entente::config::v1::RegimeProfile profile;
  profile.set_version(1);
  profile.set_level_max(2);
  auto* rules = profile.mutable_denials();
  rules->set_validity_months(36);
  rules->set_notify_preferred_days(30);
  rules->set_notify_latest_days(60);
  rules->add_control_lists("mtcr-annex");
  rules->add_control_lists("lite");
  for (const char* code : {"DIVERSION", "OTHER"}) rules->add_reason_codes()->set_code(code);
  rules->add_catch_all_bases()->set_code("WMD_END_USE");
  rules->add_catch_all_bases()->set_code("CATCH_ALL");
  return profile;
}

leem::v1::DenialContent SampleContent() {
  entente::leem::v1::DenialContent content;
  content.mutable_authority()->set_name("Sample Licensing Office");
  content.mutable_authority()->set_contact_point("denials@licensing.example");
  content.mutable_decision_date()->set_year(2016);
  content.mutable_decision_date()->set_month(10);
  content.mutable_decision_date()->set_day(3);
  content.set_act(entente::leem::v1::DENIAL_ACT_REFUSED);
  content.mutable_destination()->set_country("aq");
  auto* entry = content.add_control_list_entries();
  entry->set_list("mtcr-annex");
  entry->set_edition("2016-03-17");
  entry->set_entry("9.A.6");
  content.set_item_description("Three-axis gyroscope, bias stability 0.4 degrees per hour");
  content.mutable_quantity()->set_amount("12");
  content.mutable_quantity()->set_unit("C62");
  content.mutable_value()->set_amount("48000.00");
  content.mutable_value()->set_currency("EUR");
  auto* exporter = content.add_parties();
  exporter->set_role(entente::leem::v1::PARTY_ROLE_EXPORTER);
  exporter->set_withheld(true);
  auto* consignee = content.add_parties();
  consignee->set_role(entente::leem::v1::PARTY_ROLE_CONSIGNEE);
  consignee->set_name("Penguin Instruments Trading");
  consignee->add_aliases()->set_name("企鹅仪器贸易");
  consignee->set_address("1 Ice Shelf Road");
  consignee->mutable_place()->set_country("aq");
  auto* user = content.add_parties();
  user->set_role(entente::leem::v1::PARTY_ROLE_END_USER);
  user->set_same_as_consignee(true);
  content.mutable_end_use()->set_text("Weather balloon stabilisation");
  auto* reason = content.add_reasons();
  reason->set_code("DIVERSION");
  reason->set_text("End-use statement does not fit the item");
  return content;
}

}  // namespace entente::testing
