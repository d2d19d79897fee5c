// entente sign, entente submit: documents that more than one officer signs, each with a key of his
// own on a machine of his own.
#include <algorithm>
#include <iostream>
#include <set>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/held_document.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/sending.h"
#include "clients/sdk/signing.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"

namespace entente::cli {
namespace {

using base::Reason;

// Whoever signs twice counts once.
std::set<std::string> OfficersOf(const HeldDocument& held) {
  std::set<std::string> officers;
  for (const auto& signer : held.signers) {
    officers.insert(signer.agency.str() + "/" + signer.officer);
  }
  return officers;
}

absl::Status AlreadySigned(const std::string& path) {
  return base::RefuseArgument(Reason::kSignatureMissing,
                              "{}: you have signed it already; another officer must", path);
}

// An officer signs what he has read, so it is shown.
void Show(const HeldDocument& held, bool json) {
  std::cout << ToJson(held.parsed->header, !json) << "\n";
}

absl::Status CheckOwn(const HeldDocument& held, const sdk::Agency& agency,
                      const std::string& path) {
  if (held.parsed->originator == agency.name()) return absl::OkStatus();
  return base::RefuseArgument(Reason::kOriginatorMismatch,
                              "{}: is of {}, but you are {}; a state speaks only for itself", path,
                              held.parsed->originator.str(), agency.name().str());
}

// Whether all that the agency signs with have signed it.
bool IsSigned(const HeldDocument& held, const sdk::Agency& agency) {
  return std::all_of(agency.signers().begin(), agency.signers().end(), [&](const auto& own) {
    return std::any_of(
        held.signed_document.signatures().begin(), held.signed_document.signatures().end(),
        [&](const auto& signature) { return signature.certificate() == own.chain.front().der(); });
  });
}

// Adds the agency's signatures to all of them, and keeps each in its file.
absl::Status SignAndKeep(const sdk::Agency& agency, const std::vector<std::string>& paths,
                         std::vector<HeldDocument>& all) {
  std::vector<document::pb::SignedDocument> more;
  std::vector<document::pb::SignedDocument*> to_sign;
  for (const HeldDocument& held : all) more.push_back(held.signed_document);
  for (auto& one : more) to_sign.push_back(&one);
  ENTENTE_RETURN_IF_ERROR(sdk::AddSignatures(agency, to_sign));
  std::vector<HeldDocument> signed_now;
  for (size_t i = 0; i < all.size(); ++i) {
    // What was added must count where it goes.
    auto checked = CheckHeld(std::move(more[i]), agency.directory());
    if (!checked.ok()) return base::WithPrefix(checked.status(), paths[i]);
    if (OfficersOf(*checked) == OfficersOf(all[i])) {
      return AlreadySigned(paths[i]);
    }
    signed_now.push_back(*std::move(checked));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if (!base::WriteFileAtomically(paths[i], ToJson(signed_now[i].signed_document, true), 0600)) {
      return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", paths[i]);
    }
  }
  all = std::move(signed_now);
  return absl::OkStatus();
}

absl::Status Sign(const Context& context, const std::vector<std::string>& paths, bool show) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  std::vector<HeldDocument> all;
  std::vector<exchange::v1::Document> headers;
  for (const std::string& path : paths) {
    ENTENTE_ASSIGN_OR_RETURN(HeldDocument held, ReadHeld(path, agency->directory()));
    ENTENTE_RETURN_IF_ERROR(CheckOwn(held, *agency, path));
    if (!show && !agency->signers().empty() && IsSigned(held, *agency)) {
      return AlreadySigned(path);
    }
    Show(held, context.json);
    headers.push_back(held.parsed->header);
    all.push_back(std::move(held));
  }
  if (!show) {
    if (all.size() > 1) ShowWhatIsSigned(*agency, headers);
    ENTENTE_RETURN_IF_ERROR(SignAndKeep(*agency, paths, all));
  }
  const int required = agency->directory().SignaturesRequired(agency->name().state);
  for (size_t i = 0; i < all.size(); ++i) {
    const auto officers = OfficersOf(all[i]);
    std::cerr << fmt::format("{}: signed by {}; {} of {} that {} requires{}\n", paths[i],
                             Printable(fmt::format("{}", fmt::join(officers, ", "))),
                             officers.size(), required, agency->name().state,
                             static_cast<int>(officers.size()) < required
                                 ? ""
                                 : fmt::format("; \"entente submit {}\" sends it", paths[i]));
  }
  return absl::OkStatus();
}

absl::Status Submit(const Context& context, const std::string& path) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  ENTENTE_ASSIGN_OR_RETURN(const HeldDocument held, ReadHeld(path, agency->directory()));
  ENTENTE_RETURN_IF_ERROR(CheckOwn(held, *agency, path));
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, held.group));
  ENTENTE_RETURN_IF_ERROR(ShowAndConfirm(context, *client, held.parsed->header, "Send?"));
  return SubmitSigned(context, *client, held.signed_document);
}

}  // namespace

void AddSign(CLI::App& app, Context& context) {
  struct Options {
    std::string file;
    std::vector<std::string> files;
    bool show = false;
  };
  auto options = std::make_shared<Options>();
  auto* sign = app.add_subcommand(
      "sign",
      "Show documents that another officer has signed, and sign them, too: several at once.\n"
      "Example: entente denial notify d.json --hold d.signed   on one officer's machine\n"
      "         entente sign d.signed                          on the other's\n"
      "         entente submit d.signed");
  sign->add_option("files", options->files, "As --hold has left them")->required();
  sign->add_flag("--show", options->show, "Show them and who has signed; sign nothing");
  context.Run(sign, [options, &context] {
    const absl::Status status = RefuseDryRun(context, "sign", "--show signs nothing");
    return status.ok() ? Sign(context, options->files, options->show) : status;
  });
  auto* submit = app.add_subcommand("submit", "Send a document that is signed, print the receipt");
  submit->add_option("file", options->file, "As --hold or entente sign has left it")->required();
  context.Run(submit, [options, &context] { return Submit(context, options->file); });
}

}  // namespace entente::cli
