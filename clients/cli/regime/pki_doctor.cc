#include "clients/cli/regime/pki_doctor.h"

#include <iostream>

#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/certificate.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using base::Reason;
using crypto::LeafUsage;

class Examination {
 public:
  Examination(std::string file, bool json) : file_(std::move(file)), json_(json) {}
  void Good(const std::string& text) const { Say("ok  ", text); }
  void Note(const std::string& text) const { Say("note", text); }
  void Bad(const std::string& text) {
    fit_ = false;
    Say("BAD ", text);
  }
  bool fit() const { return fit_; }

 private:
  void Say(const char* mark, const std::string& text) const {
    if (json_) {
      std::cout << fmt::format("{{\"file\":\"{}\",\"finding\":\"{}\",\"text\":\"{}\"}}\n",
                               Printable(file_),
                               mark[0] == 'B'   ? "bad"
                               : mark[0] == 'n' ? "note"
                                                : "ok",
                               Printable(text));
    } else {
      std::cout << mark << " " << Printable(file_) << ": " << Printable(text) << "\n";
    }
  }
  const std::string file_;
  const bool json_;
  bool fit_ = true;
};

void CheckTime(const crypto::Certificate& certificate, absl::Time now, Examination& e) {
  const auto day = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
  };
  if (now < certificate.not_before()) {
    e.Bad("is not valid before " + day(certificate.not_before()));
  } else if (now > certificate.not_after()) {
    e.Bad("expired on " + day(certificate.not_after()) +
          "; issue a new one, then replace the file");
  } else if (certificate.not_after() - now < absl::Hours(24 * 60)) {
    e.Note("expires on " + day(certificate.not_after()) + ", in less than 60 days");
  } else {
    e.Good("valid until " + day(certificate.not_after()));
  }
}

// For which use it is meant, by its name; nothing for a name of ours that is none.
const char* UseOf(const std::string& uri, const std::string& trust_domain) {
  if (uri.find("/officers/") != std::string::npos) return "signer";
  if (uri.find("/agencies/") != std::string::npos) return "caller";
  if (uri.rfind("spiffe://" + trust_domain + "/services/", 0) == 0) return "service";
  return nullptr;
}

void CheckLeaf(const std::vector<crypto::Certificate>& chain, const identity::Directory& directory,
               absl::Time now, Examination& e) {
  const crypto::Certificate& leaf = chain.front();
  if (leaf.uris().size() != 1) {
    e.Bad(fmt::format("has {} URI names; the profile asks for exactly one", leaf.uris().size()));
    return;
  }
  const std::string& uri = leaf.uris()[0];
  const char* use = UseOf(uri, directory.trust_domain());
  if (use == nullptr) {
    return e.Bad("its URI " + uri + " is neither an agency's, an officer's nor a service's");
  }
  const auto intermediates = std::span(chain).subspan(1);
  absl::Status status;
  if (std::string_view(use) == "signer") {
    status = directory.AcceptSigner(leaf, intermediates, now).status();
  } else if (std::string_view(use) == "caller") {
    status = directory.AcceptCaller(leaf, intermediates, now).status();
  } else {
    // A service has one certificate to be called with and one to call others with.
    status = crypto::CheckLeafProfile(leaf, LeafUsage::kTlsServer);
    if (!status.ok()) status = directory.AcceptCaller(leaf, intermediates, now).status();
  }
  if (!status.ok()) return e.Bad(fmt::format("as {} {}: {}", use, uri, base::Text(status)));
  e.Good(fmt::format("a {}: {}", use, uri));
  if (std::string_view(use) != "caller") return;
  const auto agency = directory.AcceptCaller(leaf, intermediates, now);
  std::string seats;
  for (const machine::Group* served : Groups()) {
    const std::string_view group = served->name;
    for (const auto& [right, word] :
         {std::pair{identity::Right::kRead, "read"}, std::pair{identity::Right::kSubmit, "submit"},
          std::pair{identity::Right::kChair, "chair"}}) {
      if (directory.Has(*agency, group, right)) seats += fmt::format(" {}:{}", group, word);
    }
  }
  if (seats.empty()) {
    e.Bad("its agency has no seat in any group");
  } else {
    e.Good("seats:" + seats);
  }
}

// Whether the directory has it among these PEM texts.
template <typename List>
bool Holds(const List& pems, const crypto::Certificate& certificate) {
  for (const std::string& pem : pems) {
    const auto chain = crypto::Certificate::FromPem(pem);
    if (!chain.ok()) continue;
    for (const auto& one : *chain) {
      if (one.digest() == certificate.digest()) return true;
    }
  }
  return false;
}

void CheckAuthority(const crypto::Certificate& certificate, const identity::Directory& directory,
                    Examination& e) {
  const absl::Status status = crypto::CheckAuthorityProfile(certificate);
  if (!status.ok()) return e.Bad("as an authority: " + base::Text(status));
  e.Good("an authority: " + certificate.Subject());
  for (const auto& partner : directory.proto().partners()) {
    if (Holds(partner.ca_pem(), certificate)) return e.Good("registered for " + partner.state());
    if (Holds(partner.retired_ca_pem(), certificate)) {
      return e.Bad("retired by " + partner.state() + "; nothing new that it issues is accepted");
    }
  }
  if (Holds(directory.proto().service_ca_pem(), certificate)) {
    return e.Good("registered for the services");
  }
  e.Bad(
      fmt::format("not in the directory of serial {}; it may be an intermediate's, which goes "
                  "into the leaf's file, behind the leaf",
                  directory.serial()));
}

}  // namespace

absl::Status Doctor(const Context& context, const std::vector<std::string>& files,
                    const DirectoryOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, FindDirectory(context, options));
  const absl::Time now = base::SystemClock().Now();
  bool fit = true;
  for (const std::string& file : files) {
    Examination e(file, context.json);
    const auto pem = base::ReadFile(file);
    auto chain = pem.has_value()
                     ? crypto::Certificate::FromPem(*pem)
                     : base::RefuseArgument(Reason::kConfigurationInvalid, "cannot be read");
    if (!chain.ok()) {
      e.Bad(base::Text(chain.status()));
    } else {
      CheckTime(chain->front(), now, e);
      if (crypto::IsAuthority(chain->front())) {
        CheckAuthority(chain->front(), *directory, e);
      } else {
        CheckLeaf(*chain, *directory, now, e);
      }
      for (size_t i = 1; i < chain->size(); ++i) CheckTime((*chain)[i], now, e);
    }
    fit = fit && e.fit();
  }
  if (fit) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kCertificateRejected,
                      "not every certificate is fit; the lines marked BAD say why");
}

}  // namespace entente::cli
