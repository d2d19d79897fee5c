#include "clients/sdk/ledger_view.h"

#include "services/core/base/status.h"

namespace entente::sdk {
namespace {

using base::Reason;

absl::Status Forked(std::string text) {
  return base::MakeRefusal(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                           text +
                               "; keep this state, compare checkpoints with another partner, and "
                               "raise it with the Point of Contact");
}

}  // namespace

absl::StatusOr<VerifiedEntry> VerifyEntry(const std::string& ledger, entry::pb::Entry entry,
                                          document::Verifier& verifier,
                                          const identity::Directory& directory) {
  ENTENTE_ASSIGN_OR_RETURN(auto checked, entry::CheckEntry(entry));
  entry::pb::SignedDocument signed_document;
  ENTENTE_CHECK(signed_document.ParseFromString(entry.signed_document()));
  ENTENTE_ASSIGN_OR_RETURN(auto parsed, document::Parse(std::move(signed_document)));
  const auto& stamp = checked.leaf.stamp();
  const identity::PastSignerTrust trust(directory);
  ENTENTE_ASSIGN_OR_RETURN(auto verified,
                           verifier.Verify(parsed, trust, entry::GetTime(stamp.recorded_time())));
  if (stamp.ledger() != ledger) {
    return Forked(
        fmt::format("an entry of ledger {} was served as one of {}", stamp.ledger(), ledger));
  }
  return VerifiedEntry{ledger, std::move(entry), std::move(checked.leaf), parsed->header,
                       verified.signers()};
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
    ledgers_[kept.ledger()] = {std::move(range), kept.verified_checkpoint(), "", {}};
    if (!kept.pending_checkpoint().empty()) {
      ENTENTE_RETURN_IF_ERROR(TakeCheckpoint(kept.pending_checkpoint()));
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
    kept->set_pending_checkpoint(known.pending);
  }
}

uint64_t LedgerView::SizeOf(const std::string& ledger) const {
  auto it = ledgers_.find(ledger);
  return it == ledgers_.end() ? 0 : it->second.range.size();
}

std::string LedgerView::VerifiedCheckpoint(const std::string& ledger) const {
  auto it = ledgers_.find(ledger);
  return it == ledgers_.end() ? "" : it->second.verified;
}

absl::Status LedgerView::CheckPending(const std::string& ledger, State& state) {
  if (state.pending.empty() || state.pending_head.size != state.range.size()) {
    return absl::OkStatus();
  }
  if (state.pending_head.root != state.range.Root()) {
    return Forked(
        fmt::format("ledger {}: the signed checkpoint of size {} has another root than the "
                    "entries served",
                    ledger, state.pending_head.size));
  }
  state.verified = std::move(state.pending);
  state.pending.clear();
  return absl::OkStatus();
}

absl::Status LedgerView::Append(const std::string& ledger, uint64_t index,
                                const base::Digest& leaf_hash) {
  State& state = ledgers_[ledger];
  if (index != state.range.size()) {
    return Forked(fmt::format("ledger {}: entry {} was served where {} was due", ledger, index,
                              state.range.size()));
  }
  state.range.Append(leaf_hash);
  return CheckPending(ledger, state);
}

absl::Status LedgerView::TakeCheckpoint(const std::string& note) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, entry::OpenNote(note, log_keys_));
  ENTENTE_ASSIGN_OR_RETURN(const auto checkpoint, entry::Checkpoint::Parse(text));
  const std::string ledger = checkpoint.origin.substr(checkpoint.origin.rfind('/') + 1);
  if (checkpoint.origin != entry::OriginOf(trust_domain_, group_, ledger)) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kCheckpointInvalid,
                        "a checkpoint of {} was served by {}/{}", checkpoint.origin, trust_domain_,
                        group_);
  }
  State& state = ledgers_[ledger];
  if (checkpoint.head.size < state.range.size()) {
    return Forked(fmt::format("ledger {}: {} entries were served, and now a checkpoint says {}",
                              ledger, state.range.size(), checkpoint.head.size));
  }
  if (!state.pending.empty() && checkpoint.head.size == state.pending_head.size &&
      checkpoint.head.root != state.pending_head.root) {
    return Forked(fmt::format("ledger {}: two signed checkpoints of size {} differ", ledger,
                              checkpoint.head.size));
  }
  // The nearest checkpoint ahead is the one that will be checked first.
  if (state.pending.empty() || checkpoint.head.size < state.pending_head.size ||
      state.pending_head.size < state.range.size()) {
    state.pending = note;
    state.pending_head = checkpoint.head;
  }
  return CheckPending(ledger, state);
}

}  // namespace entente::sdk
