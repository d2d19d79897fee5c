// entente ledger, entente delivery: heads, checkpoints, proofs, and who has a document.
#include <iostream>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/sdk/calls.h"
#include "clients/sdk/delivery.h"
#include "services/core/base/status.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using Stub = exchange::v1::ExchangeService::Stub;

struct LedgerOptions {
  std::string group = "leem";
  std::string ledger;
  std::string name;
  uint64_t index = 0;
};

std::string AudienceText(const exchange::v1::Audience& audience) {
  if (audience.has_all_partners()) return "all partners";
  if (audience.has_public_()) return "public";
  std::string text;
  for (const auto& state : audience.listed().states()) text += (text.empty() ? "" : " ") + state;
  return text;
}

absl::Status List(const Context& context, const LedgerOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(options.group));
  Table table({"LEDGER", "SIZE", "ROOT", "READERS"});
  exchange::v1::ListLedgersRequest request;
  const auto show = [&](exchange::v1::ListLedgersResponse& page) -> absl::StatusOr<bool> {
    for (const auto& info : page.ledgers()) {
      if (context.json) std::cout << ToJson(info) << "\n";
      table.Add({info.ledger(), std::to_string(info.head().size()),
                 base::ToBase64(info.head().root()), AudienceText(info.audience())});
    }
    return true;
  };
  ENTENTE_RETURN_IF_ERROR(sdk::ForEachPage(*client, &Stub::ListLedgers, request, show));
  if (!context.json) table.PrintUnverified("ledger", "ledgers");
  return absl::OkStatus();
}

absl::StatusOr<std::string> FetchCheckpoint(sdk::Client& client, const std::string& ledger) {
  exchange::v1::GetCheckpointRequest request;
  request.set_ledger(ledger);
  ENTENTE_ASSIGN_OR_RETURN(const auto response, sdk::Call(client, &Stub::GetCheckpoint, request));
  return response.checkpoint();
}

absl::Status Checkpoint(const Context& context, const LedgerOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(options.group));
  ENTENTE_ASSIGN_OR_RETURN(const auto note, FetchCheckpoint(*client, options.ledger));
  ENTENTE_RETURN_IF_ERROR(
      entry::OpenCheckpoint(note,
                            entry::OriginOf(client->agency().directory().trust_domain(),
                                            options.group, options.ledger),
                            client->log_keys())
          .status());
  std::cout << note;
  return absl::OkStatus();
}

// Fetches an entry, a checkpoint and the proof between them, verifies all, prints a receipt.
absl::Status Prove(const Context& context, const LedgerOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(options.group));
  const auto& directory = client->agency().directory();
  ENTENTE_ASSIGN_OR_RETURN(const auto note, FetchCheckpoint(*client, options.ledger));
  ENTENTE_ASSIGN_OR_RETURN(
      const auto checkpoint,
      entry::OpenCheckpoint(
          note, entry::OriginOf(directory.trust_domain(), options.group, options.ledger),
          client->log_keys()));
  exchange::v1::GetEntryRequest entry_request;
  entry_request.set_ledger(options.ledger);
  entry_request.set_index(options.index);
  ENTENTE_ASSIGN_OR_RETURN(const auto entry_response,
                           sdk::Call(*client, &Stub::GetEntry, entry_request));
  document::Verifier verifier;
  ENTENTE_ASSIGN_OR_RETURN(
      const auto verified,
      sdk::VerifyEntry(options.group, options.ledger, entry_response.entry(), verifier, directory));
  if (verified.index() != options.index) {
    return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked,
                        "the service answers with entry {} where {} was asked", verified.index(),
                        options.index);
  }
  exchange::v1::ProveInclusionRequest request;
  request.set_ledger(options.ledger);
  request.set_index(options.index);
  request.set_size(checkpoint.head.size);
  ENTENTE_ASSIGN_OR_RETURN(const auto response, sdk::Call(*client, &Stub::ProveInclusion, request));
  exchange::v1::Receipt receipt;
  receipt.set_leaf(verified.entry.leaf());
  *receipt.mutable_inclusion_proof() = response.hashes();
  receipt.set_checkpoint(note);
  auto digest = base::Digest::From(verified.leaf.document_digest());
  ENTENTE_RETURN_IF_ERROR(entry::CheckReceipt(receipt, *digest, directory.trust_domain(),
                                              options.group, client->log_keys())
                              .status());
  std::cout << ToJson(receipt, !context.json) << "\n";
  return absl::OkStatus();
}

absl::Status Delivery(const Context& context, const LedgerOptions& options) {
  const machine::Group* group = GroupOfName(options.name);
  if (group == nullptr) {
    return base::RefuseArgument(base::Reason::kFieldInvalid, "{} is not a document's name",
                                options.name);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(std::string(group->name)));
  ENTENTE_ASSIGN_OR_RETURN(const auto delivery, sdk::FetchDelivery(*client, options.name));
  if (context.json) {
    std::cout << ToJson(delivery.response) << "\n";
    return absl::OkStatus();
  }
  Table table({"STATE", "ACKNOWLEDGED", "SIGNED BY", "THEIR CLOCK"});
  for (const auto& [state, proof] : delivery.states) {
    if (!proof.has_value()) {
      table.Add({state, "not yet", "", ""});
      continue;
    }
    const auto agency = base::AgencyName::Parse(proof->acknowledgement.agency());
    table.Add({state, TimeText(proof->recorded), agency.has_value() ? agency->agency : "",
               FormatTime(proof->acknowledgement.acknowledged_time())});
  }
  std::cout << Printable(delivery.entry.name()) << ", recorded "
            << FormatTime(delivery.entry.leaf.stamp().recorded_time()) << "\n";
  table.Print();
  return absl::OkStatus();
}

}  // namespace

void AddLedger(CLI::App& app, Context& context) {
  auto options = std::make_shared<LedgerOptions>();
  auto* ledger = app.add_subcommand("ledger", "Ledgers, checkpoints, proofs");
  ledger->require_subcommand(1);
  const auto add = [&](CLI::App* parent, const char* verb, const char* text,
                       absl::Status (*run)(const Context&, const LedgerOptions&)) {
    auto* command = parent->add_subcommand(verb, text);
    command->add_option("--group", options->group, "One of " + GroupNames());
    context.Run(command, [options, &context, run] { return run(context, *options); });
    return command;
  };
  add(ledger, "list", "The ledgers you may read", List);
  add(ledger, "checkpoint", "A ledger's newest checkpoint, verified", Checkpoint)
      ->add_option("ledger", options->ledger, "As in all")
      ->required();
  auto* prove = add(ledger, "prove", "A receipt for an entry, verified", Prove);
  prove->add_option("ledger", options->ledger, "As in all")->required();
  prove->add_option("index", options->index, "From 0")->required();
  add(&app, "delivery", "Who has a document of yours", Delivery)
      ->add_option("name", options->name, "As in partners/kr/denials/2016-0042")
      ->required();
}

}  // namespace entente::cli
