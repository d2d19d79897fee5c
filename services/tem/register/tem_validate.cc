// What TEM's register takes, and why it refuses the rest.
#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/succession.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/fold_text.h"
#include "services/core/rules/links.h"
#include "services/tem/register/group.h"
#include "services/tem/register/kinds.h"
#include "services/tem/register/tem_register.h"

namespace entente::tem {
namespace {

using base::Reason;
using rules::CheckText;
using rules::Fault;
using rules::Forbid;
using rules::NoSuch;
using rules::Reference;
using rules::ReferenceOf;
using rules::Unpack;
using Violations = base::FieldViolations;
using Header = entry::pb::Document;

constexpr int kChangesMax = 500;
constexpr int kRowsMax = 10000;
constexpr int kLiveMax = 500;  // proposals of one state that have not ended

std::string FirstName(const document::VerifiedDocument& document) {
  return machine::FirstName(*kTem.Find(document.parsed().kind), document.header());
}

machine::Reader AsReader(const document::VerifiedDocument& document) {
  return {.state = document.parsed().originator.state, .is_partner = true};
}

// NFC, of `least` to `most` characters: control texts are compared byte by byte.
void CheckNfc(const std::string& text, size_t least, size_t most, const std::string& path,
              Violations& violations) {
  CheckText(text, least, most, path, violations);
  if (base::IsPlainText(text) && !rules::IsNfc(text)) {
    violations.Add(path, "is not in normal form C");
  }
}

void CheckDate(const std::string& date, const std::string& path, Violations& violations) {
  if (!date.empty() && !annex::IsEditionName(date)) {
    violations.Add(path, "must be a day, as in 2016-10-21");
  }
}

void CheckProposalTexts(const v1::Proposal& body, Violations& violations) {
  CheckNfc(body.title(), 1, 200, "body.title", violations);
  CheckNfc(body.problem(), 1, 8000, "body.problem", violations);
  CheckNfc(body.rationale(), 1, 16000, "body.rationale", violations);
  if (body.effect() < v1::EFFECT_ADDS || body.effect() > v1::EFFECT_EDITORIAL) {
    violations.Add("body.effect", "is missing or unknown");
  }
  rules::CheckTexts(body.overlaps(), 16, 500, "body.overlaps", violations);
  CheckNfc(body.foreign_availability(), 0, 4000, "body.foreign_availability", violations);
  CheckNfc(body.burden(), 0, 4000, "body.burden", violations);
  CheckNfc(body.meeting(), 1, 100, "body.meeting", violations);
  rules::CheckTexts(body.follows(), 16, 200, "body.follows", violations);
  CheckText(body.language(), 0, 35, "body.language", violations);
  if (body.changes().empty()) violations.Add("body.changes", "is empty");
  rules::TooMany(body.changes(), kChangesMax, "body.changes", violations);
}

absl::Status SameAudience(const Header& header, const ProposalRecord& proposal) {
  if (entry::LedgerIdOf("", header.audience()) ==
      entry::LedgerIdOf("", proposal.chain->audience())) {
    return absl::OkStatus();
  }
  return base::RefuseArgument(Reason::kAudienceChanged,
                              "audience: must be that of {}, neither wider nor narrower",
                              proposal.name());
}

absl::Status OnNewestText(const std::string& digest, const ProposalRecord& proposal) {
  return digest == proposal.text_digest.view() ? absl::OkStatus() : rules::Moved(proposal.name());
}

absl::Status FromChair(const machine::ValidationContext& context) {
  if (context.from_chair) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kPermissionDenied, Reason::kCallerNotEntitled,
                      "originator: only an agency that chairs TEM does this");
}

bool StillOpen(const ProposalRecord& proposal) {
  return proposal.live() && proposal.state != v1::PROPOSAL_STATE_AGREED;
}

}  // namespace

// What the judgement has read besides the references, and what it changes: documents of one batch
// must not be judged by what another of them changes.
void TemRegister::NoteDependencies(const Header& header, const std::string& kind,
                                   machine::Judgement& judgement) const {
  constexpr char kEditions[] = "tem/editions";
  if (kind == kProposal) {
    const auto body = Unpack<v1::Proposal>(header);
    judgement.reads.assign(body.follows().begin(), body.follows().end());
    judgement.reads.push_back(kEditions);
  } else if (kind == kClosure) {
    const auto body = Unpack<v1::ProposalClosure>(header);
    judgement.reads.assign(body.into().begin(), body.into().end());
  } else if (kind == kComment) {
    const ProposalRecord* proposal =
        ProposalOf(ReferenceOf(header, Reference::RELATION_ANSWERS)->name());
    if (proposal != nullptr) judgement.reads.emplace_back(proposal->name());
  } else if (kind == kApproval) {
    const auto body = Unpack<v1::EditionApproval>(header);
    for (const auto& one : body.proposals()) {
      judgement.reads.push_back(one.name());
    }
    judgement.writes.push_back(kEditions);
  } else if (kind == kEdition) {
    auto approval = approvals_.find(ReferenceOf(header, Reference::RELATION_ANSWERS)->name());
    if (approval != approvals_.end()) judgement.writes = approval->second.proposals;
    judgement.writes.push_back(kEditions);
  }
}

absl::StatusOr<machine::Judgement> TemRegister::Validate(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  const auto& header = document.header();
  const std::string& full = document.parsed().kind;
  const std::string kind(document::ShortKind(full));
  Violations violations;
  rules::CheckHeader(header, context.now, profile_.level_max(), violations);
  if (header.audience().has_public_() != (kind == kEdition)) {
    violations.Add(
        "audience", "{}",
        kind == kEdition ? "an edition is public" : "is never public here, but for an edition");
  }
  const bool answers = IsAnswer(kind) || kind == kEdition;
  const int answered = rules::CountReferences(header, Reference::RELATION_ANSWERS);
  const int superseded = rules::CountReferences(header, Reference::RELATION_SUPERSEDES);
  const bool may_supersede = kind == kProposal || kind == kCrosswalk;
  if (answered != (answers ? 1 : 0)) {
    violations.Add("references", "{}",
                   answers ? "must name what this is about once, with ANSWERS"
                           : "nothing is answered by this");
  }
  if (kind == kClosure ? superseded != 1 : superseded > (may_supersede ? 1 : 0)) {
    violations.Add("references", "names what it supersedes once, with its etag, if anything");
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  machine::Judgement judgement;
  judgement.rules_version = profile_.version();
  absl::StatusOr<std::string> name = kTem.Refuse(full);
  if (kTem.Find(full) == nullptr) return name.status();
  if (kind == kProposal) name = ValidateProposal(document);
  if (kind == kClosure) name = ValidateClosure(document);
  if (IsAnswer(kind)) name = ValidateAnswer(document, context, judgement.ruling);
  if (kind == kApproval) name = ValidateApproval(document, context);
  if (kind == kEdition) name = ValidateEdition(document, context);
  if (kind == kCrosswalk) name = ValidateCrosswalk(document);
  if (kind == kImplementation) name = ValidateImplementation(document);
  ENTENTE_ASSIGN_OR_RETURN(judgement.name, std::move(name));
  NoteDependencies(header, kind, judgement);
  if (rules::ChainOf(judgement.name) == judgement.name) {
    ENTENTE_RETURN_IF_ERROR(machine::CheckNameIsFree(chains(), judgement.name));
  }
  return judgement;
}

void TemRegister::CheckFreshIds(const v1::Proposal& body, const annex::Edition& edition,
                                const std::string& field, Violations& violations) const {
  const auto fresh = [&](const std::string& id, const std::string& path) {
    if (node_ids_.count(id) != 0 && edition.Find(id) < 0) {
      violations.Add(path, "\"{}\" was the id of another node in another edition", id);
    }
  };
  for (int i = 0; i < body.changes_size(); ++i) {
    const std::string at = fmt::format("{}[{}]", field, i);
    if (body.changes(i).has_add()) fresh(body.changes(i).add().node().id(), at + ".add.node.id");
    for (const auto& part : body.changes(i).split().parts()) fresh(part.id(), at + ".split.parts");
  }
}

absl::Status TemRegister::CheckChanges(const v1::Proposal& body) const {
  const EditionState* edition = body.edition().empty() ? nullptr : FindEdition(body.edition());
  if (edition == nullptr) {
    return Fault("body.edition", "\"" + body.edition() + "\" is not an edition that was published");
  }
  Violations violations;
  CheckFreshIds(body, edition->content, "body.changes", violations);
  annex::Draft draft(edition->content);
  draft.Apply(body.changes(), "body.changes", violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return draft.Finish("body.changes").status();
}

absl::StatusOr<const ProposalRecord*> TemRegister::FindSuperseded(
    const document::VerifiedDocument& document) const {
  ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                           machine::FindSuperseded(chains(), document));
  const ProposalRecord* proposal = proposals_.Of(chain);
  if (proposal == nullptr) return NoSuch(chain->name());
  return proposal;
}

absl::StatusOr<std::string> TemRegister::ValidateProposal(
    const document::VerifiedDocument& document) const {
  const auto& header = document.header();
  const auto body = Unpack<v1::Proposal>(header);
  Violations violations;
  CheckProposalTexts(body, violations);
  for (int i = 0; i < std::min(body.follows_size(), 16); ++i) {
    const ProposalRecord* other = Find(body.follows(i), AsReader(document));
    const std::string at = fmt::format("body.follows[{}]", i);
    if (other == nullptr || other->name() != body.follows(i)) {
      violations.Add(at, "does not exist or is not released to you");
    } else if (!rules::Within(header.audience(), other->chain->audience())) {
      violations.Add(at, "is not released to all who would read of it here");
    }
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  const Reference* before = ReferenceOf(header, Reference::RELATION_SUPERSEDES);
  if (before == nullptr) {
    const std::string& state = document.parsed().originator.state;
    const auto live = std::count_if(proposals_.begin(), proposals_.end(), [&](const auto& one) {
      return one.live() && one.originator_state() == state;
    });
    if (live >= kLiveMax) {
      return Forbid(Reason::kProcedureForbids, state,
                    "has as many live proposals as are admitted; end some first");
    }
    ENTENTE_RETURN_IF_ERROR(CheckChanges(body));
    return FirstName(document);
  }
  ENTENTE_ASSIGN_OR_RETURN(const ProposalRecord* proposal, FindSuperseded(document));
  if (!StillOpen(*proposal)) {
    return Forbid(Reason::kChainEnded, proposal->name(), "has ended or is agreed; its text stands");
  }
  ENTENTE_RETURN_IF_ERROR(machine::CheckSucceeds(
      *proposal->chain, document, kTem.Find(document.parsed().kind)->role, budgets_, 0));
  ENTENTE_RETURN_IF_ERROR(CheckChanges(body));
  return machine::NextName(*proposal->chain);
}

absl::StatusOr<std::string> TemRegister::ValidateClosure(
    const document::VerifiedDocument& document) const {
  const auto body = Unpack<v1::ProposalClosure>(document.header());
  Violations violations;
  CheckText(body.explanation(), 1, 2000, "body.explanation", violations);
  const int into = body.into_size();
  switch (body.outcome()) {
    case v1::ProposalClosure::OUTCOME_WITHDRAWN:
      if (into != 0) violations.Add("body.into", "is for merged and split");
      break;
    case v1::ProposalClosure::OUTCOME_MERGED:
      if (into != 1) violations.Add("body.into", "must name the one that it goes on in");
      break;
    case v1::ProposalClosure::OUTCOME_SPLIT:
      if (into < 2 || into > 16) violations.Add("body.into", "must name two to 16");
      break;
    default:
      violations.Add("body.outcome", "is missing or unknown");
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  ENTENTE_ASSIGN_OR_RETURN(const ProposalRecord* proposal, FindSuperseded(document));
  if (!proposal->live()) return Forbid(Reason::kChainEnded, proposal->name(), "has ended");
  ENTENTE_RETURN_IF_ERROR(machine::CheckSucceeds(
      *proposal->chain, document, kTem.Find(document.parsed().kind)->role, budgets_, 0));
  for (int i = 0; i < into; ++i) {
    const std::string at = fmt::format("body.into[{}]", i);
    const ProposalRecord* other = Find(body.into(i), AsReader(document));
    if (other == nullptr || other->name() != body.into(i) || !other->live()) {
      return Fault(at, "is no live proposal that is released to you");
    }
    if (other == proposal) return Fault(at, "is the proposal itself");
    if (!rules::Within(proposal->chain->audience(), other->chain->audience())) {
      return Fault(at, "is not released to all who have this one");
    }
  }
  return machine::NextName(*proposal->chain);
}

absl::StatusOr<std::string> TemRegister::ValidateAnswer(const document::VerifiedDocument& document,
                                                        const machine::ValidationContext& context,
                                                        google::protobuf::Any& ruling) const {
  const auto& header = document.header();
  const std::string kind(document::ShortKind(document.parsed().kind));
  const std::string& name = ReferenceOf(header, Reference::RELATION_ANSWERS)->name();
  const std::string& state = document.parsed().originator.state;
  const machine::Chain* said = chains().Find(name, AsReader(document));
  const ProposalRecord* proposal = proposals_.Of(said);
  if (kind == kComment && said != nullptr && said->name() == name &&
      name.find("/comments/") != std::string::npos) {
    proposal = proposals_.Of(said->answered);
    ENTENTE_RETURN_IF_ERROR(machine::CheckAnswers(*said, header.audience()));
  } else if (proposal == nullptr || proposal->name() != name) {
    return NoSuch(name);
  }
  if (!StillOpen(*proposal)) {
    return Forbid(Reason::kChainEnded, proposal->name(), "has ended or is agreed");
  }
  if (kind == kComment) {
    ENTENTE_RETURN_IF_ERROR(ValidateComment(header, *proposal));
    return FirstName(document);
  }
  ENTENTE_RETURN_IF_ERROR(SameAudience(header, *proposal));
  if (kind == kPosition) {
    ENTENTE_RETURN_IF_ERROR(ValidatePosition(header, *proposal, state, context.partners));
    return FirstName(document);
  }
  if (kind == kSponsorship) {
    ENTENTE_RETURN_IF_ERROR(ValidateSponsorship(header, *proposal, state));
    return FirstName(document);
  }
  ENTENTE_RETURN_IF_ERROR(ValidateConclusion(header, *proposal, context, ruling));
  return FirstName(document);
}

absl::Status TemRegister::ValidateComment(const Header& header,
                                          const ProposalRecord& proposal) const {
  const auto body = Unpack<v1::ProposalComment>(header);
  Violations violations;
  if (body.kind() < v1::COMMENT_KIND_COMMENT || body.kind() > v1::COMMENT_KIND_TECHNICAL_DATA) {
    violations.Add("body.kind", "is missing or unknown");
  }
  CheckText(body.text(), 1, 16000, "body.text", violations);
  CheckText(body.quote(), 0, 1000, "body.quote", violations);
  CheckText(body.language(), 0, 35, "body.language", violations);
  const EditionState* edition = FindEdition(proposal.body.edition());
  if (!body.node().empty() && proposal.footprint.touched.count(body.node()) == 0 &&
      (edition == nullptr || edition->content.Find(body.node()) < 0)) {
    violations.Add("body.node", "\"{}\" is neither in the edition nor in the proposal",
                   body.node());
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return machine::CheckAnswers(*proposal.chain, header.audience());
}

absl::Status TemRegister::ValidatePosition(const Header& header, const ProposalRecord& proposal,
                                           const std::string& state,
                                           std::span<const std::string> partners) const {
  const auto body = Unpack<v1::ProposalPosition>(header);
  Violations violations;
  if (body.kind() < v1::POSITION_KIND_JOINED || body.kind() > v1::POSITION_KIND_LIFTED) {
    violations.Add("body.kind", "is missing or unknown");
  }
  CheckText(body.text(), body.kind() == v1::POSITION_KIND_BLOCK ? 1 : 0, 8000, "body.text",
            violations);
  CheckText(body.language(), 0, 35, "body.language", violations);
  if (std::find(partners.begin(), partners.end(), state) == partners.end()) {
    violations.Add("originator", "{} is not a partner", state);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  ENTENTE_RETURN_IF_ERROR(OnNewestText(body.text_digest(), proposal));
  if (body.kind() == v1::POSITION_KIND_LIFTED) {
    auto it = proposal.stances.find(state);
    if (it == proposal.stances.end() || !IsOpen(it->second.kind)) {
      return Fault("body.kind", "no reserve or block of yours is open on this text");
    }
  }
  return absl::OkStatus();
}

absl::Status TemRegister::ValidateSponsorship(const Header& header, const ProposalRecord& proposal,
                                              const std::string& state) const {
  const auto body = Unpack<v1::ProposalSponsorship>(header);
  if (proposal.originator_state() == state) {
    return Forbid(Reason::kProcedureForbids, proposal.name(),
                  "is your own; withdraw it to leave it");
  }
  const auto& sponsors = proposal.sponsors;
  const bool is_sponsor = std::find(sponsors.begin(), sponsors.end(), state) != sponsors.end();
  if (!body.withdrawn()) ENTENTE_RETURN_IF_ERROR(OnNewestText(body.text_digest(), proposal));
  if (is_sponsor == body.withdrawn()) return absl::OkStatus();
  return Forbid(Reason::kProcedureForbids, proposal.name(),
                is_sponsor ? "is sponsored by you already" : "is not sponsored by you");
}

absl::Status TemRegister::ValidateConclusion(const Header& header, const ProposalRecord& proposal,
                                             const machine::ValidationContext& context,
                                             google::protobuf::Any& ruling) const {
  ENTENTE_RETURN_IF_ERROR(FromChair(context));
  const auto body = Unpack<v1::ProposalConclusion>(header);
  Violations violations;
  if (body.outcome() < v1::ProposalConclusion::OUTCOME_AGREED ||
      body.outcome() > v1::ProposalConclusion::OUTCOME_NOT_AGREED) {
    violations.Add("body.outcome", "is missing or unknown");
  }
  CheckText(body.meeting(), 1, 100, "body.meeting", violations);
  CheckText(body.text(), 0, 2000, "body.text", violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  ENTENTE_RETURN_IF_ERROR(OnNewestText(body.text_digest(), proposal));
  v1::TemRuling facts;
  for (const std::string& state : context.partners) facts.add_partners(state);
  ruling.PackFrom(facts);
  if (body.outcome() == v1::ProposalConclusion::OUTCOME_NOT_AGREED) {
    const auto positions = proposal.kinds();
    const bool objected = std::any_of(
        context.partners.begin(), context.partners.end(), [&](const std::string& state) {
          const auto position = positions.find(state);
          return position != positions.end() && IsOpen(position->second);
        });
    if (objected) return absl::OkStatus();
    return Forbid(Reason::kProcedureForbids, proposal.name(),
                  "meets no reserve and no block; carry it forward, or let its sponsor end it");
  }
  if (body.outcome() != v1::ProposalConclusion::OUTCOME_AGREED) return absl::OkStatus();
  if (!proposal.chain->audience().has_all_partners()) {
    return Forbid(Reason::kProcedureForbids, proposal.name(),
                  "is not released to all partners, so they cannot have agreed");
  }
  const Agreement agreement = AgreementOn(proposal, context.partners);
  if (agreement.agreed) return absl::OkStatus();
  std::string why = "is not agreed: ";
  for (const std::string& one : agreement.in_the_way) {
    why += (&one == &agreement.in_the_way.front() ? "" : "; ") + one;
  }
  base::Shorten(why, 1000);
  return Forbid(Reason::kProcedureForbids, proposal.name(), why);
}

absl::StatusOr<std::vector<annex::Part>> TemRegister::PartsOf(const v1::EditionApproval& approval,
                                                              const machine::Reader& reader) const {
  std::vector<annex::Part> parts;
  Violations violations;
  const EditionState* newest = FindEdition("");
  for (int i = 0; i < approval.proposals_size(); ++i) {
    const auto& named = approval.proposals(i);
    const std::string at = fmt::format("body.proposals[{}]", i);
    const ProposalRecord* proposal = Find(named.name(), reader);
    if (proposal == nullptr || proposal->name() != named.name()) {
      violations.Add(at, "does not exist or is not released to you");
    } else if (proposal->state != v1::PROPOSAL_STATE_AGREED) {
      violations.Add(at, "{} is {}, not agreed", named.name(),
                     rules::EnumWord(v1::ProposalState_Name(proposal->state), "PROPOSAL_STATE_"));
    } else if (named.digest() != proposal->text_digest.view()) {
      violations.Add(at + ".digest", "is not that of the agreed text");
    } else {
      CheckFreshIds(proposal->body, newest->content, at + ".changes", violations);
      parts.push_back({std::string(proposal->name()), proposal->number, proposal->meeting,
                       &proposal->body, &FindEdition(proposal->body.edition())->content});
    }
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return parts;
}

absl::StatusOr<std::string> TemRegister::ValidateApproval(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  ENTENTE_RETURN_IF_ERROR(FromChair(context));
  const auto& header = document.header();
  const auto body = Unpack<v1::EditionApproval>(header);
  Violations violations;
  if (!header.audience().has_all_partners()) violations.Add("audience", "is all partners");
  if (!annex::IsEditionName(body.edition())) {
    violations.Add("body.edition", "must be a day, as in 2016-10-20");
  } else if (editions_.count(body.edition()) != 0) {
    violations.Add("body.edition", "was published already");
  }
  if (body.content_digest().size() != 32) violations.Add("body.content_digest", "has no 32 bytes");
  CheckText(body.decision(), 1, 500, "body.decision", violations);
  rules::TooMany(body.proposals(), kChangesMax, "body.proposals", violations);
  const EditionState* base = body.base().empty() ? nullptr : FindEdition(body.base());
  if (!body.base().empty() && base == nullptr) violations.Add("body.base", "is no edition");
  if (body.base().empty() != body.proposals().empty()) {
    violations.Add("body.proposals", "go with a base: an import has neither");
  }
  if (base != nullptr && base != FindEdition("")) {
    violations.Add("body.base", "is not the newest edition, {}", FindEdition("")->edition);
  }
  if (base != nullptr && body.edition() <= base->edition) {
    violations.Add("body.edition", "is not later than its base");
  }
  // What was in force before may be imported; what comes next goes through proposals.
  if (base == nullptr && !editions_.empty() && body.edition() >= editions_.begin()->first) {
    violations.Add("body.edition", "an import must be older than every edition that is there");
  }
  const std::string latest =
      absl::FormatTime("%Y-%m-%d", context.now + absl::Hours(24 * 366), absl::UTCTimeZone());
  if (body.edition() > latest) {
    violations.Add("body.edition", "is more than a year ahead");
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  if (base != nullptr) {
    ENTENTE_ASSIGN_OR_RETURN(const auto parts, PartsOf(body, AsReader(document)));
    ENTENTE_RETURN_IF_ERROR(annex::Assemble(base->content, parts, "body.proposals").status());
  }
  return FirstName(document);
}

absl::StatusOr<std::string> TemRegister::ValidateEdition(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  ENTENTE_RETURN_IF_ERROR(FromChair(context));
  const auto& header = document.header();
  const auto body = Unpack<v1::AnnexEdition>(header);
  const std::string& name = ReferenceOf(header, Reference::RELATION_ANSWERS)->name();
  auto found = approvals_.find(name);
  if (found == approvals_.end()) return NoSuch(name);
  const ApprovalState& approval = found->second;
  Violations violations;
  if (header.marking().level() != entry::pb::Marking::LEVEL_UNMARKED ||
      header.marking().tlp() != entry::pb::Marking::TLP_CLEAR) {
    violations.Add("marking", "what is public is unmarked and TLP:CLEAR");
  }
  CheckNfc(body.title(), 1, 200, "body.title", violations);
  CheckText(body.language(), 0, 35, "body.language", violations);
  if (editions_.count(body.edition()) != 0) {
    violations.Add("body.edition", "was published already");
  } else if (body.edition() != approval.edition) {
    violations.Add("body.edition", "is not the one that was approved");
  }
  if (body.base() != approval.base) violations.Add("body.base", "is not the one that was approved");
  if (annex::ContentDigest(body) != approval.content_digest) {
    violations.Add("body", "is not the content that was approved");
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  ENTENTE_ASSIGN_OR_RETURN(const auto given, annex::Edition::FromNodes(body.nodes(), "body.nodes"));
  if (body.base().empty()) {
    if (!body.amendments().empty()) return Fault("body.amendments", "an import amends nothing");
    return FirstName(document);
  }
  const EditionState* base = FindEdition(body.base());
  const Reference* relates = ReferenceOf(header, Reference::RELATION_RELATES_TO);
  if (base == nullptr || relates == nullptr || relates->name() != base->chain->name()) {
    return Fault("references", "must name the base's document with RELATES_TO");
  }
  if (base != FindEdition("")) return Fault("body.base", "is no longer the newest edition");
  v1::EditionApproval parts_of;
  for (const std::string& proposal : approval.proposals) {
    auto& one = *parts_of.add_proposals();
    one.set_name(proposal);
    const ProposalRecord* named = proposals_.Of(chains().FindAny(proposal));
    if (named != nullptr) one.set_digest(named->text_digest.str());
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto parts, PartsOf(parts_of, AsReader(document)));
  ENTENTE_ASSIGN_OR_RETURN(const auto assembly,
                           annex::Assemble(base->content, parts, "body.proposals"));
  v1::AnnexEdition expected = body;
  expected.clear_nodes();
  expected.clear_amendments();
  assembly.edition.AddNodesTo(expected.mutable_nodes());
  for (const auto& line : assembly.amendments) *expected.add_amendments() = line;
  if (annex::ContentDigest(expected) != approval.content_digest) {
    return Fault("body.nodes", "are not what the base and the approved proposals give");
  }
  return FirstName(document);
}

absl::StatusOr<std::string> TemRegister::ValidateCrosswalk(
    const document::VerifiedDocument& document) const {
  const auto& header = document.header();
  const auto body = Unpack<v1::Crosswalk>(header);
  const std::string& state = document.parsed().originator.state;
  Violations violations;
  if (body.jurisdiction() != state &&
      !rules::HasCode(profile_.tem().shared_jurisdictions(), body.jurisdiction())) {
    violations.Add("body.jurisdiction", "\"{}\" is neither your state nor shared",
                   body.jurisdiction());
  }
  CheckText(body.national_edition(), 0, 64, "body.national_edition", violations);
  CheckText(body.source(), 0, 200, "body.source", violations);
  const EditionState* edition = body.edition().empty() ? nullptr : FindEdition(body.edition());
  if (edition == nullptr) violations.Add("body.edition", "is not an edition that was published");
  if (body.rows().empty()) violations.Add("body.rows", "is empty");
  std::set<std::string> seen;
  if (!rules::TooMany(body.rows(), kRowsMax, "body.rows", violations)) {
    for (int i = 0; i < body.rows_size(); ++i) {
      const v1::CrosswalkRow& row = body.rows(i);
      const std::string at = fmt::format("body.rows[{}]", i);
      if (edition != nullptr && edition->content.FindPath(row.path()) < 0) {
        violations.Add(at + ".path", "\"{}\" is not in edition {}", row.path(), body.edition());
      }
      CheckText(row.code(), 1, 40, at + ".code", violations);
      if (!seen.insert(row.path() + "\n" + row.code() + "\n" + row.valid_from_date()).second) {
        violations.Add(at, "is there twice");
      }
      if (row.relation() < v1::CROSSWALK_RELATION_EXACT ||
          row.relation() > v1::CROSSWALK_RELATION_OVERLAPS) {
        violations.Add(at + ".relation", "is missing or unknown");
      }
      CheckDate(row.valid_from_date(), at + ".valid_from_date", violations);
      CheckDate(row.valid_until_date(), at + ".valid_until_date", violations);
      if (!row.valid_until_date().empty() && row.valid_until_date() <= row.valid_from_date()) {
        violations.Add(at + ".valid_until_date", "is not after valid_from_date");
      }
    }
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  const Reference* before = ReferenceOf(header, Reference::RELATION_SUPERSEDES);
  if (before == nullptr) return FirstName(document);
  ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                           machine::FindSuperseded(chains(), document));
  if (chain->name().find("/crosswalks/") == std::string::npos) return NoSuch(chain->name());
  ENTENTE_RETURN_IF_ERROR(machine::CheckSucceeds(
      *chain, document, kTem.Find(document.parsed().kind)->role, budgets_, 0));
  return machine::NextName(*chain);
}

absl::StatusOr<std::string> TemRegister::ValidateImplementation(
    const document::VerifiedDocument& document) const {
  const auto body = Unpack<v1::ImplementationStatus>(document.header());
  Violations violations;
  if (body.edition().empty() || FindEdition(body.edition()) == nullptr) {
    violations.Add("body.edition", "is not an edition that was published");
  }
  if (body.state() < v1::IMPLEMENTATION_STATE_NOT_STARTED ||
      body.state() > v1::IMPLEMENTATION_STATE_IN_FORCE) {
    violations.Add("body.state", "is missing or unknown");
  }
  const bool in_force = body.state() == v1::IMPLEMENTATION_STATE_IN_FORCE;
  if (in_force == body.in_force_date().empty()) {
    violations.Add("body.in_force_date", "is for, and needed with, IN_FORCE");
  }
  CheckDate(body.in_force_date(), "body.in_force_date", violations);
  CheckText(body.act(), in_force ? 1 : 0, 300, "body.act", violations);
  CheckText(body.text(), 0, 2000, "body.text", violations);
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return FirstName(document);
}

}  // namespace entente::tem
