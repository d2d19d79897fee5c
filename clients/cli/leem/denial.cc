// entente denial: notify, import, read, change and export denials.
#include <unistd.h>

#include <iostream>
#include <optional>
#include <set>

#include "clients/cli/base/context.h"
#include "clients/cli/base/people.h"
#include "clients/cli/base/profile.h"
#include "clients/cli/base/words.h"
#include "clients/cli/exchange/revision_file.h"
#include "clients/cli/exchange/saved_reading.h"
#include "clients/cli/exchange/sending.h"
#include "clients/cli/leem/country_names.h"
#include "clients/cli/leem/lite_csv.h"
#include "clients/cli/leem/nouns.h"
#include "clients/sdk/calls.h"
#include "clients/sdk/leem/denials.h"
#include "entente/leem/v1/denial_service.grpc.pb.h"
#include "services/core/base/calendar.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"

namespace entente::cli {
namespace {

using base::Reason;

constexpr char kTemplate[] = R"({
  // A denial notification. Lines that start with // are comments. Invented sample data.
  // Your own number: A-Z a-z 0-9 . _ ~ -, never used again.
  "reference": "2016-0042",
  // Who may read it: {"all_partners": {}} or {"listed": {"states": ["jp", "kr"]}}, sorted, with your own.
  "audience": {"all_partners": {}},
  "marking": {"level": "LEVEL_OFFICIAL", "tlp": "TLP_AMBER"},
  "body": {
    "@type": "type.googleapis.com/entente.leem.v1.DenialNotification",
    "content": {
      "authority": {"name": "Sample Licensing Office", "contact_point": "denials@licensing.example"},
      "decision_date": {"year": 2016, "month": 10, "day": 3},
      // Others: "entente codes DenialAct".
      "act": "DENIAL_ACT_REFUSED",
      "destination": {"country": "aq"},
      // Either control-list entries, or "catch_all": {"basis": "WMD_END_USE"}.
      "control_list_entries": [{"list": "mtcr-annex", "edition": "2016-03-17", "entry": "9.A.6"}],
      "item_description": "Three-axis gyroscope, bias stability 0.4 degrees per hour",
      // Units by UN/ECE Recommendation 20: KGM is the kilogram, B47 the kilonewton.
      "parameters": [{"name": "bias stability", "value": "0.4 degrees per hour"},
                     {"name": "mass", "value": "1.8", "unit": "KGM"}],
      // or {"not_stated_reason": "…"}
      "quantity": {"amount": "12", "unit": "C62"},
      "value": {"amount": "48000.00", "currency": "EUR"},
      "parties": [
        {"role": "PARTY_ROLE_EXPORTER", "withheld": true},
        {"role": "PARTY_ROLE_CONSIGNEE", "name": "Penguin Instruments Trading",
         "aliases": [{"name": "PIT Ltd"}], "address": "1 Ice Shelf Road", "place": {"country": "aq"}},
        {"role": "PARTY_ROLE_END_USER", "same_as_consignee": true}
      ],
      "end_use": {"text": "Weather balloon stabilisation"},
      "reasons": [{"code": "DIVERSION", "text": "End-use statement does not fit the item"}]
    }
  }
}
)";

struct DenialOptions {
  std::vector<std::string> files;
  std::string file;
  std::string format = "lite";
  std::string name;
  std::string explanation;
  std::string date;
  std::string outcome;
  std::string act;
  std::string originator;
  std::string destination;
  std::string entry;
  std::string party;
  std::string in_force;
  std::string reference;
  std::string from;
  std::vector<std::string> to;
  int limit = 0;
};

absl::Status ParseDateInto(const std::string& text, const char* flag, leem::v1::Date* date) {
  auto parsed = base::ParseDate(text);
  if (!parsed) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{}: write a day as 2016-10-21", flag);
  }
  date->set_year(parsed->year);
  date->set_month(parsed->month);
  date->set_day(parsed->day);
  return absl::OkStatus();
}

std::string ActWord(leem::v1::DenialAct act) { return Word(leem::v1::DenialAct_Name(act), 11); }
std::string StateWord(leem::v1::DenialState state) {
  return Word(leem::v1::DenialState_Name(state), 13);
}

// When each denial of an import was first composed, kept so that importing it again makes the same
// bytes and therefore changes nothing, also after other rows of the file were mended. A file of
// lines "SHA-256 of reference and content, time".
class ImportTimes {
 public:
  explicit ImportTimes(const sdk::Agency& agency) : path_(agency.StateFile("import.times")) {
    const std::string kept = base::ReadFile(path_).value_or("");
    for (std::string_view line : base::Split(kept, '\n')) {
      absl::Time time;
      std::string error;
      if (line.size() > 65 &&
          absl::ParseTime(absl::RFC3339_full, std::string(line.substr(65)), &time, &error)) {
        times_[std::string(line.substr(0, 64))] = time;
        earlier_.insert(std::string(line.substr(0, 64)));
      }
    }
  }
  // The time of a denial: as kept, or now.
  absl::Time Get(const LiteDenial& denial) {
    return times_.try_emplace(KeyOf(denial), now_).first->second;
  }
  // Whether an earlier run composed it.
  bool IsOfEarlierRun(const LiteDenial& denial) const { return earlier_.contains(KeyOf(denial)); }
  absl::Status Save() const {
    std::string text;
    for (const auto& [key, time] : times_) {
      text += key + " " + absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()) + "\n";
    }
    if (base::WriteFileAtomically(path_, text)) return absl::OkStatus();
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", path_);
  }

 private:
  static std::string KeyOf(const LiteDenial& denial) {
    return crypto::Sha256({denial.reference, "\n", denial.content.SerializeAsString()}).hex();
  }

  const std::string path_;
  const absl::Time now_ = absl::FromUnixSeconds(absl::ToUnixSeconds(base::SystemClock().Now()));
  std::map<std::string, absl::Time> times_;
  std::set<std::string> earlier_;  // keys that were kept before
};

// When the service recorded it.
absl::Time RecordedTime(const exchange::v1::Receipt& receipt) {
  exchange::v1::Leaf leaf;
  leaf.ParseFromString(receipt.leaf());
  return entry::GetTime(leaf.stamp().recorded_time());
}

// Submits, or with --dry-run validates, and calls back for each in order, with the time of
// recording where there is one.
using Note = std::function<void(uint64_t, const absl::Status&, std::optional<absl::Time>)>;
absl::Status SendAll(const Context& context, sdk::Client& client,
                     std::vector<exchange::v1::SignedDocument> documents, const Note& note) {
  Progress progress(context.dry_run ? "validating" : "importing", documents.size());
  if (context.dry_run) {
    for (size_t i = 0; i < documents.size(); ++i) {
      const absl::Status status = client.Validate(documents[i]).status();
      if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) return status;
      progress.Update(i + 1);
      note(i, status, std::nullopt);
    }
    return absl::OkStatus();
  }
  size_t next = 0;
  return client.SubmitMany(
      [&](exchange::v1::SignedDocument& out) {
        if (next == documents.size()) return false;
        out = std::move(documents[next++]);
        return true;
      },
      [&](uint64_t sequence, const absl::StatusOr<exchange::v1::Receipt>& receipt) {
        progress.Update(sequence + 1);
        note(sequence, receipt.status(),
             receipt.ok() ? std::optional(RecordedTime(*receipt)) : std::nullopt);
      },
      TellOfWaiting(client));
}

absl::Status Import(const Context& context, const DenialOptions& options) {
  if (options.format != "lite") {
    return base::RefuseArgument(Reason::kFieldInvalid, "--format: only lite can be imported");
  }
  auto text = base::ReadFile(options.file);
  if (!text) return base::RefuseArgument(Reason::kFieldInvalid, "cannot read {}", options.file);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  ENTENTE_ASSIGN_OR_RETURN(const LiteFile file, ReadLite(*text, client->agency().name().state));
  if (!context.hold_file.empty()) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "--hold: an import has many documents; hold each by itself");
  }
  // The times are kept before anything is sent: what is sent and not answered is made again alike.
  ImportTimes times(client->agency());
  for (const LiteDenial& denial : file.denials) times.Get(denial);
  if (!context.dry_run) ENTENTE_RETURN_IF_ERROR(times.Save());
  exchange::v1::Audience audience;
  ENTENTE_RETURN_IF_ERROR(AudienceOfNew(options.to, client->agency(), audience));
  exchange::v1::Marking marking;
  marking.set_level(exchange::v1::Marking::LEVEL_OFFICIAL);
  marking.set_tlp(exchange::v1::Marking::TLP_AMBER);
  for (const auto* notes : {&file.faults, &file.normalized}) {
    for (const RowNote& note : *notes) {
      std::cerr << fmt::format("{}:{}: {}{}{}\n", options.file, note.line, note.column,
                               note.column.empty() ? "" : ": ", note.description);
    }
  }
  std::vector<exchange::v1::Document> documents;
  for (const LiteDenial& denial : file.denials) {
    leem::v1::DenialNotification body;
    *body.mutable_content() = denial.content;
    documents.push_back(client->Compose(denial.reference, audience, marking, body));
    entry::SetTime(times.Get(denial), documents.back().mutable_composed_time());
  }
  ShowWhatIsSigned(client->agency(), documents);
  ENTENTE_RETURN_IF_ERROR(ConfirmSending(context));
  ENTENTE_ASSIGN_OR_RETURN(auto signed_documents, client->SignMany(documents));
  uint64_t recorded = 0;
  uint64_t refused = 0;
  const absl::Time begun = base::SystemClock().Now();
  uint64_t before = 0;  // recorded by an earlier run, which composed them
  const auto note = [&](uint64_t sequence, const absl::Status& status,
                        std::optional<absl::Time> when) {
    if (status.ok()) {
      ++recorded;
      const bool earlier = times.IsOfEarlierRun(file.denials[sequence]);
      before += earlier && when.has_value() && *when < begun ? 1 : 0;
      return;
    }
    ++refused;
    const LiteDenial& denial = file.denials[sequence];
    std::cerr << fmt::format("{}:{}: {}: {}\n", options.file, denial.line, denial.reference,
                             base::Text(status));
  };
  ENTENTE_RETURN_IF_ERROR(SendAll(context, *client, std::move(signed_documents), note));
  if (context.json) {
    std::cout << fmt::format("{{\"{}\":{},\"before\":{},\"refused\":{},\"faulty_rows\":{}}}\n",
                             context.dry_run ? "validated" : "recorded", recorded, before, refused,
                             file.faults.size());
  } else {
    std::cout << fmt::format(
        "{} denials {}recorded{}, {} refused, {} faulty rows\n", recorded,
        context.dry_run ? "would be " : "",
        before == 0 ? "" : fmt::format(", {} of them by an earlier run", before), refused,
        file.faults.size());
  }
  if (refused + file.faults.size() == 0) return absl::OkStatus();
  return base::RefuseArgument(Reason::kFieldInvalid,
                              "mend the rows above and import the file again; what is in stays in");
}

absl::Status ForEachDenial(const sdk::Client& client, const DenialOptions& options,
                           const std::function<void(const leem::v1::Denial&)>& use) {
  leem::v1::DenialFilter filter;
  filter.set_originator_state(options.originator);
  filter.set_destination(options.destination);
  filter.set_entry_prefix(options.entry);
  filter.set_party_contains(options.party);
  if (!options.in_force.empty()) {
    ENTENTE_RETURN_IF_ERROR(
        ParseDateInto(options.in_force, "--in-force", filter.mutable_in_force_date()));
  }
  int count = 0;
  return sdk::ForEachDenial(client, filter, [&](const leem::v1::Denial& denial) {
    if (options.limit > 0 && count++ == options.limit) return false;
    use(denial);
    return true;
  });
}

std::string Entries(const leem::v1::DenialContent& content) {
  if (content.has_catch_all()) return "catch-all";
  std::string text;
  for (const auto& entry : content.control_list_entries()) {
    text += (text.empty() ? "" : " ") + Printable(entry.entry());
  }
  return text;
}

std::string FirstParty(const leem::v1::DenialContent& content) {
  for (const auto& party : content.parties()) {
    if (!party.name().empty()) return Printable(party.name());
  }
  return "";
}

base::CivilDate Today() { return base::DateOf(base::SystemClock().Now()); }

// As the service says it, and whether that counts on a day: "active", "lapsed", "revoked",
// "revoked from 2027-01-01".
std::string StateOn(const leem::v1::Denial& denial, const base::CivilDate& today) {
  const std::string state = StateWord(denial.state());
  const base::CivilDate ended = leem::ToCivil(denial.ended_date());
  const base::CivilDate until = leem::ToCivil(denial.valid_until());
  if (!ended.empty()) return today < ended ? state + " from " + ended.str() : state;
  const bool over = !until.empty() && until <= today;
  if (!over) return state;
  return denial.state() == leem::v1::DENIAL_STATE_ACTIVE ? "lapsed" : state + ", lapsed";
}

absl::Status List(const Context& context, const DenialOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  Table table({"NAME", "STATE", "ACT", "TO", "ENTRY", "VALID UNTIL", "PARTY"});
  ENTENTE_RETURN_IF_ERROR(ForEachDenial(*client, options, [&](const leem::v1::Denial& denial) {
    if (context.json) {
      std::cout << ToJson(denial) << "\n";
      return;
    }
    table.Add({denial.name(), StateOn(denial, Today()), ActWord(denial.act()),
               denial.content().destination().country(), Entries(denial.content()),
               denial.has_valid_until() ? FormatDate(denial.valid_until()) : "unknown",
               FirstParty(denial.content())});
  }));
  if (context.json) return absl::OkStatus();
  table.PrintUnverified("denial", "denials");
  return absl::OkStatus();
}

std::string BytesOf(const google::protobuf::Message& content) {
  google::protobuf::Any any;
  any.PackFrom(content);
  return any.value();
}

// Whether a denial is as the service shows it, by its documents.
absl::Status CheckShown(const leem::v1::Denial& denial, const sdk::VerifiedDenial& verified) {
  const sdk::VerifiedEntry& first = verified.chain[0];
  const auto contradicts = [&](std::string_view what) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                        "the service answers with {} of {} that its originator did not sign", what,
                        first.name());
  };
  if (denial.revision() != static_cast<int>(verified.chain.size())) {
    return base::Refuse(absl::StatusCode::kAborted, Reason::kChainMoved,
                        "{} has just been changed; ask again", first.name());
  }
  if (denial.name() != first.name() || denial.originator() != first.document.originator() ||
      BytesOf(denial.content()) != BytesOf(verified.content)) {
    return contradicts("a content");
  }
  const auto& standing = verified.standing;
  if (denial.state() != standing.state || denial.act() != standing.act ||
      denial.timeliness() != standing.timeliness) {
    return contradicts("a state or an act");
  }
  if (leem::ToCivil(denial.valid_until()) != leem::ValidUntil(standing) ||
      leem::ToCivil(denial.ended_date()) != standing.ended) {
    return contradicts("a term");
  }
  if (BytesOf(denial.audience()) != BytesOf(first.document.audience()) ||
      BytesOf(denial.recorded_time()) != BytesOf(first.leaf.stamp().recorded_time())) {
    return contradicts("readers or a time");
  }
  return absl::OkStatus();
}

// Why a later document was written; empty of a first one.
std::string ExplanationOf(const sdk::VerifiedEntry& entry) {
  const auto body = Unpacked(entry.document.body());
  if (body == nullptr) return "";
  const auto* field = body->GetDescriptor()->FindFieldByName("explanation");
  return field == nullptr ? "" : body->GetReflection()->GetString(*body, field);
}

// "revoked, refused; ended 2020-06-01"
std::string StandingWords(const leem::Standing& standing) {
  const base::CivilDate today = Today();
  const base::CivilDate until = leem::ValidUntil(standing);
  std::string words = StateWord(standing.state) + ", " + ActWord(standing.act);
  if (leem::InForce(standing, today)) {
    const bool ends = !standing.ended.empty() && standing.ended < until;
    return words + "; in force until " + (ends ? standing.ended : until).str();
  }
  if (!standing.ended.empty() && standing.ended <= today) {
    return words + "; ended " + standing.ended.str();
  }
  if (until.empty()) return words + "; whether it counts is not known before it is renewed";
  return words + (until <= today ? "; lapsed since " + until.str() : "; not in force yet");
}

void PrintDenial(const sdk::VerifiedDenial& denial, const CodeTexts& texts) {
  const sdk::VerifiedEntry& first = denial.chain[0];
  const sdk::VerifiedEntry& newest = denial.chain.back();
  const auto line = [](std::string_view what, const std::string& value) {
    std::cout << what << ": " << Printable(value) << "\n";
  };
  std::cout << StandingWords(denial.standing) << "\n";
  line("name", first.name());
  line("for", AudienceWords(first.document.audience()));
  line("marked", MarkingWords(newest.document.marking()));
  line("recorded", FormatTime(first.leaf.stamp().recorded_time()) + " by " + ByWhom(first));
  if (denial.chain.size() > 1) {
    line("changed",
         fmt::format("{} by {}: {}, document {}; entente denial history shows all",
                     FormatTime(newest.leaf.stamp().recorded_time()), ByWhom(newest),
                     document::ShortKind(newest.document.body().type_url()), denial.chain.size()));
  }
  if (denial.erased) std::cout << "what it said was erased; this remains:\n";
  std::cout << InWords(denial.content, texts);
}

// As its documents say, which are fetched or saved; with --json, as the service shows it once they
// say the same.
absl::Status Get(const Context& context, const DenialOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  if (!options.from.empty()) {
    ENTENTE_ASSIGN_OR_RETURN(auto chain,
                             ReadSavedChain(context, options.from, "leem", options.name));
    if (context.json) return PrintLines(chain);
    ENTENTE_ASSIGN_OR_RETURN(const auto saved, sdk::FoldDenial(std::move(chain)));
    PrintDenial(saved, ReadTexts(*agency));
    return absl::OkStatus();
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, "leem"));
  leem::v1::GetDenialRequest request;
  request.set_name(options.name);
  const auto get = &leem::v1::DenialService::Stub::GetDenial;
  ENTENTE_ASSIGN_OR_RETURN(auto response, sdk::Call(*client, get, request));
  ENTENTE_ASSIGN_OR_RETURN(auto verified, sdk::FetchDenial(*client, options.name));
  absl::Status shown = CheckShown(response.denial(), verified);
  if (absl::IsDataLoss(shown)) {
    // It may have been erased in between, which changes what it says and not how often it changed.
    ENTENTE_ASSIGN_OR_RETURN(response, sdk::Call(*client, get, request));
    ENTENTE_ASSIGN_OR_RETURN(verified, sdk::FetchDenial(*client, options.name));
    shown = CheckShown(response.denial(), verified);
  }
  ENTENTE_RETURN_IF_ERROR(shown);
  const leem::v1::Denial& denial = response.denial();
  if (context.json) {
    std::cout << ToJson(denial) << "\n";
  } else {
    PrintDenial(verified, ReadTexts(*agency));
  }
  return absl::OkStatus();
}

absl::Status History(const Context& context, const DenialOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, sdk::FetchChain(*client, options.name));
  if (context.json) return PrintLines(chain);
  Table table({"REVISION", "KIND", "RECORDED", "BY", "WHY", "DIGEST"});
  for (size_t i = 0; i < chain.size(); ++i) {
    const sdk::VerifiedEntry& entry = chain[i];
    table.Add({std::to_string(i + 1),
               std::string(document::ShortKind(entry.document.body().type_url())),
               FormatTime(entry.leaf.stamp().recorded_time()),
               entry.erased() ? "(erased)" : entry.signed_by(), ExplanationOf(entry),
               base::ToHex(entry.leaf.document_digest()).substr(0, 16)});
  }
  table.Print();
  return absl::OkStatus();
}

// Composes, signs and submits the next document of a denial's chain. What is signed comes from what
// was signed before and verified here, never from the service's word: it could name another chain,
// or a wider audience.
absl::Status Revise(
    const Context& context, const DenialOptions& options,
    const std::function<absl::Status(google::protobuf::Any&, exchange::v1::Document&)>& fill) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, sdk::FetchChain(*client, options.name));
  exchange::v1::Document document = sdk::ComposeNext(*client, chain, options.reference);
  ENTENTE_RETURN_IF_ERROR(fill(*document.mutable_body(), document));
  return SubmitAndPrint(context, *client, document);
}

// What a denial says now, as a file to amend it with.
absl::Status Edit(const Context& context, const DenialOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  ENTENTE_ASSIGN_OR_RETURN(auto denial, sdk::FetchDenial(*client, options.name));
  leem::v1::DenialNotification body;
  body.mutable_content()->Swap(&denial.content);
  return WriteRevisionFile(
      denial.chain, body,
      fmt::format("entente denial amend {} {} --explanation \"…\"", options.name, options.file),
      options.file);
}

absl::Status Amend(const Context& context, const DenialOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  ENTENTE_ASSIGN_OR_RETURN(const auto chain, sdk::FetchChain(*client, options.name));
  ENTENTE_ASSIGN_OR_RETURN(exchange::v1::Document document,
                           ComposeFromFile(*client, chain, options.reference, options.file));
  leem::v1::DenialNotification notification;
  leem::v1::DenialAmendment amendment;
  if (document.body().UnpackTo(&notification)) {
    amendment.mutable_content()->Swap(notification.mutable_content());
  } else if (!document.body().UnpackTo(&amendment)) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{}: body must be a DenialNotification",
                                options.file);
  }
  if (!options.explanation.empty()) amendment.set_explanation(options.explanation);
  document.mutable_body()->PackFrom(amendment);
  return SubmitAndPrint(context, *client, document);
}

absl::Status Renew(const Context& context, const DenialOptions& options) {
  return Revise(context, options, [&](google::protobuf::Any& body, exchange::v1::Document&) {
    leem::v1::DenialRenewal renewal;
    renewal.set_explanation(options.explanation);
    ENTENTE_RETURN_IF_ERROR(
        ParseDateInto(options.date, "--review-date", renewal.mutable_review_date()));
    body.PackFrom(renewal);
    return absl::OkStatus();
  });
}

absl::Status RevokeDenial(const Context& context, const DenialOptions& options) {
  return Revise(context, options, [&](google::protobuf::Any& body, exchange::v1::Document&) {
    leem::v1::DenialRevocation revocation;
    revocation.set_explanation(options.explanation);
    ENTENTE_RETURN_IF_ERROR(
        ParseDateInto(options.date, "--effective-date", revocation.mutable_effective_date()));
    body.PackFrom(revocation);
    return absl::OkStatus();
  });
}

absl::Status Close(const Context& context, const DenialOptions& options) {
  return Revise(context, options, [&](google::protobuf::Any& body, exchange::v1::Document&) {
    leem::v1::SuspensionClosure closure;
    closure.set_explanation(options.explanation);
    ENTENTE_ASSIGN_OR_RETURN(const auto outcome, ParseWord<leem::v1::SuspensionClosure::Outcome>(
                                                     "OUTCOME_", options.outcome, "--outcome"));
    closure.set_outcome(outcome);
    if (outcome == leem::v1::SuspensionClosure::OUTCOME_DENIED) {
      ENTENTE_ASSIGN_OR_RETURN(const auto act,
                               ParseWord<leem::v1::DenialAct>("DENIAL_ACT_", options.act, "--act"));
      closure.set_act(act);
    }
    ENTENTE_RETURN_IF_ERROR(
        ParseDateInto(options.date, "--closed-date", closure.mutable_closed_date()));
    body.PackFrom(closure);
    return absl::OkStatus();
  });
}

absl::Status Export(const Context& context, const DenialOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect("leem"));
  const bool csv = options.format == "csv";
  if (!csv && options.format != "lite" && options.format != "json") {
    return base::RefuseArgument(Reason::kFieldInvalid, "--format: lite, json or csv");
  }
  if (options.format == "lite") std::cout << kLiteHeader << "\r\n";
  if (csv) {
    std::cout << "name,state,act,destination,entries,decision_date,valid_until,party,item\r\n";
  }
  return ForEachDenial(*client, options, [&](const leem::v1::Denial& denial) {
    if (options.format == "json") {
      std::cout << ToJson(denial) << "\n";
    } else if (csv) {
      const std::string fields[] = {denial.name(),
                                    StateWord(denial.state()),
                                    ActWord(denial.act()),
                                    denial.content().destination().country(),
                                    Entries(denial.content()),
                                    FormatDate(denial.content().decision_date()),
                                    FormatDate(denial.valid_until()),
                                    FirstParty(denial.content()),
                                    denial.content().item_description()};
      std::string line;
      for (const auto& field : fields) {
        line += (line.empty() ? "" : ",") + CsvField(Printable(field));
      }
      std::cout << line << "\r\n";
    } else {
      const auto originator = base::AgencyName::Parse(denial.originator());
      std::cout << WriteLite(denial.content(), originator ? originator->state : "");
    }
  });
}

void AddFilters(CLI::App* command, DenialOptions& options) {
  command->add_option("--originator", options.originator, "Originating state, as in kr");
  command->add_option("--destination", options.destination, "Country of destination, as in aq");
  command->add_option("--entry", options.entry, "Control-list entry starts with this, as in 9.A");
  command->add_option("--party", options.party, "A party's name or alias contains this");
  command->add_option("--in-force", options.in_force, "In force at this day, as in 2016-10-21");
  command->add_option("--limit", options.limit, "At most this many; 0: all");
}

void AddRevisions(CLI::App* denial, Context& context,
                  const std::shared_ptr<DenialOptions>& options) {
  const auto add = [&](const char* verb, const char* text, const char* date_flag,
                       absl::Status (*run)(const Context&, const DenialOptions&)) {
    auto* command = denial->add_subcommand(verb, text);
    command->add_option("name", options->name, "As in partners/kr/denials/2016-0042")->required();
    if (date_flag != nullptr) {
      command->add_option(date_flag, options->date, "A day, as in 2016-10-21")->required();
    }
    auto* why = command->add_option("--explanation", options->explanation, "Why");
    if (run == Amend || run == RevokeDenial) why->required();
    command->add_option("--reference", options->reference, "Your number of the new document");
    context.Run(command, [options, &context, run] { return run(context, *options); });
    return command;
  };
  auto* edit = denial->add_subcommand("edit", "Write what a denial says into a file, to amend it");
  edit->add_option("name", options->name, "As in partners/kr/denials/2016-0042")->required();
  edit->add_option("-o,--output", options->file, "File to write; it must not be there")->required();
  context.Run(edit, [options, &context] { return Edit(context, *options); });
  add("amend", "Replace a denial's content", nullptr, Amend)
      ->add_option("file", options->file, "The whole new content, as denial edit writes it")
      ->required();
  add("renew", "Keep a denial in force for another term", "--review-date", Renew);
  add("revoke", "End a denial", "--effective-date", RevokeDenial);
  auto* close = add("close", "Close a suspension", "--closed-date", Close);
  // Nothing is for good by default.
  close->add_option("--outcome", options->outcome, "denied or lifted")->required();
  close->add_option("--act", options->act,
                    "Final act, with --outcome denied: entente codes DenialAct");
}

}  // namespace

void AddDenial(CLI::App& app, Context& context) {
  auto options = std::make_shared<DenialOptions>();
  auto* denial = app.add_subcommand("denial", "Denial notifications");
  denial->require_subcommand(1);
  denial->add_subcommand("new", "Print a template to fill in")->callback([] {
    std::cout << kTemplate;
  });
  auto* notify = denial->add_subcommand("notify", "Sign, submit, print the receipt");
  notify->add_option("files", options->files, "Documents as denial new prints them")->required();
  context.Run(notify, [options, &context] { return SendFiles(context, "leem", options->files); });
  auto* import =
      denial->add_subcommand("import", "Import a CSV; good rows go in, bad ones are named");
  import->add_option("file", options->file)->required();
  import->add_option("--format", options->format, "lite: the CSV of the LITE licensing system");
  import
      ->add_option("--to", options->to,
                   "Who reads them: states, as in kr,nz, or all; else your default_audience")
      ->delimiter(',');
  context.Run(import, [options, &context] { return Import(context, *options); });
  auto* list = denial->add_subcommand("list", "List denials released to you");
  AddFilters(list, *options);
  context.Run(list, [options, &context] { return List(context, *options); });
  auto* get = denial->add_subcommand("get", "Show one denial as it stands");
  get->add_option("name", options->name)->required();
  get->add_option("--from", options->from, "Read a folder of follow --save instead, offline");
  context.Run(get, [options, &context] { return Get(context, *options); });
  auto* history = denial->add_subcommand("history", "Show a denial's documents, verified");
  history->add_option("name", options->name)->required();
  context.Run(history, [options, &context] { return History(context, *options); });
  AddRevisions(denial, context, options);
  auto* exported = denial->add_subcommand("export", "Write denials to standard output");
  exported->add_option("--format", options->format, "lite, json or csv");
  AddFilters(exported, *options);
  context.Run(exported, [options, &context] { return Export(context, *options); });
}

}  // namespace entente::cli
