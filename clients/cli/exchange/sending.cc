#include "clients/cli/exchange/sending.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "clients/cli/base/normal_text.h"
#include "clients/cli/base/people.h"
#include "clients/cli/exchange/differences.h"
#include "clients/cli/exchange/held_document.h"
#include "clients/sdk/chain.h"
#include "entente/iem/v1/request.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/groups.h"

namespace entente::cli {

using base::Reason;

namespace {

// What now holds, in a few words after two spaces each.
std::string RulingWords(const exchange::v1::Stamp& stamp) {
  std::string words;
  leem::v1::DenialRuling denial;
  iem::v1::MatterRuling matter;
  if (stamp.ruling().UnpackTo(&denial)) {
    if (denial.has_valid_until()) {
      // As of today, whenever it was recorded; days are written so that they sort.
      const std::string until = FormatDate(denial.valid_until());
      const std::string today = TimeText(base::SystemClock().Now()).substr(0, until.size());
      if (until <= FormatDate(denial.in_force_from())) {
        words += "  counts once its day is known";
      } else {
        words += (until <= today ? "  lapsed since " : "  in force until ") + until;
      }
    }
    if (denial.timeliness() == leem::v1::TIMELINESS_LATE) {
      words += fmt::format("  late: {} days after the decision", denial.days_after_decision());
    }
    if (denial.entry_check() == leem::v1::ENTRY_CHECK_NO_EDITION_KNOWN) {
      words += "  entry not looked up: the service does not know that edition of the Annex";
    }
  } else if (stamp.ruling().UnpackTo(&matter)) {
    if (matter.has_lapse_time())
      words += "  denied unless decided by " + FormatTime(matter.lapse_time());
    if (matter.late()) words += "  late: the matter has ended";
    if (matter.has_acknowledge_time()) {
      words += "  to be acknowledged by " + FormatTime(matter.acknowledge_time());
    }
  }
  return words;
}

// What the service says of a document that it would record.
void PrintStamp(const exchange::v1::Stamp& stamp, const exchange::v1::Audience& audience,
                bool json) {
  if (json) {
    std::cout << fmt::format("{{\"validated\":{}}}", ToJson(stamp)) << "\n";
    return;
  }
  std::cout << Printable(fmt::format("{}  would be recorded, readable by {}{}", stamp.name(),
                                     AudienceWords(audience), RulingWords(stamp)))
            << "\n";
}

}  // namespace

void PrintReceipt(const exchange::v1::Receipt& receipt, const exchange::v1::Audience& audience,
                  bool json, bool still_holds) {
  exchange::v1::Leaf leaf;
  leaf.ParseFromString(receipt.leaf());
  if (json) {
    std::cout << fmt::format("{{\"leaf\":{},\"receipt\":{}}}", ToJson(leaf), ToJson(receipt))
              << "\n";
    return;
  }
  const auto& stamp = leaf.stamp();
  std::cout << Printable(fmt::format("{}  recorded {}  readable by {}{}", stamp.name(),
                                     FormatTime(stamp.recorded_time()), AudienceWords(audience),
                                     still_holds ? RulingWords(stamp) : ""))
            << "\n";
}

namespace {

// As services take it; says on standard error what that changes.
void Normalize(exchange::v1::Document& document) {
  for (const std::string& field : NormalizeTexts(document)) {
    std::cerr << fmt::format("{}: {}\n", Printable(field), kNormalized);
  }
}

// Whether two documents say the same, whenever they were composed.
bool SayTheSame(exchange::v1::Document a, exchange::v1::Document b) {
  a.clear_composed_time();
  b.clear_composed_time();
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// The number is taken: by what this document says already, whose bytes then get their receipt
// again, or by another.
absl::Status AnswerReused(const Context& context, sdk::Client& client,
                          const exchange::v1::Document& document, const absl::Status& refusal) {
  const std::string& url = document.body().type_url();
  const machine::Group* group = FindGroup(client.group());
  const machine::Kind* kind =
      group == nullptr ? nullptr : group->Find(url.substr(url.rfind('/') + 1));
  if (kind == nullptr || kind->folder.empty()) return refusal;
  const std::string name = fmt::format("partners/{}/{}/{}", client.agency().name().state,
                                       kind->folder, document.reference());
  const auto chain = sdk::FetchChain(client, name);
  if (absl::IsDataLoss(chain.status())) return chain.status();
  if (!chain.ok() || chain->front().erased()) return refusal;
  const sdk::VerifiedEntry& recorded = chain->front();
  const std::string when = FormatTime(recorded.leaf.stamp().recorded_time());
  exchange::v1::SignedDocument signed_document;
  if (!SayTheSame(recorded.document, document) ||
      !signed_document.ParseFromString(recorded.entry.signed_document())) {
    return base::Refuse(
        refusal.code(), Reason::kReferenceReused,
        "number {} is taken: {} was recorded {} and says something else; to change that one, "
        "revise it, and for another one use a new number",
        document.reference(), name, when);
  }
  const size_t later = chain->size() - 1;
  std::cerr << Printable(fmt::format("{} is recorded already, since {}", name, when))
            << (later > 0 ? "; it has been changed or ended since" : "") << "\n";
  ENTENTE_ASSIGN_OR_RETURN(const auto receipt, client.Submit(signed_document));
  PrintReceipt(receipt, document.audience(), context.json, /*still_holds=*/later == 0);
  return absl::OkStatus();
}

// A document of the agency as a person wrote it.
absl::Status ReadDraft(const std::string& file, const sdk::Agency& agency,
                       exchange::v1::Document& document) {
  ENTENTE_RETURN_IF_ERROR(FromJsonFile(file, document));
  if (document.originator().empty()) document.set_originator(agency.name().str());
  if (!document.has_composed_time()) {
    entry::SetTime(base::SystemClock().Now(), document.mutable_composed_time());
  }
  Normalize(document);
  return absl::OkStatus();
}

}  // namespace

sdk::RetryOptions TellOfWaiting(const sdk::Client& client) {
  sdk::RetryOptions retry;
  retry.waiting = [group = client.group(), told = false](const absl::Status& why,
                                                         absl::Duration) mutable {
    if (std::exchange(told, true)) return;
    std::cerr << Printable(
                     fmt::format("{} does not take it now; trying again for up to a minute ({})",
                                 group, base::Text(why)))
              << std::endl;
  };
  return retry;
}

absl::Status SubmitSigned(const Context& context, sdk::Client& client,
                          const exchange::v1::SignedDocument& signed_document) {
  exchange::v1::Document document;
  if (!document.ParseFromString(signed_document.document())) {
    return base::RefuseArgument(Reason::kDocumentMalformed, "the document does not parse");
  }
  if (context.dry_run) {
    const auto found = client.Validate(signed_document);
    // Its receipt is asked for again; nothing new is recorded by that.
    if (base::ReasonOf(found.status()) == base::ReasonName(Reason::kReferenceReused)) {
      return AnswerReused(context, client, document, found.status());
    }
    ENTENTE_RETURN_IF_ERROR(found.status());
    found->has_receipt() ? PrintReceipt(found->receipt(), document.audience(), context.json)
                         : PrintStamp(found->stamp(), document.audience(), context.json);
    return absl::OkStatus();
  }
  const auto receipt = client.Submit(signed_document, TellOfWaiting(client));
  if (base::ReasonOf(receipt.status()) == base::ReasonName(Reason::kReferenceReused)) {
    return AnswerReused(context, client, document, receipt.status());
  }
  ENTENTE_RETURN_IF_ERROR(receipt.status());
  PrintReceipt(*receipt, document.audience(), context.json);
  return absl::OkStatus();
}

namespace {

// The field of a body that a later document of its chain states anew; its body itself if it has
// none.
const google::protobuf::Message& Stated(const google::protobuf::Message& body) {
  const auto* content = body.GetDescriptor()->FindFieldByName("content");
  const bool has = content != nullptr && content->message_type() != nullptr &&
                   !content->is_repeated() && body.GetReflection()->HasField(body, content);
  return has ? body.GetReflection()->GetMessage(body, content) : body;
}

// Of a document that states anew what an earlier one of its chain stated: the fields that differ,
// on standard error.
absl::Status ShowWhatChanges(sdk::Client& client, const exchange::v1::Document& document) {
  const auto body = Unpacked(document.body());
  std::string superseded;
  for (const auto& reference : document.references()) {
    if (reference.relation() == exchange::v1::Reference::RELATION_SUPERSEDES) {
      superseded = reference.name();
    }
  }
  if (body == nullptr || superseded.empty()) return absl::OkStatus();
  const auto fetched = sdk::FetchChain(client, superseded);
  if (absl::IsDataLoss(fetched.status())) return fetched.status();
  if (!fetched.ok()) {
    std::cerr << Printable(fmt::format("what it changes of {} cannot be shown: {}", superseded,
                                       base::Text(fetched.status())))
              << "\n";
    return absl::OkStatus();
  }
  const auto& chain = *fetched;
  for (auto entry = chain.rbegin(); entry != chain.rend(); ++entry) {
    const auto before = Unpacked(entry->document.body());
    if (before == nullptr || entry->erased() ||
        Stated(*before).GetDescriptor() != Stated(*body).GetDescriptor()) {
      continue;
    }
    std::cerr << fmt::format("changes of {}:\n", Printable(entry->name()));
    PrintDifferences(Stated(*before), Stated(*body));
    break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ConfirmSending(const Context& context, const std::string& question) {
  if (!context.hold_file.empty() || context.dry_run) return absl::OkStatus();
  return Confirm(context, question);
}

absl::Status ShowAndConfirm(const Context& context, sdk::Client& client,
                            const exchange::v1::Document& document, const std::string& question) {
  ShowWhatIsSigned(client.agency(), {&document, 1});
  ENTENTE_RETURN_IF_ERROR(ShowWhatChanges(client, document));
  return ConfirmSending(context, question);
}

absl::Status SubmitAndPrint(const Context& context, sdk::Client& client,
                            exchange::v1::Document document) {
  if (!context.hold_file.empty() && context.dry_run) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "--dry-run: holds nothing; leave --hold out");
  }
  Normalize(document);
  ENTENTE_RETURN_IF_ERROR(ShowAndConfirm(context, client, document, "Sign and send?"));
  if (!context.hold_file.empty() && client.agency().signers().empty()) {
    return Hold(document::Unsigned(document), context.hold_file);
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto signed_document, client.Sign(document));
  if (!context.hold_file.empty()) return Hold(signed_document, context.hold_file);
  return SubmitSigned(context, client, signed_document);
}

absl::Status DraftFile(const Context& context, const std::string& file, const std::string& out) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  exchange::v1::Document document;
  ENTENTE_RETURN_IF_ERROR(ReadDraft(file, *agency, document));
  const std::string group = GroupOfKind(document.body().type_url());
  ENTENTE_ASSIGN_OR_RETURN(const auto client, sdk::Client::Connect(agency, group));
  ShowWhatIsSigned(*agency, {&document, 1});
  ENTENTE_RETURN_IF_ERROR(ShowWhatChanges(*client, document));
  return Hold(document::Unsigned(document), out);
}

absl::Status SendFiles(const Context& context, const std::string& group,
                       const std::vector<std::string>& files) {
  if (!context.hold_file.empty() && files.size() > 1) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "--hold: one document at a time; each is held in its own file");
  }
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(group));
  absl::Status first_error;
  const auto note = [&](const std::string& file, const absl::Status& status) {
    if (status.ok()) return;
    if (files.size() > 1) std::cerr << file << ": " << base::Text(status) << "\n";
    if (first_error.ok()) first_error = base::WithPrefix(status, file);
  };
  std::vector<std::string> good_files;
  std::vector<exchange::v1::Document> documents;
  for (const std::string& file : files) {
    exchange::v1::Document document;
    const absl::Status status = ReadDraft(file, client->agency(), document);
    note(file, status);
    if (!status.ok()) continue;
    good_files.push_back(file);
    documents.push_back(std::move(document));
  }
  if (documents.empty()) return first_error;
  if (documents.size() == 1) {
    note(good_files[0], SubmitAndPrint(context, *client, documents[0]));
    return first_error;
  }
  ShowWhatIsSigned(client->agency(), documents);
  for (const auto& document : documents) {
    ENTENTE_RETURN_IF_ERROR(ShowWhatChanges(*client, document));
  }
  ENTENTE_RETURN_IF_ERROR(ConfirmSending(context));
  ENTENTE_ASSIGN_OR_RETURN(const auto signed_documents, client->SignMany(documents));
  for (size_t i = 0; i < signed_documents.size(); ++i) {
    note(good_files[i], SubmitSigned(context, *client, signed_documents[i]));
  }
  return first_error;
}

namespace {

// Partners that an audience leaves out, as in "au, nz".
std::string LeftOut(const sdk::Agency& agency, const exchange::v1::Audience& audience) {
  std::vector<std::string> out;
  const auto& listed = audience.listed().states();
  for (const std::string& state : agency.directory().partners()) {
    const bool reads = std::find(listed.begin(), listed.end(), state) != listed.end();
    if (audience.has_listed() && !reads) out.push_back(state);
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

void ShowWhatIsSigned(const sdk::Agency& agency,
                      std::span<const exchange::v1::Document> documents) {
  struct Together {
    exchange::v1::Audience audience;
    size_t count = 0;
    std::set<std::string> markings;
    std::map<std::string, std::vector<std::string>> references;  // by kind
  };
  std::map<std::pair<std::string, bool>, Together> all;  // by audience, and whether each alone
  for (const auto& document : documents) {
    const std::string& url = document.body().type_url();
    const bool alone = agency.SignsAlone(url.substr(url.rfind('/') + 1));
    Together& together = all[{AudienceWords(document.audience()), alone}];
    together.audience = document.audience();
    ++together.count;
    together.markings.insert(MarkingWords(document.marking()));
    together.references[std::string(document::ShortKind(url))].push_back(
        Printable(document.reference()));
  }
  for (const auto& [key, together] : all) {
    const auto& [audience, alone] = key;
    std::string lines;
    for (const auto& [kind, references] : together.references) {
      lines += fmt::format("  {} {}\n", Printable(kind), fmt::join(references, ", "));
    }
    lines += fmt::format("  marked {}\n", fmt::join(together.markings, "; "));
    if (const std::string out = LeftOut(agency, together.audience); !out.empty()) {
      lines += fmt::format("  not for {}\n", out);
    }
    std::string_view how;
    if (together.count > 1) {
      how = alone ? ", each alone" : ", at once; readers of one see how many there are";
    }
    std::cerr << fmt::format("signing {} for {}{}\n{}", together.count, Printable(audience), how,
                             lines);
  }
}

std::string MarkingWords(const exchange::v1::Marking& marking) {
  using exchange::v1::Marking;
  // JSON may have numbers that name nothing.
  const auto word = [](const std::string& name, std::string_view prefix) {
    return name.size() < prefix.size() ? "?" : name.substr(prefix.size());
  };
  std::string words = word(Marking::Level_Name(marking.level()), "LEVEL_");
  std::string tlp = word(Marking::Tlp_Name(marking.tlp()), "TLP_");
  std::replace(tlp.begin(), tlp.end(), '_', '+');
  words += ", TLP:" + tlp;
  if (!marking.handling_code().empty()) words += ", " + Printable(marking.handling_code());
  for (const std::string& caveat : marking.caveats()) words += ", " + Printable(caveat);
  if (marking.originator_controlled()) words += ", release by its originator only";
  return words;
}

std::string AudienceWords(const exchange::v1::Audience& audience) {
  switch (audience.kind_case()) {
    case exchange::v1::Audience::kPublic:
      return "the public";
    case exchange::v1::Audience::kAllPartners:
      return "all partners";
    case exchange::v1::Audience::kListed:
      return fmt::format("{}", fmt::join(audience.listed().states(), ", "));
    case exchange::v1::Audience::KIND_NOT_SET:
      break;
  }
  return "nobody (no audience)";
}

absl::Status AudienceOfNew(std::vector<std::string> to, const sdk::Agency& agency,
                           exchange::v1::Audience& audience) {
  const auto& assumed = agency.config().default_audience();
  if (to.empty()) to.assign(assumed.begin(), assumed.end());
  if (to.empty()) {
    return base::RefuseArgument(
        Reason::kFieldInvalid,
        "--to: say who may read it: --to all, or states as in --to kr,nz; default_audience in your "
        "client.textproto says it for good");
  }
  if (to == std::vector<std::string>{"all"}) {
    audience.mutable_all_partners();
    return absl::OkStatus();
  }
  for (const auto& state : to) {
    if (agency.directory().IsPartner(state)) continue;
    return base::RefuseArgument(
        Reason::kFieldInvalid, "--to: {} is no partner by directory {}; partners: {}", state,
        agency.directory().serial(), fmt::join(agency.directory().partners(), ", "));
  }
  ListStates(std::move(to), agency, audience);
  return absl::OkStatus();
}

void ListStates(std::vector<std::string> states, const sdk::Agency& agency,
                exchange::v1::Audience& audience) {
  states.push_back(agency.name().state);
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  audience.mutable_listed()->mutable_states()->Assign(states.begin(), states.end());
}

}  // namespace entente::cli
