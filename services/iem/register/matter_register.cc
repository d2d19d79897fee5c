#include "services/iem/register/matter_register.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/core/entry/audience.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/machine/footprint.h"
#include "services/core/rules/body.h"
#include "services/core/rules/links.h"
#include "services/iem/register/group.h"
#include "services/iem/register/matter_rules.h"

namespace entente::iem {
namespace {

using machine::Role;
using rules::Micros;
using rules::Reference;
using rules::ReferenceOf;
using rules::Unpack;

}  // namespace

namespace {

template <typename Part>
const Part& Of(const std::unique_ptr<Part>& kept) {
  static const auto& nothing = *new Part;
  return kept == nullptr ? nothing : *kept;
}
template <typename Part>
Part& Of(std::unique_ptr<Part>& kept) {
  if (kept == nullptr) kept = std::make_unique<Part>();
  return *kept;
}

}  // namespace

const Matter::Acknowledging& Matter::acknowledgement() const { return Of(acknowledging); }
Matter::Acknowledging& Matter::acknowledgement() { return Of(acknowledging); }
const Matter::Asked& Matter::asked() const { return Of(asks); }
Matter::Asked& Matter::asked() { return Of(asks); }

namespace {

// The matter, its place in both lists of numbers, and its chain on two shelves.
uint64_t BytesOf(const Matter& matter) {
  constexpr uint64_t kIndexed = 10 + 18;
  uint64_t bytes = sizeof(Matter) + kIndexed + matter.facts.HeapBytes();
  if (matter.former != nullptr) {
    bytes += machine::AllocationBytes(sizeof(std::set<std::string>)) +
             machine::HeapBytes(*matter.former);
  }
  if (matter.acknowledging != nullptr) {
    bytes += machine::AllocationBytes(sizeof(Matter::Acknowledging));
  }
  if (matter.asks == nullptr) return bytes;
  return bytes + machine::AllocationBytes(sizeof(Matter::Asked)) + matter.asks->states.HeapBytes() +
         matter.asks->subject.HeapBytes();
}

uint64_t BytesOf(const Answer& answer) {
  using machine::HeapBytes;
  constexpr uint64_t kIndexed = 10;
  const uint64_t bytes = sizeof(Answer) + kIndexed;
  return answer.states == nullptr
             ? bytes
             : bytes + machine::AllocationBytes(sizeof(std::vector<std::string>)) +
                   HeapBytes(*answer.states);
}

}  // namespace

const machine::Group& MatterRegister::group() const { return kIem; }

void MatterRegister::Apply(const machine::AppliedDocument& document) noexcept {
  const machine::Kind* declared = kIem.Find(document.kind);
  ENTENTE_CHECK(declared != nullptr);
  if (declared->role == Role::kAnswers) {
    ENTENTE_CHECK(document.opens() && document.chain->answered != nullptr);
    Answer& answer = answers_.Add(*document.chain);
    ApplyAnswer(document, answer);
    footprint_ += BytesOf(answer);
    return;
  }
  if (document.opens()) {
    ENTENTE_CHECK(declared->role == Role::kOpens);
    matters_.Add(*document.chain);
  }
  Matter* matter = matters_.Of(document.chain);
  ENTENTE_CHECK(matter != nullptr);
  if (!document.opens()) footprint_ -= BytesOf(*matter);
  ApplyTo(document, *matter);
  if (document::ShortKind(document.kind) == kRelease)
    releases_of_[std::string(matter->asked().subject.view())].push_back(matter->chain);
  released_.Add(*document.chain, "");
  released_.Add(*document.chain, std::string(matter->originator_state()));
  footprint_ += BytesOf(*matter);
}

void MatterRegister::ApplyTo(const machine::AppliedDocument& document, Matter& matter) const {
  const std::string kind(document::ShortKind(document.kind));
  if (document.opens()) {
    matter.chain = document.chain;
    matter.kind = kind == kAlert     ? MatterKind::kAlert
                  : kind == kReport  ? MatterKind::kReport
                  : kind == kRequest ? MatterKind::kRequest
                                     : MatterKind::kRelease;
  }
  v1::MatterRuling ruling;
  document.leaf.stamp().ruling().UnpackTo(&ruling);
  if (ruling.has_lapse_time()) matter.asked().due_micros = Micros(ruling.lapse_time());
  matter.newest_index = static_cast<uint32_t>(document.leaf.stamp().index());
  const int64_t due = Micros(ruling.acknowledge_time());
  if (due != std::as_const(matter).acknowledgement().newest_due_micros) {
    matter.acknowledgement().newest_due_micros = due;
  }
  if (kind == kAlertClosure) {
    const auto body = Unpack<v1::AlertClosure>(document.header);
    matter.state = body.outcome() == v1::AlertClosure::OUTCOME_WITHDRAWN
                       ? v1::MATTER_STATE_WITHDRAWN
                       : v1::MATTER_STATE_CLOSED;
  } else if (kind == kRequestClosure) {
    matter.state = v1::MATTER_STATE_CLOSED;
  } else {
    ApplyContent(document, matter);
  }
}

void MatterRegister::ApplyContent(const machine::AppliedDocument& document, Matter& matter) const {
  matter.content_at = document.number - 1;
  matter.restriction = document.header.marking();
  if (!matter.facts.empty()) {
    if (matter.former == nullptr) matter.former = std::make_unique<std::set<std::string>>();
    for (const std::string_view fact : matter.facts) matter.former->emplace(fact);
  }
  if (matter.kind == MatterKind::kAlert) {
    const auto alert = Unpack<v1::Alert>(document.header);
    matter.facts = book_.Write(alert);
    if (alert.urgency() == v1::URGENCY_FLASH && !matter.flash) {
      matter.acknowledgement().flash_index = matter.newest_index;
      matter.acknowledgement().flash_due_micros = matter.acknowledgement().newest_due_micros;
    }
    matter.flash = alert.urgency() == v1::URGENCY_FLASH;
    matter.review_micros = Micros(alert.review_time());
  } else if (matter.kind == MatterKind::kReport) {
    matter.facts = book_.Write(Unpack<v1::TrendReport>(document.header));
  } else if (matter.kind == MatterKind::kRequest) {
    const auto request = Unpack<v1::InformationRequest>(document.header);
    matter.asked().states =
        machine::WordSet({request.addressees().begin(), request.addressees().end()});
    matter.asked().due_micros = Micros(request.proposed_time());
  } else {
    const auto release = Unpack<v1::ReleaseRequest>(document.header);
    matter.asked().states = machine::WordSet({release.states().begin(), release.states().end()});
    matter.asked().subject =
        machine::KeptText(ReferenceOf(document.header, Reference::RELATION_RELATES_TO)->name());
  }
}

void MatterRegister::ApplyAnswer(const machine::AppliedDocument& document, Answer& answer) {
  answer.chain = document.chain;
  answer.restriction = document.header.marking();
  const std::string kind(document::ShortKind(document.kind));
  if (kind == kSighting) {
    const auto body = Unpack<v1::Sighting>(document.header);
    answer.sighting = body.result();
    answer.country = base::Letters(body.country());
  } else if (kind == kReply) {
    const auto body = Unpack<v1::RequestReply>(document.header);
    answer.reply = body.kind();
    if (body.has_proposed_time()) answer.date_micros = Micros(body.proposed_time());
  } else if (kind == kAgreement) {
    const auto body = Unpack<v1::RequestDateAgreement>(document.header);
    answer.addressee = base::Letters(body.addressee());
    answer.date_micros = Micros(body.agreed_time());
  } else if (kind == kDecision) {
    const auto body = Unpack<v1::ReleaseDecision>(document.header);
    answer.outcome = body.outcome();
    if (body.states_size() > 0) {
      answer.states =
          std::make_unique<std::vector<std::string>>(body.states().begin(), body.states().end());
    }
  }
}

std::unique_ptr<machine::Restatement> MatterRegister::RestateChain(const machine::Chain& chain) {
  const auto put = [this](auto* kept) {
    return [this, kept](auto&& restated) {
      footprint_ -= BytesOf(*kept);
      *kept = std::forward<decltype(restated)>(restated);
      footprint_ += BytesOf(*kept);
    };
  };
  if (Answer* answer = answers_.Of(&chain)) {
    return machine::Restate<Answer>(&MatterRegister::ApplyAnswer, put(answer));
  }
  Matter* matter = matters_.Of(&chain);
  ENTENTE_CHECK(matter != nullptr);
  const auto apply = [this](const machine::AppliedDocument& document, Matter& restated) {
    ApplyTo(document, restated);
  };
  return machine::Restate<Matter>(apply, put(matter));
}

std::string_view MatterRegister::KindOf(const Matter& matter) {
  switch (matter.kind) {
    case MatterKind::kAlert:
      return kAlert;
    case MatterKind::kReport:
      return kReport;
    case MatterKind::kRequest:
      return kRequest;
    case MatterKind::kRelease:
      break;
  }
  return kRelease;
}

std::string MatterRegister::StateOf(const Matter& matter) {
  return rules::EnumWord(v1::MatterState_Name(matter.state), "MATTER_STATE_");
}

base::Digest MatterRegister::Fingerprint() const {
  machine::FingerprintHash hash;
  using Told = std::set<std::pair<std::string, std::string>>;
  // What words say, whatever the profile is that they are written by.
  const auto told = [this](const auto& words) {
    Told facts;
    for (const std::string_view word : words) {
      book_.Read(
          word, [&](std::string_view fact, std::string_view value) { facts.emplace(fact, value); });
    }
    return facts;
  };
  for (const Matter& matter : matters_) {
    const auto& [chain, kind, restriction, flash, state, content_at, newest_index, review, words,
                 former, acknowledging, asks] = matter;
    const auto& [level, tlp, originator_controlled] = restriction;
    const auto& [newest_due, flash_due, flash_index] = matter.acknowledgement();
    const auto& [due, states, subject] = matter.asked();
    hash.Add(chain->number, kind, level, tlp, originator_controlled, flash, state, content_at,
             newest_index, review, told(words), former == nullptr ? Told() : told(*former),
             newest_due, flash_due, flash_index, due, states, subject.view());
  }
  for (const Answer& answer : answers_) {
    const auto& [chain, restriction, country, addressee, sighting, reply, outcome, date, states] =
        answer;
    const auto& [level, tlp, originator_controlled] = restriction;
    hash.Add(chain->number, level, tlp, originator_controlled, country.view(), addressee.view(),
             sighting, reply, outcome, date);
    if (states != nullptr) hash.Add(*states);
  }
  return hash.digest();
}

std::multimap<std::string, std::string> MatterRegister::Facts(std::string_view name) const {
  const machine::Chain* chain = chains().FindAny(name);
  // An answer's readers read the matter, too.
  if (chain != nullptr && chain->answered != nullptr) chain = chain->answered;
  const Matter* matter = matters_.Of(chain);
  if (matter == nullptr) return {};
  // In an order that does not depend on how the book writes them.
  std::set<std::pair<std::string, std::string>> facts = {{"iem.state", StateOf(*matter)},
                                                         {"kind", std::string(KindOf(*matter))}};
  const auto add = [&](std::string_view fact, std::string_view value) {
    facts.emplace(fact, value);
  };
  book_.Read(matter->facts, add);
  if (matter->former != nullptr) {
    for (const std::string& word : *matter->former) book_.Read(word, add);
  }
  return {facts.begin(), facts.end()};
}

std::vector<machine::FactField> MatterRegister::FactFields() const {
  using Values = machine::FactField::Values;
  return {{"iem.urgency", Values::kWord, rules::EnumWords<v1::Urgency>("URGENCY_")},
          {"iem.kind", Values::kWord, rules::EnumWords<v1::AlertKind>("ALERT_KIND_")},
          {"iem.state", Values::kWord, rules::EnumWords<v1::MatterState>("MATTER_STATE_")},
          {"iem.country", Values::kCountry, {}},
          // Codes that a profile had once are in old documents.
          {"iem.topic", Values::kText, {}},
          {"iem.red_flag", Values::kText, {}},
          {"iem.item", Values::kText, {}},
          {"iem.campaign", Values::kText, {}},
          {"iem.route", Values::kText, {}}};
}

void MatterRegister::Visit(const machine::Reader& reader, const std::string& originator,
                           const machine::Chain* after,
                           const std::function<bool(const Matter&)>& visit) const {
  released_.Visit(reader, originator, after,
                  [&](const machine::Chain& chain) { return visit(*matters_.Of(&chain)); });
}

std::vector<const Answer*> MatterRegister::AnswersTo(const Matter& matter,
                                                     const machine::Reader& reader) const {
  std::vector<const Answer*> answers;
  for (const machine::Chain* said : chains().AnswersTo(*matter.chain, reader)) {
    answers.push_back(answers_.Of(said));
  }
  return answers;
}

namespace {

// Whether nothing more is owed after this reply.
bool Settles(v1::ReplyKind reply) {
  return reply == v1::REPLY_KIND_ANSWER || reply == v1::REPLY_KIND_REFUSED ||
         reply == v1::REPLY_KIND_NOTHING_HELD;
}

}  // namespace

std::vector<v1::AddresseeStatus> MatterRegister::Addressees(const Matter& request,
                                                            const machine::Reader& reader,
                                                            std::span<const std::string> partners,
                                                            absl::Time now) const {
  const auto& named = request.asked().states;
  std::vector<std::string> states(named.begin(), named.end());
  if (states.empty()) {
    for (const std::string& state : partners) {
      if (state != request.originator_state() && rules::Holds(request.chain->audience(), state)) {
        states.push_back(state);
      }
    }
  }
  const auto answers = AnswersTo(request, reader);
  std::vector<v1::AddresseeStatus> result;
  for (const std::string& state : states) {
    v1::AddresseeStatus& status = result.emplace_back();
    status.set_state(state);
    int64_t due = request.asked().due_micros;
    for (const Answer* answer : answers) {
      if (answer->reply != v1::REPLY_KIND_UNSPECIFIED && answer->originator_state() == state) {
        status.set_reply(answer->reply);
      }
      if (answer->addressee.view() == state) due = answer->date_micros;
    }
    entry::SetTime(absl::FromUnixMicros(due), status.mutable_due_time());
    status.set_overdue(!Settles(status.reply()) && request.state == v1::MATTER_STATE_OPEN &&
                       absl::ToUnixMicros(now) > due);
  }
  return result;
}

v1::ReleaseOutcome MatterRegister::OutcomeOf(const Matter& release, const machine::Reader& reader,
                                             absl::Time now,
                                             std::vector<std::string>& states) const {
  for (const Answer* answer : AnswersTo(release, reader)) {
    if (answer->states != nullptr) states = *answer->states;
    return answer->outcome;
  }
  return absl::ToUnixMicros(now) > release.asked().due_micros ? v1::RELEASE_OUTCOME_LAPSED
                                                              : v1::RELEASE_OUTCOME_UNSPECIFIED;
}

std::vector<machine::Obligation> MatterRegister::Unacknowledged(
    const Matter& matter, std::span<const std::string> partners) const {
  std::vector<machine::Obligation> owed;
  if (!matter.flash && matter.state != v1::MATTER_STATE_WITHDRAWN) return owed;
  const machine::Ledger& ledger = *matter.chain->ledger;
  for (const std::string& state : partners) {
    if (state == matter.originator_state() || !entry::Includes(ledger.audience, state, true)) {
      continue;
    }
    const auto steps = ledger.acknowledged.find(state);
    const uint64_t held = steps == ledger.acknowledged.end() ? 0 : steps->second.back().size;
    if (matter.flash && held <= matter.acknowledgement().flash_index) {
      owed.push_back({"iem.acknowledgement", state,
                      absl::FromUnixMicros(matter.acknowledgement().flash_due_micros)});
    } else if (held <= matter.newest_index) {
      owed.push_back({"iem.acknowledgement", state,
                      absl::FromUnixMicros(matter.acknowledgement().newest_due_micros)});
    }
  }
  return owed;
}

void MatterRegister::VisitOwing(const machine::Reader& reader, const machine::Chain* after,
                                const std::function<bool(const machine::Chain&)>& visit) const {
  released_.Visit(reader, "", after, visit);
}

std::vector<machine::Obligation> MatterRegister::ObligationsOf(
    const machine::Chain& chain, const machine::Reader& reader,
    std::span<const std::string> partners, absl::Time now) const {
  const Matter& matter = *matters_.Of(&chain);
  std::vector<machine::Obligation> owed = Unacknowledged(matter, partners);
  if (matter.state != v1::MATTER_STATE_OPEN) return owed;
  if (matter.kind == MatterKind::kAlert && matter.review_micros != 0) {
    owed.push_back({"iem.review", std::string(matter.originator_state()),
                    absl::FromUnixMicros(matter.review_micros)});
  } else if (matter.kind == MatterKind::kRequest) {
    for (const auto& status : Addressees(matter, reader, partners, now)) {
      if (Settles(status.reply())) continue;
      owed.push_back({"iem.reply", status.state(), entry::GetTime(status.due_time())});
    }
  } else if (matter.kind == MatterKind::kRelease) {
    std::vector<std::string> states;
    // Once it has lapsed, nothing can be decided any more.
    if (OutcomeOf(matter, reader, now, states) == v1::RELEASE_OUTCOME_UNSPECIFIED) {
      owed.push_back({"iem.decision", std::string(rules::StateOf(matter.asked().subject.view())),
                      absl::FromUnixMicros(matter.asked().due_micros)});
    }
  }
  return owed;
}

std::vector<machine::Dimension> MatterRegister::Dimensions() const {
  return {{"item", false},  {"country", false}, {"route", false},  {"method", false},
          {"topic", false}, {"kind", true},     {"urgency", true}, {"sighting", true}};
}

void MatterRegister::Observe(const machine::Reader& reader, std::string_view dimension,
                             const std::function<void(const machine::Observation&)>& visit) const {
  const std::string name =
      "iem." + (dimension == "method" ? std::string("red_flag") : std::string(dimension));
  Visit(reader, "", nullptr, [&](const Matter& matter) {
    machine::Observation seen;
    seen.originator = matter.originator_state();
    seen.month = machine::MonthOf(absl::FromUnixMicros(matter.chain->recorded_micros));
    // In an order that does not depend on how the book writes them.
    std::set<std::string_view> values;
    book_.Read(matter.facts, [&](std::string_view fact, std::string_view value) {
      if (fact == name) values.insert(value);
    });
    for (const std::string_view value : values) {
      seen.key = value;
      if (dimension == "item") {
        seen.basis = value == "unlisted" ? machine::Basis::kCatchAll : machine::Basis::kListed;
      }
      visit(seen);
    }
    if (dimension != "sighting" && dimension != "country") return true;
    for (const Answer* answer : AnswersTo(matter, reader)) {
      if (answer->sighting == v1::SIGHTING_RESULT_UNSPECIFIED) continue;
      const std::string word =
          rules::EnumWord(v1::SightingResult_Name(answer->sighting), "SIGHTING_RESULT_");
      seen.key = dimension == "sighting" ? std::string_view(word) : answer->country.view();
      seen.originator = answer->originator_state();
      seen.month = machine::MonthOf(absl::FromUnixMicros(answer->chain->recorded_micros));
      if (!seen.key.empty()) visit(seen);
    }
    return true;
  });
}

}  // namespace entente::iem
