#include "services/tem/register/tem_register.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/rules/body.h"
#include "services/core/rules/links.h"
#include "services/tem/register/group.h"
#include "services/tem/register/kinds.h"

namespace entente::tem {
namespace {

using rules::Reference;
using rules::ReferenceOf;
using rules::Unpack;

std::string StateWord(v1::ProposalState state) {
  return rules::EnumWord(v1::ProposalState_Name(state), "PROPOSAL_STATE_");
}

std::string ItemOf(std::string_view path) { return std::string(path.substr(0, path.find('.'))); }

}  // namespace

bool ProposalRecord::live() const {
  return state == v1::PROPOSAL_STATE_SUBMITTED || state == v1::PROPOSAL_STATE_UNDER_STUDY ||
         state == v1::PROPOSAL_STATE_REVISED || state == v1::PROPOSAL_STATE_CARRIED_FORWARD ||
         state == v1::PROPOSAL_STATE_AGREED;
}

std::map<std::string, v1::PositionKind> ProposalRecord::kinds() const {
  std::map<std::string, v1::PositionKind> kinds;
  for (const auto& [by, stance] : stances) kinds.emplace(by, stance.kind);
  return kinds;
}

const ProposalRecord* TemRegister::ProposalOf(std::string_view name) const {
  const machine::Chain* chain = chains().FindAny(name);
  if (chain != nullptr && chain->answered != nullptr) chain = chain->answered;
  return proposals_.Of(chain);
}

void TemRegister::Visit(const machine::Reader& reader, const machine::Chain* after,
                        const std::function<bool(const ProposalRecord&)>& visit) const {
  released_.Visit(reader, "", after,
                  [&](const machine::Chain& chain) { return visit(*proposals_.Of(&chain)); });
}

std::vector<v1::Conflict> TemRegister::Conflicts(const ProposalRecord& proposal,
                                                 const machine::Reader& reader) const {
  const uint32_t own = proposal.chain->number;
  std::map<std::pair<uint32_t, std::string>, v1::ConflictKind> found;
  const auto look = [&](const std::map<std::string, std::set<uint32_t>>& index,
                        const std::string& token, v1::ConflictKind kind) {
    auto it = index.find(token);
    if (it == index.end()) return;
    for (uint32_t other : it->second) {
      if (found.size() >= kConflictsMax) return;
      const auto& audience = chains()[other].audience();
      if (other != own && entry::Includes(audience, reader.state, reader.is_partner)) {
        found.emplace(std::make_pair(other, token), kind);  // the first kind stands
      }
    }
  };
  for (const std::string& token : proposal.footprint.touched) {
    look(touched_by_, token, v1::CONFLICT_KIND_COLLISION);
    look(depended_on_by_, token, v1::CONFLICT_KIND_DEPENDENCY);
  }
  for (const std::string& token : proposal.footprint.depends) {
    look(touched_by_, token, v1::CONFLICT_KIND_DEPENDENCY);
  }
  const EditionState* edition = FindEdition(proposal.body.edition());
  std::vector<v1::Conflict> conflicts;
  for (const auto& [place, kind] : found) {
    const ProposalRecord& other = *proposals_.Of(&chains()[place.first]);
    v1::Conflict& conflict = conflicts.emplace_back();
    conflict.set_proposal(std::string(other.name()));
    conflict.set_number(other.number);
    conflict.set_kind(kind);
    conflict.set_node(annex::NodeOfToken(place.second));
    const int at = edition == nullptr ? -1 : edition->content.Find(conflict.node());
    std::string path = at < 0 ? "" : edition->content[at].path;
    // A place that is not taken yet: where it will be.
    if (place.second[0] == '@') {
      path += (path.empty() ? "" : ".") + place.second.substr(place.second.find('/') + 1);
    }
    conflict.set_path(path);
    const auto follows = [](const ProposalRecord& one, std::string_view name) {
      const auto& list = one.body.follows();
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    conflict.set_settled(follows(proposal, other.name()) || follows(other, proposal.name()));
  }
  return conflicts;
}

Agreement TemRegister::AgreementOn(const ProposalRecord& proposal,
                                   std::span<const std::string> partners) const {
  return Agree(proposal.kinds(), proposal.sponsors, partners, profile_.tem());
}

const EditionState* TemRegister::FindEdition(std::string_view edition) const {
  if (editions_.empty()) return nullptr;
  if (edition.empty()) return editions_.rbegin()->second.get();
  auto it = editions_.find(edition);
  return it == editions_.end() ? nullptr : it->second.get();
}

void TemRegister::Apply(const machine::AppliedDocument& document) noexcept {
  const std::string kind(document::ShortKind(document.kind));
  if (kind == kProposal) {
    ApplyProposal(document);
  } else if (kind == kClosure) {
    ApplyClosure(document);
  } else if (IsAnswer(kind)) {
    ApplyAnswer(document, kind);
  } else if (kind == kApproval) {
    ApplyApproval(document);
  } else if (kind == kEdition) {
    ApplyEdition(document);
  } else if (kind == kCrosswalk) {
    ApplyCrosswalk(document);
  } else {
    ENTENTE_CHECK(kind == kImplementation);
    ApplyImplementation(document);
  }
  // Texts, editions and crosswalks are kept as they were said, in trees of nodes and rows: what
  // that takes is at most so many times their bytes.
  constexpr uint64_t kPerDocument = 1200;
  constexpr uint64_t kPerByte = 6;
  footprint_ += kPerDocument + kPerByte * document.header.body().value().size();
}

void TemRegister::IndexFootprint(const ProposalRecord& proposal, bool in) {
  const uint32_t number = proposal.chain->number;
  const auto each = [&](std::map<std::string, std::set<uint32_t>>& index,
                        const std::set<std::string>& tokens) {
    for (const std::string& token : tokens) {
      if (in) {
        index[token].insert(number);
        continue;
      }
      auto it = index.find(token);
      if (it == index.end()) continue;
      it->second.erase(number);
      if (it->second.empty()) index.erase(it);
    }
  };
  each(touched_by_, proposal.footprint.touched);
  each(depended_on_by_, proposal.footprint.depends);
}

void TemRegister::ApplyProposal(const machine::AppliedDocument& document) {
  const machine::Chain& chain = *document.chain;
  const bool fresh = document.opens();
  ProposalRecord& proposal = fresh ? proposals_.Add(chain) : *proposals_.Of(&chain);
  if (fresh) {
    proposal.chain = &chain;
    // Numbers count what all its readers can see, and nothing else (law 6).
    const auto year =
        absl::ToCivilYear(absl::FromUnixMicros(chain.recorded_micros), absl::UTCTimeZone()).year();
    const std::string& ledger = chain.ledger->id;
    const std::string series = fmt::format("{}/{}", ledger, year);
    const bool all = chain.audience().has_all_partners();
    proposal.number = fmt::format("TEM/{}/PROP/{}{:03}", year, all ? "" : ledger.substr(0, 9) + "/",
                                  ++numbered_[series]);
    released_.Add(chain, "");
  }
  if (!fresh) IndexFootprint(proposal, false);
  proposal.body = Unpack<v1::Proposal>(document.header);
  proposal.marking = document.header.marking();
  proposal.text_digest = chain.tip;
  proposal.updated_micros = chain.updated_micros;
  // They were on the text before.
  proposal.stances.clear();
  proposal.sponsors.assign(1, std::string(proposal.originator_state()));
  ++proposal.texts;
  if (!fresh) proposal.state = v1::PROPOSAL_STATE_REVISED;
  const EditionState* edition = FindEdition(proposal.body.edition());
  proposal.footprint = edition == nullptr
                           ? annex::Footprint()
                           : annex::FootprintOf(edition->content, proposal.body.changes());
  IndexFootprint(proposal, true);
}

void TemRegister::ApplyClosure(const machine::AppliedDocument& document) {
  ENTENTE_CHECK(proposals_.Of(document.chain) != nullptr);
  ProposalRecord& proposal = *proposals_.Of(document.chain);
  const auto body = Unpack<v1::ProposalClosure>(document.header);
  IndexFootprint(proposal, false);
  proposal.state =
      body.outcome() == v1::ProposalClosure::OUTCOME_WITHDRAWN ? v1::PROPOSAL_STATE_WITHDRAWN
      : body.outcome() == v1::ProposalClosure::OUTCOME_MERGED  ? v1::PROPOSAL_STATE_MERGED
                                                               : v1::PROPOSAL_STATE_SPLIT;
  proposal.into.assign(body.into().begin(), body.into().end());
  proposal.updated_micros = document.chain->updated_micros;
}

void TemRegister::ApplyAnswer(const machine::AppliedDocument& document, const std::string& kind) {
  const machine::Chain& chain = *document.chain;
  ENTENTE_CHECK(document.opens() && proposals_.Of(chain.answered) != nullptr);
  ProposalRecord& proposal = *proposals_.Of(chain.answered);
  const int64_t now = chain.recorded_micros;
  const std::string state(chain.originator_state());
  // What others may not read does not show in how far the proposal is (law 6).
  const bool seen_by_all = chain.ledger == proposal.chain->ledger;
  if (seen_by_all) proposal.said = true;
  if (kind == kPosition) {
    const auto body = Unpack<v1::ProposalPosition>(document.header);
    proposal.stances[state] = {body.kind(), body.text(), now, chain.number};
    proposal.updated_micros = now;
  } else if (kind == kSponsorship) {
    auto& sponsors = proposal.sponsors;
    sponsors.erase(std::remove(sponsors.begin(), sponsors.end(), state), sponsors.end());
    if (!Unpack<v1::ProposalSponsorship>(document.header).withdrawn()) sponsors.push_back(state);
    proposal.updated_micros = now;
  } else if (kind == kConclusion) {
    const auto body = Unpack<v1::ProposalConclusion>(document.header);
    proposal.meeting = body.meeting();
    proposal.updated_micros = now;
    if (body.outcome() == v1::ProposalConclusion::OUTCOME_AGREED) {
      proposal.state = v1::PROPOSAL_STATE_AGREED;
    } else if (body.outcome() == v1::ProposalConclusion::OUTCOME_CARRIED_FORWARD) {
      proposal.state = v1::PROPOSAL_STATE_CARRIED_FORWARD;
    } else {
      IndexFootprint(proposal, false);
      proposal.state = v1::PROPOSAL_STATE_NOT_AGREED;
    }
  }
  if (seen_by_all && proposal.state == v1::PROPOSAL_STATE_SUBMITTED) {
    proposal.state = v1::PROPOSAL_STATE_UNDER_STUDY;
  }
}

void TemRegister::ApplyApproval(const machine::AppliedDocument& document) {
  const auto body = Unpack<v1::EditionApproval>(document.header);
  ApprovalState approval;
  approval.name = document.leaf.stamp().name();
  approval.edition = body.edition();
  approval.base = body.base();
  approval.content_digest = base::Digest::From(body.content_digest()).value_or(base::Digest());
  for (const auto& one : body.proposals()) approval.proposals.push_back(one.name());
  approvals_.emplace(approval.name, std::move(approval));
}

void TemRegister::ApplyEdition(const machine::AppliedDocument& document) {
  const auto body = Unpack<v1::AnnexEdition>(document.header);
  if (editions_.count(body.edition()) != 0) return;  // two approved at once; the first stands
  auto state = std::make_unique<EditionState>();
  state->chain = document.chain;
  state->edition = body.edition();
  state->title = body.title();
  state->base = body.base();
  state->language = body.language();
  state->content = annex::Edition::Placed(body.nodes());
  if (const EditionState* base = FindEdition(body.base().empty() ? "-" : body.base())) {
    state->content.ShareNodesOf(base->content);
  }
  for (const auto& place : state->content.places()) node_ids_.insert(place.node->id);
  auto approval =
      approvals_.find(ReferenceOf(document.header, Reference::RELATION_ANSWERS)->name());
  ENTENTE_CHECK(approval != approvals_.end());
  for (const std::string& name : approval->second.proposals) {
    const machine::Chain* chain = chains().FindAny(name);
    ENTENTE_CHECK(proposals_.Of(chain) != nullptr);
    ProposalRecord& proposal = *proposals_.Of(chain);
    IndexFootprint(proposal, false);
    proposal.state = v1::PROPOSAL_STATE_IN_EDITION;
    proposal.in_edition = body.edition();
    proposal.updated_micros = document.chain->recorded_micros;
  }
  editions_.emplace(body.edition(), std::move(state));
}

void TemRegister::ApplyCrosswalk(const machine::AppliedDocument& document) {
  const auto body = Unpack<v1::Crosswalk>(document.header);
  CrosswalkRecord& chain = crosswalks_.Open(*document.chain);
  chain.jurisdiction = body.jurisdiction();
  chain.national_edition = body.national_edition();
  chain.source = body.source();
  const EditionState* edition = FindEdition(body.edition());
  std::vector<CrosswalkRecord::Row> rows;
  for (const v1::CrosswalkRow& row : body.rows()) {
    const int at = edition == nullptr ? -1 : edition->content.FindPath(row.path());
    if (at < 0) continue;
    rows.push_back({edition->content[at].node->id, row.code(), row.relation(),
                    row.valid_from_date(), row.valid_until_date()});
  }
  crosswalks_.Replace(chain, std::move(rows));
}

void TemRegister::ApplyImplementation(const machine::AppliedDocument& document) {
  ImplementationState state;
  state.status = Unpack<v1::ImplementationStatus>(document.header);
  state.chain = document.chain;
  const std::string by(document.chain->originator_state());
  auto& said = implementations_[{state.status.edition(), by}];
  // One per audience: the newest.
  for (ImplementationState& one : said) {
    if (one.chain->ledger == state.chain->ledger) {
      one = std::move(state);
      return;
    }
  }
  said.push_back(std::move(state));
}

const machine::Group& TemRegister::group() const { return kTem; }

std::unique_ptr<machine::Restatement> TemRegister::RestateChain(const machine::Chain& chain) {
  const auto keep = [](const machine::AppliedDocument& document, Header& header) {
    header = document.header;
  };
  return machine::Restate<Header>(keep, [this, &chain](const Header& newest) {
    const std::string_view kind = document::ShortKind(newest.body().type_url());
    if (kind == kPosition) {
      auto& stances = proposals_.Of(chain.answered)->stances;
      const auto stance = stances.find(std::string(chain.originator_state()));
      if (stance != stances.end() && stance->second.number == chain.number) {
        stance->second.text = Unpack<v1::ProposalPosition>(newest).text();
      }
    } else if (kind == kImplementation) {
      const auto status = Unpack<v1::ImplementationStatus>(newest);
      const auto said =
          implementations_.find({status.edition(), std::string(chain.originator_state())});
      if (said == implementations_.end()) return;
      for (ImplementationState& one : said->second) {
        if (one.chain == &chain) one.status = status;
      }
    }
  });
}

std::multimap<std::string, std::string> TemRegister::Facts(std::string_view name) const {
  std::multimap<std::string, std::string> facts;
  const ProposalRecord* proposal = ProposalOf(name);
  if (proposal == nullptr) return facts;
  facts.emplace("tem.state", StateWord(proposal->state));
  facts.emplace("tem.edition", proposal->body.edition());
  facts.emplace("tem.meeting", proposal->body.meeting());
  const EditionState* edition = FindEdition(proposal->body.edition());
  std::set<std::string> items;
  for (const std::string& token : proposal->footprint.touched) {
    const std::string node = annex::NodeOfToken(token);
    facts.emplace("tem.node", node);
    const int at = edition == nullptr ? -1 : edition->content.Find(node);
    if (at >= 0) items.insert(ItemOf(edition->content[at].path));
  }
  for (const std::string& item : items) facts.emplace("tem.item", item);
  return facts;
}

std::vector<machine::FactField> TemRegister::FactFields() const {
  using Values = machine::FactField::Values;
  return {{"tem.state", Values::kWord, rules::EnumWords<v1::ProposalState>("PROPOSAL_STATE_")},
          {"tem.edition", Values::kText, {}},
          {"tem.meeting", Values::kText, {}},
          {"tem.node", Values::kText, {}},
          {"tem.item", Values::kText, {}}};
}

base::Digest TemRegister::Fingerprint() const {
  machine::FingerprintHash hash;
  for (const ProposalRecord& proposal : proposals_) {
    const auto& [chain, number, marking, text_digest, state, body, footprint, texts, said, sponsors,
                 stances, into, in_edition, meeting, updated] = proposal;
    const auto& [touched, depends] = footprint;
    hash.Add(chain->number, number, marking, text_digest, state, body, touched, depends, texts,
             said, sponsors, into, in_edition, meeting, updated);
    for (const auto& [of, stance] : stances) {
      const auto& [kind, text, at, said_by] = stance;
      hash.Add(of, kind, text, at, said_by);
    }
  }
  for (const auto& [cited_as, edition] : editions_) {
    const auto& [chain, cited, title, base, language, content] = *edition;
    hash.Add(cited_as, chain->number, cited, title, base, language);
    for (const auto& place : content.places()) {
      const auto& [id, kind, category, reserved, label, text, cross_references] = *place.node;
      hash.Add(place.path, id, kind, category, reserved, label, text, cross_references);
    }
  }
  for (const auto& [key, approval] : approvals_) {
    const auto& [name, edition, base, content_digest, proposals] = approval;
    hash.Add(key, name, edition, base, content_digest, proposals);
  }
  for (const CrosswalkRecord& crosswalk : crosswalks_.chains()) {
    const auto& [chain, jurisdiction, national_edition, source, rows] = crosswalk;
    hash.Add(chain->number, jurisdiction, national_edition, source);
    for (const auto& [node, code, relation, valid_from, valid_until] : rows) {
      hash.Add(node, code, relation, valid_from, valid_until);
    }
  }
  for (const auto& [key, said] : implementations_) {
    for (const auto& [status, chain] : said) hash.Add(key, status, chain->number);
  }
  return hash.digest();
}

}  // namespace entente::tem
