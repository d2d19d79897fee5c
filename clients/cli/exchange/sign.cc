// entente draft, sign, submit: documents that one person composes and others sign, each with a key
// of his own on a machine of his own.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/differences.h"
#include "clients/cli/exchange/held_document.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/sending.h"
#include "clients/sdk/outbox.h"
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

// An officer signs what he has read, so it is shown, and what is another than he saw last.
void Show(const sdk::Agency& agency, const HeldDocument& held, bool json) {
  const exchange::v1::Document& header = held.parsed->header;
  std::cout << ToJson(header, !json) << "\n";
  if (json) return;
  const std::string path = SeenFile(agency, header);
  exchange::v1::Document before;
  if (const auto seen = base::ReadFile(path); seen && before.ParseFromString(*seen)) {
    std::cerr << Printable(fmt::format("changes of {} since you saw it here:", header.reference()))
              << "\n";
    PrintDraftDifferences(before, header);
  }
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
  base::WriteFileAtomically(path, held.signed_document.document(), 0600);
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
    Show(*agency, held, context.json);
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
    if (officers.empty()) {
      std::cerr << paths[i] << ": a draft; nobody has signed it\n";
      continue;
    }
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
  if (held.signers.empty()) {
    return base::RefuseArgument(Reason::kSignatureMissing,
                                "{}: is a draft; entente sign {} signs it", path, path);
  }
  ENTENTE_RETURN_IF_ERROR(CheckOwn(held, *agency, path));
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, held.group));
  ENTENTE_RETURN_IF_ERROR(ShowAndConfirm(context, *client, held.parsed->header, "Send?"));
  ENTENTE_RETURN_IF_ERROR(SubmitSigned(context, *client, held.signed_document));
  std::error_code ignored;
  if (!context.dry_run) std::filesystem::remove(SeenFile(*agency, held.parsed->header), ignored);
  return absl::OkStatus();
}

// What one group was sent and never answered: shown, and sent again or thrown away.
absl::Status SubmitKept(const Context& context, const std::shared_ptr<const sdk::Agency>& agency,
                        const std::string& group, bool discard, size_t& found) {
  const sdk::Outbox outbox(*agency, group);
  ENTENTE_ASSIGN_OR_RETURN(const auto kept, outbox.Unanswered());
  found += kept.size();
  if (kept.empty()) return absl::OkStatus();
  for (const std::string& path : kept) {
    ENTENTE_ASSIGN_OR_RETURN(const auto document, sdk::Outbox::Read(path));
    exchange::v1::Document header;
    header.ParseFromString(document.document());
    std::cerr << Printable(fmt::format("{} {} for {}, composed {}",
                                       document::ShortKind(header.body().type_url()),
                                       header.reference(), AudienceWords(header.audience()),
                                       FormatTime(header.composed_time())))
              << "\n";
  }
  if (discard) {
    ENTENTE_RETURN_IF_ERROR(
        Confirm(context, "Throw these away? What was recorded already stays recorded."));
    for (const std::string& path : kept) {
      ENTENTE_ASSIGN_OR_RETURN(const auto document, sdk::Outbox::Read(path));
      outbox.Answered(document);
    }
    return absl::OkStatus();
  }
  ENTENTE_RETURN_IF_ERROR(ConfirmSending(context, "Send these again?"));
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, group));
  absl::Status refused;
  ENTENTE_RETURN_IF_ERROR(client->SubmitKept(
      [&](const auto& document, const auto& receipt) {
        exchange::v1::Document header;
        header.ParseFromString(document.document());
        if (receipt.ok()) return PrintReceipt(*receipt, header.audience(), context.json);
        if (refused.ok()) refused = base::WithPrefix(receipt.status(), header.reference());
        std::cerr << Printable(fmt::format("{} is refused, and kept no longer: {}",
                                           header.reference(), base::Text(receipt.status())))
                  << "\n";
      },
      TellOfWaiting(*client)));
  return refused;
}

absl::Status SubmitAllKept(const Context& context, bool discard) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  size_t found = 0;
  absl::Status first;
  for (const auto& endpoint : agency->config().endpoints()) {
    const absl::Status status = SubmitKept(context, agency, endpoint.group(), discard, found);
    if (first.ok()) first = status;
  }
  if (found == 0) std::cerr << "nothing that was sent waits for an answer\n";
  return first;
}

}  // namespace

void AddSign(CLI::App& app, Context& context) {
  struct Options {
    std::string file;
    std::string output;
    std::vector<std::string> files;
    bool show = false;
    bool discard = false;
  };
  auto options = std::make_shared<Options>();
  auto* draft =
      app.add_subcommand("draft",
                         "Compose a document and keep it unsigned; who composes needs no key.\n"
                         "Example: entente draft d.json -o d.draft   then: entente sign d.draft; "
                         "entente submit d.draft");
  draft->add_option("file", options->file, "As denial new, alert new and the like print it")
      ->required();
  draft->add_option("-o,--output", options->output, "File to write; it must not be there")
      ->required();
  context.Run(draft, [options, &context] {
    const absl::Status status = RefuseDryRun(context, "draft", "it sends nothing");
    return status.ok() ? DraftFile(context, options->file, options->output) : status;
  });
  auto* sign = app.add_subcommand(
      "sign",
      "Show documents that were drafted, or that another officer has signed, and sign them: "
      "several at "
      "once.\n"
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
  submit->add_option(
      "file", options->file,
      "As --hold or entente sign has left it; without: what was sent and never answered");
  submit->add_flag("--discard", options->discard,
                   "Without a file: throw away what was never answered");
  context.Run(submit, [options, &context] {
    if (!options->file.empty()) return Submit(context, options->file);
    const absl::Status status = RefuseDryRun(context, "submit", "name a file");
    return status.ok() ? SubmitAllKept(context, options->discard) : status;
  });
}

}  // namespace entente::cli
