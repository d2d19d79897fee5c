#include "clients/cli/regime/directory_edit.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/entry/entry.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using base::Reason;
using entente::config::v1::Agency;
using entente::config::v1::Directory;
using entente::config::v1::Partner;
using entente::config::v1::Seat;
using entente::config::v1::Service;

Partner* FindPartner(Directory& directory, const std::string& state) {
  for (auto& partner : *directory.mutable_partners()) {
    if (partner.state() == state) return &partner;
  }
  return nullptr;
}

absl::StatusOr<Partner*> PartnerOf(Directory& directory, const std::string& state) {
  if (Partner* partner = FindPartner(directory, state)) return partner;
  return base::RefuseArgument(Reason::kFieldInvalid,
                              "state: {} is not a partner here; add its authority first", state);
}

// Where a certificate stands in a list of PEM texts, each of one or more.
template <typename List>
int PlaceOf(const List& pems, const crypto::Certificate& certificate) {
  for (int i = 0; i < pems.size(); ++i) {
    const auto chain = crypto::Certificate::FromPem(pems.Get(i));
    if (!chain.ok()) continue;
    for (const auto& one : *chain) {
      if (one.digest() == certificate.digest()) return i;
    }
  }
  return -1;
}

absl::Status ThereAlready(const std::string& what) {
  return base::Refuse(absl::StatusCode::kAlreadyExists, Reason::kFieldInvalid,
                      "{} is there already", what);
}

absl::StatusOr<Service*> ServiceOf(Directory& directory, const std::string& group) {
  for (auto& service : *directory.mutable_services()) {
    if (service.group() == group) return &service;
  }
  return base::RefuseArgument(Reason::kFieldInvalid, "group: the directory has no service {}",
                              group);
}

absl::Status ParseSeat(const std::string& text, Agency& agency) {
  const auto parts = base::Split(text, ':');
  if (parts.size() != 2) {
    return base::RefuseArgument(Reason::kFieldInvalid, "seat: write group:read,submit");
  }
  const std::string group(parts[0]);
  for (const auto& one : agency.seats()) {
    if (one.group() == group) {
      return base::RefuseArgument(Reason::kFieldInvalid,
                                  "seat: {} is there twice; write all its rights in one", group);
    }
  }
  Seat* seat = agency.add_seats();
  seat->set_group(group);
  for (std::string_view right : base::Split(parts[1], ',')) {
    if (right == "read") {
      seat->set_read(true);
    } else if (right == "submit") {
      seat->set_submit(true);
    } else if (right == "chair") {
      seat->set_chair(true);
    } else {
      return base::RefuseArgument(Reason::kFieldInvalid, "seat: no right \"{}\"", right);
    }
  }
  return absl::OkStatus();
}

// The terms for which `before` led groups, and from when it leads those that it leads now.
void KeepTerms(const Agency& before, uint64_t serial, Agency& agency) {
  for (const auto& old : before.seats()) {
    Seat* now = nullptr;
    for (auto& seat : *agency.mutable_seats()) {
      if (seat.group() == old.group()) now = &seat;
    }
    if (now == nullptr && !old.chair() && old.past_chair_terms().empty()) continue;
    if (now == nullptr) {
      now = agency.add_seats();
      now->set_group(old.group());
    }
    *now->mutable_past_chair_terms() = old.past_chair_terms();
    if (old.chair() && now->chair()) now->set_chair_from_serial(old.chair_from_serial());
    if (old.chair() && !now->chair()) {
      auto* term = now->add_past_chair_terms();
      term->set_from_serial(old.chair_from_serial());
      term->set_until_serial(serial);
    }
  }
  for (auto& seat : *agency.mutable_seats()) {
    if (seat.chair() && seat.chair_from_serial() == 0) seat.set_chair_from_serial(serial);
  }
}

}  // namespace

absl::Status AddAuthority(Directory& directory, const std::string& state,
                          const crypto::Certificate& certificate) {
  ENTENTE_RETURN_IF_ERROR(crypto::CheckAuthorityProfile(certificate));
  for (const auto& partner : directory.partners()) {
    if (PlaceOf(partner.ca_pem(), certificate) < 0 &&
        PlaceOf(partner.retired_ca_pem(), certificate) < 0) {
      continue;
    }
    return ThereAlready("this authority, of " + partner.state() + ",");
  }
  Partner* partner = FindPartner(directory, state);
  if (partner == nullptr) {
    partner = directory.add_partners();
    partner->set_state(state);
  }
  partner->add_ca_pem(certificate.Pem());
  return absl::OkStatus();
}

absl::Status RetireAuthority(Directory& directory, const std::string& state,
                             const crypto::Certificate& certificate, uint64_t serial) {
  ENTENTE_ASSIGN_OR_RETURN(Partner* const partner, PartnerOf(directory, state));
  const int place = PlaceOf(partner->ca_pem(), certificate);
  if (place < 0) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "certificate: not an authority of {} that is in use", state);
  }
  if (partner->ca_pem_size() == 1) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kFieldInvalid,
                        "certificate: the only authority of {}; add its next one first", state);
  }
  partner->add_retired_ca_pem(partner->ca_pem(place));
  partner->mutable_ca_pem()->DeleteSubrange(place, 1);
  auto* retired = partner->add_retired_authorities();
  retired->set_tbs_digest(certificate.tbs_digest().hex());
  retired->set_serial(serial);
  return absl::OkStatus();
}

absl::Status AddServiceAuthority(Directory& directory, const crypto::Certificate& certificate) {
  ENTENTE_RETURN_IF_ERROR(crypto::CheckAuthorityProfile(certificate));
  if (PlaceOf(directory.service_ca_pem(), certificate) >= 0) return ThereAlready("this authority");
  directory.add_service_ca_pem(certificate.Pem());
  return absl::OkStatus();
}

absl::Status RemoveServiceAuthority(Directory& directory, const crypto::Certificate& certificate) {
  const int place = PlaceOf(directory.service_ca_pem(), certificate);
  if (place < 0) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "certificate: not an authority of the services");
  }
  if (directory.service_ca_pem_size() == 1) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kFieldInvalid,
                        "certificate: the services' only authority; add the next one first");
  }
  directory.mutable_service_ca_pem()->DeleteSubrange(place, 1);
  return absl::OkStatus();
}

absl::Status AddLogKey(Directory& directory, const std::string& group, const std::string& vkey) {
  ENTENTE_ASSIGN_OR_RETURN(const auto verifier, entry::NoteVerifier::FromVkey(vkey));
  const std::string name = directory.trust_domain() + "/" + group;
  if (verifier.name() != name) {
    return base::RefuseArgument(Reason::kFieldInvalid, "vkey: is of {}, not of {}", verifier.name(),
                                name);
  }
  if (FindGroup(group) == nullptr) {
    return base::RefuseArgument(Reason::kFieldInvalid, "group: {} is none; one of {}", group,
                                GroupNames());
  }
  auto service = ServiceOf(directory, group);
  if (!service.ok()) {  // its first key
    service = directory.add_services();
    (*service)->set_group(group);
  }
  for (const auto* keys : {&(*service)->log_keys(), &(*service)->retired_log_keys()}) {
    if (std::count(keys->begin(), keys->end(), vkey) != 0) return ThereAlready("vkey: this key");
  }
  (*service)->add_log_keys(vkey);
  return absl::OkStatus();
}

absl::Status RetireLogKey(Directory& directory, const std::string& group, const std::string& vkey) {
  ENTENTE_ASSIGN_OR_RETURN(Service* const service, ServiceOf(directory, group));
  auto& keys = *service->mutable_log_keys();
  const auto place = std::find(keys.begin(), keys.end(), vkey);
  if (place == keys.end()) {
    return base::RefuseArgument(Reason::kFieldInvalid, "vkey: not a key of {} that is in use",
                                group);
  }
  if (keys.size() == 1) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kFieldInvalid,
                        "vkey: the only key of {}; add its next one first", group);
  }
  service->add_retired_log_keys(vkey);
  keys.erase(place);
  return absl::OkStatus();
}

absl::Status SetSeats(Directory& directory, const std::string& state, const std::string& agency,
                      std::span<const std::string> seats, uint64_t serial) {
  ENTENTE_ASSIGN_OR_RETURN(Partner* const partner, PartnerOf(directory, state));
  Agency fresh;
  fresh.set_id(agency);
  for (const std::string& text : seats) ENTENTE_RETURN_IF_ERROR(ParseSeat(text, fresh));
  for (auto& one : *partner->mutable_agencies()) {
    if (one.id() != agency) continue;
    fresh.set_revoked_serial(one.revoked_serial());
    KeepTerms(one, serial, fresh);
    one = std::move(fresh);
    return absl::OkStatus();
  }
  KeepTerms({}, serial, fresh);
  *partner->add_agencies() = std::move(fresh);
  return absl::OkStatus();
}

absl::Status RevokeAgency(Directory& directory, const std::string& state, const std::string& agency,
                          uint64_t serial) {
  ENTENTE_ASSIGN_OR_RETURN(Partner* const partner, PartnerOf(directory, state));
  for (auto& one : *partner->mutable_agencies()) {
    if (one.id() != agency) continue;
    // From the first serial on: what was refused since then stays refused.
    if (one.revoked_serial() == 0) one.set_revoked_serial(serial);
    return absl::OkStatus();
  }
  return base::RefuseArgument(Reason::kFieldInvalid, "agency: {} has no agency {}", state, agency);
}

absl::Status RevokeCertificate(Directory& directory, const std::string& state,
                               const crypto::Certificate& certificate, uint64_t serial) {
  ENTENTE_ASSIGN_OR_RETURN(Partner* const partner, PartnerOf(directory, state));
  const std::string domain = "spiffe://" + state + "." + directory.trust_domain() + "/";
  const auto& uris = certificate.uris();
  if (!crypto::IsAuthority(certificate) && (uris.size() != 1 || uris[0].rfind(domain, 0) != 0)) {
    return base::RefuseArgument(Reason::kFieldInvalid, "certificate: names no agency of {}: {}",
                                state, uris.empty() ? "no URI" : uris[0]);
  }
  const std::string digest = certificate.tbs_digest().hex();
  for (const auto& one : partner->revoked_certificates()) {
    if (one.tbs_digest() == digest) return absl::OkStatus();
  }
  auto* revoked = partner->add_revoked_certificates();
  revoked->set_tbs_digest(digest);
  revoked->set_serial(serial);
  return absl::OkStatus();
}

}  // namespace entente::cli
