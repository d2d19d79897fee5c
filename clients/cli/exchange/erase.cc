// entente erase: has a document of one's own state erased by law.
#include <filesystem>
#include <iostream>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/held_document.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/sending.h"
#include "clients/sdk/chain.h"
#include "entente/exchange/v1/erasure.pb.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/remains.h"
#include "services/core/rules/links.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using base::Reason;

struct EraseOptions {
  std::string group;
  std::string name;
  std::string authority;
  std::string legal_basis;
  std::string explanation;
  std::string reference;
  bool for_good = false;
};

// The document of this name, as its chain has it.
absl::StatusOr<sdk::VerifiedEntry> Find(const std::vector<sdk::VerifiedEntry>& chain,
                                        const std::string& name) {
  for (const sdk::VerifiedEntry& entry : chain) {
    if (entry.name() == name && !entry.erased()) return entry;
  }
  return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                      "{} is not there, or is erased already", name);
}

absl::Status Erase(const Context& context, const EraseOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(options.group));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain,
                           sdk::FetchChain(*client, std::string(rules::ChainOf(options.name))));
  ENTENTE_ASSIGN_OR_RETURN(const auto entry, Find(chain, options.name));
  if (!options.for_good && !context.dry_run) {
    return base::Refuse(
        absl::StatusCode::kFailedPrecondition, Reason::kFieldInvalid,
        "nothing was sent. What {} says, recorded {}, would be gone for good, at the service and "
        "with every partner who follows; its digest, name and time stay, and what others act on "
        "(docs/ERASURE.md). Add --for-good to sign that",
        options.name, FormatTime(entry.leaf.stamp().recorded_time()));
  }
  ENTENTE_ASSIGN_OR_RETURN(const std::string remains,
                           entry::RemainsOf(entry.entry.signed_document()));
  exchange::v1::Erasure body;
  body.set_authority(options.authority);
  body.set_legal_basis(options.legal_basis);
  body.set_explanation(options.explanation);
  body.set_remains_digest(crypto::Sha256(remains).str());
  body.set_index(entry.index());
  const std::string number = options.name.substr(options.name.rfind('/') + 1);
  auto document = client->Compose(
      !options.reference.empty()
          ? options.reference
          : base::ToHex(entry.leaf.document_digest()).substr(0, 12) + "." + number.substr(0, 40),
      entry.document.audience(), entry.document.marking(), body);
  auto* link = document.add_references();
  link->set_relation(exchange::v1::Reference::RELATION_ERASES);
  link->set_name(options.name);
  link->set_digest(entry.leaf.document_digest());
  ENTENTE_RETURN_IF_ERROR(SubmitAndPrint(context, *client, document));
  std::error_code ignored;
  if (!context.dry_run && context.hold_file.empty()) {
    std::filesystem::remove(SeenFile(client->agency(), entry.document), ignored);
  }
  return absl::OkStatus();
}

}  // namespace

void AddErase(CLI::App& app, Context& context) {
  auto options = std::make_shared<EraseOptions>();
  auto* erase = app.add_subcommand(
      "erase",
      "Have a document of your own state erased, because a law asks for it.\n"
      "Its digest, name and time stay, and so does the order. It cannot be taken back.\n"
      "Example: entente erase leem partners/kr/denials/2016-0042 \\\n"
      "           --authority \"Data Protection Authority\" --legal-basis \"Order 17/2026\" "
      "--for-good");
  erase->add_option("group", options->group, "One of " + GroupNames())->required();
  erase->add_option("name", options->name, "As in partners/kr/denials/2016-0042/revisions/2")
      ->required();
  erase->add_option("--authority", options->authority, "Who ordered it")->required();
  erase->add_option("--legal-basis", options->legal_basis, "The law, and the order's own number")
      ->required();
  erase->add_option("--explanation", options->explanation, "What else readers are told");
  erase->add_option("--reference", options->reference, "Your number of the order");
  erase->add_flag("--for-good", options->for_good, "It is meant; it cannot be taken back");
  context.Run(erase, [options, &context] { return Erase(context, *options); });
}

}  // namespace entente::cli
