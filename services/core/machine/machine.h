// The fold of a journal: ledgers with their trees, the index of documents, acknowledgements, and
// the group's register. One writer (the sequencer or replay) applies; any thread reads under a
// shared lock.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_MACHINE_H_
#define ENTENTE_SERVICES_CORE_MACHINE_MACHINE_H_

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/core/base/mutex.h"
#include "services/core/entry/entry.h"
#include "services/core/journal/journal.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/by_reader.h"
#include "services/core/machine/ledger.h"
#include "services/core/machine/register.h"

namespace entente::machine {

namespace pb = ::entente::exchange::v1;

// What a record turned out to be.
struct Applied {
  const Ledger* ledger = nullptr;  // null: no document
  uint64_t index = 0;              // in the ledger
  base::Digest leaf_hash;
  std::string name;
  std::string kind;        // short
  std::string originator;  // state
};

class Machine {
 public:
  Machine(std::string trust_domain, std::string group, Register& reg)
      : trust_domain_(std::move(trust_domain)), group_(std::move(group)), register_(reg) {}

  // For the one writer.

  // Applies one record at `position`; DATA_LOSS if it contradicts what came before it, which only a
  // damaged or forged journal does. Says what it was in `applied`, unless that is null. The caller
  // holds `mutex()` exclusively.
  absl::Status Apply(uint64_t position, const journal::Record& record, Applied* applied = nullptr);
  // Documents that were ordered erased, and that this fold still knows whole: where they are, and
  // the index of the order in their ledger.
  struct DueErasure {
    uint64_t position = 0;
    uint64_t erased_at = 0;
    base::Digest remains;
  };
  const std::vector<DueErasure>& erasures_due() const { return erasures_due_; }
  // Forgets what the document at a position said, the first due one, which the journal has erased
  // by now: its chain is restated. Takes the lock itself, for the last of it.
  absl::Status Forget(uint64_t position, journal::Journal& journal);
  // DATA_LOSS if a body is gone, and nothing that was applied has ordered it erased.
  absl::Status CheckErasures() const;
  // Makes room for documents to come.
  void Reserve(uint64_t documents);
  uint64_t applied() const { return applied_; }

  // For readers that hold mutex() at least shared, and for the writer.

  base::SharedMutex& mutex() const { return mutex_; }
  const std::map<std::string, Ledger, std::less<>>& ledgers() const { return ledgers_; }
  // Those that the reader may read, by id.
  std::vector<const Ledger*> LedgersOf(const Reader& reader) const;
  // The ledger if the reader may read it; null otherwise, whether it exists or not.
  const Ledger* Find(std::string_view ledger, const Reader& reader) const;
  std::optional<uint64_t> PositionOfDigest(const base::Digest& digest) const;
  // OK if no document that is recorded has this one's reference, or the name that it would get from
  // it; ALREADY_EXISTS/REFERENCE_REUSED.
  absl::Status CheckReferenceIsFree(const document::ParsedDocument& document) const;
  // Index, in the same ledger, of the Erasure that ordered the document at a position erased;
  // nothing if none did.
  std::optional<uint64_t> ErasedAt(uint64_t position) const {
    auto it = erased_.find(position);
    return it == erased_.end() ? std::nullopt : std::optional(it->second);
  }
  // Highest serial of a directory that a document was recorded under which the reader may read.
  uint64_t DirectorySerialSeenBy(const Reader& reader) const;
  // The same of all ledgers: an answer must not depend on it.
  uint64_t directory_serial() const { return directory_serial_; }
  // How many ledgers a state's documents were the first of.
  size_t LedgersOpenedBy(const std::string& state) const {
    auto it = opened_by_.find(state);
    return it == opened_by_.end() ? 0 : it->second;
  }
  // What a state has had recorded here.
  Usage UsageOf(const std::string& state) const {
    auto it = usage_.find(state);
    return it == usage_.end() ? Usage() : it->second;
  }
  // Place of the document at a position; the position must be a document's.
  Place PlaceOf(uint64_t position) const;
  // What an entry's receipt is made of. It stands on the first checkpoint that covers the entry, so
  // that it is the same whenever it is asked for. The checkpoint's note comes from the caller.
  struct ReceiptParts {
    uint64_t checkpoint_size = 0;
    entry::Checkpoint checkpoint;
    std::vector<base::Digest> proof;
  };
  ReceiptParts PrepareReceipt(const Ledger& ledger, uint64_t index) const;
  // Bytes of memory that all of it takes: so many for each record and ledger, and the register's.
  uint64_t Footprint() const {
    return applied_ * kRecordBytes + index_.size() * kIndexBytes + documents_ * kEntryBytes +
           ledgers_.size() * kLedgerBytes + erased_.size() * kErasedBytes +
           register_.chains().Footprint() + register_.Footprint();
  }
  // Covers ledgers, acknowledgements, chains and the register.
  base::Digest Fingerprint() const;

  const std::string& group() const { return group_; }
  const std::string& trust_domain() const { return trust_domain_; }
  std::string service() const { return trust_domain_ + "/" + group_; }
  Register& reg() const { return register_; }
  const Chains& chains() const { return register_.chains(); }

 private:
  // footprint_test.cc measures them. The hash map grows by doubling: three quarters of what it has
  // is taken on the average, and what is counted is all of it.
  static constexpr uint64_t kRecordBytes = 9;  // its place, or that it has none
  static constexpr uint64_t kIndexBytes = 42;  // of one or two for each document
  static constexpr uint64_t kEntryBytes = 88;  // leaf, inner nodes, position, checkpoint
  static constexpr uint64_t kLedgerBytes = 4096;
  static constexpr uint64_t kErasedBytes = 64;  // of erased_

  struct Parts;  // a document's record, parsed
  absl::Status ApplyDocument(uint64_t position, const journal::Record& record, Applied* applied);
  absl::Status ApplyErasure(uint64_t position, const Parts& parts);
  absl::Status ApplyAcknowledgement(const journal::Record& record);
  absl::Status ApplyCheckpoint(const journal::Record& record);
  // What a document is found by: half of a digest. To make two with one half takes 2^64 tries, and
  // harms their author alone: the second one counts as the first. To make one with the half of
  // another's takes 2^128.
  struct Key {
    explicit Key(const base::Digest& digest) {
      std::memcpy(half, digest.bytes.data(), sizeof half);
    }
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.half[0], key.half[1]);
    }
    uint32_t half[4];
  };
  std::optional<uint64_t> PositionOf(const Key& key) const {
    auto it = index_.find(key);
    return it == index_.end() ? std::nullopt : std::optional(it->second);
  }

  const std::string trust_domain_;
  const std::string group_;
  Register& register_;
  mutable base::SharedMutex mutex_;
  std::map<std::string, Ledger, std::less<>> ledgers_;
  ByReader<const Ledger*> by_reader_;
  // Positions by the digest of every document, and by the reference of those whose names do not
  // tell it. Names are found through chains.
  absl::flat_hash_map<Key, uint32_t> index_;
  std::vector<std::pair<uint32_t, uint32_t>> places_;  // position -> (ledger number + 1, index)
  std::vector<const Ledger*> ledger_numbers_;
  std::map<std::string, uint32_t, std::less<>> ledger_number_of_;
  std::map<std::string, size_t> opened_by_;  // state -> ledgers
  std::map<std::string, Usage> usage_;       // by state
  std::map<uint64_t, uint64_t> erased_;      // position -> index of the Erasure in its ledger
  // Of bodies that were gone before the Erasure was applied: position -> what it must say.
  struct Gone {
    base::Digest remains;
    uint64_t erased_at = 0;
  };
  std::map<uint64_t, Gone> gone_;
  std::vector<DueErasure> erasures_due_;
  uint64_t directory_serial_ = 0;
  uint64_t applied_ = 0;
  uint64_t documents_ = 0;
};

// Reads the whole journal into an empty machine. `progress` is called about once a second with the
// number of records done. The signature of each ledger's last checkpoint must verify with `known`
// (all of them with `check_all_signatures`).
struct ReplayOptions {
  std::vector<entry::NoteVerifier> known;
  bool check_all_signatures = false;
  std::function<void(uint64_t done, uint64_t total)> progress;
};
absl::Status Replay(journal::Journal& journal, Machine& machine, const ReplayOptions& options);

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_MACHINE_H_
