// Whether IEM's documents are in order, beside what is there.
#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/machine/succession.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/links.h"
#include "services/iem/register/group.h"
#include "services/iem/register/matter_register.h"
#include "services/iem/register/matter_rules.h"

namespace entente::iem {

using base::Reason;
using machine::Role;
using rules::Fault;
using rules::Forbid;
using rules::Micros;
using rules::Reference;
using rules::ReferenceOf;
using rules::Unpack;

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
  if (answer != nullptr && chain->name() == name) return Source{chain, answer->restriction};
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
    if (matter == nullptr) return rules::NoSuch(chain->name());
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
  return machine::CheckSucceeds(
      *matter.chain, document, kIem.Find(document.parsed().kind)->role, budgets_,
      (matter.former == nullptr ? 0 : matter.former->size()) + matter.facts.size());
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
  const auto& asked = request.asked().states;
  const bool addressed =
      asked.empty() ? state != request.originator_state() : asked.Contains(state);
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
  if (absl::ToUnixMicros(now) > release.asked().due_micros) {
    return Forbid(Reason::kChainEnded, release.name(), "has lapsed, which means denied");
  }
  const auto body = Unpack<v1::ReleaseDecision>(document.header());
  const auto& asked = release.asked().states;
  const bool within = std::all_of(body.states().begin(), body.states().end(),
                                  [&](const std::string& one) { return asked.Contains(one); });
  const bool all = body.states_size() == static_cast<int>(asked.size());
  if (!within || (body.outcome() == v1::RELEASE_OUTCOME_GRANTED && !all) ||
      (body.outcome() == v1::RELEASE_OUTCOME_PARTIAL && all)) {
    return Fault("body.states", "must be all states asked for GRANTED, some of them for PARTIAL");
  }
  return absl::OkStatus();
}

}  // namespace entente::iem
