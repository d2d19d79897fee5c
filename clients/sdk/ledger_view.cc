#include "clients/sdk/ledger_view.h"

#include <algorithm>

#include "clients/sdk/kinds.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/remains.h"

namespace entente::sdk {
namespace {

using base::Reason;

constexpr size_t kPendingMax = 8;
// Of one ledger, entries that came erased and wait for the order, as a copy that begins anew has
// them.
constexpr size_t kErasedMax = 200'000;

absl::Status Forked(std::string text) {
  return base::MakeRefusal(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                           text +
                               "; keep this state, compare checkpoints with another partner, and "
                               "raise it with the Point of Contact");
}

using entente::config::v1::ErasedEntry;

ErasedEntry ToErased(const VerifiedEntry& entry) {
  ErasedEntry erased;
  erased.set_name(entry.name());
  erased.set_document_digest(entry.leaf.document_digest());
  erased.set_remains_digest(crypto::Sha256(entry.entry.signed_document()).str());
  erased.set_index(entry.index());
  erased.set_erased_at(entry.entry.erased_at());
  return erased;
}

absl::Status CheckOrders(const VerifiedEntry& erasure, const ErasedEntry& erased) {
  const auto body = AsErasure(erasure);
  const auto& references = erasure.document.references();
  constexpr size_t kState = 12;  // "partners/kr/"
  const bool orders =
      body.has_value() && references.size() == 1 &&
      references[0].relation() == entry::pb::Reference::RELATION_ERASES &&
      references[0].name() == erased.name() && references[0].digest() == erased.document_digest() &&
      erasure.name().substr(0, kState) == erased.name().substr(0, kState) &&
      body->index() == erased.index() && body->remains_digest() == erased.remains_digest() &&
      erasure.index() == erased.erased_at();
  if (orders) return absl::OkStatus();
  return Forked(fmt::format("{} was served without what it says, and {} does not order that",
                            erased.name(), erasure.name()));
}

// Whether a name is what a document says of itself: "partners/kr/denials/{reference}", or a later
// one's, "{name}/revisions/2", of the name that it supersedes.
bool NamesItself(std::string_view name, const entry::pb::Document& document) {
  const auto parts = base::Split(name, '/');
  const auto& links = document.references();
  const bool supersedes = std::any_of(links.begin(), links.end(), [](const auto& link) {
    return link.relation() == entry::pb::Reference::RELATION_SUPERSEDES;
  });
  if (parts.size() == 4) return parts[3] == document.reference() && !supersedes;
  if (parts.size() != 6 || parts[4] != "revisions") return false;
  const std::string_view chain =
      name.substr(0, name.size() - parts[4].size() - parts[5].size() - 2);
  const auto& references = document.references();
  return std::any_of(references.begin(), references.end(), [&](const auto& reference) {
    return reference.relation() == entry::pb::Reference::RELATION_SUPERSEDES &&
           reference.name() == chain;
  });
}

absl::Status CheckNaming(const VerifiedEntry& entry, const std::string& group) {
  const auto& stamp = entry.leaf.stamp();
  const base::AgencyName originator = entry.originator();
  if (stamp.ledger() != entry.ledger) {
    return Forked(
        fmt::format("an entry of ledger {} was served as one of {}", stamp.ledger(), entry.ledger));
  }
  if (entry.ledger != entry::LedgerIdOf(group, entry.document.audience())) {
    return Forked(fmt::format("ledger {} is not that of the audience of {}",
                              entry.ledger.substr(0, 40), entry.document.reference()));
  }
  if (stamp.name().rfind("partners/" + originator.state + "/", 0) != 0 ||
      stamp.name().size() > 200 || !base::IsPlainText(stamp.name())) {
    return Forked(fmt::format("a document of {} was given a name that is not of that state",
                              originator.str()));
  }
  if (!NamesItself(stamp.name(), entry.document)) {
    return Forked(fmt::format("a document with the number {} was given the name {}",
                              entry.document.reference(), stamp.name()));
  }
  return absl::OkStatus();
}

// What remains of an entry: of its leaf nothing proves it, nor any signature.
absl::StatusOr<VerifiedEntry> VerifyErased(const std::string& group, const std::string& ledger,
                                           entry::pb::Entry entry) {
  VerifiedEntry result{ledger, std::move(entry), {}, {}, {}, {}};
  entry::pb::SignedDocument remains;
  if (!result.leaf.ParseFromString(result.entry.leaf()) ||
      !remains.ParseFromString(result.entry.signed_document()) ||
      !base::Digest::From(result.leaf.document_digest()).has_value() ||
      !base::Digest::From(result.leaf.envelope_digest()).has_value() ||
      result.entry.erased_at() <= result.index()) {
    return Forked(
        fmt::format("an entry of ledger {} says that it was erased, and is no leaf, or "
                    "was so before it was there",
                    ledger.substr(0, 40)));
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto parsed, document::ParseRemains(std::move(remains)));
  result.document = parsed->header;
  ENTENTE_RETURN_IF_ERROR(CheckNaming(result, group));
  KnowKinds();
  const auto may_remain = entry::RemainsOf(result.entry.signed_document());
  const std::string& url = result.document.body().type_url();
  if (!may_remain.ok() && !entry::IsKnownKind(url.substr(url.rfind('/') + 1))) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kBodyUnknown,
                        "{} was erased, and is of a kind that this release does not know, {}; a "
                        "newer one can check what remains",
                        result.name(), url.substr(url.rfind('/') + 1));
  }
  if (may_remain.ok() && *may_remain == result.entry.signed_document()) return result;
  return Forked(fmt::format(
      "{} was served as erased, with more than may remain of its kind, or is of one that stays "
      "whole",
      result.name()));
}

}  // namespace

base::AgencyName VerifiedEntry::originator() const {
  return base::AgencyName::Parse(document.originator()).value_or(base::AgencyName());
}

base::AgencyName VerifiedEntry::agency() const {
  return signers.empty() ? ordered_by.value_or(base::AgencyName()) : signers[0].agency;
}

std::string VerifiedEntry::signed_by() const {
  return signers.empty() ? "" : signers[0].agency.str() + "/" + signers[0].officer;
}

std::optional<entry::pb::Erasure> AsErasure(const VerifiedEntry& entry) {
  entry::pb::Erasure body;
  if (entry.erased() || !entry.document.body().UnpackTo(&body)) return std::nullopt;
  return body;
}

absl::Status CheckOrders(const VerifiedEntry& erasure, const VerifiedEntry& erased) {
  if (erasure.ledger == erased.ledger) return CheckOrders(erasure, ToErased(erased));
  return Forked(
      fmt::format("{} was served without what it says, and what orders that is in "
                  "another ledger",
                  erased.name()));
}

bool RecordedBefore(const VerifiedEntry& a, const VerifiedEntry& b) {
  const auto key = [](const VerifiedEntry& entry) {
    const auto& time = entry.leaf.stamp().recorded_time();
    return std::make_tuple(time.seconds(), time.nanos(), std::string_view(entry.ledger),
                           entry.index());
  };
  return key(a) < key(b);
}

absl::StatusOr<VerifiedEntry> VerifyEntry(const std::string& group, const std::string& ledger,
                                          entry::pb::Entry entry, document::Verifier& verifier,
                                          const identity::Directory& directory) {
  if (entry.has_erased_at()) return VerifyErased(group, ledger, std::move(entry));
  ENTENTE_ASSIGN_OR_RETURN(auto checked, entry::CheckEntry(entry));
  entry::pb::SignedDocument signed_document;
  ENTENTE_CHECK(signed_document.ParseFromString(entry.signed_document()));
  ENTENTE_ASSIGN_OR_RETURN(auto parsed, document::Parse(std::move(signed_document)));
  const auto& stamp = checked.leaf.stamp();
  const identity::PastSignerTrust trust(directory, stamp.directory_serial());
  ENTENTE_ASSIGN_OR_RETURN(auto verified,
                           verifier.Verify(parsed, trust, entry::GetTime(stamp.recorded_time())));
  VerifiedEntry result{ledger,         std::move(entry),   std::move(checked.leaf),
                       parsed->header, verified.signers(), std::nullopt};
  ENTENTE_RETURN_IF_ERROR(CheckNaming(result, group));
  return result;
}

LedgerView::LedgerView(std::string trust_domain, std::string group,
                       std::vector<entry::NoteVerifier> log_keys)
    : trust_domain_(std::move(trust_domain)),
      group_(std::move(group)),
      log_keys_(std::move(log_keys)) {}

absl::Status LedgerView::Restore(const entente::config::v1::FollowerState& state) {
  const std::string service = trust_domain_ + "/" + group_;
  if (!state.service().empty() && state.service() != service) {
    return base::RefuseArgument(Reason::kCursorMalformed, "the kept state is of {}, not of {}",
                                state.service(), service);
  }
  for (const auto& kept : state.ledgers()) {
    std::vector<base::Digest> nodes;
    for (const std::string& node : kept.frontier()) {
      auto digest = base::Digest::From(node);
      if (!digest) return Forked("the kept state is damaged");
      nodes.push_back(*digest);
    }
    ENTENTE_ASSIGN_OR_RETURN(auto range, merkle::CompactRange::From(kept.size(), std::move(nodes)));
    State& known = ledgers_[kept.ledger()];
    known.range = std::move(range);
    known.verified = kept.verified_checkpoint();
    known.directory_serial = kept.directory_serial();
    if (kept.recorded_micros() != 0) known.recorded = absl::FromUnixMicros(kept.recorded_micros());
    for (const auto& erased : kept.erased()) known.erased[erased.erased_at()] = erased;
    for (const std::string& note : kept.pending_checkpoints()) {
      // Its signature was checked when it was kept; the key may have been retired since.
      ENTENTE_ASSIGN_OR_RETURN(const auto checkpoint, entry::ReadKeptCheckpoint(note));
      ENTENTE_RETURN_IF_ERROR(TakeOpened(checkpoint, note));
    }
  }
  return absl::OkStatus();
}

void LedgerView::Save(entente::config::v1::FollowerState& state) const {
  state.set_service(trust_domain_ + "/" + group_);
  state.clear_ledgers();
  for (const auto& [ledger, known] : ledgers_) {
    auto* kept = state.add_ledgers();
    kept->set_ledger(ledger);
    kept->set_size(known.range.size());
    for (const auto& node : known.range.nodes()) kept->add_frontier(node.str());
    kept->set_verified_checkpoint(known.verified);
    for (const auto& [size, pending] : known.pending) kept->add_pending_checkpoints(pending.second);
    kept->set_directory_serial(known.directory_serial);
    for (const auto& [at, erased] : known.erased) *kept->add_erased() = erased;
    if (known.recorded != absl::InfinitePast()) {
      kept->set_recorded_micros(absl::ToUnixMicros(known.recorded));
    }
  }
}

uint64_t LedgerView::SizeOf(const std::string& ledger) const {
  auto it = ledgers_.find(ledger);
  return it == ledgers_.end() ? 0 : it->second.range.size();
}

std::map<std::string, entry::Head> LedgerView::Heads() const {
  std::map<std::string, entry::Head> heads;
  for (const auto& [ledger, state] : ledgers_) {
    if (state.range.size() > 0 && state.erased.empty())
      heads[ledger] = {state.range.size(), state.range.Root()};
  }
  return heads;
}

std::string LedgerView::VerifiedCheckpoint(const std::string& ledger) const {
  auto it = ledgers_.find(ledger);
  return it == ledgers_.end() ? "" : it->second.verified;
}

absl::Status LedgerView::CheckPending(const std::string& ledger, State& state) {
  auto it = state.pending.find(state.range.size());
  if (it == state.pending.end()) return absl::OkStatus();
  if (it->second.first != state.range.Root()) {
    return Forked(fmt::format(
        "ledger {}: the signed checkpoint of size {} has another root than the entries served",
        ledger, it->first));
  }
  state.verified = std::move(it->second.second);
  state.pending.erase(it);
  return absl::OkStatus();
}

absl::Status LedgerView::Append(const std::string& ledger, uint64_t index,
                                const base::Digest& leaf_hash) {
  State& state = ledgers_[ledger];
  if (index != state.range.size()) {
    return Forked(fmt::format("ledger {}: entry {} was served where {} was due", ledger, index,
                              state.range.size()));
  }
  if (state.erased.contains(index)) {
    return Forked(fmt::format("ledger {}: entry {}, which orders something erased, was left out",
                              ledger, index));
  }
  state.range.Append(leaf_hash);
  return CheckPending(ledger, state);
}

absl::Status LedgerView::Append(const VerifiedEntry& entry) {
  State& state = ledgers_[entry.ledger];
  const auto& stamp = entry.leaf.stamp();
  const absl::Time recorded = entry::GetTime(stamp.recorded_time());
  if (recorded < state.recorded || stamp.directory_serial() < state.directory_serial) {
    return Forked(fmt::format("ledger {}: entry {} is dated before the one it follows",
                              entry.ledger, entry.index()));
  }
  if (const auto ordered = state.erased.find(entry.index()); ordered != state.erased.end()) {
    ENTENTE_RETURN_IF_ERROR(CheckOrders(entry, ordered->second));
    state.erased.erase(ordered);
  }
  ENTENTE_RETURN_IF_ERROR(
      Append(entry.ledger, entry.index(), merkle::LeafHash(entry.entry.leaf())));
  if (entry.erased() && (!state.erased.emplace(entry.entry.erased_at(), ToErased(entry)).second ||
                         state.erased.size() > kErasedMax)) {
    return Forked(
        fmt::format("ledger {}: entry {} is said to order two others erased, or too many "
                    "wait for such orders",
                    entry.ledger, entry.entry.erased_at()));
  }
  state.recorded = recorded;
  state.directory_serial = stamp.directory_serial();
  return absl::OkStatus();
}

absl::Status LedgerView::CheckCovered() const {
  for (const auto& [ledger, state] : ledgers_) {
    if (state.range.size() == 0) continue;
    uint64_t covered = state.pending.empty() ? 0 : state.pending.rbegin()->first;
    if (!state.verified.empty()) {
      ENTENTE_ASSIGN_OR_RETURN(const auto checkpoint, entry::ReadKeptCheckpoint(state.verified));
      covered = std::max(covered, checkpoint.head.size);
    }
    if (covered < state.range.size()) {
      return Forked(
          fmt::format("ledger {}: {} entries were served, and no signed checkpoint covers "
                      "more than {}",
                      ledger, state.range.size(), covered));
    }
  }
  return absl::OkStatus();
}

absl::Status LedgerView::CheckOrdered() const {
  for (const auto& [ledger, state] : ledgers_) {
    if (state.erased.empty()) continue;
    const ErasedEntry& erased = state.erased.begin()->second;
    return base::Refuse(absl::StatusCode::kUnavailable, Reason::kCopyIncomplete,
                        "{} came without what it says, and entry {} of ledger {}, which must order "
                        "that, has not come yet",
                        erased.name(), erased.erased_at(), ledger);
  }
  return absl::OkStatus();
}

absl::Status LedgerView::TakeCheckpoint(const std::string& note) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, entry::OpenNote(note, log_keys_));
  ENTENTE_ASSIGN_OR_RETURN(const auto checkpoint, entry::Checkpoint::Parse(text));
  return TakeOpened(checkpoint, note);
}

absl::Status LedgerView::TakeOpened(const entry::Checkpoint& checkpoint, const std::string& note) {
  const std::string ledger = checkpoint.origin.substr(checkpoint.origin.rfind('/') + 1);
  if (!entry::IsLedgerId(ledger) ||
      checkpoint.origin != entry::OriginOf(trust_domain_, group_, ledger)) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kCheckpointInvalid,
                        "a checkpoint of {} was served by {}/{}", checkpoint.origin, trust_domain_,
                        group_);
  }
  State& state = ledgers_[ledger];
  if (checkpoint.head.size < state.range.size()) {
    return Forked(fmt::format("ledger {}: {} entries were served, and now a checkpoint says {}",
                              ledger, state.range.size(), checkpoint.head.size));
  }
  const auto [it, fresh] =
      state.pending.try_emplace(checkpoint.head.size, checkpoint.head.root, note);
  if (!fresh && it->second.first != checkpoint.head.root) {
    return Forked(fmt::format("ledger {}: two signed checkpoints of size {} differ", ledger,
                              checkpoint.head.size));
  }
  if (state.pending.size() > kPendingMax) state.pending.erase(std::next(state.pending.begin()));
  return CheckPending(ledger, state);
}

}  // namespace entente::sdk
