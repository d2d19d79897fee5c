#include "services/core/machine/sequencer.h"

#include <algorithm>
#include <utility>

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/identity/acknowledgement.h"
#include "services/core/machine/erasure.h"
#include "services/core/rules/links.h"

namespace entente::machine {
namespace {

using base::Reason;

absl::Status Overloaded() {
  return base::WithRetry(
      base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                   "too many of your documents are waiting; send it again after the retry delay"),
      absl::Milliseconds(50));
}

}  // namespace

struct Sequencer::Pending {
  Recording command;
  std::string leaf;  // serialised
  std::string ledger;
  uint64_t index = 0;
};

// What one append holds while it is made.
struct Sequencer::Batch {
  absl::Time now;
  std::vector<journal::Record> records;
  std::vector<Pending> documents;
  std::vector<Command> others;                         // that are done once it is appended
  std::map<std::string, merkle::CompactRange> ranges;  // frontier after the batch
  std::set<std::string> names;                         // what the batch's documents name
  std::set<std::string> reads;                         // what judgements of this batch stand on
  std::map<std::string, Usage> usage;                  // of states, with what the batch adds
  // By state and ledger: the size, and which of `records` says so.
  std::map<std::pair<std::string, std::string>, std::pair<uint64_t, size_t>> acknowledged;
};

Sequencer::Sequencer(Dependencies dependencies, Options options)
    : d_(std::move(dependencies)), signer_(&d_.signer), options_(options) {}

Sequencer::~Sequencer() { Stop(); }

void Sequencer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Sequencer::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopped_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

size_t Sequencer::queued() const {
  base::MutexLock lock(mutex_);
  return queued_;
}

absl::Status Sequencer::Enqueue(Command command, std::optional<Arrival> arrival) {
  std::string party;  // the service itself is one, too
  if (const auto* recording = std::get_if<Recording>(&command)) {
    party = recording->document.parsed().originator.str();
  } else if (const auto* acknowledging = std::get_if<Acknowledging>(&command)) {
    party = acknowledging->agency.str();
  }
  {
    base::MutexLock lock(mutex_);
    if (stopped_) {
      return base::Refuse(absl::StatusCode::kUnavailable, Reason::kServiceDraining,
                          "the service is shutting down; connect again");
    }
    std::deque<Command>& queue = queues_[party];
    if (queue.size() >= options_.queue_max) return Overloaded();
    if (queue.empty()) turns_.push_back(party);
    queue.push_back(std::move(command));
    ++queued_;
    if (arrival.has_value()) {
      arrival->sequencer_ = nullptr;
      --arriving_;
    }
    const bool gathered = gathering_ && (arriving_ == 0 || queued_ >= options_.batch_max);
    if (!idle_ && !gathered) return absl::OkStatus();
    idle_ = false;
  }
  wake_.NotifyOne();
  return absl::OkStatus();
}

absl::Status Sequencer::Submit(document::VerifiedDocument document, uint64_t directory_serial,
                               ReceiptCallback done, std::optional<Arrival> arrival) {
  return Enqueue(Recording{std::move(document), directory_serial, std::move(done)},
                 std::move(arrival));
}

absl::Status Sequencer::Acknowledge(base::AgencyName agency, std::vector<Acknowledged> acknowledged,
                                    AckCallback done) {
  return Enqueue(Acknowledging{std::move(agency), std::move(acknowledged), std::move(done)},
                 std::nullopt);
}

absl::Status Sequencer::SignWith(const entry::NoteSigner& signer, AckCallback done) {
  return Enqueue(Signing{&signer, std::move(done)}, std::nullopt);
}

absl::Status Sequencer::CatchUpNow(AckCallback done) {
  return Enqueue(CatchingUp{std::move(done)}, std::nullopt);
}

void Sequencer::OthersAppended() {
  // With a full queue the thread catches up anyway.
  const absl::Status queued = CatchUpNow([](const absl::Status&) {});
  static_cast<void>(queued);
}

std::vector<Sequencer::Command> Sequencer::Take() {
  std::vector<Command> commands;
  size_t bytes = 0;
  while (!turns_.empty() && commands.size() < options_.batch_max &&
         bytes < options_.batch_bytes_max) {
    const std::string party = std::move(turns_.front());
    turns_.pop_front();
    auto queue = queues_.find(party);
    commands.push_back(std::move(queue->second.front()));
    if (const auto* recording = std::get_if<Recording>(&commands.back())) {
      bytes += recording->document.parsed().envelope.size();
    }
    queue->second.pop_front();
    --queued_;
    if (queue->second.empty()) {
      queues_.erase(queue);
    } else {
      turns_.push_back(party);
    }
  }
  return commands;
}

void Sequencer::Run() {
  while (true) {
    std::vector<Command> commands;
    {
      base::MutexLock lock(mutex_);
      while (queued_ == 0 && !stopped_) {
        idle_ = true;
        wake_.Wait(mutex_);
      }
      idle_ = false;
      if (queued_ == 0) return;
      Gather();
      commands = Take();
    }
    Work(std::move(commands));
  }
}

// A sync costs about as much as verifying several documents, so those that are nearly here come
// along.
void Sequencer::Gather() {
  const auto deadline = std::chrono::steady_clock::now() + options_.gather_max;
  gathering_ = true;
  while (arriving_ > 0 && queued_ < options_.batch_max && !stopped_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero() || !wake_.WaitFor(mutex_, left)) break;
  }
  gathering_ = false;
}

void Sequencer::NobodyArrives() {
  {
    base::MutexLock lock(mutex_);
    if (!gathering_) return;
  }
  wake_.NotifyOne();
}

bool Sequencer::RunOnce() {
  std::vector<Command> commands;
  {
    base::MutexLock lock(mutex_);
    commands = Take();
  }
  if (commands.empty()) return false;
  Work(std::move(commands));
  return true;
}

void Sequencer::Work(std::vector<Command> commands) {
  size_t next = 0;
  int races_lost = 0;
  while (next < commands.size()) {
    Batch batch;
    // What others appended counts for what is judged now: nobody is refused for not knowing it.
    absl::Status status = d_.journal.Refresh();
    if (status.ok()) status = CatchUp();
    if (status.ok()) CarryOut();
    if (status.code() == absl::StatusCode::kDataLoss) d_.fatal(status);
    if (!status.ok()) {
      Note(status);
      for (; next < commands.size(); ++next) Finish(commands[next], status);
      return;
    }
    batch.now = d_.clock.Now();
    while (next < commands.size() && Stage(commands[next], batch)) ++next;
    const bool appends = !batch.records.empty() || !batch.ranges.empty();
    if (appends) {
      SignCheckpoints(batch);
      status = CommitBatch(batch);
    }
    // A full disk can be read all the same: only what was appended tells that it is over.
    if (status.code() != absl::StatusCode::kAborted &&
        (appends || trouble().code() == absl::StatusCode::kUnavailable)) {
      Note(status);
    }
    if (status.ok()) {
      races_lost = 0;
      CarryOut();
      Answer(batch);
      continue;
    }
    std::vector<Command> again;
    for (Pending& pending : batch.documents) again.push_back(std::move(pending.command));
    for (Command& command : batch.others) again.push_back(std::move(command));
    if (status.code() == absl::StatusCode::kAborted && ++races_lost <= kRacesLostMax) {
      // Another writer was first: what it did is caught up with, and these are judged anew.
      std::move(commands.begin() + static_cast<ptrdiff_t>(next), commands.end(),
                std::back_inserter(again));
      commands = std::move(again);
      next = 0;
      continue;
    }
    if (status.code() == absl::StatusCode::kAborted) {
      status = base::WithRetry(
          base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalHeadMoved,
                       "other writers were first {} times; try again", kRacesLostMax),
          absl::Seconds(1));
    }
    if (status.code() == absl::StatusCode::kDataLoss) d_.fatal(status);
    for (Command& command : again) Finish(command, status);
  }
}

void Sequencer::Note(const absl::Status& journal) {
  base::MutexLock lock(mutex_);
  trouble_ = journal;
}

absl::Status Sequencer::trouble() const {
  base::MutexLock lock(mutex_);
  return trouble_;
}

void Sequencer::TroubleMayBeOver() { Note(absl::OkStatus()); }

absl::Status Sequencer::Validate(document::VerifiedDocument document, uint64_t directory_serial,
                                 StampCallback done, std::optional<Arrival> arrival) {
  Recording command{std::move(document), directory_serial, nullptr, nullptr};
  command.done = [done](absl::StatusOr<pb::Receipt> receipt) {
    receipt.ok() ? done(*std::move(receipt)) : done(receipt.status());
  };
  command.stamped = [done](pb::Stamp stamp) { done(std::move(stamp)); };
  return Enqueue(std::move(command), std::move(arrival));
}

// A document is finished like this by a refusal only.
void Sequencer::Finish(Command& command, const absl::Status& status) {
  std::visit([&](auto& one) { one.done(status); }, command);
}

// Applies what the journal holds beyond the machine: after an append whose outcome was unknown, or
// another writer's work.
absl::Status Sequencer::CatchUp() {
  while (d_.machine.applied() < d_.journal.Head()) {
    auto commit = std::make_shared<Commit>();
    commit->begin = d_.machine.applied();
    ENTENTE_ASSIGN_OR_RETURN(commit->records,
                             d_.journal.Read(commit->begin, d_.journal.Head(), 8 << 20));
    {
      std::unique_lock lock(d_.machine.mutex());
      commit->applied.resize(commit->records.size());
      for (size_t i = 0; i < commit->records.size(); ++i) {
        ENTENTE_RETURN_IF_ERROR(
            d_.machine.Apply(commit->begin + i, commit->records[i], &commit->applied[i]));
      }
    }
    d_.committed(std::move(commit));
  }
  return absl::OkStatus();
}

void Sequencer::CarryOut() {
  const size_t due = d_.machine.erasures_due().size();
  if (due == 0) return;
  const absl::Status status = CarryOutErasures(d_.machine, d_.journal);
  if (status.code() == absl::StatusCode::kDataLoss) return d_.fatal(status);
  d_.erased(status, due - d_.machine.erasures_due().size());
}

bool Sequencer::Stage(Command& command, Batch& batch) {
  if (auto* recording = std::get_if<Recording>(&command)) return StageDocument(*recording, batch);
  absl::Status status;
  if (const auto* signing = std::get_if<Signing>(&command)) {
    signer_ = signing->signer;
    for (const auto& [id, ledger] : d_.machine.ledgers()) RangeOf(id, batch);
  } else if (const auto* acknowledging = std::get_if<Acknowledging>(&command)) {
    for (const Acknowledged& said : acknowledging->said) {
      status.Update(StageAcknowledgement(acknowledging->agency, said, batch));
    }
  }
  status.ok() ? batch.others.push_back(std::move(command)) : Finish(command, status);
  return true;
}

bool Sequencer::StageDocument(Recording& command, Batch& batch) {
  const document::ParsedDocument& parsed = command.document.parsed();
  std::vector<std::string> names = {
      "digest " + parsed.digest.str(),
      fmt::format("{} {} {}", parsed.header.originator(), parsed.kind, parsed.header.reference())};
  for (const auto& reference : parsed.header.references()) names.push_back(reference.name());
  const Kind* kind = d_.machine.reg().group().Find(parsed.kind);
  if (kind != nullptr && !kind->folder.empty()) names.push_back(FirstName(*kind, parsed.header));
  for (const std::string& name : names) {
    if (batch.names.count(name) != 0) return false;
  }
  if (auto position = d_.machine.PositionOfDigest(parsed.digest)) {
    command.done(ReceiptAt(*position));
    return true;
  }
  if (absl::Status status = d_.machine.CheckReferenceIsFree(parsed); !status.ok()) {
    command.done(status);
    return true;
  }
  // A law's order frees room.
  absl::Status room = parsed.kind == kErasure.message ? absl::OkStatus() : CheckState();
  if (!room.ok()) {
    command.done(room);
    return true;
  }
  if (absl::Status status = CheckNewAudience(parsed, batch); !status.ok()) {
    command.done(status);
    return true;
  }
  if (absl::Status status = CheckBudget(parsed, batch); !status.ok()) {
    command.done(status);
    return true;
  }
  const std::string ledger = entry::LedgerIdOf(d_.machine.group(), parsed.header.audience());
  auto judgement = Judge(command, TimeIn(ledger, batch));
  if (!judgement.ok()) {
    command.done(judgement.status());
    return true;
  }
  // Two documents of one batch must not be given one name, nor be judged by what the other changes.
  const auto in = [](const std::set<std::string>& set, const auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& one) { return set.count(one) != 0; });
  };
  if (batch.names.count(judgement->name) != 0 || in(batch.names, judgement->reads) ||
      in(batch.names, judgement->writes) || in(batch.reads, judgement->writes) ||
      in(batch.reads, names)) {
    return false;
  }
  if (command.stamped != nullptr) {
    if (absl::Status full = trouble(); absl::IsResourceExhausted(full)) {
      command.done(full);
      return true;
    }
    command.stamped(StampOf(command, *std::move(judgement), ledger, batch));
    return true;
  }
  batch.names.insert(names.begin(), names.end());
  batch.names.insert(judgement->name);
  batch.names.insert(judgement->writes.begin(), judgement->writes.end());
  batch.reads.insert(judgement->reads.begin(), judgement->reads.end());
  Stamp(command, *std::move(judgement), batch);
  return true;
}

// The first document to an audience. Each ledger costs its readers a line of every cursor; one
// state must not fill them for all. Whoever lists a state that is no partner is told: one that has
// left since stays in the audiences that it was in.
absl::Status Sequencer::CheckNewAudience(const document::ParsedDocument& parsed,
                                         const Batch& batch) const {
  const std::string ledger = entry::LedgerIdOf(d_.machine.group(), parsed.header.audience());
  if (d_.machine.ledgers().count(ledger) != 0 || batch.ranges.count(ledger) != 0) {
    return absl::OkStatus();
  }
  const auto directory = d_.directory.Get();
  const auto& listed = parsed.header.audience().listed().states();
  for (int i = 0; i < listed.size(); ++i) {
    if (directory->IsPartner(listed[i])) continue;
    return rules::Fault(fmt::format("audience.listed.states[{}]", i),
                        fmt::format("{} is not a partner, and would receive nothing", listed[i]));
  }
  const std::string& state = parsed.originator.state;
  const auto opening =
      std::count_if(batch.documents.begin(), batch.documents.end(), [&](const Pending& pending) {
        return pending.index == 0 && pending.command.document.parsed().originator.state == state;
      });
  if (d_.machine.LedgersOpenedBy(state) + static_cast<size_t>(opening) <
      static_cast<size_t>(entry::kAudiencesPerStateMax)) {
    return absl::OkStatus();
  }
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kAudiencesExceeded,
                      "audience: {} has addressed {} different sets of states; use one of those",
                      state, entry::kAudiencesPerStateMax);
}

absl::Status Sequencer::CheckBudget(const document::ParsedDocument& parsed, Batch& batch) const {
  const std::string& state = parsed.originator.state;
  const Usage& usage = batch.usage.try_emplace(state, d_.machine.UsageOf(state)).first->second;
  if (parsed.kind == kErasure.message) {
    return CheckErasures(options_.budgets, usage, DayOf(batch.now));
  }
  return CheckUsage(options_.budgets, usage, DayOf(batch.now), parsed.envelope.size());
}

namespace {

// Led by the originator, and signed by its own officers: a chair's word is nobody else's.
bool IsFromChair(const document::VerifiedDocument& document, const identity::Directory& directory,
                 const std::string& group) {
  const base::AgencyName& originator = document.parsed().originator;
  const auto& signers = document.signers();
  return directory.Has(originator, group, identity::Right::kChair) &&
         std::all_of(signers.begin(), signers.end(),
                     [&](const document::Signer& signer) { return signer.agency == originator; });
}

}  // namespace

absl::Status Sequencer::CheckState() const {
  const uint64_t most = options_.state_bytes_max;
  if (most == 0 || d_.machine.Footprint() < most / 10 * 9) return absl::OkStatus();
  // Of everybody, whatever they have recorded: it tells no more than a full disk does.
  return base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kStateFull,
                      "the service's memory is full; its operator must give it more");
}

absl::Time Sequencer::TimeIn(const std::string& ledger, const Batch& batch) const {
  const auto it = d_.machine.ledgers().find(ledger);
  return it == d_.machine.ledgers().end() ? batch.now : std::max(batch.now, it->second.recorded);
}

absl::StatusOr<Judgement> Sequencer::Judge(Recording& command, absl::Time now) {
  const auto directory = d_.directory.Get();
  const std::string& state = command.document.parsed().originator.state;
  const Reader reader{state, directory->IsPartner(state)};
  // Serials of what the originator may not read do not count: the refusal would tell of it.
  const uint64_t seen = directory->serial() < d_.machine.directory_serial()
                            ? d_.machine.DirectorySerialSeenBy(reader)
                            : 0;
  if (directory->serial() < seen) {
    // Another writer has a later one already. To record under an older would undo its revocations,
    // and readers would take it for a forgery.
    return base::WithRetry(
        base::Refuse(absl::StatusCode::kUnavailable, Reason::kDirectoryInvalid,
                     "this service has directory {}, and documents were recorded under {}; it "
                     "waits for that",
                     directory->serial(), seen),
        absl::Seconds(2));
  }
  if (directory->serial() != command.directory_serial) {
    // The directory changed since intake: the signers must be acceptable to this one too.
    auto parsed = std::make_shared<document::ParsedDocument>(command.document.parsed());
    auto verified = d_.verifier.Verify(std::move(parsed), *directory, d_.clock.Now());
    if (!verified.ok()) return verified.status();
    command.directory_serial = directory->serial();
  }
  // Readers check certificates at the recorded time, which is not quite that of intake.
  if (!command.document.ValidAt(now)) {
    return base::RefuseArgument(Reason::kCertificateRejected,
                                "a signer's certificate is not valid at the time of recording");
  }
  if (command.document.parsed().kind == kErasure.message) {
    return JudgeErasure(command.document, now, d_.machine, d_.journal);
  }
  if (rules::CountReferences(command.document.header(), rules::Reference::RELATION_ERASES) > 0) {
    return rules::Fault("references", "only an Erasure orders something erased");
  }
  return d_.machine.reg().Validate(
      command.document,
      {.now = now,
       .partners = directory->partners(),
       .from_chair = IsFromChair(command.document, *directory, d_.machine.group())});
}

merkle::CompactRange& Sequencer::RangeOf(const std::string& ledger, Batch& batch) {
  const auto [it, is_new] = batch.ranges.try_emplace(ledger);
  const auto stored = d_.machine.ledgers().find(ledger);
  if (is_new && stored != d_.machine.ledgers().end()) it->second = stored->second.tree.Frontier();
  return it->second;
}

pb::Stamp Sequencer::StampOf(const Recording& command, Judgement judgement,
                             const std::string& ledger, const Batch& batch) const {
  pb::Stamp stamp;
  stamp.set_ledger(ledger);
  entry::SetTime(TimeIn(ledger, batch), stamp.mutable_recorded_time());
  stamp.set_rules_version(judgement.rules_version);
  stamp.set_directory_serial(command.directory_serial);
  stamp.set_name(std::move(judgement.name));
  *stamp.mutable_ruling() = std::move(judgement.ruling);
  return stamp;
}

void Sequencer::Stamp(Recording& command, Judgement judgement, Batch& batch) {
  const document::ParsedDocument& parsed = command.document.parsed();
  std::string ledger = entry::LedgerIdOf(d_.machine.group(), parsed.header.audience());
  merkle::CompactRange& range = RangeOf(ledger, batch);
  const uint64_t index = range.size();
  pb::Leaf leaf;
  leaf.set_document_digest(parsed.digest.str());
  leaf.set_envelope_digest(parsed.envelope_digest.str());
  *leaf.mutable_stamp() = StampOf(command, std::move(judgement), ledger, batch);
  leaf.mutable_stamp()->set_index(index);
  std::string bytes = entry::SerialiseLeaf(leaf);
  range.Append(merkle::LeafHash(bytes));
  batch.usage[parsed.originator.state].Add(DayOf(batch.now), parsed.envelope.size(),
                                           parsed.kind == kErasure.message);
  batch.records.push_back(
      {journal::RecordKind::kDocument, bytes, parsed.envelope, parsed.envelope_digest});
  batch.documents.push_back({std::move(command), std::move(bytes), std::move(ledger), index});
}

absl::Status Sequencer::StageAcknowledgement(const base::AgencyName& agency,
                                             const Acknowledged& said, Batch& batch) {
  static const base::Digest kEmptyBody = merkle::EmptyRoot();  // SHA-256 of nothing
  auto ledger = d_.machine.ledgers().find(said.ledger);
  // What another writer has, and this one not yet, is acknowledged again by and by.
  if (ledger == d_.machine.ledgers().end() || said.size > ledger->second.tree.size()) {
    return absl::OkStatus();
  }
  auto found = ledger->second.acknowledged.find(agency.state);
  if (found != ledger->second.acknowledged.end()) {
    const auto& steps = found->second;
    if (steps.back().size >= said.size) return absl::OkStatus();
    constexpr size_t kMost = identity::kAcknowledgementsPerMinuteMax;
    if (steps.size() >= kMost && steps[steps.size() - kMost].time > batch.now - absl::Minutes(1)) {
      return base::WithRetry(
          base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kRateExceeded,
                       "ledger {} was acknowledged {} times in the last minute", said.ledger,
                       kMost),
          absl::Minutes(1));
    }
  }
  pb::RecordedAcknowledgement recorded;
  *recorded.mutable_signed_acknowledgement() = said.signed_acknowledgement;
  recorded.set_directory_serial(said.directory_serial);
  entry::SetTime(TimeIn(said.ledger, batch), recorded.mutable_recorded_time());
  journal::Record record = {journal::RecordKind::kAcknowledgement, recorded.SerializeAsString(), "",
                            kEmptyBody};
  // Of many in one batch the last is enough.
  auto [staged, fresh] =
      batch.acknowledged.try_emplace({agency.state, said.ledger}, said.size, batch.records.size());
  if (fresh) {
    batch.records.push_back(std::move(record));
  } else if (staged->second.first < said.size) {
    staged->second.first = said.size;
    batch.records[staged->second.second] = std::move(record);
  }
  return absl::OkStatus();
}

void Sequencer::SignCheckpoints(Batch& batch) {
  static const base::Digest kEmptyBody = merkle::EmptyRoot();
  for (const auto& [ledger, range] : batch.ranges) {
    const entry::Checkpoint checkpoint = {
        entry::OriginOf(d_.machine.trust_domain(), d_.machine.group(), ledger),
        {range.size(), range.Root()}};
    batch.records.push_back(
        {journal::RecordKind::kCheckpoint, signer_->Sign(checkpoint.Text()), "", kEmptyBody});
  }
}

absl::Status Sequencer::CommitBatch(Batch& batch) {
  const uint64_t begin = d_.machine.applied();
  ENTENTE_RETURN_IF_ERROR(d_.journal.Append(begin, batch.records));
  auto commit = std::make_shared<Commit>();
  commit->begin = begin;
  commit->records = std::move(batch.records);
  {
    std::unique_lock lock(d_.machine.mutex());
    commit->applied.resize(commit->records.size());
    for (size_t i = 0; i < commit->records.size(); ++i) {
      absl::Status status = d_.machine.Apply(begin + i, commit->records[i], &commit->applied[i]);
      ENTENTE_CHECK(status.ok());  // we made these records ourselves
    }
  }
  d_.committed(std::move(commit));
  return absl::OkStatus();
}

pb::Receipt Sequencer::MakeReceipt(const Ledger& ledger, uint64_t index, std::string leaf) {
  const auto parts = d_.machine.PrepareReceipt(ledger, index);
  pb::Receipt receipt;
  receipt.set_leaf(std::move(leaf));
  for (const base::Digest& node : parts.proof) receipt.add_inclusion_proof(node.str());
  // Ed25519 is deterministic: signing an old head again gives the note that was given then, or
  // that note by the key that is in use now.
  receipt.set_checkpoint(parts.checkpoint_size == ledger.tree.size()
                             ? ledger.checkpoint
                             : signer_->Sign(parts.checkpoint.Text()));
  return receipt;
}

absl::StatusOr<pb::Receipt> Sequencer::ReceiptAt(uint64_t position) {
  ENTENTE_ASSIGN_OR_RETURN(auto records, d_.journal.Read(position, position + 1, 1));
  const Place place = d_.machine.PlaceOf(position);
  return MakeReceipt(*place.ledger, place.index, std::move(records[0].header));
}

void Sequencer::Answer(Batch& batch) {
  for (Pending& pending : batch.documents) {
    const Ledger& ledger = d_.machine.ledgers().find(pending.ledger)->second;
    pending.command.done(MakeReceipt(ledger, pending.index, std::move(pending.leaf)));
  }
  for (Command& command : batch.others) Finish(command, absl::OkStatus());
}

}  // namespace entente::machine
