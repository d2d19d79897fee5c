// entente sign, entente submit: documents that more than one officer signs, each with a key of his
// own on a machine of his own.
#include <iostream>
#include <set>

#include "clients/cli/chain.h"
#include "clients/cli/cli.h"
#include "clients/cli/held_document.h"
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

absl::Status Sign(const Context& context, const std::string& path, bool show) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  ENTENTE_ASSIGN_OR_RETURN(HeldDocument held, ReadHeld(path, agency->directory()));
  ENTENTE_RETURN_IF_ERROR(CheckOwn(held, *agency, path));
  Show(held, context.json);
  if (!show) {
    if (agency->signers().empty()) {
      return base::RefuseArgument(
          Reason::kConfigurationInvalid,
          "the client configuration names no signers; add signers {{ … }} to it");
    }
    document::pb::SignedDocument more = held.signed_document;
    for (const auto& signer : agency->signers()) document::AddSignature(signer, more);
    // What was added must count where it goes.
    auto checked = CheckHeld(std::move(more), agency->directory());
    if (!checked.ok()) return base::WithPrefix(checked.status(), path);
    if (OfficersOf(*checked) == OfficersOf(held)) {
      return base::RefuseArgument(Reason::kSignatureMissing,
                                  "{}: you have signed it already; another officer must", path);
    }
    held = *std::move(checked);
    if (!base::WriteFileAtomically(path, ToJson(held.signed_document, true), 0600)) {
      return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", path);
    }
  }
  const int required = agency->directory().SignaturesRequired(agency->name().state);
  const auto officers = OfficersOf(held);
  std::cerr << fmt::format("{}: signed by {}; {} of {} that {} requires{}\n", path,
                           Printable(fmt::format("{}", fmt::join(officers, ", "))), officers.size(),
                           required, agency->name().state,
                           static_cast<int>(officers.size()) < required
                               ? ""
                               : fmt::format("; \"entente submit {}\" sends it", path));
  return absl::OkStatus();
}

absl::Status Submit(const Context& context, const std::string& path) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  ENTENTE_ASSIGN_OR_RETURN(const HeldDocument held, ReadHeld(path, agency->directory()));
  ENTENTE_RETURN_IF_ERROR(CheckOwn(held, *agency, path));
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, held.group));
  ENTENTE_ASSIGN_OR_RETURN(const auto receipt, client->Submit(held.signed_document));
  PrintReceipt(receipt, context.json);
  return absl::OkStatus();
}

}  // namespace

void AddSign(CLI::App& app, Context& context) {
  struct Options {
    std::string file;
    bool show = false;
  };
  auto options = std::make_shared<Options>();
  auto* sign = app.add_subcommand(
      "sign",
      "Show a document that another officer has signed, and sign it, too.\n"
      "Example: entente denial notify d.json --hold d.signed   on one officer's machine\n"
      "         entente sign d.signed                          on the other's\n"
      "         entente submit d.signed");
  sign->add_option("file", options->file, "As --hold has left it")->required();
  sign->add_flag("--show", options->show, "Show it and who has signed; sign nothing");
  context.Run(sign, [options, &context] { return Sign(context, options->file, options->show); });
  auto* submit = app.add_subcommand("submit", "Send a document that is signed, print the receipt");
  submit->add_option("file", options->file, "As --hold or entente sign has left it")->required();
  context.Run(submit, [options, &context] { return Submit(context, options->file); });
}

}  // namespace entente::cli
