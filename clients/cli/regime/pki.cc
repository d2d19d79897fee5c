// entente pki: a development PKI. One certificate authority per state and one for the services, all
// in one folder, which production never does (see README.md).
#include <google/protobuf/text_format.h>

#include <filesystem>
#include <iostream>

#include "clients/cli/regime/directory_edit.h"
#include "clients/cli/regime/nouns.h"
#include "clients/cli/regime/pki_doctor.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/certificate.h"
#include "services/core/identity/directory_file.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

namespace fs = std::filesystem;
using base::Reason;
using crypto::LeafUsage;

struct PkiOptions {
  std::string folder;
  std::string trust_domain = "mtcr.example";
  std::vector<std::string> states;
  std::vector<std::string> hosts = {"localhost"};
  std::string state;
  std::string agency;
  std::string officer;
#define ENTENTE_GROUP(name, Name, port, follows) #name ":read,submit",
  std::vector<std::string> seats = {
#include "services/groups.def"
  };
#undef ENTENTE_GROUP
#define ENTENTE_GROUP(name, Name, port, follows) #name "=127.0.0.1:" #port,
  std::vector<std::string> endpoints = {
#include "services/groups.def"
  };
#undef ENTENTE_GROUP
  std::string certificate;
  std::vector<std::string> files;
  std::string group;
  DirectoryOptions directory;
  int days = 397;
  int signatures = 1;
};

absl::Status Write(const std::string& path, std::string_view text, bool secret) {
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  if (base::WriteFileAtomically(path, text, secret ? 0600 : 0644)) return absl::OkStatus();
  return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", path);
}

absl::StatusOr<std::string> Read(const std::string& path) {
  auto text = base::ReadFile(path);
  if (text.has_value()) return *std::move(text);
  return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", path);
}

struct Authority {
  crypto::Certificate certificate;
  crypto::PrivateKey key;
};

absl::StatusOr<Authority> MakeAuthority(const PkiOptions& options, const std::string& name) {
  const absl::Time now = base::SystemClock().Now();
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::Generate(crypto::KeyKind::kP256));
  ENTENTE_ASSIGN_OR_RETURN(auto certificate,
                           crypto::Issue({.common_name = name + " authority (development)",
                                          .authority = true,
                                          .not_before = now - absl::Hours(1),
                                          .not_after = now + absl::Hours(24 * 3650)},
                                         key.public_key(), nullptr, key));
  const std::string stem = options.folder + "/authorities/" + name;
  ENTENTE_RETURN_IF_ERROR(Write(stem + ".crt", certificate.Pem(), false));
  ENTENTE_RETURN_IF_ERROR(Write(stem + ".key", key.Pem(), true));
  return Authority{std::move(certificate), std::move(key)};
}

absl::StatusOr<Authority> LoadAuthority(const PkiOptions& options, const std::string& name) {
  const std::string stem = options.folder + "/authorities/" + name;
  ENTENTE_ASSIGN_OR_RETURN(const auto pem, Read(stem + ".crt"));
  ENTENTE_ASSIGN_OR_RETURN(auto chain, crypto::Certificate::FromPem(pem));
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromFile(stem + ".key"));
  return Authority{std::move(chain[0]), std::move(key)};
}

absl::Status IssueLeaf(const PkiOptions& options, const Authority& authority,
                       crypto::CertificateRequest request, const std::string& stem) {
  const absl::Time now = base::SystemClock().Now();
  request.not_before = now - absl::Hours(1);
  request.not_after = now + absl::Hours(24) * options.days;
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::Generate(crypto::KeyKind::kP256));
  ENTENTE_ASSIGN_OR_RETURN(auto certificate, crypto::Issue(request, key.public_key(),
                                                           &authority.certificate, authority.key));
  ENTENTE_RETURN_IF_ERROR(Write(stem + ".crt", certificate.Pem(), false));
  return Write(stem + ".key", key.Pem(), true);
}

absl::StatusOr<entente::config::v1::Directory> LoadDirectory(const PkiOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto text, Read(options.folder + "/directory.textproto"));
  return identity::ParseDirectory(text, identity::UnknownFields::kRefuse);
}

absl::Status SaveDirectory(const PkiOptions& options, entente::config::v1::Directory directory) {
  directory.set_serial(directory.serial() + 1);
  std::string text;
  google::protobuf::TextFormat::PrintToString(directory, &text);
  ENTENTE_ASSIGN_OR_RETURN(auto key,
                           crypto::PrivateKey::FromFile(options.folder + "/directory.key"));
  ENTENTE_RETURN_IF_ERROR(identity::Directory::FromProto(directory).status());
  const std::string path = options.folder + "/directory.textproto";
  // Between the two writes the pair does not verify, and readers keep the old one.
  ENTENTE_RETURN_IF_ERROR(Write(path, text, false));
  return Write(path + ".sig", identity::SignDirectory(text, key), false);
}

// A service's certificates: to be called with, and to call others with.
absl::Status IssueService(const PkiOptions& options, const Authority& services,
                          const std::string& trust_domain, const std::string& group) {
  const std::string stem = options.folder + "/services/" + group;
  const std::string uri = "spiffe://" + trust_domain + "/services/" + group;
  ENTENTE_RETURN_IF_ERROR(IssueLeaf(options, services,
                                    {.common_name = group,
                                     .uris = {uri},
                                     .dns_names = options.hosts,
                                     .usage = LeafUsage::kTlsServer},
                                    stem));
  return IssueLeaf(options, services,
                   {.common_name = group, .uris = {uri}, .usage = LeafUsage::kTlsClient},
                   stem + ".client");
}

absl::Status RenewService(const PkiOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, LoadDirectory(options));
  ENTENTE_ASSIGN_OR_RETURN(auto services, LoadAuthority(options, "services"));
  return IssueService(options, services, directory.trust_domain(), options.group);
}

absl::Status Init(const PkiOptions& options) {
  if (fs::exists(options.folder + "/directory.textproto")) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "{} holds a PKI already",
                                options.folder);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto directory_key,
                           crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
  ENTENTE_RETURN_IF_ERROR(Write(options.folder + "/directory.key", directory_key.Pem(), true));
  ENTENTE_RETURN_IF_ERROR(
      Write(options.folder + "/directory.pub", directory_key.public_key().Pem(), false));
  entente::config::v1::Directory directory;
  directory.set_trust_domain(options.trust_domain);
  ENTENTE_ASSIGN_OR_RETURN(auto services, MakeAuthority(options, "services"));
  directory.add_service_ca_pem(services.certificate.Pem());
  for (const machine::Group* served : Groups()) {
    const std::string group(served->name);
    const std::string stem = options.folder + "/services/" + group;
    ENTENTE_RETURN_IF_ERROR(IssueService(options, services, options.trust_domain, group));
    ENTENTE_ASSIGN_OR_RETURN(auto log_key, crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
    ENTENTE_RETURN_IF_ERROR(Write(stem + ".log.key", log_key.Pem(), true));
    ENTENTE_ASSIGN_OR_RETURN(
        auto signer, entry::NoteSigner::Create(options.trust_domain + "/" + group, log_key));
    auto* service = directory.add_services();
    service->set_group(group);
    service->add_log_keys(signer.Vkey());
  }
  for (const std::string& state : options.states) {
    ENTENTE_ASSIGN_OR_RETURN(auto authority, MakeAuthority(options, state));
    auto* partner = directory.add_partners();
    partner->set_state(state);
    partner->add_ca_pem(authority.certificate.Pem());
  }
  return SaveDirectory(options, std::move(directory));
}

std::string ClientConfigText(const PkiOptions& options) {
  std::string text = fmt::format(
      "# ClientConfig of {0}/{1}, made by entente pki issue.\n"
      "agency: \"partners/{0}/agencies/{1}\"\n"
      "tls_certificate_file: \"tls.crt\"\ntls_key_file: \"tls.key\"\n"
      "directory_file: \"../../../directory.textproto\"\n"
      "directory_key_file: \"../../../directory.pub\"\n",
      options.state, options.agency);
  const fs::path officers =
      options.folder + "/agencies/" + options.state + "/" + options.agency + "/officers";
  std::error_code ignored;
  std::vector<std::string> stems;
  for (const auto& file : fs::directory_iterator(officers, ignored)) {
    if (file.path().extension() == ".crt") stems.push_back(file.path().stem().string());
  }
  std::sort(stems.begin(), stems.end());
  for (const std::string& stem : stems) {
    text += fmt::format(
        "signers {{ certificate_file: \"officers/{0}.crt\" key_file: \"officers/{0}.key\" }}\n",
        stem);
  }
  for (const std::string& endpoint : options.endpoints) {
    const size_t at = endpoint.find('=');
    text += fmt::format("endpoints {{ group: \"{}\" address: \"{}\" }}\n", endpoint.substr(0, at),
                        at == std::string::npos ? "" : endpoint.substr(at + 1));
  }
  return text;
}

absl::Status IssueVerb(const PkiOptions& options) {
  if (!base::IsDnsLabel(options.agency) ||
      (!options.officer.empty() && !base::IsReference(options.officer))) {
    return base::RefuseArgument(Reason::kFieldInvalid, "--agency must be a DNS label");
  }
  ENTENTE_ASSIGN_OR_RETURN(auto authority, LoadAuthority(options, options.state));
  ENTENTE_ASSIGN_OR_RETURN(auto directory, LoadDirectory(options));
  ENTENTE_RETURN_IF_ERROR(
      SetSeats(directory, options.state, options.agency, options.seats, directory.serial() + 1));
  for (auto& partner : *directory.mutable_partners()) {
    if (partner.state() != options.state || options.signatures < 2 ||
        partner.signatures_required() == options.signatures) {
      continue;
    }
    partner.set_signatures_required(options.signatures);
    partner.set_signatures_required_serial(directory.serial() + 1);
  }
  const std::string uri = fmt::format("spiffe://{}.{}/agencies/{}", options.state,
                                      directory.trust_domain(), options.agency);
  const std::string folder = options.folder + "/agencies/" + options.state + "/" + options.agency;
  ENTENTE_RETURN_IF_ERROR(IssueLeaf(options, authority,
                                    {.common_name = options.state + " " + options.agency,
                                     .uris = {uri},
                                     .usage = LeafUsage::kTlsClient},
                                    folder + "/tls"));
  if (!options.officer.empty()) {
    ENTENTE_RETURN_IF_ERROR(IssueLeaf(options, authority,
                                      {.common_name = options.officer,
                                       .uris = {uri + "/officers/" + options.officer},
                                       .usage = LeafUsage::kDocumentSigning},
                                      folder + "/officers/" + options.officer));
  }
  ENTENTE_RETURN_IF_ERROR(SaveDirectory(options, std::move(directory)));
  ENTENTE_RETURN_IF_ERROR(Write(folder + "/client.textproto", ClientConfigText(options), false));
  std::cout << folder << "/client.textproto\n";
  return absl::OkStatus();
}

absl::Status Revoke(const PkiOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto directory, LoadDirectory(options));
  const uint64_t serial = directory.serial() + 1;
  if (options.certificate.empty()) {
    ENTENTE_RETURN_IF_ERROR(RevokeAgency(directory, options.state, options.agency, serial));
  } else {
    ENTENTE_ASSIGN_OR_RETURN(const auto pem, Read(options.certificate));
    ENTENTE_ASSIGN_OR_RETURN(const auto chain, crypto::Certificate::FromPem(pem));
    ENTENTE_RETURN_IF_ERROR(RevokeCertificate(directory, options.state, chain[0], serial));
  }
  return SaveDirectory(options, std::move(directory));
}

absl::Status Show(const PkiOptions& options, bool json) {
  ENTENTE_ASSIGN_OR_RETURN(const auto pem, Read(options.certificate));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, crypto::Certificate::FromPem(pem));
  for (const auto& certificate : chain) {
    const std::string uri = certificate.uris().empty() ? "" : certificate.uris()[0];
    const auto day = [](absl::Time time) {
      return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
    };
    if (json) {
      std::cout
          << fmt::format(
                 "{{\"subject\":\"{}\",\"uri\":\"{}\",\"not_before\":\"{}\",\"not_after\":\"{}"
                 "\",\"serial\":\"{}\",\"sha256\":\"{}\"}}",
                 Printable(certificate.Subject()), Printable(uri), day(certificate.not_before()),
                 day(certificate.not_after()), certificate.SerialHex(), certificate.digest().hex())
          << "\n";
      continue;
    }
    std::cout << "subject     " << certificate.Subject() << "\nuri         " << uri
              << "\nnot before  " << day(certificate.not_before()) << "\nnot after   "
              << day(certificate.not_after()) << "\nserial      " << certificate.SerialHex()
              << "\nsha256      " << certificate.digest().hex() << "\n";
    for (const auto& [usage, name] :
         {std::pair{LeafUsage::kTlsClient, "caller"}, std::pair{LeafUsage::kTlsServer, "service"},
          std::pair{LeafUsage::kDocumentSigning, "signer"}}) {
      const absl::Status status = crypto::CheckLeafProfile(certificate, usage);
      std::cout << fmt::format("as {:<9}{}\n", name, status.ok() ? "ok" : base::Text(status));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddPki(CLI::App& app, Context& context) {
  auto options = std::make_shared<PkiOptions>();
  auto* pki = app.add_subcommand("pki", "A development PKI; production: docs/PKI.md");
  pki->require_subcommand(1);
  auto* init = pki->add_subcommand("init", "Make authorities, service keys and a directory");
  init->add_option("folder", options->folder, "Folder to make")->required();
  init->add_option("--states", options->states, "Partners, as in jp,kr,nz")
      ->delimiter(',')
      ->required();
  init->add_option("--trust-domain", options->trust_domain, "The regime's trust domain");
  init->add_option("--host", options->hosts, "DNS names of the services")->delimiter(',');
  context.Run(init, [options] { return Init(*options); });

  auto* issue = pki->add_subcommand("issue", "Issue an agency's TLS and an officer's certificate");
  issue->add_option("folder", options->folder)->required();
  issue->add_option("--state", options->state)->required();
  issue->add_option("--agency", options->agency)->required();
  issue->add_option("--officer", options->officer, "Also issue a signing certificate to him");
  issue->add_option("--seat", options->seats, "Rights, as in leem:read,submit; may be repeated");
  issue->add_option("--endpoint", options->endpoints, "Where groups are, as in leem=host:port");
  issue->add_option("--days", options->days, "Validity");
  issue->add_option("--signatures-required", options->signatures, "Officers per document: 1 or 2");
  context.Run(issue, [options] { return IssueVerb(*options); });

  auto* doctor = pki->add_subcommand(
      "doctor", "What is wrong with certificates: profile, path, time, revocation, seats");
  doctor->add_option("files", options->files, "PEM files, leaf first")->required();
  AddDirectoryOptions(doctor, options->directory);
  context.Run(doctor,
              [options, &context] { return Doctor(context, options->files, options->directory); });

  auto* renew = pki->add_subcommand(
      "renew-service",
      "New TLS keys and certificates of a service, which takes them over by itself");
  renew->add_option("folder", options->folder)->required();
  renew->add_option("--group", options->group, "As in leem")->required();
  renew->add_option("--host", options->hosts, "DNS names of the services")->delimiter(',');
  context.Run(renew, [options] { return RenewService(*options); });

  auto* revoke = pki->add_subcommand("revoke", "Revoke an agency or one certificate");
  revoke->add_option("folder", options->folder)->required();
  revoke->add_option("--state", options->state)->required();
  revoke->add_option("--agency", options->agency);
  revoke->add_option("--certificate", options->certificate, "PEM file");
  context.Run(revoke, [options] { return Revoke(*options); });

  auto* show = pki->add_subcommand("show", "Show certificates and what they may be used for");
  show->add_option("certificate", options->certificate, "PEM file")->required();
  context.Run(show, [options, &context] { return Show(*options, context.json); });
}

}  // namespace entente::cli
