// The single writer of a service. Life of a submission:
//
//   1. Intake (any thread) parses the document and checks its signatures: VerifiedDocument.
//   2. Enqueue puts it into a bounded queue; full is RESOURCE_EXHAUSTED/QUEUE_FULL at once.
//   3. The sequencer thread takes up to batch_max commands and validates them one after another
//      against the machine. A command that names what an earlier one of the batch names waits for
//      the next batch (Register law 1).
//   4. It stamps them, signs one checkpoint per touched ledger, and appends all of it in one
//      transaction of the journal (group commit). Where several writers share the journal, one
//      may find that another was first: it applies what that one appended and goes back to 3.
//   5. It applies the records, tells `committed`, and answers each caller with a receipt. What was
//      ordered erased (erasure.h) is gone by then, unless the journal could not be changed.
//
// A failed append answers every caller of the batch with the journal's error and changes nothing;
// when the journal may have kept the batch after all, the next step reads what is there first. A
// document that was recorded though its caller saw an error is found by its digest when it is sent
// again.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_SEQUENCER_H_
#define ENTENTE_SERVICES_CORE_MACHINE_SEQUENCER_H_

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <set>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "services/core/base/clock.h"
#include "services/core/base/mutex.h"
#include "services/core/entry/entry.h"
#include "services/core/identity/directory.h"
#include "services/core/identity/directory_source.h"
#include "services/core/machine/machine.h"

namespace entente::machine {

// Records of one append, in order; shared with the feed.
struct Commit {
  uint64_t begin = 0;
  std::vector<journal::Record> records;
  std::vector<Applied> applied;  // what each of them was
};

class Sequencer {
 public:
  struct Options {
    size_t queue_max = 1024;  // of one agency
    size_t batch_max = 256;
    // Bytes of documents after which a batch takes no more: a commit of many large ones would hold
    // up whoever comes next.
    size_t batch_bytes_max = 1 << 20;
    // How long a batch waits for documents that intake is working on. An idle service waits for
    // nothing; a busy one syncs less often.
    std::chrono::microseconds gather_max{300};
    Budgets budgets = BudgetsOf({});
    // Memory that the machine's state may take (Machine::Footprint); at nine tenths of it no new
    // document is taken. 0: no limit.
    uint64_t state_bytes_max = 0;
  };
  // A document that intake is working on: taken before the work, given to Submit or dropped.
  class Arrival {
   public:
    explicit Arrival(Sequencer& sequencer) : sequencer_(&sequencer) { ++sequencer.arriving_; }
    Arrival(Arrival&& other) noexcept : sequencer_(std::exchange(other.sequencer_, nullptr)) {}
    Arrival& operator=(Arrival&&) = delete;
    ~Arrival() {
      if (sequencer_ != nullptr && --sequencer_->arriving_ == 0) sequencer_->NobodyArrives();
    }

   private:
    friend class Sequencer;
    Sequencer* sequencer_;
  };
  struct Dependencies {
    journal::Journal& journal;
    Machine& machine;
    const identity::DirectorySource& directory;
    document::Verifier& verifier;
    const entry::NoteSigner& signer;
    const base::Clock& clock;
    std::function<void(std::shared_ptr<const Commit>)> committed;  // on the sequencer's thread
    std::function<void(const absl::Status&)> fatal;                // the machine must stop serving
    // So many bodies that were ordered erased are gone from journal and machine; and why not all,
    // which is tried again with the next command.
    std::function<void(const absl::Status&, size_t done)> erased = [](const absl::Status&, size_t) {
    };
  };
  using ReceiptCallback = std::function<void(absl::StatusOr<pb::Receipt>)>;
  // The stamp that a document would get, but for its index; or the receipt of one that is recorded.
  using StampCallback = std::function<void(absl::StatusOr<std::variant<pb::Stamp, pb::Receipt>>)>;
  using AckCallback = std::function<void(absl::Status)>;
  // A verified acknowledgement.
  struct Acknowledged {
    std::string ledger;
    uint64_t size = 0;
    base::Digest root;
    pb::SignedAcknowledgement signed_acknowledgement;
    uint64_t directory_serial = 0;
  };

  Sequencer(Dependencies dependencies, Options options);
  ~Sequencer();

  // Callbacks run on the sequencer's thread, exactly once; not at all if the status is not OK.
  absl::Status Submit(document::VerifiedDocument document, uint64_t directory_serial,
                      ReceiptCallback done, std::optional<Arrival> arrival = std::nullopt);
  // As Submit, and records nothing: the same checks, at the same place in the queue.
  absl::Status Validate(document::VerifiedDocument document, uint64_t directory_serial,
                        StampCallback done, std::optional<Arrival> arrival = std::nullopt);
  // Records what the agency has signed, which was verified and is of entries that are here.
  // RATE_EXCEEDED where a ledger's were recorded too often in the last minute.
  absl::Status Acknowledge(base::AgencyName agency, std::vector<Acknowledged> acknowledged,
                           AckCallback done);
  // Signs with another key from now on, and every ledger's head again: readers who no longer accept
  // the old key find each ledger signed. `signer` must outlive the sequencer.
  absl::Status SignWith(const entry::NoteSigner& signer, AckCallback done);

  // Applies what other writers appended, then calls back: nothing that was appended before this
  // call is missing then.
  absl::Status CatchUpNow(AckCallback done);
  // The same soon, for whoever watches the journal. Never blocks.
  void OthersAppended();

  void Start();
  // Finishes what is queued, refuses what comes later.
  void Stop();
  // Works off one batch on the caller's thread; false if nothing was queued. For tests and
  // simulation, without Start.
  bool RunOnce();
  size_t queued() const;
  // Why the journal took nothing, or could not be looked at, the last time; OK since it does again.
  absl::Status trouble() const;
  // RESOURCE_EXHAUSTED/STATE_FULL from nine tenths of the memory for state on.
  absl::Status CheckState() const;
  // Forgets a full disk: the next append will tell.
  void TroubleMayBeOver();

 private:
  struct Recording {
    document::VerifiedDocument document;
    uint64_t directory_serial = 0;  // that it was verified under
    ReceiptCallback done;
    std::function<void(pb::Stamp)> stamped = nullptr;  // it is only validated: instead of recording
  };
  struct Acknowledging {
    base::AgencyName agency;
    std::vector<Acknowledged> said;
    AckCallback done;
  };
  // All checkpoints are signed anew, by another signer from then on.
  struct Signing {
    const entry::NoteSigner* signer = nullptr;
    AckCallback done;
  };
  struct CatchingUp {
    AckCallback done;
  };
  using Command = std::variant<Recording, Acknowledging, Signing, CatchingUp>;
  // How often a batch is judged anew because another writer was first.
  static constexpr int kRacesLostMax = 16;
  struct Pending;  // one stamped document of the batch
  struct Batch;

  absl::Status Enqueue(Command command, std::optional<Arrival> arrival);
  void Run();
  void Gather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NobodyArrives();
  std::vector<Command> Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Work(std::vector<Command> commands);
  static void Finish(Command& command, const absl::Status& status);
  void Note(const absl::Status& journal);
  absl::Status CatchUp();
  // Carries out what was ordered erased.
  void CarryOut();
  // True if the command belongs to this batch; false to leave it for the next.
  bool Stage(Command& command, Batch& batch);
  bool StageDocument(Recording& command, Batch& batch);
  absl::Status StageAcknowledgement(const base::AgencyName& agency, const Acknowledged& said,
                                    Batch& batch);
  absl::Status CheckNewAudience(const document::ParsedDocument& parsed, const Batch& batch) const;
  absl::Status CheckBudget(const document::ParsedDocument& parsed, Batch& batch) const;
  absl::StatusOr<Judgement> Judge(Recording& command, absl::Time now);
  // When a document of a ledger, or an acknowledgement in it, is recorded: civil time may go back,
  // a ledger's may not. Other ledgers are nobody's business.
  absl::Time TimeIn(const std::string& ledger, const Batch& batch) const;
  pb::Stamp StampOf(const Recording& command, Judgement judgement, const std::string& ledger,
                    const Batch& batch) const;
  void Stamp(Recording& command, Judgement judgement, Batch& batch);
  void SignCheckpoints(Batch& batch);
  absl::Status CommitBatch(Batch& batch);
  void Answer(Batch& batch);
  absl::StatusOr<pb::Receipt> ReceiptAt(uint64_t position);
  pb::Receipt MakeReceipt(const Ledger& ledger, uint64_t index, std::string leaf);
  // A ledger's frontier with what the batch adds to it.
  merkle::CompactRange& RangeOf(const std::string& ledger, Batch& batch);

  Dependencies d_;
  const entry::NoteSigner* signer_;  // sequencer's thread only
  const Options options_;
  mutable base::Mutex mutex_;
  base::CondVar wake_;
  // A queue per agency, and agencies with something in theirs, in the order of their turns.
  std::map<std::string, std::deque<Command>> queues_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mutex_);
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;       // waits for the first command
  bool gathering_ ABSL_GUARDED_BY(mutex_) = false;  // waits for arrivals
  std::atomic<int> arriving_{0};
  std::thread thread_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_SEQUENCER_H_
