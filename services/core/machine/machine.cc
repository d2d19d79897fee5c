#include "services/core/machine/machine.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>

#include "entente/exchange/v1/erasure.pb.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"
#include "services/core/base/tight.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/erasure.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/machine/group.h"
#include "services/core/machine/succession.h"
#include "services/core/rules/body.h"
#include "services/core/rules/links.h"

namespace entente::machine {
namespace {

using base::Reason;

absl::Status Broken(uint64_t position, std::string_view text) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
                      "journal record {}: {}; restore a backup, do not repair", position, text);
}

base::Digest ReferenceKey(std::string_view originator, std::string_view kind,
                          std::string_view reference) {
  return crypto::Sha256({"reference\n", originator, "\n", kind, "\n", reference});
}

}  // namespace

const Ledger* Machine::Find(std::string_view ledger, const Reader& reader) const {
  auto it = ledgers_.find(ledger);
  if (it == ledgers_.end() ||
      !entry::Includes(it->second.audience, reader.state, reader.is_partner)) {
    return nullptr;
  }
  return &it->second;
}

std::optional<uint64_t> Machine::PositionOfDigest(const base::Digest& digest) const {
  return PositionOf(Key(digest));
}

absl::Status Machine::CheckReferenceIsFree(const document::ParsedDocument& document) const {
  const pb::Document& header = document.header;
  const Kind* kind = register_.group().Find(document.kind);
  if (kind != nullptr && !kind->folder.empty()) {
    ENTENTE_RETURN_IF_ERROR(CheckNameIsFree(chains(), FirstName(*kind, header)));
  }
  if (index_.contains(Key(ReferenceKey(header.originator(), document.kind, header.reference())))) {
    return base::Refuse(absl::StatusCode::kAlreadyExists, base::Reason::kReferenceReused,
                        "reference \"{}\" of {} names another {}; use a new reference",
                        header.reference(), header.originator(),
                        document::ShortKind(document.kind));
  }
  return absl::OkStatus();
}

Place Machine::PlaceOf(uint64_t position) const {
  const auto [number, index] = places_.at(position);
  ENTENTE_CHECK(number != 0);
  return {ledger_numbers_[number - 1], index, position};
}

uint64_t Machine::DirectorySerialSeenBy(const Reader& reader) const {
  uint64_t serial = 0;
  by_reader_.ForEach(
      reader, [&](const Ledger* ledger) { serial = std::max(serial, ledger->directory_serial); });
  return serial;
}

std::vector<const Ledger*> Machine::LedgersOf(const Reader& reader) const {
  std::vector<const Ledger*> ledgers;
  by_reader_.ForEach(reader, [&](const Ledger* ledger) { ledgers.push_back(ledger); });
  std::sort(ledgers.begin(), ledgers.end(),
            [](const Ledger* a, const Ledger* b) { return a->id < b->id; });
  return ledgers;
}

Machine::ReceiptParts Machine::PrepareReceipt(const Ledger& ledger, uint64_t index) const {
  const auto it =
      std::upper_bound(ledger.checkpoint_sizes.begin(), ledger.checkpoint_sizes.end(), index);
  ENTENTE_CHECK(it != ledger.checkpoint_sizes.end());
  ReceiptParts parts;
  parts.checkpoint_size = *it;
  parts.checkpoint = {entry::OriginOf(trust_domain_, group_, ledger.id),
                      {*it, ledger.tree.RootAt(*it)}};
  auto proof = ledger.tree.ProveInclusion(index, *it);
  ENTENTE_CHECK(proof.ok());
  parts.proof = *std::move(proof);
  return parts;
}

absl::Status Machine::Apply(uint64_t position, const journal::Record& record, Applied* applied) {
  if (position != applied_) return Broken(position, "is out of order");
  absl::Status status;
  switch (record.kind) {
    case journal::RecordKind::kDocument:
      status = ApplyDocument(position, record, applied);
      break;
    case journal::RecordKind::kAcknowledgement:
      status = ApplyAcknowledgement(record);
      break;
    case journal::RecordKind::kCheckpoint:
      status = ApplyCheckpoint(record);
      break;
    default:
      status = Broken(position, "is of an unknown kind");
  }
  if (!status.ok()) return status;
  if (record.kind != journal::RecordKind::kDocument) base::AppendTight(places_, 0u, 0u);
  ++applied_;
  return absl::OkStatus();
}

void Machine::Reserve(uint64_t documents) {
  index_.reserve(index_.size() + documents);
  places_.reserve(places_.size() + documents);
}

// On an arena, most of it in one block.
struct Machine::Parts {
  explicit Parts(const journal::Record& of) : record(of) {
    parsed = leaf.ParseFromString(record.header) && signed_document.ParseFromString(record.body) &&
             header.ParseFromString(signed_document.document());
    const std::string& url = header.body().type_url();
    kind = std::string_view(url).substr(url.rfind('/') + 1);
  }
  std::string state() const { return std::string(rules::StateOf(header.originator())); }

  const journal::Record& record;
  char block[16384];
  google::protobuf::Arena arena{Options()};
  pb::Leaf& leaf = *google::protobuf::Arena::CreateMessage<pb::Leaf>(&arena);
  pb::SignedDocument& signed_document =
      *google::protobuf::Arena::CreateMessage<pb::SignedDocument>(&arena);
  pb::Document& header = *google::protobuf::Arena::CreateMessage<pb::Document>(&arena);
  std::string_view kind;
  bool parsed = false;

 private:
  google::protobuf::ArenaOptions Options() {
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = sizeof block;
    return options;
  }
};

absl::Status Machine::ApplyDocument(uint64_t position, const journal::Record& record,
                                    Applied* applied) {
  const Parts parts(record);
  if (!parts.parsed) return Broken(position, "does not parse");
  if (position > UINT32_MAX) return Broken(position, "is one more than a service can hold");
  const pb::Stamp& stamp = parts.leaf.stamp();
  const pb::Document& header = parts.header;
  const auto digest = base::Digest::From(parts.leaf.document_digest());
  if (!digest || parts.leaf.envelope_digest() != record.body_digest.view()) {
    return Broken(position, "leaf commits to other bytes");
  }
  if (stamp.ledger() != entry::LedgerIdOf(group_, header.audience())) {
    return Broken(position, "is in another audience's ledger");
  }
  auto [it, fresh] = ledgers_.try_emplace(stamp.ledger());
  Ledger& ledger = it->second;
  if (fresh) {
    ledger.id = stamp.ledger();
    ledger.audience = header.audience();
    by_reader_.Add(ledger.audience, &ledger);
    ledger_numbers_.push_back(&ledger);
    ledger_number_of_[ledger.id] = static_cast<uint32_t>(ledger_numbers_.size());
    ++opened_by_[parts.state()];
  }
  if (stamp.index() != ledger.tree.size()) return Broken(position, "leaves a gap in its ledger");
  const base::Digest leaf_hash = merkle::LeafHash(record.header);
  ledger.tree.Append(leaf_hash);
  base::AppendTight(ledger.positions, position);
  base::AppendTight(places_, ledger_number_of_[ledger.id], static_cast<uint32_t>(stamp.index()));
  index_.emplace(*digest, static_cast<uint32_t>(position));
  const Kind* kind = register_.group().Find(parts.kind);
  if (kind == nullptr || kind->folder.empty() || stamp.name() != FirstName(*kind, header)) {
    index_.emplace(ReferenceKey(header.originator(), parts.kind, header.reference()),
                   static_cast<uint32_t>(position));
  }
  ledger.recorded = std::max(ledger.recorded, entry::GetTime(stamp.recorded_time()));
  ledger.directory_serial = std::max(ledger.directory_serial, stamp.directory_serial());
  directory_serial_ = std::max(directory_serial_, stamp.directory_serial());
  usage_[parts.state()].Add(DayOf(entry::GetTime(stamp.recorded_time())), record.bytes(),
                            parts.kind == kErasure.message);
  if (!register_.Fold({position, parts.leaf, header, parts.kind}, *digest, ledger)) {
    return Broken(position, "has a name that its group never gave");
  }
  ++documents_;
  if (applied != nullptr) {
    *applied = {&ledger,
                stamp.index(),
                leaf_hash,
                stamp.name(),
                std::string(document::ShortKind(parts.kind)),
                parts.state()};
  }
  if (record.erased_at.has_value()) {
    gone_[position] = {crypto::Sha256(record.body), *record.erased_at};
  }
  return parts.kind == kErasure.message ? ApplyErasure(position, parts) : absl::OkStatus();
}

absl::Status Machine::ApplyErasure(uint64_t position, const Parts& parts) {
  const auto* reference = rules::ReferenceOf(parts.header, pb::Reference::RELATION_ERASES);
  const auto of = reference == nullptr ? std::nullopt : chains().PositionOf(reference->name());
  const uint64_t index = parts.leaf.stamp().index();
  if (!of.has_value() || PlaceOf(*of).ledger != PlaceOf(position).ledger ||
      !erased_.emplace(*of, index).second) {
    return Broken(position, "orders erased what is not there, or is erased already");
  }
  const auto body = rules::Unpack<pb::Erasure>(parts.header);
  const auto remains = base::Digest::From(body.remains_digest());
  const auto digest = base::Digest::From(reference->digest());
  const bool own = chains().FindAny(reference->name())->originator_state() == parts.state();
  if (!own || !remains.has_value() || body.index() != PlaceOf(*of).index || !digest.has_value() ||
      PositionOfDigest(*digest) != *of) {
    return Broken(position, "orders erased what is another's, or another document");
  }
  register_.NoteErased(reference->name());
  const auto gone = gone_.find(*of);
  if (gone == gone_.end()) {
    erasures_due_.push_back({*of, index, *remains});
    return absl::OkStatus();
  }
  if (gone->second.erased_at != index || gone->second.remains != *remains) {
    return Broken(*of, "was erased, and what remains is not what was ordered");
  }
  gone_.erase(gone);
  return absl::OkStatus();
}

absl::Status Machine::CheckErasures() const {
  if (gone_.empty()) return absl::OkStatus();
  return Broken(gone_.begin()->first, "has no body, and nothing orders it erased");
}

absl::Status Machine::Forget(uint64_t position, journal::Journal& journal) {
  const auto due = std::find_if(erasures_due_.begin(), erasures_due_.end(),
                                [&](const DueErasure& one) { return one.position == position; });
  ENTENTE_CHECK(due != erasures_due_.end());
  const Place& place = PlaceOf(position);
  ENTENTE_ASSIGN_OR_RETURN(const auto erased, journal.Read(position, position + 1, 1));
  const Chain* chain = chains().FindAny(Parts(erased[0]).leaf.stamp().name());
  ENTENTE_CHECK(chain != nullptr && place.ledger == chain->ledger);
  const auto restated = register_.RestateChain(*chain);
  uint32_t number = 0;
  for (const uint64_t at : chain->positions) {
    if (restated == nullptr) break;
    ENTENTE_ASSIGN_OR_RETURN(const auto records, journal.Read(at, at + 1, 1));
    const Parts parts(records[0]);
    if (!parts.parsed) return Broken(at, "does not parse");
    restated->Apply({at, parts.leaf, parts.header, parts.kind, chain, ++number});
  }
  std::unique_lock lock(mutex_);
  if (restated != nullptr) restated->Put();
  erasures_due_.erase(due);
  return absl::OkStatus();
}

absl::Status Machine::ApplyAcknowledgement(const journal::Record& record) {
  pb::RecordedAcknowledgement recorded;
  pb::Acknowledgement ack;
  if (!recorded.ParseFromString(record.header) ||
      !ack.ParseFromString(recorded.signed_acknowledgement().acknowledgement())) {
    return Broken(applied_, "does not parse");
  }
  auto agency = base::AgencyName::Parse(ack.agency());
  auto it = ledgers_.find(ack.ledger());
  if (!agency || it == ledgers_.end() || ack.size() > it->second.tree.size()) {
    return Broken(applied_, "acknowledges what is not there");
  }
  if (it->second.tree.RootAt(ack.size()).view() != ack.root()) {
    return Broken(applied_, "acknowledges other entries than there are");
  }
  const absl::Time time = entry::GetTime(recorded.recorded_time());
  auto& steps = it->second.acknowledged[agency->state];
  if (steps.empty() || steps.back().size < ack.size()) {
    steps.push_back({ack.size(), time, applied_});
  }
  it->second.recorded = std::max(it->second.recorded, time);
  return absl::OkStatus();
}

absl::Status Machine::ApplyCheckpoint(const journal::Record& record) {
  auto checkpoint = entry::ReadKeptCheckpoint(record.header);
  if (!checkpoint.ok()) return Broken(applied_, "is not a checkpoint");
  const std::string id = checkpoint->origin.substr(checkpoint->origin.rfind('/') + 1);
  auto it = ledgers_.find(id);
  if (it == ledgers_.end() || checkpoint->origin != entry::OriginOf(trust_domain_, group_, id)) {
    return Broken(applied_, "is a checkpoint of another ledger");
  }
  Ledger& ledger = it->second;
  if (checkpoint->head.size != ledger.tree.size() || checkpoint->head.root != ledger.tree.Root()) {
    return Broken(applied_, "its signed root is not the root of what is stored");
  }
  base::AppendTight(ledger.checkpoint_sizes, checkpoint->head.size);
  ledger.checkpoint = record.header;
  return absl::OkStatus();
}

base::Digest Machine::Fingerprint() const {
  std::string text = fmt::format("{}\n{}\n{}\n", kFingerprintVersion, service(), applied_);
  for (const auto& [id, ledger] : ledgers_) {
    text += fmt::format("{} {} {}\n", id, ledger.tree.size(), ledger.tree.Root().hex());
    for (uint64_t size : ledger.checkpoint_sizes) text += fmt::format("{} ", size);
    for (const auto& [state, steps] : ledger.acknowledged) {
      for (const auto& step : steps) {
        text += fmt::format("{} {} {}\n", state, step.size, absl::ToUnixMicros(step.time));
      }
    }
  }
  for (const auto& [position, index] : erased_) text += fmt::format("{} {}\n", position, index);
  return crypto::Sha256(text + chains().Fingerprint().hex() + register_.Fingerprint().hex());
}

namespace {

// Reads ahead of the fold on its own thread, so that disk, hashing and parsing overlap.
class ReadAhead {
 public:
  ReadAhead(journal::Journal& journal, uint64_t end)
      : journal_(journal), end_(end), thread_([this] { Run(); }) {}
  ~ReadAhead() {
    {
      base::MutexLock lock(mutex_);
      stopped_ = true;
    }
    changed_.NotifyAll();
    thread_.join();
  }
  absl::StatusOr<std::vector<journal::Record>> Next() {
    base::MutexLock lock(mutex_);
    while (chunks_.empty()) changed_.Wait(mutex_);
    auto chunk = std::move(chunks_.front());
    chunks_.pop_front();
    changed_.NotifyAll();
    return chunk;
  }

 private:
  static constexpr uint64_t kChunkRecords = 2048;
  static constexpr size_t kChunkBytes = 8 << 20;
  static constexpr size_t kChunksMax = 4;

  void Run() {
    uint64_t next = 0;
    while (next < end_) {
      auto chunk = journal_.Read(next, std::min(end_, next + kChunkRecords), kChunkBytes);
      const bool ok = chunk.ok();
      if (ok) next += chunk->size();
      base::MutexLock lock(mutex_);
      while (chunks_.size() >= kChunksMax && !stopped_) changed_.Wait(mutex_);
      if (stopped_) return;
      chunks_.push_back(std::move(chunk));
      changed_.NotifyAll();
      if (!ok) return;
    }
  }

  journal::Journal& journal_;
  const uint64_t end_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<absl::StatusOr<std::vector<journal::Record>>> chunks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

absl::Status CheckLedgers(const Machine& machine, const ReplayOptions& options) {
  for (const auto& [id, ledger] : machine.ledgers()) {
    auto opened = entry::OpenCheckpoint(
        ledger.checkpoint, entry::OriginOf(machine.trust_domain(), machine.group(), id),
        options.known);
    if (!opened.ok()) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
                          "ledger {}: last checkpoint: {}", id, base::Text(opened.status()));
    }
    if (opened->head.size != ledger.tree.size()) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
                          "ledger {}: {} entries are covered by no checkpoint", id,
                          ledger.tree.size() - opened->head.size);
    }
  }
  return absl::OkStatus();
}

}  // namespace

namespace {

absl::Status ReplayTo(uint64_t total, journal::Journal& journal, Machine& machine,
                      const ReplayOptions& options) {
  ReadAhead ahead(journal, total);
  machine.Reserve(total - machine.applied());
  auto reported = std::chrono::steady_clock::now();
  while (machine.applied() < total) {
    ENTENTE_ASSIGN_OR_RETURN(const auto chunk, ahead.Next());
    for (const journal::Record& record : chunk) {
      if (options.check_all_signatures && record.kind == journal::RecordKind::kCheckpoint) {
        auto opened = entry::OpenNote(record.header, options.known);
        if (!opened.ok()) return base::WithPrefix(opened.status(), "journal");
      }
      ENTENTE_RETURN_IF_ERROR(machine.Apply(machine.applied(), record));
    }
    const auto now = std::chrono::steady_clock::now();
    if (options.progress && now - reported > std::chrono::seconds(1)) {
      reported = now;
      options.progress(machine.applied(), total);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Replay(journal::Journal& journal, Machine& machine, const ReplayOptions& options) {
  std::unique_lock lock(machine.mutex());
  ENTENTE_RETURN_IF_ERROR(ReplayTo(journal.Head(), journal, machine, options));
  // Another writer may have erased what was read here before the order to do so was: that was
  // appended first.
  while (!machine.CheckErasures().ok()) {
    ENTENTE_RETURN_IF_ERROR(journal.Refresh());
    if (journal.Head() == machine.applied()) return machine.CheckErasures();
    ENTENTE_RETURN_IF_ERROR(ReplayTo(journal.Head(), journal, machine, options));
  }
  return CheckLedgers(machine, options);
}

}  // namespace entente::machine
