// entente annex: editions of the list of controlled items, what differs between them, national
// codes, who applies which.
#include <iostream>

#include "clients/cli/base/normal_text.h"
#include "clients/cli/base/profile.h"
#include "clients/cli/base/words.h"
#include "clients/cli/exchange/sending.h"
#include "clients/cli/tem/annex_files.h"
#include "clients/cli/tem/annex_html.h"
#include "clients/cli/tem/annex_text.h"
#include "clients/cli/tem/nouns.h"
#include "clients/sdk/calls.h"
#include "clients/sdk/tem/editions.h"
#include "clients/sdk/tem/proposals.h"
#include "entente/tem/v1/annex_service.grpc.pb.h"
#include "services/core/base/calendar.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/tem/annex/assembly.h"

namespace entente::cli {
namespace {
using base::Reason;
using exchange::v1::Reference;
using AnnexStub = tem::v1::AnnexService::Stub;

struct AnnexOptions {
  std::string file;
  std::string edition;
  std::string other;
  std::string title;
  std::string text;
  std::string name;
  std::string format = "text";
  std::string output;
  std::string html;
  std::string path;
  std::string code;
  std::string jurisdiction;
  std::string date;
  std::string word;
  std::string act;
  std::string reference;
  std::vector<std::string> joined_later;  // states
  std::vector<std::string> proposals;
  bool side_by_side = false;
};

absl::Status WriteOut(const std::string& path, const std::string& text) {
  if (path.empty()) {
    std::cout << text;
    return absl::OkStatus();
  }
  if (base::WriteFileAtomically(path, text, 0644)) return absl::OkStatus();
  return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", path);
}

absl::StatusOr<tem::v1::AnnexEdition> ReadAnnexFile(const std::string& path) {
  const auto text = base::ReadFile(path);
  if (!text.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", path);
  }
  std::vector<std::string> normalized;
  auto edition = ReadAnnex(*text, &normalized);
  if (!edition.ok()) return base::WithPrefix(edition.status(), path);
  for (const std::string& field : normalized) {
    std::cerr << fmt::format("{}: {}: {}\n", path, Printable(field), kNormalized);
  }
  return edition;
}

exchange::v1::Marking Marked(bool everybody) {
  exchange::v1::Marking marking;
  marking.set_level(everybody ? exchange::v1::Marking::LEVEL_UNMARKED
                              : exchange::v1::Marking::LEVEL_OFFICIAL);
  marking.set_tlp(everybody ? exchange::v1::Marking::TLP_CLEAR : exchange::v1::Marking::TLP_AMBER);
  return marking;
}

exchange::v1::Audience AllPartners() {
  exchange::v1::Audience audience;
  audience.mutable_all_partners();
  return audience;
}

absl::Status ListEditions(const Context& context, const AnnexOptions&) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto response, sdk::Call(*client, &AnnexStub::ListEditions,
                                                          tem::v1::ListEditionsRequest()));
  Table table({"EDITION", "BASE", "NODES", "PUBLISHED", "TITLE"});
  for (const tem::v1::EditionSummary& one : response.editions()) {
    if (context.json) {
      std::cout << ToJson(one) << "\n";
    } else {
      table.Add({one.edition(), one.base().empty() ? "-" : one.base(), std::to_string(one.nodes()),
                 FormatTime(one.recorded_time()), one.title()});
    }
  }
  if (!context.json) table.PrintUnverified("edition", "editions");
  return absl::OkStatus();
}

absl::Status Show(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  tem::v1::GetNodeRequest request;
  request.set_edition(options.edition);
  // A path starts with an item's number or a capital; an id has no dot and no capital.
  const bool is_id = options.path.find('.') == std::string::npos &&
                     tem::annex::IsNodeId(options.path) && !std::isdigit(options.path[0]);
  (is_id ? request.mutable_id() : request.mutable_path())->assign(options.path);
  ENTENTE_ASSIGN_OR_RETURN(const auto response, sdk::Call(*client, &AnnexStub::GetNode, request));
  if (context.json) {
    std::cout << ToJson(response) << "\n";
    return absl::OkStatus();
  }
  std::cout << "id " << Printable(response.id()) << "\n";
  std::string text;
  Table table({"EDITION", "PATH", "KIND", "TEXT"});
  for (const tem::v1::NodeAt& place : response.places()) {
    const auto& node = place.node();
    table.Add({place.edition(), node.path(), Word(tem::v1::NodeKind_Name(node.kind()), 10),
               node.reserved()                        ? "[reserved]"
               : node.text() == text && !text.empty() ? "(the same)"
                                                      : node.text().substr(0, 90)});
    text = node.text();
  }
  table.PrintUnverified("place", "places");
  return absl::OkStatus();
}

absl::Status Export(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto edition, sdk::FetchEdition(*client, options.edition));
  const std::string& format = context.json ? "json" : options.format;
  if (format == "json") return WriteOut(options.output, ToJson(edition.proto, true));
  if (format == "csv") return WriteOut(options.output, WriteAnnexCsv(edition.proto));
  if (format == "html") return WriteOut(options.output, EditionPage(edition.proto));
  if (format == "text") return WriteOut(options.output, CleanText(edition.proto));
  return base::RefuseArgument(Reason::kFieldInvalid, "--format: text, json, csv or html");
}

absl::Status Diff(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto before, sdk::FetchEdition(*client, options.edition));
  ENTENTE_ASSIGN_OR_RETURN(const auto after, sdk::FetchEdition(*client, options.other));
  if (!options.html.empty()) {
    // The cover page belongs to the step from its own base only.
    const bool step = after.proto.base() == before.proto.edition();
    return WriteOut(
        options.html,
        ComparisonPage(after.proto.title(), before.proto.edition(), after.proto.edition(),
                       step ? after.proto.amendments()
                            : google::protobuf::RepeatedPtrField<tem::v1::Amendment>(),
                       tem::annex::Compare(before.content, after.content, true)));
  }
  // Side by side, texts stand even where only their place changed.
  auto differences = tem::annex::Compare(before.content, after.content, options.side_by_side);
  std::erase_if(differences, [](const auto& one) { return one.kinds().empty(); });
  if (context.json) {
    for (const auto& one : differences) std::cout << ToJson(one) << "\n";
  } else if (options.side_by_side) {
    std::cout << SideBySideText(differences, 56);
  } else {
    std::cout << RedlineText(differences, IsTerminal(1));
  }
  return absl::OkStatus();
}

// What silence means: as the profile of the client's configuration says, else as the one that
// ships.
config::v1::TemRules RulesOf(const sdk::Agency& agency) {
  if (const auto profile = ReadProfile(agency)) return profile->tem();
  config::v1::TemRules rules;
  rules.set_silent_agrees(true);
  return rules;
}

// An edition is named by its day.
absl::Status CheckEdition(const std::string& edition) {
  if (base::ParseDate(edition).has_value()) return absl::OkStatus();
  return base::RefuseArgument(Reason::kFieldInvalid,
                              "--edition: \"{}\" is no day; an edition is named by its own, as in "
                              "2016-10-20",
                              edition);
}

// A draft edition as a file: the edition, and which proposals at which text it was made of.
absl::Status Assemble(const Context& context, const AnnexOptions& options) {
  ENTENTE_RETURN_IF_ERROR(CheckEdition(options.edition));
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(auto draft,
                           sdk::AssembleEdition(*client, options.edition, options.proposals,
                                                {RulesOf(client->agency()), options.joined_later}));
  if (options.edition <= draft.edition.base()) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "--edition: {} is not after {}, which it changes", options.edition,
                                draft.edition.base());
  }
  if (!options.title.empty()) {
    draft.edition.set_title(NormalText(options.title));
    draft.approval.set_content_digest(tem::annex::ContentDigest(draft.edition).str());
  }
  ENTENTE_RETURN_IF_ERROR(WriteOut(options.output, ToJson(draft.edition, true)));
  ENTENTE_RETURN_IF_ERROR(WriteOut(options.output + ".approval", ToJson(draft.approval, true)));
  if (!context.json) {
    const int parts = draft.approval.proposals_size();
    std::cout << CoverText(draft.edition);
    std::cerr << fmt::format(
        "{} of {} proposal{}; next: entente annex approve {} --decision \"…\"\n", options.output,
        parts, parts == 1 ? "" : "s", options.output);
  }
  return absl::OkStatus();
}

// Submits the approval of a draft, or of an import, as the chair.
absl::Status Approve(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto edition, ReadAnnexFile(options.file));
  tem::v1::EditionApproval approval;
  if (base::ReadFile(options.file + ".approval").has_value()) {
    ENTENTE_RETURN_IF_ERROR(FromJsonFile(options.file + ".approval", approval));
  }
  approval.set_edition(edition.edition());
  approval.set_base(edition.base());
  approval.set_content_digest(tem::annex::ContentDigest(edition).str());
  approval.set_decision(options.text);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  const std::string reference =
      options.reference.empty() ? "approval-" + edition.edition() : options.reference;
  return SubmitAndPrint(context, *client,
                        client->Compose(reference, AllPartners(), Marked(false), approval));
}

absl::Status Publish(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto edition, ReadAnnexFile(options.file));
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  exchange::v1::Audience everybody;
  everybody.mutable_public_();
  auto document = client->Compose(options.reference.empty() ? edition.edition() : options.reference,
                                  everybody, Marked(true), edition);
  auto* answers = document.add_references();
  answers->set_relation(Reference::RELATION_ANSWERS);
  answers->set_name(!options.name.empty() ? options.name
                                          : "partners/" + client->agency().name().state +
                                                "/approvals/approval-" + edition.edition());
  if (!edition.base().empty()) {
    ENTENTE_ASSIGN_OR_RETURN(const auto base, sdk::FetchEdition(*client, edition.base()));
    auto* relates = document.add_references();
    relates->set_relation(Reference::RELATION_RELATES_TO);
    relates->set_name(base.name);
  }
  return SubmitAndPrint(context, *client, document);
}

// A whole edition from a file, as a draft to approve and publish.
absl::Status Import(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto edition, ReadAnnexFile(options.file));
  edition.clear_base();
  edition.clear_amendments();
  if (!options.edition.empty()) edition.set_edition(options.edition);
  ENTENTE_RETURN_IF_ERROR(CheckEdition(edition.edition()));
  if (!options.title.empty()) edition.set_title(NormalText(options.title));
  ENTENTE_RETURN_IF_ERROR(WriteOut(options.output, ToJson(edition, true)));
  if (!context.json && !options.output.empty()) {
    std::cerr << fmt::format("{}: {} nodes; next: entente annex approve {} --decision \"…\"\n",
                             options.output, edition.nodes_size(), options.output);
  }
  return absl::OkStatus();
}

absl::Status ImportCodes(const Context& context, const AnnexOptions& options) {
  const auto text = base::ReadFile(options.file);
  if (!text.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", options.file);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto crosswalks, ReadCrosswalkCsv(*text));
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto edition, sdk::FetchEdition(*client, options.edition));
  for (tem::v1::Crosswalk& crosswalk : crosswalks) {
    crosswalk.set_edition(edition.proto.edition());
    crosswalk.set_national_edition(options.other);
    const std::string reference =
        (options.reference.empty() ? "codes" : options.reference) + "-" + crosswalk.jurisdiction();
    ENTENTE_RETURN_IF_ERROR(SubmitAndPrint(
        context, *client, client->Compose(reference, AllPartners(), Marked(false), crosswalk)));
  }
  return absl::OkStatus();
}

absl::Status FindCodes(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  tem::v1::FindCodesRequest request;
  request.set_path(options.path);
  request.set_code(options.code);
  request.set_edition(options.edition);
  request.set_jurisdiction(options.jurisdiction);
  request.set_date(options.date);
  request.set_page_size(500);
  Table table({"PATH", "JURISDICTION", "CODE", "RELATION", "VALID", "SOURCE"});
  const auto show = [&](tem::v1::FindCodesResponse& page) -> absl::StatusOr<bool> {
    for (const tem::v1::CodeRelation& one : page.relations()) {
      if (context.json) {
        std::cout << ToJson(one) << "\n";
        continue;
      }
      std::string valid = one.valid_from_date().empty() && one.valid_until_date().empty()
                              ? "open"
                              : one.valid_from_date() + " … " + one.valid_until_date();
      table.Add({one.path().empty() ? "(not in this edition)" : one.path(), one.jurisdiction(),
                 one.code(), Word(tem::v1::CrosswalkRelation_Name(one.relation()), 19), valid,
                 one.source()});
    }
    return true;
  };
  ENTENTE_RETURN_IF_ERROR(sdk::ForEachPage(*client, &AnnexStub::FindCodes, request, show));
  if (!context.json) table.PrintUnverified("relation", "relations");
  return absl::OkStatus();
}

absl::Status SetStatus(const Context& context, const AnnexOptions& options) {
  tem::v1::ImplementationStatus body;
  ENTENTE_ASSIGN_OR_RETURN(const auto state, ParseWord<tem::v1::ImplementationState>(
                                                 "IMPLEMENTATION_STATE_", options.word, "--state"));
  body.set_edition(options.edition);
  body.set_state(state);
  body.set_in_force_date(options.date);
  body.set_act(options.act);
  body.set_text(options.text);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  return SubmitAndPrint(
      context, *client,
      client->Compose(options.reference.empty() ? FreshReference() : options.reference,
                      AllPartners(), Marked(false), body));
}

absl::Status ListStatus(const Context& context, const AnnexOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  tem::v1::ListImplementationsRequest request;
  request.set_edition(options.edition);
  ENTENTE_ASSIGN_OR_RETURN(const auto response,
                           sdk::Call(*client, &AnnexStub::ListImplementations, request));
  if (!options.html.empty()) return WriteOut(options.html, ImplementationPage(response));
  Table table({"EDITION", "STATE", "HOW FAR", "SINCE", "ACT"});
  int behind = 0;
  for (const tem::v1::Implementation& one : response.implementations()) {
    behind += one.in_force() ? 0 : 1;
    if (context.json) {
      std::cout << ToJson(one) << "\n";
    } else {
      table.Add({one.edition(), one.state(),
                 one.has_recorded_time()
                     ? Word(tem::v1::ImplementationState_Name(one.status().state()), 21)
                     : "nothing said",
                 one.status().in_force_date(), one.status().act()});
    }
  }
  if (context.json) return absl::OkStatus();
  table.PrintUnverified("state", "states");
  std::cerr << behind << " not in force\n";
  return absl::OkStatus();
}

using Options = std::shared_ptr<AnnexOptions>;
using Verb = absl::Status (*)(const Context&, const AnnexOptions&);

CLI::App* AddVerb(CLI::App* noun, Context& context, const Options& options, const char* verb,
                  const char* text, Verb run) {
  auto* command = noun->add_subcommand(verb, text);
  context.Run(command, [options, &context, run] { return run(context, *options); });
  return command;
}

void AddMaking(CLI::App* noun, Context& context, const Options& options) {
  auto* import = AddVerb(noun, context, options, "import",
                         "Make a draft of a CSV or JSON file (an edition as it stood)", Import);
  import->add_option("file", options->file, "CSV or JSON")->required();
  import->add_option("--edition", options->edition, "Its date, as in 2016-03-17");
  import->add_option("--title", options->title, "Its title");
  import->add_option("-o,--output", options->output, "File to write; else standard output");
  auto* assemble = AddVerb(noun, context, options, "assemble",
                           "Make a draft of the newest edition and agreed proposals", Assemble);
  assemble->add_option("proposals", options->proposals, "Names; else all that are agreed");
  assemble->add_option("--edition", options->edition, "The new edition's date")->required();
  assemble->add_option("--title", options->title, "Its title; else as before");
  assemble->add_option("-o,--output", options->output, "File to write")->required();
  assemble
      ->add_option("--joined-later", options->joined_later,
                   "States that joined the regime after the proposals were concluded")
      ->delimiter(',');
  auto* approve =
      AddVerb(noun, context, options, "approve", "As the chair: approve a draft", Approve);
  approve->add_option("file", options->file, "The draft")->required();
  approve->add_option("--decision", options->text, "Where or how it was approved")->required();
  approve->add_option("--reference", options->reference, "Your number of the approval");
  auto* publish = AddVerb(noun, context, options, "publish",
                          "As the chair: publish what was approved", Publish);
  publish->add_option("file", options->file, "The draft")->required();
  publish->add_option("--approval", options->name, "The approval's name; else your own");
  publish->add_option("--reference", options->reference, "Your number of the edition");
}

void AddCodes(CLI::App* noun, Context& context, const Options& options) {
  auto* codes = AddVerb(noun, context, options, "codes",
                        "Find national codes of a place, or places of a code", FindCodes);
  codes->add_option("--path", options->path, "A place, with what is below it");
  codes->add_option("--code", options->code, "A national code");
  codes->add_option("--edition", options->edition, "The edition of paths; else the newest");
  codes->add_option("--jurisdiction", options->jurisdiction, "As in eu");
  codes->add_option("--date", options->date, "Valid at this day");
  auto* import_codes = AddVerb(noun, context, options, "import-codes",
                               "Send relations to national codes from a CSV", ImportCodes);
  import_codes->add_option("file", options->file, "CSV")->required();
  import_codes->add_option("--edition", options->edition, "The edition of paths; else the newest");
  import_codes->add_option("--national-edition", options->other, "Of the national list");
  import_codes->add_option("--reference", options->reference, "Your number");
  auto* status = AddVerb(noun, context, options, "status", "Who applies which edition", ListStatus);
  status->add_option("edition", options->edition, "The edition; else all");
  status->add_option("--html", options->html, "Write one self-contained page");
  auto* set = AddVerb(noun, context, options, "set-status", "Say how far your state is", SetStatus);
  set->add_option("edition", options->edition, "The edition")->required();
  set->add_option("--state", options->word, "not-started, in-process or in-force")->required();
  set->add_option("--date", options->date, "In force since");
  set->add_option("--act", options->act, "By which act");
  set->add_option("--text", options->text, "In words");
}

}  // namespace

void AddAnnex(CLI::App& app, Context& context) {
  auto options = std::make_shared<AnnexOptions>();
  auto* noun =
      app.add_subcommand("annex",
                         "The list of controlled items: editions, differences, national codes.\n"
                         "Example: entente annex diff 2016-03-17 2016-10-20 --html redline.html");
  noun->require_subcommand(1);
  AddVerb(noun, context, options, "list", "List editions", ListEditions);
  auto* show = AddVerb(noun, context, options, "show", "A place through all editions", Show);
  show->add_option("place", options->path, "Path, as in 3.A.2, or id")->required();
  show->add_option("--edition", options->edition, "The edition of the path; else the newest");
  auto* get = AddVerb(noun, context, options, "export", "An edition, verified", Export);
  get->add_option("edition", options->edition, "The edition; else the newest");
  get->add_option("--format", options->format, "text, json, csv or html");
  get->add_option("-o,--output", options->output, "File to write; else standard output");
  auto* diff = AddVerb(noun, context, options, "diff", "What differs, word by word", Diff);
  diff->add_option("old", options->edition, "From this edition")->required();
  diff->add_option("new", options->other, "To this one")->required();
  diff->add_option("--html", options->html, "Write one self-contained page");
  diff->add_flag("--side-by-side", options->side_by_side, "In two columns");
  AddMaking(noun, context, options);
  AddCodes(noun, context, options);
}

}  // namespace entente::cli
