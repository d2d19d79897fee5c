#include "services/iem/register/matter_register.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/machine/footprint.h"
#include "services/core/machine/succession.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/links.h"
#include "services/iem/register/group.h"
#include "services/iem/register/matter_rules.h"

namespace entente::iem {
namespace {

using base::Reason;
using machine::Role;
using rules::Fault;
using rules::Forbid;
using rules::Micros;
using rules::Reference;
using rules::ReferenceOf;
using rules::Unpack;

}  // namespace

const Matter::Rest& Matter::rest() const {
  static const auto& nothing = *new Rest;
  return kept == nullptr ? nothing : *kept;
}

Matter::Rest& Matter::rest() {
  if (kept == nullptr) kept = std::make_unique<Rest>();
  return *kept;
}

struct MatterRegister::Source {
  const machine::Chain* chain = nullptr;
  rules::Restriction restriction;
};

absl::StatusOr<MatterRegister::Source> MatterRegister::FindSource(
    const std::string& name, const document::VerifiedDocument& document) const {
  const machine::Reader reader{.state = document.parsed().originator.state, .is_partner = true};
  const machine::Chain* chain = chains().Find(name, reader);
  if (const Matter* matter = matters_.Of(chain)) return Source{chain, matter->restriction};
  const Answer* answer = answers_.Of(chain);
  if (answer != nullptr && chain->name == name) return Source{chain, answer->restriction};
  return rules::NoSuch(name);
}

absl::Status MatterRegister::CheckAlone(const document::VerifiedDocument& document,
                                        absl::Time now) const {
  const auto& header = document.header();
  const machine::Kind* declared = kIem.Find(document.parsed().kind);
  if (declared == nullptr) return kIem.Refuse(document.parsed().kind);
  base::FieldViolations violations;
  rules::CheckHeader(header, now, profile_.level_max(), violations);
  if (header.audience().has_public_()) {
    violations.Add("audience", "is never public here; name all_partners or listed states");
  }
  CheckBody(document, profile_, violations);
  const int superseded = rules::CountReferences(header, Reference::RELATION_SUPERSEDES);
  const int answered = rules::CountReferences(header, Reference::RELATION_ANSWERS);
  const bool answers = declared->role == Role::kAnswers;
  const bool revises = superseded > 0 || declared->role == Role::kEnds;
  if (revises && superseded != 1) {
    violations.Add("references", "must name the matter once, with SUPERSEDES and its etag");
  }
  if (answers ? answered != 1 || superseded != 0 : answered != 0) {
    violations.Add("references",
                   "what is said to a matter names it once, with ANSWERS; nothing "
                   "else does");
  }
  return violations.ToStatus();
}

absl::StatusOr<machine::Judgement> MatterRegister::Validate(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  ENTENTE_RETURN_IF_ERROR(CheckAlone(document, context.now));
  const auto& header = document.header();
  const machine::Kind& declared = *kIem.Find(document.parsed().kind);
  const std::string kind(document::ShortKind(declared.message));
  const bool revises = declared.role == Role::kEnds ||
                       rules::CountReferences(header, Reference::RELATION_SUPERSEDES) > 0;
  ENTENTE_RETURN_IF_ERROR(CheckSources(document));
  machine::Judgement judgement;
  judgement.rules_version = profile_.version();
  v1::MatterRuling ruling;
  if (revises) {
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                             machine::FindSuperseded(chains(), document));
    const Matter* matter = matters_.Of(chain);
    if (matter == nullptr) return rules::NoSuch(chain->name);
    ENTENTE_RETURN_IF_ERROR(ValidateRevision(document, *matter));
    ruling = RulingOf(document, matter, context.now);
    judgement.name = machine::NextName(*chain);
  } else if (declared.role == Role::kAnswers) {
    const Reference& reference = *ReferenceOf(header, Reference::RELATION_ANSWERS);
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                             machine::FindNamed(chains(), reference.name(), document));
    const Matter* matter = matters_.Of(chain);
    if (matter == nullptr) return rules::NoSuch(reference.name());
    ENTENTE_RETURN_IF_ERROR(ValidateAnswer(document, *matter, context.now));
    if (matter->state != v1::MATTER_STATE_OPEN) ruling.set_late(true);
    judgement.name = machine::FirstName(declared, document.header());
  } else {
    if (kind == kRelease) ENTENTE_RETURN_IF_ERROR(ValidateRelease(document));
    if (kind == kRequest) ENTENTE_RETURN_IF_ERROR(ValidateAddressees(document));
    ruling = RulingOf(document, nullptr, context.now);
    judgement.name = machine::FirstName(declared, document.header());
  }
  if (!revises) ENTENTE_RETURN_IF_ERROR(machine::CheckNameIsFree(chains(), judgement.name));
  if (ruling.ByteSizeLong() > 0) judgement.ruling.PackFrom(ruling);
  return judgement;
}

v1::MatterRuling MatterRegister::RulingOf(const document::VerifiedDocument& document,
                                          const Matter* revised, absl::Time now) const {
  const std::string kind(document::ShortKind(document.parsed().kind));
  v1::MatterRuling ruling;
  if (kind == kRelease && revised == nullptr) {
    entry::SetTime(now + absl::Hours(24) * profile_.iem().release_lapse_days(),
                   ruling.mutable_lapse_time());
  }
  const bool flash =
      kind == kAlert && Unpack<v1::Alert>(document.header()).urgency() == v1::URGENCY_FLASH;
  const bool ends = kind == kAlertClosure &&
                    (revised->flash || Unpack<v1::AlertClosure>(document.header()).outcome() ==
                                           v1::AlertClosure::OUTCOME_WITHDRAWN);
  if (flash || ends) {
    entry::SetTime(now + absl::Minutes(profile_.iem().flash_acknowledge_minutes()),
                   ruling.mutable_acknowledge_time());
  }
  return ruling;
}

// rule 9: what is made from sources is marked as they are at least, and goes no further than
// they do, unless it is the originator's own or was granted.
absl::Status MatterRegister::CheckSources(const document::VerifiedDocument& document) const {
  const auto& header = document.header();
  const std::string& state = document.parsed().originator.state;
  for (int i = 0; i < header.references_size(); ++i) {
    const Reference& reference = header.references(i);
    if (reference.relation() != Reference::RELATION_DERIVES_FROM) continue;
    ENTENTE_ASSIGN_OR_RETURN(const Source source, FindSource(reference.name(), document));
    const auto& audience = source.chain->audience();
    if (!rules::AtMost(source.restriction, header.marking())) {
      return Fault("marking",
                   "is lower than that of a source, references[" + std::to_string(i) + "]");
    }
    if (source.chain->originator_state() == state || rules::Within(header.audience(), audience))
      continue;
    const auto& states = header.audience().listed().states();
    const bool granted =
        header.audience().has_listed() &&
        std::all_of(states.begin(), states.end(), [&](const std::string& one) {
          return rules::Holds(audience, one) || Granted(reference.name(), state, one);
        });
    if (!granted) {
      return base::RefuseArgument(Reason::kReleaseNeeded,
                                  "audience: is wider than that of {}; ask its originator with a "
                                  "release request",
                                  reference.name());
    }
  }
  return absl::OkStatus();
}

bool MatterRegister::Granted(const std::string& source, const std::string& asker,
                             const std::string& state) const {
  auto it = releases_of_.find(source);
  if (it == releases_of_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(), [&](const machine::Chain* release) {
    return release->originator_state() == asker &&
           release->AnyAnswer([&](const machine::Chain& said) {
             const auto& states = answers_.Of(&said)->states;
             return states != nullptr &&
                    std::find(states->begin(), states->end(), state) != states->end();
           });
  });
}

absl::Status MatterRegister::ValidateAddressees(const document::VerifiedDocument& document) const {
  const auto request = Unpack<v1::InformationRequest>(document.header());
  for (int i = 0; i < request.addressees_size(); ++i) {
    const std::string at = fmt::format("body.addressees[{}]", i);
    if (!rules::Holds(document.header().audience(), request.addressees(i))) {
      return Fault(at, "is not in the audience, and so cannot read the request");
    }
    if (request.addressees(i) == document.parsed().originator.state) {
      return Fault(at, "is the requester itself");
    }
  }
  return absl::OkStatus();
}

absl::Status MatterRegister::ValidateRelease(const document::VerifiedDocument& document) const {
  const auto& header = document.header();
  if (rules::CountReferences(header, Reference::RELATION_RELATES_TO) != 1) {
    return Fault("references", "must name the document, once, with RELATES_TO");
  }
  const std::string& name = ReferenceOf(header, Reference::RELATION_RELATES_TO)->name();
  ENTENTE_ASSIGN_OR_RETURN(const Source source, FindSource(name, document));
  const std::string owner(source.chain->originator_state());
  const auto& audience = source.chain->audience();
  if (owner == document.parsed().originator.state) {
    return Forbid(Reason::kProcedureForbids, name, "is your own; release it to whom you like");
  }
  if (!header.audience().has_listed() || header.audience().listed().states_size() != 2 ||
      !rules::Holds(header.audience(), owner)) {
    return Fault("audience", "must be the requester and the document's originator");
  }
  const auto request = Unpack<v1::ReleaseRequest>(header);
  for (int i = 0; i < request.states_size(); ++i) {
    if (rules::Holds(audience, request.states(i))) {
      return Fault(fmt::format("body.states[{}]", i), "reads the document already");
    }
  }
  return absl::OkStatus();
}

absl::Status MatterRegister::ValidateRevision(const document::VerifiedDocument& document,
                                              const Matter& matter) const {
  const std::string kind(document::ShortKind(document.parsed().kind));
  const bool fits = matter.kind == MatterKind::kAlert     ? kind == kAlert || kind == kAlertClosure
                    : matter.kind == MatterKind::kReport  ? kind == kReport
                    : matter.kind == MatterKind::kRequest ? kind == kRequestClosure
                                                          : false;
  if (!fits)
    return Forbid(Reason::kProcedureForbids, matter.name(), "cannot be followed by this kind");
  if (matter.state != v1::MATTER_STATE_OPEN) {
    return Forbid(Reason::kChainEnded, matter.name(), "has ended; open a new one");
  }
  return machine::CheckSucceeds(*matter.chain, document, kIem.Find(document.parsed().kind)->role,
                                budgets_, matter.rest().former.size() + matter.facts.size());
}

absl::Status MatterRegister::ValidateAnswer(const document::VerifiedDocument& document,
                                            const Matter& matter, absl::Time now) const {
  const auto& header = document.header();
  const std::string kind(document::ShortKind(document.parsed().kind));
  const bool to_alert = kind == kSighting || kind == kAssessment;
  const bool to_request = kind == kReply || kind == kAgreement;
  if (to_alert != (matter.kind == MatterKind::kAlert) ||
      to_request != (matter.kind == MatterKind::kRequest) || matter.kind == MatterKind::kReport) {
    return Forbid(Reason::kProcedureForbids, matter.name(), "cannot be answered with this kind");
  }
  // A ship is seen a week after the alert was closed: what is said late is taken, and shown as
  // late.
  if (matter.state != v1::MATTER_STATE_OPEN && kind == kAgreement) {
    return Forbid(Reason::kChainEnded, matter.name(), "has ended; no date is agreed any more");
  }
  ENTENTE_RETURN_IF_ERROR(machine::CheckAnswers(*matter.chain, header.audience()));
  if (kind == kReply) return ValidateReply(document, matter);
  if (kind == kAgreement) return ValidateAgreement(document, matter);
  if (kind == kDecision) return ValidateDecision(document, matter, now);
  return absl::OkStatus();
}

absl::Status MatterRegister::ValidateReply(const document::VerifiedDocument& document,
                                           const Matter& request) const {
  const std::string& state = document.parsed().originator.state;
  const auto& asked = request.rest().addressees;
  const bool addressed = asked.empty()
                             ? state != request.originator_state()
                             : std::find(asked.begin(), asked.end(), state) != asked.end();
  if (addressed) return absl::OkStatus();
  return Forbid(Reason::kProcedureForbids, request.name(), "is not addressed to you");
}

absl::Status MatterRegister::ValidateAgreement(const document::VerifiedDocument& document,
                                               const Matter& request) const {
  if (request.originator_state() != document.parsed().originator.state) {
    return Forbid(Reason::kProcedureForbids, request.name(), "only the requester agrees to a date");
  }
  const auto body = Unpack<v1::RequestDateAgreement>(document.header());
  const bool proposed = request.chain->AnyAnswer([&](const machine::Chain& said) {
    const Answer& answer = *answers_.Of(&said);
    return answer.reply == v1::REPLY_KIND_DATE_PROPOSED &&
           answer.originator_state() == body.addressee() &&
           answer.date_micros == Micros(body.agreed_time());
  });
  if (!proposed) return Fault("body.agreed_time", "is not a date that this addressee has proposed");
  return absl::OkStatus();
}

absl::Status MatterRegister::ValidateDecision(const document::VerifiedDocument& document,
                                              const Matter& release, absl::Time now) const {
  const std::string& state = document.parsed().originator.state;
  if (release.originator_state() == state) {
    return Forbid(Reason::kProcedureForbids, release.name(),
                  "only the document's originator decides on it");
  }
  if (!release.chain->said().empty()) {
    return Forbid(Reason::kChainEnded, release.name(), "is decided already");
  }
  if (absl::ToUnixMicros(now) > release.rest().lapse_micros) {
    return Forbid(Reason::kChainEnded, release.name(), "has lapsed, which means denied");
  }
  const auto body = Unpack<v1::ReleaseDecision>(document.header());
  const auto& asked = release.rest().asked;
  const bool within =
      std::all_of(body.states().begin(), body.states().end(), [&](const std::string& one) {
        return std::find(asked.begin(), asked.end(), one) != asked.end();
      });
  const bool all = body.states_size() == static_cast<int>(asked.size());
  if (!within || (body.outcome() == v1::RELEASE_OUTCOME_GRANTED && !all) ||
      (body.outcome() == v1::RELEASE_OUTCOME_PARTIAL && all)) {
    return Fault("body.states", "must be all states asked for GRANTED, some of them for PARTIAL");
  }
  return absl::OkStatus();
}

namespace {

// The matter, its place in both lists of numbers, and its chain on two shelves.
uint64_t BytesOf(const Matter& matter) {
  using machine::HeapBytes;
  constexpr uint64_t kIndexed = 10 + 18;
  const uint64_t bytes = sizeof(Matter) + kIndexed + matter.facts.HeapBytes();
  if (matter.kept == nullptr) return bytes;
  const Matter::Rest& rest = matter.rest();
  return bytes + machine::AllocationBytes(sizeof rest) + HeapBytes(rest.former) +
         HeapBytes(rest.addressees) + HeapBytes(rest.subject) + HeapBytes(rest.asked);
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
    releases_of_[matter->rest().subject].push_back(matter->chain);
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
    matter.month = machine::MonthOf(absl::FromUnixMicros(document.recorded_micros()));
  }
  v1::MatterRuling ruling;
  document.leaf.stamp().ruling().UnpackTo(&ruling);
  if (ruling.has_lapse_time()) matter.rest().lapse_micros = Micros(ruling.lapse_time());
  matter.newest_index = static_cast<uint32_t>(document.leaf.stamp().index());
  const int64_t due = Micros(ruling.acknowledge_time());
  if (due != std::as_const(matter).rest().newest_due_micros) matter.rest().newest_due_micros = due;
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
  for (const std::string_view fact : matter.facts) matter.rest().former.emplace(fact);
  const std::string_view kind = document::ShortKind(document.kind);
  if (matter.kind == MatterKind::kAlert) {
    const auto alert = Unpack<v1::Alert>(document.header);
    matter.facts = book_.Write(kind, alert);
    if (alert.urgency() == v1::URGENCY_FLASH && !matter.flash) {
      matter.rest().flash_index = matter.newest_index;
      matter.rest().flash_due_micros = matter.rest().newest_due_micros;
    }
    matter.flash = alert.urgency() == v1::URGENCY_FLASH;
    matter.review_micros = Micros(alert.review_time());
  } else if (matter.kind == MatterKind::kReport) {
    matter.facts = book_.Write(kind, Unpack<v1::TrendReport>(document.header));
  } else if (matter.kind == MatterKind::kRequest) {
    const auto request = Unpack<v1::InformationRequest>(document.header);
    matter.facts = book_.Write(kind);
    matter.rest().addressees.assign(request.addressees().begin(), request.addressees().end());
    matter.rest().proposed_micros = Micros(request.proposed_time());
  } else {
    const auto release = Unpack<v1::ReleaseRequest>(document.header);
    matter.facts = book_.Write(kind);
    matter.rest().asked.assign(release.states().begin(), release.states().end());
    matter.rest().subject = ReferenceOf(document.header, Reference::RELATION_RELATES_TO)->name();
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

std::string MatterRegister::StateOf(const Matter& matter) {
  return rules::EnumWord(v1::MatterState_Name(matter.state), "MATTER_STATE_");
}

base::Digest MatterRegister::Fingerprint() const {
  machine::FingerprintHash hash;
  // What words say, whatever the profile is that they are written by.
  const auto told = [this](const auto& words) {
    std::set<std::pair<std::string, std::string>> facts;
    for (const std::string_view word : words) {
      book_.Read(
          word, [&](std::string_view fact, std::string_view value) { facts.emplace(fact, value); });
    }
    return facts;
  };
  for (const Matter& matter : matters_) {
    const auto& [chain, kind, restriction, flash, state, content_at, newest_index, month, review,
                 words, kept] = matter;
    const auto& [level, tlp, originator_controlled] = restriction;
    const auto& [former, newest_due, flash_index, flash_due, addressees, proposed, lapse, subject,
                 asked] = matter.rest();
    hash.Add(chain->number, kind, level, tlp, originator_controlled, flash, state, content_at,
             month, newest_index, newest_due, review, told(words), told(former), flash_index,
             flash_due, addressees, proposed, lapse, subject, asked);
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
  std::set<std::pair<std::string, std::string>> facts = {{"iem.state", StateOf(*matter)}};
  const auto add = [&](std::string_view fact, std::string_view value) {
    facts.emplace(fact, value);
  };
  book_.Read(matter->facts, add);
  for (const std::string& word : matter->rest().former) book_.Read(word, add);
  return {facts.begin(), facts.end()};
}

std::vector<std::string> MatterRegister::FactNames() const {
  return {"iem.urgency",  "iem.kind",     "iem.country", "iem.item", "iem.topic",
          "iem.campaign", "iem.red_flag", "iem.route",   "iem.state"};
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
  std::vector<std::string> states = request.rest().addressees;
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
    int64_t due = request.rest().proposed_micros;
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
  return absl::ToUnixMicros(now) > release.rest().lapse_micros ? v1::RELEASE_OUTCOME_LAPSED
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
    if (matter.flash && held <= matter.rest().flash_index) {
      owed.push_back(
          {"iem.acknowledgement", state, absl::FromUnixMicros(matter.rest().flash_due_micros)});
    } else if (held <= matter.newest_index) {
      owed.push_back(
          {"iem.acknowledgement", state, absl::FromUnixMicros(matter.rest().newest_due_micros)});
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
      owed.push_back({"iem.decision", std::string(rules::StateOf(matter.rest().subject)),
                      absl::FromUnixMicros(matter.rest().lapse_micros)});
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
    seen.month = matter.month;
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
