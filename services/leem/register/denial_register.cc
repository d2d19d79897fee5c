#include "services/leem/register/denial_register.h"

#include <algorithm>
#include <variant>

#include "services/core/base/calendar.h"
#include "services/core/base/status.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/machine/footprint.h"
#include "services/core/machine/succession.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/fold_text.h"
#include "services/core/rules/links.h"
#include "services/leem/register/denial_rules.h"
#include "services/leem/register/group.h"

namespace entente::leem {
namespace {

using base::Reason;
using rules::CheckText;
using rules::FoldText;
using rules::Reference;

constexpr std::string_view kNotification = "entente.leem.v1.DenialNotification";
constexpr std::string_view kAmendment = "entente.leem.v1.DenialAmendment";
constexpr std::string_view kRenewal = "entente.leem.v1.DenialRenewal";
constexpr std::string_view kRevocation = "entente.leem.v1.DenialRevocation";
constexpr std::string_view kClosure = "entente.leem.v1.SuspensionClosure";
constexpr absl::Duration kEastOfGreenwichMax = absl::Hours(14);

// Whether a list of countries, two letters each, holds one.
bool HasCountry(std::string_view countries, std::string_view country) {
  for (size_t at = 0; at < countries.size(); at += 2) {
    if (countries.substr(at, 2) == country) return true;
  }
  return false;
}

// Keys of the index of released chains.
std::string OriginatorKey(std::string_view state) { return "originator " + std::string(state); }
std::string DestinationKey(std::string_view country) {
  return "destination " + std::string(country);
}

v1::Timeliness TimelinessOf(int days, const entente::config::v1::DenialRules& profile) {
  if (days <= profile.notify_preferred_days()) return v1::TIMELINESS_PREFERRED;
  return days <= profile.notify_latest_days() ? v1::TIMELINESS_WITHIN_LIMIT : v1::TIMELINESS_LATE;
}

// The term that a content gives: from its decision on. Where that day is not stated nobody knows
// whether the denial still counts: a term of no days, from `otherwise`, until a renewal says.
Term TermOf(const v1::DenialContent& content, const base::CivilDate& otherwise, int months) {
  if (!content.has_decision_date()) return {otherwise, otherwise};
  const base::CivilDate from = ToCivil(content.decision_date());
  return {from, from.AddMonths(months)};
}

void SetTerm(const Term& term, v1::DenialRuling& ruling) {
  SetDate(term.from, ruling.mutable_in_force_from());
  SetDate(term.until, ruling.mutable_valid_until());
}

RuleContext MakeRuleContext(const entente::config::v1::RegimeProfile& profile,
                            const document::VerifiedDocument& document, absl::Time now,
                            const RegimeList* regime_list) {
  return {profile, document.header().marking(), base::DateOf(now + kEastOfGreenwichMax),
          regime_list};
}

// Limits that every denial document keeps, whatever its body.
void CheckHeader(const entente::config::v1::RegimeProfile& profile,
                 const document::VerifiedDocument& document, absl::Time now,
                 base::FieldViolations& violations) {
  rules::CheckHeader(document.header(), now, profile.level_max(), violations);
  if (document.header().audience().has_public_()) {
    violations.Add("audience", "a denial is never public; name all_partners or listed states");
  }
  if (rules::CountReferences(document.header(), Reference::RELATION_ANSWERS) > 0) {
    violations.Add("references",
                   "nothing is answered here; relate to it, or revise your own denial");
  }
}

void CheckNames(const v1::DenialContent& content, base::FieldViolations& violations) {
  // Its limits and characters are judged by others; here only what it comes to.
  size_t bytes = 0;
  for (const auto& party : content.parties()) {
    if (bytes <= kPartyNamesMax) bytes += FoldText(party.name()).size() + 1;
    for (const auto& alias : party.aliases()) {
      if (bytes <= kPartyNamesMax) bytes += FoldText(alias.name()).size() + 1;
    }
  }
  if (bytes > kPartyNamesMax) {
    violations.Add("body.content.parties",
                   "names and aliases have more than {} bytes together once they are folded for "
                   "search; name fewer, or notify a second denial",
                   kPartyNamesMax);
  }
}

}  // namespace

struct DenialRegister::Step {
  std::variant<std::monostate, v1::DenialAmendment, v1::DenialRenewal, v1::DenialRevocation,
               v1::SuspensionClosure>
      body;

  // Reads a body of this kind. False if it is none of these kinds, or not a whole one: what of it
  // can be read is there all the same.
  bool Read(std::string_view kind, const std::string& bytes) {
    if (kind == kAmendment) return body.emplace<v1::DenialAmendment>().ParseFromString(bytes);
    if (kind == kRenewal) return body.emplace<v1::DenialRenewal>().ParseFromString(bytes);
    if (kind == kRevocation) return body.emplace<v1::DenialRevocation>().ParseFromString(bytes);
    if (kind == kClosure) return body.emplace<v1::SuspensionClosure>().ParseFromString(bytes);
    return false;
  }
  template <typename T>
  const T* As() const {
    return std::get_if<T>(&body);
  }
};

absl::StatusOr<machine::Judgement> DenialRegister::Validate(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  const std::string& kind = document.parsed().kind;
  if (kind == kNotification) return ValidateNotification(document, context);
  if (kLeem.Find(kind) != nullptr) return ValidateRevision(document, context);
  return kLeem.Refuse(kind);
}

absl::Status DenialRegister::CheckAlone(const document::VerifiedDocument& document,
                                        absl::Time now) const {
  const std::string& kind = document.parsed().kind;
  if (kind == kNotification) return CheckNotification(document, now).status();
  if (kLeem.Find(kind) != nullptr) return CheckRevision(document, now).status();
  return kLeem.Refuse(kind);
}

absl::StatusOr<v1::DenialNotification> DenialRegister::CheckNotification(
    const document::VerifiedDocument& document, absl::Time now) const {
  v1::DenialNotification body;
  if (!body.ParseFromString(document.header().body().value())) {
    return base::RefuseArgument(Reason::kDocumentMalformed, "body does not parse");
  }
  base::FieldViolations violations;
  CheckHeader(profile_, document, now, violations);
  const RuleContext rule_context = MakeRuleContext(profile_, document, now, regime_list_);
  if (rules::CountReferences(document.header(), Reference::RELATION_SUPERSEDES) > 0) {
    violations.Add("references", "a first notification supersedes nothing; send an amendment");
  }
  if (!body.has_content()) {
    violations.Add("body.content", "is missing");
  } else {
    CheckContent(body.content(), "body.content", rule_context, violations);
    CheckNames(body.content(), violations);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return body;
}

absl::StatusOr<machine::Judgement> DenialRegister::ValidateNotification(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  ENTENTE_ASSIGN_OR_RETURN(const v1::DenialNotification body,
                           CheckNotification(document, context.now));
  const RuleContext rule_context = MakeRuleContext(profile_, document, context.now, regime_list_);
  machine::Judgement judgement;
  judgement.name = machine::FirstName(*kLeem.Find(kNotification), document.header());
  ENTENTE_RETURN_IF_ERROR(machine::CheckNameIsFree(chains(), judgement.name));
  v1::DenialRuling ruling;
  ruling.set_revision(1);
  ruling.set_entry_check(EntryCheckOf(body.content(), rule_context));
  const base::CivilDate today = base::DateOf(context.now);
  const Term term = TermOf(body.content(), today, profile_.denials().validity_months());
  if (body.content().has_decision_date()) {
    const auto days =
        static_cast<int>(std::max<int64_t>(0, today.day_number() - term.from.day_number()));
    ruling.set_days_after_decision(days);
    ruling.set_timeliness(TimelinessOf(days, profile_.denials()));
  }
  SetTerm(term, ruling);
  judgement.ruling.PackFrom(ruling);
  judgement.rules_version = profile_.version();
  return judgement;
}

absl::Status DenialRegister::CheckProcedure(const Denial& denial, const Step& step) const {
  const auto forbid = [&](Reason reason, std::string_view why) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, reason, "{}: {}", denial.name(),
                        why);
  };
  if (denial.standing.state == v1::DENIAL_STATE_REVOKED ||
      denial.standing.state == v1::DENIAL_STATE_LIFTED) {
    return forbid(Reason::kChainEnded, "has ended; notify a new denial");
  }
  const bool suspended = denial.standing.state == v1::DENIAL_STATE_SUSPENSION_OPEN;
  if (step.As<v1::SuspensionClosure>() != nullptr && !suspended) {
    return forbid(Reason::kProcedureForbids, "is not an open suspension; revoke or amend it");
  }
  if (step.As<v1::DenialRenewal>() != nullptr && suspended) {
    return forbid(Reason::kProcedureForbids, "is an open suspension; close it first");
  }
  if (const auto* amendment = step.As<v1::DenialAmendment>()) {
    const bool act_suspends = amendment->content().act() == v1::DENIAL_ACT_SUSPENDED;
    if (act_suspends != suspended) {
      return forbid(Reason::kProcedureForbids,
                    suspended ? "is an open suspension; close it to change the act"
                              : "cannot become a suspension; notify a new one");
    }
  }
  // Where the day of the decision is not stated, nothing is known to be before it.
  const Term& decided = denial.standing.terms.front();
  const auto before = [&](const v1::Date& date) {
    return decided.from < decided.until && ToCivil(date) < decided.from;
  };
  const auto* renewal = step.As<v1::DenialRenewal>();
  const auto* revocation = step.As<v1::DenialRevocation>();
  const auto* closure = step.As<v1::SuspensionClosure>();
  if ((renewal != nullptr && before(renewal->review_date())) ||
      (revocation != nullptr && before(revocation->effective_date())) ||
      (closure != nullptr && before(closure->closed_date()))) {
    return forbid(Reason::kProcedureForbids, "cannot change before the day of its decision");
  }
  return absl::OkStatus();
}

// Faults in the fields of a body by itself.
void DenialRegister::CheckBody(const Step& step, const RuleContext& context,
                               base::FieldViolations& violations) {
  if (const auto* amendment = step.As<v1::DenialAmendment>()) {
    if (!amendment->has_content()) violations.Add("body.content", "is missing");
    if (amendment->has_content()) {
      CheckContent(amendment->content(), "body.content", context, violations);
    }
    CheckText(amendment->explanation(), 1, 2000, "body.explanation", violations);
  } else if (const auto* renewal = step.As<v1::DenialRenewal>()) {
    CheckPastDate(renewal->has_review_date(), renewal->review_date(), "body.review_date", context,
                  violations);
    CheckText(renewal->explanation(), 0, 2000, "body.explanation", violations);
  } else if (const auto* revocation = step.As<v1::DenialRevocation>()) {
    if (!revocation->has_effective_date() || !ToCivil(revocation->effective_date()).Valid()) {
      violations.Add("body.effective_date", "is missing or no such day");
    }
    CheckText(revocation->explanation(), 1, 2000, "body.explanation", violations);
  } else if (const auto* closure = step.As<v1::SuspensionClosure>()) {
    CheckPastDate(closure->has_closed_date(), closure->closed_date(), "body.closed_date", context,
                  violations);
    const bool denied = closure->outcome() == v1::SuspensionClosure::OUTCOME_DENIED;
    if (!denied && closure->outcome() != v1::SuspensionClosure::OUTCOME_LIFTED) {
      violations.Add("body.outcome", "is missing or unknown");
    }
    const bool final_act = closure->act() >= v1::DENIAL_ACT_REFUSED &&
                           closure->act() <= v1::DENIAL_ACT_PRELIMINARY_NEGATIVE &&
                           closure->act() != v1::DENIAL_ACT_SUSPENDED;
    if (denied != final_act) {
      violations.Add("body.act", "{}",
                     denied ? "must be the final act" : "is for OUTCOME_DENIED only");
    }
    CheckText(closure->explanation(), 0, 2000, "body.explanation", violations);
  }
}

absl::StatusOr<DenialRegister::Step> DenialRegister::CheckRevision(
    const document::VerifiedDocument& document, absl::Time now) const {
  const auto& header = document.header();
  Step step;
  if (!step.Read(document.parsed().kind, header.body().value())) {
    return base::RefuseArgument(Reason::kDocumentMalformed, "body does not parse");
  }
  base::FieldViolations violations;
  CheckHeader(profile_, document, now, violations);
  const RuleContext rule_context = MakeRuleContext(profile_, document, now, regime_list_);
  const int superseded = rules::CountReferences(header, Reference::RELATION_SUPERSEDES);
  if (superseded > 1) violations.Add("references", "only one document can be superseded");
  if (superseded == 0) {
    violations.Add("references", "must name the denial with relation SUPERSEDES and its etag");
  }
  CheckBody(step, rule_context, violations);
  if (const auto* amendment = step.As<v1::DenialAmendment>()) {
    CheckNames(amendment->content(), violations);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return step;
}

absl::StatusOr<machine::Judgement> DenialRegister::ValidateRevision(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  ENTENTE_ASSIGN_OR_RETURN(const Step step, CheckRevision(document, context.now));
  const RuleContext rule_context = MakeRuleContext(profile_, document, context.now, regime_list_);
  ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                           machine::FindSuperseded(chains(), document));
  const Denial& denial = *denials_.Of(chain);
  ENTENTE_RETURN_IF_ERROR(CheckProcedure(denial, step));
  ENTENTE_RETURN_IF_ERROR(machine::CheckSucceeds(
      *chain, document, kLeem.Find(document.parsed().kind)->role, budgets_, denial.facts()));
  machine::Judgement judgement;
  v1::DenialRuling ruling;
  ruling.set_revision(static_cast<int>(chain->positions.size()) + 1);
  judgement.name = machine::NextName(*chain);
  const int months = profile_.denials().validity_months();
  Term term = denial.standing.terms.back();
  if (const auto* renewal = step.As<v1::DenialRenewal>()) {
    const base::CivilDate from = ToCivil(renewal->review_date());
    term = {from, from.AddMonths(months)};
  } else if (const auto* amendment = step.As<v1::DenialAmendment>();
             amendment != nullptr && denial.standing.terms.size() == 1) {
    term = TermOf(amendment->content(), term.from, months);
  }
  if (step.As<v1::DenialRevocation>() == nullptr) SetTerm(term, ruling);
  if (const auto* amendment = step.As<v1::DenialAmendment>()) {
    ruling.set_entry_check(EntryCheckOf(amendment->content(), rule_context));
  }
  judgement.ruling.PackFrom(ruling);
  judgement.rules_version = profile_.version();
  return judgement;
}

void DenialRegister::ApplyContent(const v1::DenialContent& content, uint32_t number,
                                  Denial& denial) const {
  denial.content_at = number - 1;
  const std::string& destination = content.destination().country();
  std::string route;
  for (const auto& other : content.other_countries()) {
    if (other.role() == v1::COUNTRY_ROLE_TRANSIT) route += other.place().country() + ">";
  }
  if (!route.empty()) route += destination;
  const std::string_view before = denial.destination.view();
  if (denial.rest == nullptr && (!route.empty() || !before.empty() || !denial.entries.empty())) {
    denial.rest = std::make_unique<Denial::Rest>();
  }
  if (Denial::Rest* rest = denial.rest.get()) {
    rest->route = std::move(route);
    for (const std::string_view entry : denial.entries) rest->former_entries.emplace(entry);
    if (before != destination && !HasCountry(rest->destinations, before)) {
      rest->destinations.append(before);
    }
  }
  // A body that was lost names none.
  denial.destination = base::Letters(destination);
  std::vector<std::string> entries;
  for (const auto& entry : content.control_list_entries()) entries.push_back(entry.entry());
  denial.entries = machine::WordSet(std::move(entries));
  // Longer ones were recorded under earlier rules: what does not fit is not found by search.
  denial.names = NameFilter(FoldNames(content));
}

void DenialRegister::ApplyRevision(const Step& step, const machine::AppliedDocument& document,
                                   const v1::DenialRuling& ruling, Denial& denial) const {
  if (const auto* amendment = step.As<v1::DenialAmendment>()) {
    ApplyContent(amendment->content(), document.number, denial);
    Amend(amendment->content(), ruling, denial.standing);
  } else if (step.As<v1::DenialRenewal>() != nullptr) {
    Renew(ruling, denial.standing);
  } else if (const auto* revocation = step.As<v1::DenialRevocation>()) {
    Revoke(*revocation, absl::FromUnixMicros(document.recorded_micros()), denial.standing);
  } else if (const auto* closure = step.As<v1::SuspensionClosure>()) {
    Close(*closure, denial.standing);
  }
}

namespace {

// Of all contents.
std::vector<std::string> DestinationsOf(const Denial& denial) {
  std::vector<std::string> countries;
  if (!denial.destination.empty()) countries.emplace_back(denial.destination.view());
  const std::string former = denial.rest == nullptr ? "" : denial.rest->destinations;
  for (size_t at = 0; at < former.size(); at += 2) countries.push_back(former.substr(at, 2));
  return countries;
}

// The denial, its number, and its chain on three shelves.
uint64_t BytesOf(const Denial& denial) {
  using machine::HeapBytes;
  constexpr uint64_t kIndexed = 5 + 3 * 9;
  uint64_t bytes = sizeof(Denial) + kIndexed + HeapBytes(denial.standing.terms) +
                   denial.entries.HeapBytes() + denial.names.HeapBytes();
  if (denial.rest != nullptr) {
    bytes += machine::AllocationBytes(sizeof(Denial::Rest)) +
             HeapBytes(denial.rest->former_entries) + HeapBytes(denial.rest->destinations) +
             HeapBytes(denial.rest->route);
  }
  return bytes;
}

}  // namespace

const machine::Group& DenialRegister::group() const { return kLeem; }

void DenialRegister::Apply(const machine::AppliedDocument& document) noexcept {
  if (document.opens()) {
    denials_.Add(*document.chain);
    released_.Add(*document.chain, "");
    released_.Add(*document.chain, OriginatorKey(document.chain->originator_state()));
  }
  Denial* denial = denials_.Of(document.chain);
  ENTENTE_CHECK(denial != nullptr);
  if (!document.opens()) footprint_ -= BytesOf(*denial);
  ApplyTo(document, *denial);
  if (!denial->destination.empty()) {
    released_.Add(*document.chain, DestinationKey(denial->destination.view()));
  }
  footprint_ += BytesOf(*denial);
}

void DenialRegister::ApplyTo(const machine::AppliedDocument& document, Denial& denial) const {
  v1::DenialRuling ruling;
  ENTENTE_CHECK(ruling.ParseFromString(document.leaf.stamp().ruling().value()));
  if (document.kind != kNotification) {
    Step step;
    step.Read(document.kind, document.header.body().value());
    return ApplyRevision(step, document, ruling, denial);
  }
  const auto body = rules::Unpack<v1::DenialNotification>(document.header);
  denial.chain = document.chain;
  ApplyContent(body.content(), document.number, denial);
  Notify(body.content(), ruling, denial.standing);
}

std::unique_ptr<machine::Restatement> DenialRegister::RestateChain(const machine::Chain& chain) {
  Denial* denial = denials_.Of(&chain);
  ENTENTE_CHECK(denial != nullptr);
  const auto apply = [this](const machine::AppliedDocument& document, Denial& restated) {
    ApplyTo(document, restated);
  };
  return machine::Restate<Denial>(apply, [this, denial](Denial&& restated) {
    for (const std::string& country : DestinationsOf(*denial)) {
      released_.Remove(*denial->chain, DestinationKey(country));
    }
    footprint_ -= BytesOf(*denial);
    *denial = std::move(restated);
    footprint_ += BytesOf(*denial);
    for (const std::string& country : DestinationsOf(*denial)) {
      released_.Add(*denial->chain, DestinationKey(country));
    }
  });
}

base::Digest DenialRegister::Fingerprint() const {
  machine::FingerprintHash hash;
  for (const Denial& denial : denials_) {
    const auto& [chain, standing, content_at, destination, entries, names, rest] = denial;
    const auto& [terms, state, act, timeliness, ended] = standing;
    hash.Add(chain->number, content_at, state, act, timeliness, ended, destination.view(), entries,
             names.bytes());
    for (const auto& [from, until] : terms) hash.Add(from, until);
    if (rest == nullptr) continue;
    const auto& [former_entries, destinations, route] = *rest;
    hash.Add(former_entries, destinations, route);
  }
  return hash.digest();
}

std::multimap<std::string, std::string> DenialRegister::Facts(std::string_view name) const {
  std::multimap<std::string, std::string> facts;
  const Denial* denial = denials_.Of(chains().FindAny(name));
  if (denial == nullptr) return facts;
  if (!denial->destination.empty()) {
    facts.emplace("leem.destination", denial->destination.view());
  }
  for (const std::string_view entry : denial->entries) facts.emplace("leem.entry", entry);
  // Former ones too: who follows an entry must learn that a denial no longer names it.
  if (denial->rest == nullptr) return facts;
  const std::string& former = denial->rest->destinations;
  for (size_t at = 0; at < former.size(); at += 2) {
    facts.emplace("leem.destination", former.substr(at, 2));
  }
  for (const std::string& entry : denial->rest->former_entries) {
    facts.emplace("leem.entry", entry);
  }
  return facts;
}

std::vector<machine::FactField> DenialRegister::FactFields() const {
  return {{"leem.destination", machine::FactField::Values::kCountry, {}}, {"leem.entry", {}, {}}};
}

std::vector<machine::Dimension> DenialRegister::Dimensions() const {
  return {{"item", false}, {"destination", true}, {"act", true}, {"route", false}};
}

void DenialRegister::Observe(const machine::Reader& reader, std::string_view dimension,
                             const std::function<void(const machine::Observation&)>& visit) const {
  released_.Visit(reader, "", nullptr, [&](const machine::Chain& chain) {
    const Denial& denial = *denials_.Of(&chain);
    if (denial.destination.empty()) return true;  // what it said is gone
    const base::CivilDate& decided = denial.standing.terms.front().from;
    machine::Observation seen;
    seen.month = decided.year * 12 + decided.month - 1;
    seen.originator = denial.originator_state();
    seen.basis = denial.entries.empty() ? machine::Basis::kCatchAll : machine::Basis::kListed;
    if (dimension == "item") {
      for (const std::string_view entry : denial.entries) {
        seen.key = entry;
        visit(seen);
      }
      seen.key = "catch-all";
      if (denial.entries.empty()) visit(seen);
    } else if (dimension == "destination") {
      seen.key = denial.destination.view();
      visit(seen);
    } else if (dimension == "act") {
      const std::string& name = v1::DenialAct_Name(denial.standing.act);
      seen.key = std::string_view(name).substr(std::string_view("DENIAL_ACT_").size());
      visit(seen);
    } else if (dimension == "route" && !denial.route().empty()) {
      seen.key = denial.route();
      visit(seen);
    }
    return true;
  });
}

void DenialRegister::VisitOwing(const machine::Reader& reader, const machine::Chain* after,
                                const std::function<bool(const machine::Chain&)>& visit) const {
  released_.Visit(reader, OriginatorKey(reader.state), after, visit);
}

std::vector<machine::Obligation> DenialRegister::ObligationsOf(const machine::Chain& chain,
                                                               const machine::Reader&,
                                                               std::span<const std::string>,
                                                               absl::Time) const {
  const Denial& denial = *denials_.Of(&chain);
  const base::CivilDate until = ValidUntil(denial.standing);
  // What has ended, or was never known to count, asks for nothing.
  if (until.empty() || !denial.standing.ended.empty()) return {};
  const absl::CivilDay day(until.year, until.month, until.day);
  return {{"leem.renewal", std::string(chain.originator_state()),
           absl::FromCivil(day, absl::UTCTimeZone())}};
}

namespace {

Match Matches(const Denial& denial, const DenialFilter& filter) {
  if (!filter.originator_state.empty() && denial.originator_state() != filter.originator_state) {
    return Match::kNo;
  }
  if (!filter.destination.empty() && denial.destination.view() != filter.destination)
    return Match::kNo;
  if (filter.act != v1::DENIAL_ACT_UNSPECIFIED && denial.standing.act != filter.act)
    return Match::kNo;
  if (!filter.entry_prefix.empty() &&
      std::none_of(denial.entries.begin(), denial.entries.end(), [&](std::string_view entry) {
        return entry.rfind(filter.entry_prefix, 0) == 0;
      })) {
    return Match::kNo;
  }
  if (!filter.in_force_date.empty() && !InForce(denial.standing, filter.in_force_date))
    return Match::kNo;
  return denial.names.Contains(filter.party_contains);
}

}  // namespace

void DenialRegister::Visit(const DenialFilter& filter, const machine::Reader& reader,
                           const machine::Chain* after,
                           const std::function<bool(const Denial&, Match)>& visit) const {
  DenialFilter folded = filter;
  folded.party_contains = FoldText(filter.party_contains);
  // One rule for which key narrows: were it the shorter list, its choice would tell of lengths.
  std::string key;
  if (!filter.originator_state.empty()) key = OriginatorKey(filter.originator_state);
  if (!filter.destination.empty()) key = DestinationKey(filter.destination);
  released_.Visit(reader, key, after, [&](const machine::Chain& chain) {
    const Denial& denial = *denials_.Of(&chain);
    return visit(denial, Matches(denial, folded));
  });
}

}  // namespace entente::leem
