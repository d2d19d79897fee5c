// entente directory: the signed directory in production. Changes go into the file, which counts
// once it is signed again; no verb sees an authority's key.
#include <google/protobuf/text_format.h>

#include <filesystem>
#include <iostream>

#include "clients/cli/base/directory_options.h"
#include "clients/cli/regime/directory_edit.h"
#include "clients/cli/regime/nouns.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/identity/directory_file.h"

namespace entente::cli {
namespace {

using base::Reason;
using entente::config::v1::Directory;

struct Options {
  std::string file;
  std::string key_file;
  std::string signature_file;
  std::string newer_than;
  std::string out;
  std::string state;
  std::string agency;
  std::vector<std::string> seats;
  std::string certificate;
  std::string group;
  std::string vkey;
  std::string trust_domain;
};
using Shared = std::shared_ptr<Options>;

absl::StatusOr<std::string> Read(const std::string& path) {
  auto text = base::ReadFile(path);
  if (text.has_value()) return *std::move(text);
  return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", path);
}

absl::Status Write(const std::string& path, std::string_view text, int mode = 0644) {
  if (base::WriteFileAtomically(path, text, mode)) return absl::OkStatus();
  return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", path);
}

absl::StatusOr<crypto::Certificate> ReadCertificate(const std::string& path) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string pem, Read(path));
  auto chain = crypto::Certificate::FromPem(pem);
  if (!chain.ok()) return base::WithPrefix(chain.status(), path);
  if (chain->size() == 1) return chain->front();
  return base::RefuseArgument(Reason::kFieldInvalid, "{} holds {} certificates; name one of them",
                              path, chain->size());
}

// Makes one change under the next serial. What comes out must be a directory; it counts once it is
// signed.
absl::Status Change(
    const Options& options,
    const std::function<absl::Status(Directory& directory, uint64_t serial)>& change) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, Read(options.file));
  ENTENTE_ASSIGN_OR_RETURN(Directory directory,
                           identity::ParseDirectory(text, identity::UnknownFields::kRefuse));
  directory.set_serial(directory.serial() + 1);
  ENTENTE_RETURN_IF_ERROR(change(directory, directory.serial()));
  ENTENTE_RETURN_IF_ERROR(identity::Directory::FromProto(directory).status());
  std::string changed;
  google::protobuf::TextFormat::PrintToString(directory, &changed);
  ENTENTE_RETURN_IF_ERROR(Write(options.file, changed));
  std::cerr << fmt::format(
      "serial {}; it counts once it is signed: entente directory sign {} --key KEY\n",
      directory.serial(), options.file);
  return absl::OkStatus();
}

// Whether the text would be taken for a directory at all, before it is signed.
absl::StatusOr<std::shared_ptr<const identity::Directory>> Examine(const std::string& text) {
  ENTENTE_ASSIGN_OR_RETURN(Directory directory,
                           identity::ParseDirectory(text, identity::UnknownFields::kRefuse));
  return identity::Directory::FromProto(std::move(directory));
}

absl::Status Sign(const Options& options) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, Read(options.file));
  ENTENTE_RETURN_IF_ERROR(Examine(text).status());
  ENTENTE_ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::FromFile(options.key_file));
  return Write(options.file + ".sig", identity::SignDirectory(text, key));
}

// For keys that never leave an HSM: the bytes to sign, and what was signed elsewhere.
absl::Status Payload(const Options& options) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, Read(options.file));
  ENTENTE_RETURN_IF_ERROR(Examine(text).status());
  return Write(options.out, identity::DirectoryPayload(text));
}

absl::Status Attach(const Options& options) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, Read(options.file));
  ENTENTE_RETURN_IF_ERROR(Examine(text).status());
  ENTENTE_ASSIGN_OR_RETURN(const std::string value, Read(options.signature_file));
  ENTENTE_ASSIGN_OR_RETURN(const std::string pem, Read(options.key_file));
  ENTENTE_ASSIGN_OR_RETURN(const auto key, crypto::PublicKey::FromPem(pem));
  const std::string signature = base::ToBase64(value) + "\n";
  ENTENTE_RETURN_IF_ERROR(identity::OpenDirectory(text, signature, key).status());
  return Write(options.file + ".sig", signature);
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

template <typename List>
void AddAuthorityRows(Table& table, const std::string& of, const List& pems,
                      const std::string& use) {
  for (const std::string& pem : pems) {
    const auto chain = crypto::Certificate::FromPem(pem);
    if (!chain.ok()) continue;
    for (const auto& one : *chain) {
      table.Add({of, use, one.Subject(), "until " + Day(one.not_after()), one.digest().hex()});
    }
  }
}

void Show(const Directory& directory) {
  std::cout << fmt::format("{}, serial {}\n", Printable(directory.trust_domain()),
                           directory.serial());
  Table table({"OF", "WHAT", "NAME", "STATE", "SHA-256"});
  for (const auto& partner : directory.partners()) {
    const std::string of = partner.former() ? partner.state() + " (former)" : partner.state();
    AddAuthorityRows(table, of, partner.ca_pem(), "authority");
    AddAuthorityRows(table, of, partner.retired_ca_pem(), "retired authority");
    for (const auto& agency : partner.agencies()) {
      std::string seats;
      for (const auto& seat : agency.seats()) {
        seats +=
            fmt::format("{}{}:{}{}{}", seats.empty() ? "" : " ", seat.group(),
                        seat.read() ? "r" : "", seat.submit() ? "s" : "", seat.chair() ? "c" : "");
      }
      table.Add({of, "agency", agency.id(),
                 agency.revoked_serial() == 0
                     ? seats
                     : fmt::format("REVOKED by serial {}", agency.revoked_serial()),
                 ""});
    }
    for (const auto& revoked : partner.revoked_certificates()) {
      table.Add({of, "revoked certificate", "", fmt::format("by serial {}", revoked.serial()),
                 revoked.tbs_digest()});
    }
  }
  AddAuthorityRows(table, "services", directory.service_ca_pem(), "authority");
  for (const auto& service : directory.services()) {
    for (const auto& key : service.log_keys()) table.Add({service.group(), "log key", key, "", ""});
    for (const auto& key : service.retired_log_keys()) {
      table.Add({service.group(), "retired log key", key, "", ""});
    }
  }
  table.Print();
}

// What must be true before it is handed out: signed, well-formed, and after the one in force.
absl::Status Check(const Context& context, const Options& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory,
                           FindDirectory(context, {options.file, options.key_file}));
  if (!options.newer_than.empty()) {
    ENTENTE_ASSIGN_OR_RETURN(const std::string text, Read(options.newer_than));
    ENTENTE_ASSIGN_OR_RETURN(const Directory before,
                             identity::ParseDirectory(text, identity::UnknownFields::kLeaveUnread));
    if (directory->serial() <= before.serial()) {
      return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kDirectoryInvalid,
                          "serial: {} is not after {}, the one of {}; nobody would take it over",
                          directory->serial(), before.serial(), options.newer_than);
    }
  }
  if (context.json) {
    std::cout << ToJson(directory->proto()) << "\n";
  } else {
    Show(directory->proto());
  }
  return absl::OkStatus();
}

// A directory without partners, and the key that signs it if that is not there.
absl::Status New(const Options& options) {
  if (std::filesystem::exists(options.file)) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{} is there already", options.file);
  }
  Directory directory;
  directory.set_trust_domain(options.trust_domain);
  directory.set_serial(1);
  ENTENTE_RETURN_IF_ERROR(identity::Directory::FromProto(directory).status());
  const std::string public_file =
      std::filesystem::path(options.key_file).replace_extension("pub").string();
  if (public_file == options.key_file) {
    return base::RefuseArgument(Reason::kFieldInvalid, "--key: {} is where its public half goes",
                                public_file);
  }
  if (!std::filesystem::exists(options.key_file)) {
    ENTENTE_ASSIGN_OR_RETURN(const auto fresh,
                             crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
    ENTENTE_RETURN_IF_ERROR(Write(options.key_file, fresh.Pem(), 0600));
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::FromFile(options.key_file));
  const std::string public_half = key.public_key().Pem();
  if (base::ReadFile(public_file).value_or(public_half) != public_half) {
    return base::RefuseArgument(Reason::kFieldInvalid, "--key: {} is of another key", public_file);
  }
  ENTENTE_RETURN_IF_ERROR(Write(public_file, public_half));
  std::string text;
  google::protobuf::TextFormat::PrintToString(directory, &text);
  ENTENTE_RETURN_IF_ERROR(Write(options.file, text));
  std::cerr << fmt::format(
      "{}: serial 1, no partners. Keep {} offline, and hand {} to everybody in person; next: "
      "entente directory add-authority {} --certificate SERVICES.crt\n",
      options.file, options.key_file, public_file, options.file);
  return absl::OkStatus();
}

// A key for a service's checkpoints: made if the file is not there, and its vkey printed.
absl::Status LogKey(const Options& options) {
  const std::string name = options.trust_domain + "/" + options.group;
  if (!std::filesystem::exists(options.key_file)) {
    ENTENTE_ASSIGN_OR_RETURN(const auto fresh,
                             crypto::PrivateKey::Generate(crypto::KeyKind::kEd25519));
    ENTENTE_RETURN_IF_ERROR(Write(options.key_file, fresh.Pem(), 0600));
  }
  ENTENTE_ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromFile(options.key_file));
  ENTENTE_ASSIGN_OR_RETURN(const auto signer, entry::NoteSigner::Create(name, std::move(key)));
  std::cout << signer.Vkey() << "\n";
  return absl::OkStatus();
}

// A verb on a directory's file.
CLI::App* Verb(CLI::App* parent, const std::string& name, const std::string& text,
               const Shared& options) {
  auto* verb = parent->add_subcommand(name, text);
  verb->add_option("file", options->file, "The directory, protobuf text")->required();
  return verb;
}

void AddSigning(CLI::App* noun, const Shared& options, Context& context) {
  auto* fresh =
      Verb(noun, "new", "Make a directory without partners, and the key that signs it", options);
  fresh->add_option("--trust-domain", options->trust_domain, "The regime's, as in mtcr.example")
      ->required();
  fresh->add_option("--key", options->key_file, "PEM private key; made if it is not there")
      ->required();
  context.Run(fresh, [options] { return New(*options); });
  auto* check = Verb(noun, "check", "Show a signed directory after checking it", options);
  check->add_option("--directory-key", options->key_file, "PEM public key that verifies it")
      ->required();
  check->add_option("--newer-than", options->newer_than, "The one in force, which it must follow");
  context.Run(check, [options, &context] { return Check(context, *options); });
  auto* sign = Verb(noun, "sign", "Sign it with a key in a file, as FILE.sig", options);
  sign->add_option("--key", options->key_file, "PEM private key")->required();
  context.Run(sign, [options] { return Sign(*options); });
  auto* payload = Verb(noun, "payload", "Write the bytes to sign, for a key in an HSM", options);
  payload->add_option("-o,--out", options->out, "File to write")->required();
  context.Run(payload, [options] { return Payload(*options); });
  auto* attach = Verb(noun, "attach", "Take over a signature made elsewhere, as FILE.sig", options);
  attach->add_option("--signature", options->signature_file, "Its bytes")->required();
  attach->add_option("--directory-key", options->key_file, "PEM public key that verifies it")
      ->required();
  context.Run(attach, [options] { return Attach(*options); });
}

void AddAuthorities(CLI::App* noun, const Shared& options, Context& context) {
  const auto authority = [&](const std::string& name, const std::string& text, auto of_state,
                             auto of_services) {
    auto* verb = Verb(noun, name, text, options);
    verb->add_option("--state", options->state, "Whose; left out: the services'");
    verb->add_option("--certificate", options->certificate, "PEM file")->required();
    context.Run(verb, [=] {
      return Change(*options, [&](Directory& directory, uint64_t serial) -> absl::Status {
        ENTENTE_ASSIGN_OR_RETURN(const auto certificate, ReadCertificate(options->certificate));
        return options->state.empty() ? of_services(directory, certificate)
                                      : of_state(directory, options->state, certificate, serial);
      });
    });
  };
  authority(
      "add-authority", "Register an authority; a state's first makes it a partner",
      [](Directory& directory, const std::string& state, const crypto::Certificate& certificate,
         uint64_t) { return AddAuthority(directory, state, certificate); },
      AddServiceAuthority);
  authority("retire-authority", "An authority issues no longer; what it vouched for still verifies",
            RetireAuthority, RemoveServiceAuthority);
}

void AddKeys(CLI::App* noun, const Shared& options, Context& context) {
  auto* make = noun->add_subcommand("log-key", "Make a log key if it is not there; print its vkey");
  make->add_option("key", options->key_file, "PEM file")->required();
  make->add_option("--group", options->group, "As in leem")->required();
  make->add_option("--trust-domain", options->trust_domain, "The regime's")->required();
  context.Run(make, [options] { return LogKey(*options); });
  const auto key = [&](const std::string& name, const std::string& text, auto change) {
    auto* verb = Verb(noun, name, text, options);
    verb->add_option("--group", options->group, "As in leem")->required();
    verb->add_option("--vkey", options->vkey, "As \"entente directory log-key\" prints it")
        ->required();
    context.Run(verb, [=] {
      return Change(*options, [&](Directory& directory, uint64_t) {
        return change(directory, options->group, options->vkey);
      });
    });
  };
  key("add-log-key", "Accept checkpoints by this key, too", AddLogKey);
  key("retire-log-key", "Accept no new checkpoints by this key", RetireLogKey);
}

void AddAgencies(CLI::App* noun, const Shared& options, Context& context) {
  auto* seat = Verb(noun, "seat", "Give an agency these seats instead of those it has", options);
  seat->add_option("--state", options->state)->required();
  seat->add_option("--agency", options->agency, "A DNS label, as in licensing")->required();
  seat->add_option("--seat", options->seats, "As in leem:read,submit; may be repeated");
  context.Run(seat, [options] {
    return Change(*options, [&](Directory& directory, uint64_t serial) {
      return SetSeats(directory, options->state, options->agency, options->seats, serial);
    });
  });
  auto* revoke = Verb(noun, "revoke", "Revoke an agency or one certificate", options);
  revoke->add_option("--state", options->state)->required();
  auto* agency = revoke->add_option("--agency", options->agency);
  revoke->add_option("--certificate", options->certificate, "PEM file")->excludes(agency);
  context.Run(revoke, [options] {
    return Change(*options, [&](Directory& directory, uint64_t serial) -> absl::Status {
      if (options->certificate.empty()) {
        return RevokeAgency(directory, options->state, options->agency, serial);
      }
      ENTENTE_ASSIGN_OR_RETURN(const auto certificate, ReadCertificate(options->certificate));
      return RevokeCertificate(directory, options->state, certificate, serial);
    });
  });
}

}  // namespace

void AddDirectory(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "directory",
      "The signed directory: who is a partner, with which authorities, keys and seats.\n"
      "Example: entente directory new directory.textproto --trust-domain mtcr.example "
      "--key directory.key\n"
      "         entente directory add-authority directory.textproto --state kr "
      "--certificate kr-2027.crt\n"
      "         entente directory sign directory.textproto --key directory.key\n"
      "docs/PKI.md has the whole of it.");
  noun->require_subcommand(1);
  AddSigning(noun, options, context);
  AddAuthorities(noun, options, context);
  AddKeys(noun, options, context);
  AddAgencies(noun, options, context);
}

}  // namespace entente::cli
