// entente list, entente show: what "follow --save" has kept, verified again and in words.
#include <algorithm>
#include <iostream>

#include "clients/cli/base/people.h"
#include "clients/cli/base/profile.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/saved_reading.h"
#include "clients/cli/exchange/sending.h"
#include "clients/sdk/chain.h"
#include "services/core/base/status.h"
#include "services/groups.h"

namespace entente::cli {

absl::StatusOr<std::vector<sdk::VerifiedEntry>> ReadSaved(const Context& context,
                                                          const std::string& folder,
                                                          const std::string& group,
                                                          const sdk::SavedLedgers::Keep& keep) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  bool waits = false;
  ENTENTE_ASSIGN_OR_RETURN(
      auto entries, sdk::SavedLedgers(folder).Read(agency->directory(), group, keep, &waits));
  if (waits) {
    std::cerr << "some of " << folder << " waits for a checkpoint; run follow again\n";
  }
  return entries;
}

absl::StatusOr<std::vector<sdk::VerifiedEntry>> ReadSavedChain(const Context& context,
                                                               const std::string& folder,
                                                               const std::string& group,
                                                               const std::string& name) {
  ENTENTE_ASSIGN_OR_RETURN(auto entries,
                           ReadSaved(context, folder, group, [&](const sdk::VerifiedEntry& entry) {
                             return sdk::IsOfChain(entry.name(), name);
                           }));
  return sdk::ChainOf(std::move(entries), name);
}

std::string EntryLine(const sdk::VerifiedEntry& entry) {
  const std::string erased =
      entry.erased() ? fmt::format(",\"erased_at\":{}", entry.entry.erased_at()) : "";
  return fmt::format("{{\"leaf\":{},\"document\":{}{}}}", ToJson(entry.leaf),
                     ToJson(entry.document), erased);
}

absl::Status PrintLines(const std::vector<sdk::VerifiedEntry>& entries) {
  for (const sdk::VerifiedEntry& entry : entries) std::cout << EntryLine(entry) << "\n";
  return absl::OkStatus();
}

std::string ByWhom(const sdk::VerifiedEntry& entry) {
  return entry.erased() ? fmt::format("{}, erased by entry {}", entry.originator().str(),
                                      entry.entry.erased_at())
                        : entry.signed_by();
}

namespace {

struct ShowOptions {
  std::string folder;
  std::string group = "leem";
  std::string name;
  std::string kind;
  std::string originator;
};

std::string KindOf(const sdk::VerifiedEntry& entry) {
  return std::string(document::ShortKind(entry.document.body().type_url()));
}

absl::Status List(const Context& context, const ShowOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(
      const auto entries,
      ReadSaved(context, options.folder, options.group, [&](const sdk::VerifiedEntry& entry) {
        return (options.kind.empty() || KindOf(entry) == options.kind) &&
               (options.originator.empty() || entry.originator().state == options.originator);
      }));
  if (context.json) return PrintLines(entries);
  Table table({"RECORDED", "KIND", "NAME", "BY"});
  for (const sdk::VerifiedEntry& entry : entries) {
    table.Add({FormatTime(entry.leaf.stamp().recorded_time()), KindOf(entry), entry.name(),
               ByWhom(entry)});
  }
  table.Print();
  std::cerr << entries.size() << " verified\n";
  return absl::OkStatus();
}

// Whether a document is said to this chain, or to one of its documents.
bool IsAbout(const sdk::VerifiedEntry& entry, const std::string& name) {
  const auto& references = entry.document.references();
  return std::any_of(references.begin(), references.end(), [&](const auto& reference) {
    return reference.relation() == exchange::v1::Reference::RELATION_ANSWERS &&
           sdk::IsOfChain(reference.name(), name);
  });
}

void Print(const sdk::VerifiedEntry& entry, const CodeTexts& texts) {
  std::cout << Printable(fmt::format("{}  {}", KindOf(entry), entry.name())) << "\n"
            << fmt::format("  recorded {} by {}\n  for {}, marked {}\n",
                           FormatTime(entry.leaf.stamp().recorded_time()), Printable(ByWhom(entry)),
                           Printable(AudienceWords(entry.document.audience())),
                           MarkingWords(entry.document.marking()));
  const auto body = Unpacked(entry.document.body());
  std::cout << (body == nullptr ? "  what it says cannot be read by this release\n"
                                : InWords(*body, texts, 2))
            << "\n";
}

// A chain's documents, each with all that it says, and what was said to them.
absl::Status Show(const Context& context, const ShowOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(
      auto entries,
      ReadSaved(context, options.folder, options.group, [&](const sdk::VerifiedEntry& entry) {
        return sdk::IsOfChain(entry.name(), options.name) || IsAbout(entry, options.name);
      }));
  ENTENTE_RETURN_IF_ERROR(sdk::ChainOf(entries, options.name).status());
  if (context.json) return PrintLines(entries);
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  const CodeTexts texts = ReadTexts(*agency);
  for (const sdk::VerifiedEntry& entry : entries) Print(entry, texts);
  return absl::OkStatus();
}

}  // namespace

void AddShow(CLI::App& app, Context& context) {
  auto options = std::make_shared<ShowOptions>();
  const auto add = [&](const char* verb, const char* text,
                       absl::Status (*run)(const Context&, const ShowOptions&)) {
    auto* command = app.add_subcommand(verb, text);
    command->add_option("--from", options->folder, "Folder of follow --save")->required();
    command->add_option("--group", options->group,
                        "Of what no checkpoint covers yet: one of " + GroupNames());
    context.Run(command, [options, &context, run] { return run(context, *options); });
    return command;
  };
  auto* list = add("list",
                   "List what a folder has, verified again, without the service.\n"
                   "Example: entente list --from inbox --kind Alert",
                   List);
  list->add_option("--kind", options->kind, "Of this kind alone, as in DenialNotification");
  list->add_option("--originator", options->originator, "Of this state alone, as in kr");
  add("show",
      "Show a document of a folder, those that follow it and what was said to it, in words.\n"
      "Example: entente show partners/jp/denials/2016-0042 --from inbox",
      Show)
      ->add_option("name", options->name, "As list prints it")
      ->required();
}

}  // namespace entente::cli
