// What a client knows of the ledgers it reads, built only from what it verified. Finds gaps, forks
// and forgeries; nothing gets past it by being served often or late.
#ifndef ENTENTE_CLIENTS_SDK_LEDGER_VIEW_H_
#define ENTENTE_CLIENTS_SDK_LEDGER_VIEW_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "entente/config/v1/follower_state.pb.h"
#include "entente/exchange/v1/erasure.pb.h"
#include "services/core/entry/entry.h"
#include "services/core/identity/directory.h"
#include "services/core/merkle/merkle.h"

namespace entente::sdk {

// An entry whose place, digests and signatures were verified; or what remains of one that was
// erased, which nobody has vouched for until the Erasure is seen (CheckOrders).
struct VerifiedEntry {
  std::string ledger;
  entry::pb::Entry entry;  // as received
  entry::pb::Leaf leaf;
  entry::pb::Document document;
  std::vector<document::Signer> signers;       // none: it was erased
  std::optional<base::AgencyName> ordered_by;  // that it is erased; once CheckOrders has found that
  bool erased() const { return entry.has_erased_at(); }
  // Whose act it is: the first signer's, or of what was erased the ordering agency's; else
  // nobody's.
  base::AgencyName agency() const;
  // Whose document it is.
  base::AgencyName originator() const;
  // "partners/kr/agencies/licensing/officer-1", of the first who signed; empty if it was erased.
  std::string signed_by() const;
  uint64_t index() const { return leaf.stamp().index(); }
  const std::string& name() const { return leaf.stamp().name(); }
};

// Verifies one entry by itself: its leaf, its document, its signatures at the time and under the
// directory that it was recorded with, that its ledger is that of its audience in `group`, and that
// its name is what its originator's state and number, or the chain that it continues, make it. Of
// one that was erased, that it is what may remain of its kind.
absl::StatusOr<VerifiedEntry> VerifyEntry(const std::string& group, const std::string& ledger,
                                          entry::pb::Entry entry, document::Verifier& verifier,
                                          const identity::Directory& directory);

// OK if an entry is the order to erase another: an Erasure by the state whose document that is,
// which it names with its digest, at the place where the service says that it is, and which vouches
// for what remains. Else DATA_LOSS/LEDGER_FORKED: the service withholds a document.
absl::Status CheckOrders(const VerifiedEntry& erasure, const VerifiedEntry& erased);
// Nothing where an entry is no Erasure.
std::optional<entry::pb::Erasure> AsErasure(const VerifiedEntry& entry);

// The order of recording: by time, which never goes back within a ledger, and where two ledgers
// share one, by ledger and index.
bool RecordedBefore(const VerifiedEntry& a, const VerifiedEntry& b);

// Not thread-safe.
class LedgerView {
 public:
  LedgerView(std::string trust_domain, std::string group,
             std::vector<entry::NoteVerifier> log_keys);

  // From and to what is kept between runs. DATA_LOSS for a state of another service or damaged.
  absl::Status Restore(const entente::config::v1::FollowerState& state);
  void Save(entente::config::v1::FollowerState& state) const;

  // Entries had of a ledger.
  uint64_t SizeOf(const std::string& ledger) const;
  // Takes the next leaf; DATA_LOSS/LEDGER_FORKED where `index` is not the next one, or where a
  // checkpoint that was waiting for this size has another root.
  absl::Status Append(const std::string& ledger, uint64_t index, const base::Digest& leaf_hash);
  // The same for a verified entry; its time and directory serial may not go back either. What came
  // erased must be ordered so by the entry that it names, once that comes.
  absl::Status Append(const VerifiedEntry& entry);
  // OK if signed checkpoints cover everything that was had: without them there is no evidence.
  absl::Status CheckCovered() const;
  // OK if all that came erased was ordered so; UNAVAILABLE/COPY_INCOMPLETE, which names one, while
  // an order is still to come.
  absl::Status CheckOrdered() const;
  // Takes a checkpoint: checked at once if its size was reached, kept if it is ahead.
  absl::Status TakeCheckpoint(const std::string& note);
  // Size and root of everything that was had, by ledger; of none that waits for an order to erase.
  std::map<std::string, entry::Head> Heads() const;
  // Newest checkpoint that was found true; empty if none was.
  std::string VerifiedCheckpoint(const std::string& ledger) const;

 private:
  struct State {
    merkle::CompactRange range;
    std::string verified;
    std::map<uint64_t, std::pair<base::Digest, std::string>> pending;  // size -> root, note
    absl::Time recorded = absl::InfinitePast();  // of the last entry seen whole
    uint64_t directory_serial = 0;
    // What came erased, by the index of the Erasure that is to come.
    std::map<uint64_t, entente::config::v1::ErasedEntry> erased;
  };
  absl::Status CheckPending(const std::string& ledger, State& state);
  // Takes a checkpoint whose signature was checked.
  absl::Status TakeOpened(const entry::Checkpoint& checkpoint, const std::string& note);

  std::string trust_domain_;
  std::string group_;
  std::vector<entry::NoteVerifier> log_keys_;
  std::map<std::string, State> ledgers_;
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_LEDGER_VIEW_H_
