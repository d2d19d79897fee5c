// entente alert, report, rfi, release: what the Information Exchange Meeting exchanges.
#include <google/protobuf/util/message_differencer.h>

#include <iostream>
#include <set>

#include "clients/cli/base/people.h"
#include "clients/cli/base/profile.h"
#include "clients/cli/base/words.h"
#include "clients/cli/exchange/revision_file.h"
#include "clients/cli/exchange/saved_reading.h"
#include "clients/cli/exchange/sending.h"
#include "clients/cli/iem/nouns.h"
#include "clients/sdk/calls.h"
#include "clients/sdk/iem/matters.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/matter_service.grpc.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "entente/iem/v1/request.pb.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"

namespace entente::cli {
namespace {

using base::Reason;
using exchange::v1::Reference;

constexpr char kAlertTemplate[] = R"({
  // An alert. Lines that start with // are comments. Invented sample data.
  "reference": "2016-1",
  "audience": {"all_partners": {}},
  "marking": {"level": "LEVEL_OFFICIAL", "tlp": "TLP_AMBER", "handling_code": "H1"},
  "body": {
    "@type": "type.googleapis.com/entente.iem.v1.Alert",
    // URGENCY_FLASH URGENCY_PRIORITY URGENCY_ROUTINE
    "urgency": "URGENCY_PRIORITY",
    "kind": "ALERT_KIND_PROCUREMENT_ATTEMPT",
    "summary": "A trading house without premises asks for gyroscopes for weather balloons.",
    "authority": "Sample Analysis Centre",
    "items": [{"list": "mtcr-annex", "entry": "9.A.6", "description": "Three-axis gyroscope"}],
    "actors": [{"name": "Penguin Instruments Trading", "role": "consignee", "country": "aq"}],
    "route": ["jp", "gs", "aq"],
    "red_flags": ["FALSE_END_USE", "FRONT_COMPANY"],
    "topics": ["KEY_TECHNOLOGY"],
    "requested_actions": ["REQUESTED_ACTION_CHECK_LICENCES", "REQUESTED_ACTION_REPORT_SIGHTINGS"],
    "source_reliability": "SOURCE_RELIABILITY_B",
    "information_credibility": 2,
    "masked_source": "a manufacturer",
    "campaign": "GYRO-2016",
    "review_time": "2036-01-01T00:00:00Z"
  }
}
)";

constexpr char kReportTemplate[] = R"({
  // A trend report. Lines that start with // are comments. Invented sample data.
  "reference": "2016-h1",
  "audience": {"all_partners": {}},
  "marking": {"level": "LEVEL_OFFICIAL", "tlp": "TLP_AMBER"},
  "body": {
    "@type": "type.googleapis.com/entente.iem.v1.TrendReport",
    "title": "Gyroscopes by way of islands",
    "period_start_time": "2016-01-01T00:00:00Z",
    "period_end_time": "2016-07-01T00:00:00Z",
    "scope": "Enquiries to manufacturers of inertial equipment",
    "method": "Counted by the manufacturers, compared by hand",
    "data_basis": "41 enquiries",
    "topics": ["KEY_TECHNOLOGY", "TRANSIT"],
    "items": [{"list": "mtcr-annex", "entry": "9.A.6"}],
    "channels": ["online marketplaces"],
    "purchase_countries": ["jp"],
    "transit_countries": ["gs"],
    "typologies": [{"red_flag": "FRONT_COMPANY", "count": 17, "new_in_period": true}],
    "confidence": "CONFIDENCE_MODERATE",
    "leem_recommendations": ["Ask for the balloon's data sheet"]
  }
}
)";

constexpr char kRequestTemplate[] = R"({
  // A request for information. Lines that start with // are comments. Invented sample data.
  "reference": "2016-1",
  // The addressees, and your own state.
  "audience": {"listed": {"states": ["jp", "kr"]}},
  "marking": {"level": "LEVEL_OFFICIAL", "tlp": "TLP_AMBER"},
  "body": {
    "@type": "type.googleapis.com/entente.iem.v1.InformationRequest",
    "purpose": "Assessing an application",
    "questions": [{"code": "KNOWN_PARTY", "text": "Penguin Instruments Trading"}],
    "proposed_time": "2036-01-01T00:00:00Z"
  }
}
)";

struct IemOptions {
  std::vector<std::string> files;
  std::string name;
  std::string file;
  std::string filter;
  std::string text;
  std::string word;  // result, usefulness, kind or outcome
  std::string date;
  std::string state;
  std::string country;
  std::string reference;
  std::string from;
  std::vector<std::string> states;
  std::vector<std::string> to;
  bool deny = false;
};

// At most so many letters, with a mark where some are left out.
std::string Shortened(const std::string& text, size_t most) {
  if (base::CodePoints(text) <= most) return text;
  size_t end = 0;
  for (size_t letters = 0; letters < most; ++end) {
    letters += (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 ? 1 : 0;
  }
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return text.substr(0, end) + "…";
}

// One line of words about a matter's content.
std::string Gist(const iem::v1::Matter& matter) {
  iem::v1::Alert alert;
  iem::v1::TrendReport report;
  iem::v1::InformationRequest request;
  iem::v1::ReleaseRequest release;
  if (matter.body().UnpackTo(&alert)) {
    return Word(iem::v1::Urgency_Name(alert.urgency()), 8) + ", " +
           Word(iem::v1::AlertKind_Name(alert.kind()), 11) + ": " + Shortened(alert.summary(), 60);
  }
  if (matter.body().UnpackTo(&report)) return report.title();
  if (matter.body().UnpackTo(&request)) {
    int overdue = 0;
    int settled = 0;
    for (const auto& one : matter.addressees()) {
      overdue += one.overdue() ? 1 : 0;
      settled += one.reply() != iem::v1::REPLY_KIND_UNSPECIFIED ? 1 : 0;
    }
    return fmt::format("{} of {} replied, {} overdue: {}", settled, matter.addressees_size(),
                       overdue, Shortened(request.purpose(), 40));
  }
  if (matter.body().UnpackTo(&release)) {
    const std::string outcome = Word(iem::v1::ReleaseOutcome_Name(matter.release_outcome()), 16);
    return (outcome == "unspecified" ? "undecided" : outcome) + ": " +
           Shortened(release.purpose(), 50);
  }
  return "";
}

absl::Status List(const Context& context, const IemOptions& options, const std::string& kind) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  Table table({"NAME", "STATE", "UPDATED", "WHAT"});
  const auto show = [&](const iem::v1::Matter& matter) {
    if (context.json) {
      std::cout << ToJson(matter) << "\n";
    } else {
      table.Add({matter.name(), Word(iem::v1::MatterState_Name(matter.state()), 13),
                 FormatTime(matter.updated_time()), Gist(matter)});
    }
    return true;
  };
  ENTENTE_RETURN_IF_ERROR(sdk::ForEachMatter(
      *client, "kind=" + kind + (options.filter.empty() ? "" : " AND " + options.filter), show));
  if (context.json) return absl::OkStatus();
  table.PrintUnverified("matter", "matters");
  return absl::OkStatus();
}

void PrintMatter(const sdk::VerifiedMatter& matter, const CodeTexts& texts) {
  const sdk::VerifiedEntry& first = matter.chain[0];
  const sdk::VerifiedEntry& newest = matter.chain.back();
  const auto line = [](std::string_view what, const std::string& value) {
    std::cout << what << ": " << Printable(value) << "\n";
  };
  line("state", Word(iem::v1::MatterState_Name(matter.state), 13));
  line("name", first.name());
  line("for", AudienceWords(first.document.audience()));
  line("marked", MarkingWords(newest.document.marking()));
  line("recorded", FormatTime(first.leaf.stamp().recorded_time()) + " by " + ByWhom(first));
  if (matter.chain.size() > 1) {
    line("changed", FormatTime(newest.leaf.stamp().recorded_time()) + " by " + ByWhom(newest));
  }
  for (const auto& reference : first.document.references()) {
    line(Word(Reference::Relation_Name(reference.relation()), 9), reference.name());
  }
  if (matter.erased) std::cout << "what it said was erased; this remains:\n";
  if (const auto body = Unpacked(matter.body)) std::cout << InWords(*body, texts);
  const auto end = Unpacked(newest.document.body());
  if (matter.chain.size() > 1 && end != nullptr &&
      newest.document.body().type_url() != matter.body.type_url()) {
    std::cout << "ended by " << newest.name() << ":\n" << InWords(*end, texts, 2);
  }
}

// What only the service can say of a matter, such as who is overdue.
void PrintSaid(iem::v1::Matter matter, const CodeTexts& texts) {
  matter.clear_name();
  matter.clear_etag();
  matter.clear_revision();
  matter.clear_state();
  matter.clear_originator();
  matter.clear_audience();
  matter.clear_marking();
  matter.clear_recorded_time();
  matter.clear_updated_time();
  matter.clear_body();
  const std::string words = InWords(matter, texts, 2);
  if (!words.empty()) std::cout << "as the service says:\n" << words;
}

// Whether a matter is as the service shows it, by its documents.
absl::Status CheckShown(const iem::v1::Matter& matter, const sdk::VerifiedMatter& verified) {
  const sdk::VerifiedEntry& first = verified.chain[0];
  if (matter.revision() != static_cast<int>(verified.chain.size())) {
    return base::Refuse(absl::StatusCode::kAborted, Reason::kChainMoved,
                        "{} has just been changed; ask again", first.name());
  }
  using google::protobuf::util::MessageDifferencer;
  const bool same =
      matter.name() == first.name() && matter.state() == verified.state &&
      matter.originator() == first.document.originator() &&
      matter.body().value() == verified.body.value() &&
      MessageDifferencer::Equals(matter.audience(), first.document.audience()) &&
      MessageDifferencer::Equals(matter.recorded_time(), first.leaf.stamp().recorded_time());
  if (same) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                      "the service answers with a content, a state or readers of {} that its "
                      "originator did not sign",
                      first.name());
}

// As its documents say, which are fetched or saved; with --json, as the service shows it once they
// say the same.
absl::Status Get(const Context& context, const IemOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  const CodeTexts texts = ReadTexts(*agency);
  if (!options.from.empty()) {
    ENTENTE_ASSIGN_OR_RETURN(auto chain,
                             ReadSavedChain(context, options.from, "iem", options.name));
    if (context.json) return PrintLines(chain);
    ENTENTE_ASSIGN_OR_RETURN(const auto saved, sdk::FoldMatter(std::move(chain)));
    PrintMatter(saved, texts);
    return absl::OkStatus();
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, "iem"));
  iem::v1::GetMatterRequest request;
  request.set_name(options.name);
  const auto get = &iem::v1::MatterService::Stub::GetMatter;
  ENTENTE_ASSIGN_OR_RETURN(auto response, sdk::Call(*client, get, request));
  ENTENTE_ASSIGN_OR_RETURN(auto verified, sdk::FetchMatter(*client, options.name));
  absl::Status shown = CheckShown(response.matter(), verified);
  if (absl::IsDataLoss(shown)) {
    // It may have been erased in between, which changes what it says and not how often it changed.
    ENTENTE_ASSIGN_OR_RETURN(response, sdk::Call(*client, get, request));
    ENTENTE_ASSIGN_OR_RETURN(verified, sdk::FetchMatter(*client, options.name));
    shown = CheckShown(response.matter(), verified);
  }
  ENTENTE_RETURN_IF_ERROR(shown);
  const iem::v1::Matter& matter = response.matter();
  if (context.json) {
    std::cout << ToJson(matter) << "\n";
    return absl::OkStatus();
  }
  PrintMatter(verified, texts);
  PrintSaid(matter, texts);
  return absl::OkStatus();
}

absl::Status ListAnswers(const Context& context, const IemOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto answers, sdk::FetchAnswers(*client, options.name));
  Table table({"NAME", "RECORDED", "KIND", "WHAT"});
  for (const sdk::VerifiedEntry& answer : answers) {
    if (context.json) {
      std::cout << fmt::format("{{\"leaf\":{},\"document\":{}}}\n", ToJson(answer.leaf),
                               ToJson(answer.document));
      continue;
    }
    const auto& body = answer.document.body();
    iem::v1::Sighting sighting;
    iem::v1::Assessment assessment;
    iem::v1::RequestReply reply;
    iem::v1::ReleaseDecision decision;
    iem::v1::RequestDateAgreement agreement;
    const auto day = [](bool has, const google::protobuf::Timestamp& time) {
      return has ? " " + FormatTime(time) : std::string();
    };
    std::string what;
    if (body.UnpackTo(&sighting)) {
      what = Word(iem::v1::SightingResult_Name(sighting.result()), 16) + " " + sighting.country() +
             day(sighting.has_seen_time(), sighting.seen_time()) + " " + sighting.text();
    } else if (body.UnpackTo(&assessment)) {
      what = Word(iem::v1::Assessment::Usefulness_Name(assessment.usefulness()), 11) + " " +
             assessment.text();
    } else if (body.UnpackTo(&reply)) {
      what = Word(iem::v1::ReplyKind_Name(reply.kind()), 11) +
             day(reply.has_proposed_time(), reply.proposed_time()) + " " + reply.text();
    } else if (body.UnpackTo(&agreement)) {
      what = "with " + agreement.addressee() + day(true, agreement.agreed_time());
    } else if (body.UnpackTo(&decision)) {
      what = Word(iem::v1::ReleaseOutcome_Name(decision.outcome()), 16) + " " + decision.text();
    }
    const auto& stamp = answer.leaf.stamp();
    iem::v1::MatterRuling ruling;
    stamp.ruling().UnpackTo(&ruling);
    table.Add({answer.name(), FormatTime(stamp.recorded_time()) + (ruling.late() ? ", late" : ""),
               std::string(document::ShortKind(body.type_url())), Shortened(what, 90)});
  }
  if (!context.json) table.Print();
  return absl::OkStatus();
}

// Signs and submits the next document of a matter of one's own.
absl::Status Revise(const Context& context, const IemOptions& options,
                    const google::protobuf::Message& body) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, sdk::FetchChain(*client, options.name));
  exchange::v1::Document document = sdk::ComposeNext(*client, chain, options.reference);
  document.mutable_body()->PackFrom(body);
  return SubmitAndPrint(context, *client, document);
}

// What a matter says now, as a file to update it with.
absl::Status Edit(const Context& context, const IemOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto matter, sdk::FetchMatter(*client, options.name));
  const auto body = Unpacked(matter.body);
  const bool alert = matter.body.Is<iem::v1::Alert>();
  if (body == nullptr || (!alert && !matter.body.Is<iem::v1::TrendReport>())) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{} is of a kind that is not updated",
                                options.name);
  }
  return WriteRevisionFile(
      matter.chain, *body,
      fmt::format("entente {} {} {}", alert ? "alert update" : "report correct", options.name,
                  options.file),
      options.file);
}

absl::Status Update(const Context& context, const IemOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, sdk::FetchChain(*client, options.name));
  ENTENTE_ASSIGN_OR_RETURN(auto document,
                           ComposeFromFile(*client, chain, options.reference, options.file));
  return SubmitAndPrint(context, *client, std::move(document));
}

absl::Status CloseAlert(const Context& context, const IemOptions& options) {
  iem::v1::AlertClosure body;
  ENTENTE_ASSIGN_OR_RETURN(const auto outcome, ParseWord<iem::v1::AlertClosure::Outcome>(
                                                   "OUTCOME_", options.word, "--outcome"));
  body.set_outcome(outcome);
  body.set_explanation(options.text);
  return Revise(context, options, body);
}

absl::Status CloseRequest(const Context& context, const IemOptions& options) {
  iem::v1::RequestClosure body;
  body.set_feedback(options.text);
  return Revise(context, options, body);
}

// Signs and submits what is said to a matter: to its originator, and to those of --to. The state is
// taken from the name that was typed, never from the service.
absl::Status Say(const Context& context, const IemOptions& options,
                 const google::protobuf::Message& body) {
  const std::string to = StateOf(options.name);
  if (to.empty()) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{} is not a matter's name", options.name);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  exchange::v1::Audience audience;
  if (std::find(options.to.begin(), options.to.end(), "all") != options.to.end()) {
    audience.mutable_all_partners();
  } else {
    std::vector<std::string> states = options.to;
    states.push_back(to);
    ListStates(std::move(states), client->agency(), audience);
  }
  exchange::v1::Marking marking;
  marking.set_level(exchange::v1::Marking::LEVEL_OFFICIAL);
  marking.set_tlp(exchange::v1::Marking::TLP_AMBER);
  const std::string reference = !options.reference.empty() ? options.reference : FreshReference();
  exchange::v1::Document document = client->Compose(reference, audience, marking, body);
  auto* link = document.add_references();
  link->set_relation(Reference::RELATION_ANSWERS);
  link->set_name(options.name);
  return SubmitAndPrint(context, *client, document);
}

absl::Status Sight(const Context& context, const IemOptions& options) {
  iem::v1::Sighting body;
  ENTENTE_ASSIGN_OR_RETURN(const auto result, ParseWord<iem::v1::SightingResult>(
                                                  "SIGHTING_RESULT_", options.word, "--result"));
  body.set_result(result);
  body.set_text(options.text);
  body.set_country(options.country);
  if (!options.date.empty()) {
    ENTENTE_RETURN_IF_ERROR(ParseTimeInto(options.date, "--seen", body.mutable_seen_time()));
  }
  return Say(context, options, body);
}

absl::Status Assess(const Context& context, const IemOptions& options) {
  iem::v1::Assessment body;
  ENTENTE_ASSIGN_OR_RETURN(const auto word, ParseWord<iem::v1::Assessment::Usefulness>(
                                                "USEFULNESS_", options.word, "--usefulness"));
  body.set_usefulness(word);
  body.set_text(options.text);
  return Say(context, options, body);
}

absl::Status Reply(const Context& context, const IemOptions& options) {
  iem::v1::RequestReply body;
  ENTENTE_ASSIGN_OR_RETURN(const auto kind,
                           ParseWord<iem::v1::ReplyKind>("REPLY_KIND_", options.word, "--kind"));
  body.set_kind(kind);
  body.set_text(options.text);
  body.set_refusal_class(options.state);
  if (!options.date.empty()) {
    ENTENTE_RETURN_IF_ERROR(ParseTimeInto(options.date, "--by", body.mutable_proposed_time()));
  }
  return Say(context, options, body);
}

absl::Status Agree(const Context& context, IemOptions options) {
  iem::v1::RequestDateAgreement body;
  body.set_addressee(options.state);
  ENTENTE_RETURN_IF_ERROR(ParseTimeInto(options.date, "--date", body.mutable_agreed_time()));
  options.to.push_back(options.state);
  return Say(context, options, body);
}

absl::Status Decide(const Context& context, IemOptions options) {
  iem::v1::ReleaseDecision body;
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, sdk::FetchChain(*client, options.name));
  iem::v1::ReleaseRequest asked;
  chain[0].document.body().UnpackTo(&asked);
  std::sort(options.states.begin(), options.states.end());
  for (const std::string& state : options.states) body.add_states(state);
  body.set_outcome(options.states.empty() ? iem::v1::RELEASE_OUTCOME_DENIED
                   : options.states.size() == static_cast<size_t>(asked.states_size())
                       ? iem::v1::RELEASE_OUTCOME_GRANTED
                       : iem::v1::RELEASE_OUTCOME_PARTIAL);
  body.set_text(options.text);
  if (options.states.empty() != options.deny) {
    return base::RefuseArgument(Reason::kFieldInvalid, "name either --grant or --deny");
  }
  return Say(context, options, body);
}

// Whether a name is that of something that IEM could release.
bool MayBeReleased(const std::string& name) {
  const auto parts = base::Split(name, '/');
  return parts.size() >= 4 && (parts[2] == "alerts" || parts[2] == "reports" ||
                               parts[2] == "requests" || parts[2] == "answers");
}

absl::Status AskRelease(const Context& context, IemOptions options) {
  if (!MayBeReleased(options.name)) {
    return base::RefuseArgument(
        Reason::kFieldInvalid,
        "{} is no document of IEM, as partners/jp/alerts/2016-1 is: only those are released to "
        "more readers here; ask the originator of anything else with a request for information",
        options.name);
  }
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("iem"));
  iem::v1::ReleaseRequest body;
  std::sort(options.states.begin(), options.states.end());
  for (const std::string& state : options.states) body.add_states(state);
  body.set_purpose(options.text);
  exchange::v1::Audience audience;
  ListStates({StateOf(options.name)}, client->agency(), audience);
  exchange::v1::Marking marking;
  marking.set_level(exchange::v1::Marking::LEVEL_OFFICIAL);
  marking.set_tlp(exchange::v1::Marking::TLP_AMBER);
  exchange::v1::Document document = client->Compose(options.reference, audience, marking, body);
  auto* link = document.add_references();
  link->set_relation(Reference::RELATION_RELATES_TO);
  link->set_name(options.name);
  return SubmitAndPrint(context, *client, document);
}

using Options = std::shared_ptr<IemOptions>;
using Verb = absl::Status (*)(const Context&, const IemOptions&);

CLI::App* AddNamed(CLI::App* noun, Context& context, const Options& options, const char* verb,
                   const char* text, Verb run) {
  auto* command = noun->add_subcommand(verb, text);
  command->add_option("name", options->name, "As in partners/kr/alerts/2016-1")->required();
  context.Run(command, [options, &context, run] { return run(context, *options); });
  return command;
}

// edit, and the verb that takes what it wrote.
void AddEditing(CLI::App* noun, Context& context, const Options& options, const char* verb,
                const char* text) {
  AddNamed(noun, context, options, "edit", "Write what one says into a file, to change it", Edit)
      ->add_option("-o,--output", options->file, "File to write; it must not be there")
      ->required();
  AddNamed(noun, context, options, verb, text, Update)
      ->add_option("file", options->file, "As edit writes it")
      ->required();
}

// new, send, list, get.
CLI::App* AddNoun(CLI::App& app, Context& context, const Options& options, const char* noun,
                  const char* text, const char* kind, const char* sample) {
  auto* command = app.add_subcommand(noun, text);
  command->require_subcommand(1);
  if (sample != nullptr) {
    command->add_subcommand("new", "Print a template to fill in")->callback([sample] {
      std::cout << sample;
    });
    auto* send = command->add_subcommand("send", "Sign, submit, print the receipt");
    send->add_option("files", options->files, "Documents as new prints them")->required();
    context.Run(send, [options, &context] { return SendFiles(context, "iem", options->files); });
  }
  auto* list = command->add_subcommand("list", "List what is released to you");
  list->add_option("--filter", options->filter, "As in \"iem.country=aq AND iem.state=open\"");
  const std::string short_kind = kind;
  context.Run(list,
              [options, &context, short_kind] { return List(context, *options, short_kind); });
  AddNamed(command, context, options, "get", "Show one as it stands, verified", Get)
      ->add_option("--from", options->from, "Read a folder of follow --save instead, offline");
  return command;
}

void AddSaying(CLI::App* command, const Options& options) {
  command->add_option("--text", options->text, "In words");
  command->add_option("--to", options->to, "Also to these states, as in kr,nz, or to all")
      ->delimiter(',');
  command->add_option("--reference", options->reference, "Your number of the document");
}

void AddAlert(CLI::App& app, Context& context) {
  auto options = std::make_shared<IemOptions>();
  auto* alert = AddNoun(app, context, options, "alert", "Alerts, and what is said to them", "Alert",
                        kAlertTemplate);
  AddNamed(alert, context, options, "answers", "The board: sightings and assessments", ListAnswers);
  AddEditing(alert, context, options, "update", "Replace an alert of yours");
  auto* close = AddNamed(alert, context, options, "close", "End an alert of yours", CloseAlert);
  close->add_option("--outcome", options->word, "closed or withdrawn")->required();
  close->add_option("--explanation", options->text, "Why")->required();
  auto* sight = AddNamed(alert, context, options, "sight", "Answer with a sighting", Sight);
  sight->add_option("--result", options->word, "seen, not-seen or seen-and-acted")->required();
  sight->add_option("--seen", options->date, "When, as in 2016-10-21");
  sight->add_option("--country", options->country, "Where, as in aq");
  AddSaying(sight, options);
  auto* assess = AddNamed(alert, context, options, "assess", "Answer with an assessment", Assess);
  assess->add_option("--usefulness", options->word, "acted-on, informative, known or none")
      ->required();
  AddSaying(assess, options);
}

void AddRequest(CLI::App& app, Context& context) {
  auto options = std::make_shared<IemOptions>();
  auto* rfi = AddNoun(app, context, options, "rfi", "Requests for information",
                      "InformationRequest", kRequestTemplate);
  AddNamed(rfi, context, options, "answers", "What was said to a request", ListAnswers);
  auto* reply = AddNamed(rfi, context, options, "reply", "Reply to a request", Reply);
  reply
      ->add_option("--kind", options->word,
                   "accepted, date-proposed, refused, nothing-held, partial-answer or answer")
      ->required();
  reply->add_option("--by", options->date, "The date you propose");
  reply->add_option("--class", options->state, "The class of reason, when refused");
  AddSaying(reply, options);
  auto* agree = rfi->add_subcommand("agree", "Agree to a date that an addressee proposed");
  agree->add_option("name", options->name)->required();
  agree->add_option("--state", options->state, "The addressee")->required();
  agree->add_option("--date", options->date, "The date it proposed")->required();
  context.Run(agree, [options, &context] { return Agree(context, *options); });
  AddNamed(rfi, context, options, "close", "Close a request of yours", CloseRequest)
      ->add_option("--feedback", options->text, "What came of it")
      ->required();
}

void AddRelease(CLI::App& app, Context& context) {
  auto options = std::make_shared<IemOptions>();
  auto* release = AddNoun(app, context, options, "release",
                          "Requests to release a document further", "ReleaseRequest", nullptr);
  auto* ask = release->add_subcommand("ask", "Ask a document's originator");
  ask->add_option("name", options->name, "The document")->required();
  ask->add_option("--states", options->states, "Who is to get it")->delimiter(',')->required();
  ask->add_option("--purpose", options->text, "What for")->required();
  ask->add_option("--reference", options->reference, "Your number of the request")->required();
  context.Run(ask, [options, &context] { return AskRelease(context, *options); });
  auto* decide = release->add_subcommand("decide", "Decide on a request about a document of yours");
  decide->add_option("name", options->name, "The release request")->required();
  decide->add_option("--grant", options->states, "For these states")->delimiter(',');
  decide->add_flag("--deny", options->deny, "For none");
  AddSaying(decide, options);
  context.Run(decide, [options, &context] { return Decide(context, *options); });
}

}  // namespace

void AddIem(CLI::App& app, Context& context) {
  AddAlert(app, context);
  auto options = std::make_shared<IemOptions>();
  auto* report =
      AddNoun(app, context, options, "report", "Trend reports", "TrendReport", kReportTemplate);
  AddEditing(report, context, options, "correct", "Replace a report of yours");
  AddRequest(app, context);
  AddRelease(app, context);
}

}  // namespace entente::cli
