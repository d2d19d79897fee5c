// entente proposal: changes to the Annex, from the first text to the chair's conclusion.
#include <iostream>

#include "clients/cli/base/words.h"
#include "clients/cli/exchange/revision_file.h"
#include "clients/cli/exchange/sending.h"
#include "clients/cli/tem/annex_html.h"
#include "clients/cli/tem/annex_text.h"
#include "clients/cli/tem/nouns.h"
#include "clients/sdk/tem/editions.h"
#include "clients/sdk/tem/proposals.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/tem/annex/assembly.h"

namespace entente::cli {
namespace {
using base::Reason;
using exchange::v1::Reference;

constexpr char kTemplate[] = R"({
  // A proposal. Lines that start with // are comments. Invented sample data.
  "reference": "2016-1",
  "audience": {"all_partners": {}},
  "marking": {"level": "LEVEL_OFFICIAL", "tlp": "TLP_AMBER"},
  "body": {
    "@type": "type.googleapis.com/entente.tem.v1.Proposal",
    "title": "Kites on strings of carbon",
    // The edition that the changes apply to; "entente annex list" names them.
    "edition": "2016-03-17",
    "problem": "Strings of carbon lift kites higher than the entry's authors thought.",
    "rationale": "The height follows from the string's strength.",
    // EFFECT_ADDS EFFECT_REMOVES EFFECT_NEUTRAL EFFECT_EDITORIAL
    "effect": "EFFECT_ADDS",
    "meeting": "Busan 2016 TEM",
    // Nodes are named by their ids: "entente annex show 1.A.1" prints them. Other changes: remove, move,
    // renumber, split, merge.
    "changes": [
      {"replace": {"node": "kite", "text": "Kites that reach 300 m or more."}},
      {"add": {"parent": "kite", "label": "b", "after": "kite-frames",
               "node": {"id": "carbon-strings", "kind": "NODE_KIND_ENTRY", "text": "Strings of carbon for them."}}}
    ]
  }
}
)";

struct ProposalOptions {
  std::vector<std::string> files;
  std::string name;
  std::string file;
  std::string filter;
  std::string word;
  std::string text;
  std::string meeting;
  std::string node;
  std::string quote;
  std::string edition;
  std::string output;
  std::string html;
  std::string reference;
  std::vector<std::string> into;
  std::vector<std::string> to;
  bool leave = false;
  int revision = 0;
};

absl::Status List(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  Table table({"NUMBER", "NAME", "STATE", "REV", "EDITION", "TITLE"});
  const auto show = [&](const tem::v1::ProposalView& view) {
    if (context.json) {
      std::cout << ToJson(view) << "\n";
    } else {
      table.Add({view.number(), view.name(), Word(tem::v1::ProposalState_Name(view.state()), 15),
                 std::to_string(view.revision()), view.body().edition(),
                 view.body().title().substr(0, 60)});
    }
    return true;
  };
  ENTENTE_RETURN_IF_ERROR(sdk::ForEachProposal(*client, options.filter, show));
  if (!context.json) table.PrintUnverified("proposal", "proposals");
  return absl::OkStatus();
}

void PrintConflicts(const tem::v1::ProposalView& view) {
  for (const tem::v1::Conflict& conflict : view.conflicts()) {
    std::cout << fmt::format("conflict: {} with {} ({}) at {} [{}]{}\n",
                             Word(tem::v1::ConflictKind_Name(conflict.kind()), 14),
                             Printable(conflict.number()), Printable(conflict.proposal()),
                             Printable(conflict.path()), Printable(conflict.node()),
                             conflict.settled() ? ", settled: one follows the other" : "");
  }
  if (!view.newer_edition().empty()) {
    std::cout << fmt::format("newer edition: {}; {}\n", Printable(view.newer_edition()),
                             view.rebase_conflicts().empty()
                                 ? "it can be rebased as it stands: entente proposal rebase"
                                 : "it cannot be rebased as it stands:");
  }
  for (const tem::v1::RebaseConflict& conflict : view.rebase_conflicts()) {
    std::cout << fmt::format("  change {}: {} {}\n", conflict.change(), Printable(conflict.node()),
                             Printable(conflict.why()));
  }
}

// Puts the positions that were signed on this text in the place of those that the service shows.
absl::Status ShowSignedPositions(sdk::Client& client, const sdk::VerifiedProposal& proposal,
                                 tem::v1::ProposalView& view) {
  ENTENTE_ASSIGN_OR_RETURN(const auto answers, sdk::FetchAnswers(client, proposal.name));
  for (tem::v1::StatePosition& shown : *view.mutable_positions()) {
    const std::string state = shown.state();
    shown.Clear();
    shown.set_state(state);
    for (const sdk::VerifiedEntry& entry : answers) {
      tem::v1::ProposalPosition position;
      if (entry.originator().state != state || !entry.document.body().UnpackTo(&position) ||
          position.text_digest() != proposal.text_digest) {
        continue;
      }
      shown.set_kind(position.kind());
      shown.set_text(position.text());
      *shown.mutable_recorded_time() = entry.leaf.stamp().recorded_time();
    }
  }
  return absl::OkStatus();
}

// The text must be what the sponsor signed last.
absl::Status Get(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(auto view, sdk::FetchProposalView(*client, options.name));
  ENTENTE_ASSIGN_OR_RETURN(const auto verified, sdk::FetchProposal(*client, options.name));
  google::protobuf::Any given;
  given.PackFrom(view.body());
  google::protobuf::Any known;
  known.PackFrom(verified.body);
  if (view.name() != options.name || given.value() != known.value()) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                        "the service answers with a text of {} that its sponsor did not sign",
                        options.name);
  }
  ENTENTE_RETURN_IF_ERROR(ShowSignedPositions(*client, verified, view));
  if (context.json) {
    std::cout << ToJson(view) << "\n";
    return absl::OkStatus();
  }
  std::cout << fmt::format(
      "{}  {}\n{}\nstate: {}, text {}, against edition {}\nsponsors:", Printable(view.number()),
      Printable(view.name()), Printable(view.body().title()),
      Word(tem::v1::ProposalState_Name(view.state()), 15), view.revision(),
      Printable(view.body().edition()));
  for (const std::string& sponsor : view.sponsors()) std::cout << " " << Printable(sponsor);
  std::cout << "\n";
  Table positions({"STATE", "POSITION", "SINCE", "IN WORDS"});
  for (const tem::v1::StatePosition& one : view.positions()) {
    positions.Add({one.state(),
                   one.kind() == tem::v1::POSITION_KIND_UNSPECIFIED
                       ? "-"
                       : Word(tem::v1::PositionKind_Name(one.kind()), 14),
                   one.has_recorded_time() ? FormatTime(one.recorded_time()) : "",
                   one.text().substr(0, 70)});
  }
  positions.Print();
  std::cout << (view.agreed() ? "agreed by the positions above\n" : "not agreed:\n");
  for (const std::string& why : view.in_the_way()) std::cout << "  " << Printable(why) << "\n";
  PrintConflicts(view);
  return absl::OkStatus();
}

// What a proposal does to its edition.
absl::Status Redline(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  ENTENTE_ASSIGN_OR_RETURN(const auto edition, sdk::FetchEdition(*client, proposal.body.edition()));
  tem::annex::Draft draft(edition.content);
  base::FieldViolations violations;
  draft.Apply(proposal.body.changes(), "body.changes", violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  ENTENTE_ASSIGN_OR_RETURN(const auto changed, draft.Finish("body.changes"));
  if (!options.html.empty()) {
    const auto whole = tem::annex::Compare(edition.content, changed, true);
    const std::string page =
        ComparisonPage(proposal.body.title(), proposal.body.edition(), options.name, {}, whole);
    if (base::WriteFileAtomically(options.html, page, 0600)) return absl::OkStatus();
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", options.html);
  }
  const auto differences = tem::annex::Compare(edition.content, changed);
  if (context.json) {
    for (const auto& one : differences) std::cout << ToJson(one) << "\n";
  } else {
    std::cout << RedlineText(differences, IsTerminal(1));
  }
  return absl::OkStatus();
}

absl::Status Answers(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto answers, sdk::FetchAnswers(*client, options.name));
  Table table({"NAME", "RECORDED", "KIND", "ABOUT", "WHAT"});
  for (const sdk::VerifiedEntry& entry : answers) {
    if (context.json) {
      std::cout << "{\"leaf\":" << ToJson(entry.leaf) << ",\"document\":" << ToJson(entry.document)
                << "}\n";
      continue;
    }
    tem::v1::ProposalComment comment;
    tem::v1::ProposalPosition position;
    tem::v1::ProposalConclusion conclusion;
    tem::v1::ProposalSponsorship sponsorship;
    std::string what;
    const auto& body = entry.document.body();
    if (body.UnpackTo(&comment)) {
      what = Word(tem::v1::CommentKind_Name(comment.kind()), 13) + ": " + comment.text();
      if (!comment.node().empty()) what.insert(0, "[" + comment.node() + "] ");
    } else if (body.UnpackTo(&position)) {
      what = Word(tem::v1::PositionKind_Name(position.kind()), 14) + " " + position.text();
    } else if (body.UnpackTo(&conclusion)) {
      what = Word(tem::v1::ProposalConclusion::Outcome_Name(conclusion.outcome()), 8) + " at " +
             conclusion.meeting();
    } else if (body.UnpackTo(&sponsorship)) {
      what = sponsorship.withdrawn() ? "leaves the sponsors" : "joins the sponsors";
    }
    std::string about;
    for (const auto& reference : entry.document.references()) about = reference.name();
    table.Add({entry.name(), FormatTime(entry.leaf.stamp().recorded_time()),
               std::string(document::ShortKind(body.type_url())),
               about == options.name ? "" : about, what.substr(0, 70)});
  }
  if (!context.json) table.Print();
  return absl::OkStatus();
}

absl::Status Send(const Context& context, const ProposalOptions& options) {
  ENTENTE_RETURN_IF_ERROR(SendFiles(context, "tem", options.files));
  if (context.json || context.dry_run || !context.hold_file.empty()) return absl::OkStatus();
  // What it meets is shown at once, to who has just sent it.
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  for (const std::string& file : options.files) {
    exchange::v1::Document document;
    ENTENTE_RETURN_IF_ERROR(FromJsonFile(file, document));
    const std::string name =
        "partners/" + client->agency().name().state + "/proposals/" + document.reference();
    ENTENTE_ASSIGN_OR_RETURN(const auto view, sdk::FetchProposalView(*client, name));
    std::cout << fmt::format("{} is {}\n", Printable(view.name()), Printable(view.number()));
    PrintConflicts(view);
  }
  return absl::OkStatus();
}

absl::Status Revise(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  ENTENTE_ASSIGN_OR_RETURN(
      auto document, ComposeFromFile(*client, proposal.chain, options.reference, options.file));
  return SubmitAndPrint(context, *client, std::move(document));
}

absl::Status Close(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  tem::v1::ProposalClosure body;
  ENTENTE_ASSIGN_OR_RETURN(const auto outcome, ParseWord<tem::v1::ProposalClosure::Outcome>(
                                                   "OUTCOME_", options.word, "--outcome"));
  body.set_outcome(outcome);
  for (const std::string& into : options.into) body.add_into(into);
  body.set_explanation(options.text);
  auto document = sdk::ComposeNext(*client, proposal.chain, options.reference);
  document.mutable_body()->PackFrom(body);
  return SubmitAndPrint(context, *client, document);
}

// Says something about a proposal, in its audience or in one that is named.
absl::Status Say(sdk::Client& client, const Context& context, const ProposalOptions& options,
                 const exchange::v1::Document& about, const google::protobuf::Message& body) {
  exchange::v1::Audience audience = about.audience();
  if (!options.to.empty()) {
    std::vector<std::string> states = options.to;
    states.push_back(StateOf(options.name));
    ListStates(std::move(states), client.agency(), audience);
  }
  auto document = client.Compose(options.reference.empty() ? FreshReference() : options.reference,
                                 audience, about.marking(), body);
  auto* link = document.add_references();
  link->set_relation(Reference::RELATION_ANSWERS);
  link->set_name(options.name);
  return SubmitAndPrint(context, client, document);
}

// That the newest text is the one that was read, where the caller says which.
absl::Status CheckRevision(const sdk::VerifiedProposal& proposal, int revision) {
  int texts = 0;
  for (const sdk::VerifiedEntry& entry : proposal.chain) {
    texts += document::ShortKind(entry.document.body().type_url()) == "Proposal" ? 1 : 0;
  }
  std::cerr << fmt::format("on text {} of {}\n", texts, proposal.name);
  if (revision == 0 || revision == texts) return absl::OkStatus();
  if (revision > texts) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "--revision: {} has {} text{}, and no text {}", proposal.name,
                                texts, texts == 1 ? "" : "s", revision);
  }
  return base::Refuse(absl::StatusCode::kAborted, Reason::kChainMoved,
                      "{} has a text {} by now; read it first", proposal.name, texts);
}

absl::Status TakePosition(const Context& context, const ProposalOptions& options) {
  tem::v1::ProposalPosition body;
  ENTENTE_ASSIGN_OR_RETURN(
      const auto kind, ParseWord<tem::v1::PositionKind>("POSITION_KIND_", options.word, "--kind"));
  body.set_kind(kind);
  body.set_text(options.text);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  ENTENTE_RETURN_IF_ERROR(CheckRevision(proposal, options.revision));
  // What is agreed to is the text that was verified here, whatever the service shows.
  body.set_text_digest(proposal.text_digest);
  return Say(*client, context, options, proposal.chain[0].document, body);
}

absl::Status Comment(const Context& context, const ProposalOptions& options) {
  tem::v1::ProposalComment body;
  ENTENTE_ASSIGN_OR_RETURN(
      const auto kind, ParseWord<tem::v1::CommentKind>("COMMENT_KIND_", options.word, "--kind"));
  body.set_kind(kind);
  body.set_text(options.text);
  body.set_node(options.node);
  body.set_quote(options.quote);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  // A comment may answer another: then the audience is that one's.
  if (options.name.find("/comments/") != std::string::npos) {
    if (options.file.empty()) {
      return base::RefuseArgument(Reason::kFieldInvalid,
                                  "--on: name the proposal that the comment is about");
    }
    ENTENTE_ASSIGN_OR_RETURN(const auto answers, sdk::FetchAnswers(*client, options.file));
    for (const sdk::VerifiedEntry& entry : answers) {
      if (entry.name() == options.name) {
        return Say(*client, context, options, entry.document, body);
      }
    }
    return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                        "{} is not among what was said about {}", options.name, options.file);
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  return Say(*client, context, options, proposal.chain[0].document, body);
}

absl::Status Sponsor(const Context& context, const ProposalOptions& options) {
  tem::v1::ProposalSponsorship body;
  body.set_withdrawn(options.leave);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  if (!options.leave) {
    ENTENTE_RETURN_IF_ERROR(CheckRevision(proposal, options.revision));
    body.set_text_digest(proposal.text_digest);
  }
  return Say(*client, context, options, proposal.chain[0].document, body);
}

absl::Status Conclude(const Context& context, const ProposalOptions& options) {
  tem::v1::ProposalConclusion body;
  ENTENTE_ASSIGN_OR_RETURN(const auto outcome, ParseWord<tem::v1::ProposalConclusion::Outcome>(
                                                   "OUTCOME_", options.word, "--outcome"));
  body.set_outcome(outcome);
  body.set_meeting(options.meeting);
  body.set_text(options.text);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto proposal, sdk::FetchProposal(*client, options.name));
  ENTENTE_RETURN_IF_ERROR(CheckRevision(proposal, options.revision));
  body.set_text_digest(proposal.text_digest);
  return Say(*client, context, options, proposal.chain[0].document, body);
}

// Writes the proposal against a newer edition, to be looked at and sent as a revision.
absl::Status Rebase(const Context& context, const ProposalOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("tem"));
  ENTENTE_ASSIGN_OR_RETURN(auto proposal, sdk::FetchProposal(*client, options.name));
  ENTENTE_ASSIGN_OR_RETURN(const auto before, sdk::FetchEdition(*client, proposal.body.edition()));
  ENTENTE_ASSIGN_OR_RETURN(const auto after, sdk::FetchEdition(*client, options.edition));
  const auto conflicts = tem::annex::Rebase(before.content, after.content, proposal.body.changes());
  if (!conflicts.empty()) {
    base::FieldViolations violations;
    for (const tem::v1::RebaseConflict& one : conflicts) {
      violations.Add(fmt::format("body.changes[{}]", one.change()), "{} {}", one.node(), one.why());
    }
    return violations.ToStatus();
  }
  exchange::v1::Document document = proposal.chain[0].document;
  document.clear_references();
  document.clear_composed_time();
  document.clear_reference();
  proposal.body.set_edition(after.proto.edition());
  document.mutable_body()->PackFrom(proposal.body);
  const std::string json = ToJson(document, true);
  if (options.output.empty()) {
    std::cout << json;
  } else if (!base::WriteFileAtomically(options.output, json, 0600)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", options.output);
  }
  if (!context.json) {
    std::cerr << "written against " << after.proto.edition()
              << "; send it with entente proposal revise " << options.name << " FILE\n";
  }
  return absl::OkStatus();
}

using Options = std::shared_ptr<ProposalOptions>;
using Verb = absl::Status (*)(const Context&, const ProposalOptions&);

CLI::App* AddVerb(CLI::App* noun, Context& context, const Options& options, const char* verb,
                  const char* text, Verb run) {
  auto* command = noun->add_subcommand(verb, text);
  command->add_option("name", options->name, "As in partners/kr/proposals/2016-1")->required();
  context.Run(command, [options, &context, run] { return run(context, *options); });
  return command;
}

void AddReading(CLI::App* noun, Context& context, const Options& options) {
  noun->add_subcommand("new", "Print a template to fill in")->callback([] {
    std::cout << kTemplate;
  });
  auto* send = noun->add_subcommand("send", "Sign, submit, print number and conflicts");
  send->add_option("files", options->files, "Proposals as new prints them")->required();
  context.Run(send, [options, &context] { return Send(context, *options); });
  auto* list = noun->add_subcommand("list", "List what is released to you");
  list->add_option("--filter", options->filter, "As in \"tem.state=agreed AND tem.item=3\"");
  context.Run(list, [options, &context] { return List(context, *options); });
  AddVerb(noun, context, options, "get", "Show positions, agreement and conflicts", Get);
  AddVerb(noun, context, options, "answers", "Show what was said, verified", Answers);
  auto* redline =
      AddVerb(noun, context, options, "redline", "Show what it does to its edition", Redline);
  redline->add_option("--html", options->html, "Write one self-contained page");
}

}  // namespace

void AddProposal(CLI::App& app, Context& context) {
  auto options = std::make_shared<ProposalOptions>();
  auto* noun = app.add_subcommand("proposal", "Proposals to change the Annex");
  noun->require_subcommand(1);
  AddReading(noun, context, options);
  auto* revise = AddVerb(noun, context, options, "revise", "Send its next text", Revise);
  revise->add_option("file", options->file, "The new text, as new prints it")->required();
  revise->add_option("--reference", options->reference, "Your number of the document");
  auto* rebase =
      AddVerb(noun, context, options, "rebase", "Write it against a newer edition", Rebase);
  rebase->add_option("--edition", options->edition, "The edition; else the newest");
  rebase->add_option("-o,--output", options->output, "File to write; else standard output");
  auto* close = AddVerb(noun, context, options, "close", "End a proposal of yours", Close);
  close->add_option("--outcome", options->word, "withdrawn, merged or split")->required();
  close->add_option("--into", options->into, "Proposals that it goes on in")->delimiter(',');
  close->add_option("--explanation", options->text, "Why")->required();
  auto* sponsor = AddVerb(noun, context, options, "sponsor", "Join its sponsors", Sponsor);
  sponsor->add_option(
      "--revision", options->revision,
      "The text that you have read, as get prints it; refused if there is a newer one");
  sponsor->add_flag("--leave", options->leave, "Leave them");
  auto* comment =
      AddVerb(noun, context, options, "comment", "Comment, ask, answer, give data", Comment);
  comment->add_option("--kind", options->word, "comment, question, answer or technical-data")
      ->required();
  comment->add_option("--text", options->text, "In words")->required();
  comment->add_option("--node", options->node, "The node that it is about");
  comment->add_option("--quote", options->quote, "The words that it is about");
  comment->add_option("--on", options->file, "For an answer to a comment: its proposal");
  comment->add_option("--to", options->to, "Only to these states, its sponsor and you")
      ->delimiter(',');
  comment->add_option("--reference", options->reference, "Your number of the comment");
  auto* position = AddVerb(noun, context, options, "position",
                           "Say where your state stands on the newest text", TakePosition);
  position
      ->add_option("--kind", options->word,
                   "joined, study-reserve, scrutiny-reserve, block, silent or lifted")
      ->required();
  position->add_option(
      "--revision", options->revision,
      "The text that you have read, as get prints it; refused if there is a newer one");
  position->add_option("--text", options->text, "In words; needed for a block");
  auto* conclude =
      AddVerb(noun, context, options, "conclude", "As the chair: close the discussion", Conclude);
  conclude->add_option("--outcome", options->word, "agreed, carried-forward or not-agreed")
      ->required();
  conclude->add_option("--meeting", options->meeting, "As in \"Busan 2016 TEM\"")->required();
  conclude->add_option(
      "--revision", options->revision,
      "The text that you have read, as get prints it; refused if there is a newer one");
  conclude->add_option("--text", options->text, "In words");
}

}  // namespace entente::cli
