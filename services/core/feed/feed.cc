#include "services/core/feed/feed.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/status.h"
#include "services/core/document/document.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/cursor.h"
#include "services/core/machine/erasure.h"
#include "services/core/machine/group.h"
#include "services/core/rules/links.h"

namespace entente::feed {
namespace {

using base::Reason;
using CodedOutput = google::protobuf::io::CodedOutputStream;

void AppendVarint(uint64_t value, std::string& out) {
  uint8_t buffer[10];
  const uint8_t* end = CodedOutput::WriteVarint64ToArray(value, buffer);
  out.append(reinterpret_cast<const char*>(buffer), static_cast<size_t>(end - buffer));
}

// A length-delimited field of a serialised message.
void AppendField(int number, std::string_view bytes, std::string& out) {
  AppendVarint(static_cast<uint64_t>(number) << 3 | 2, out);
  AppendVarint(bytes.size(), out);
  out += bytes;
}

using Response = exchange::v1::FollowResponse;
using Delivery = exchange::v1::Delivery;
using Entry = exchange::v1::Entry;

}  // namespace

std::string SerialiseDelivery(const std::string& ledger, const journal::Record& record) {
  const std::string& leaf = record.header;
  const std::string& signed_document = record.body;
  std::string entry;
  entry.reserve(leaf.size() + signed_document.size() + 16);
  AppendField(Entry::kLeafFieldNumber, leaf, entry);
  AppendField(Entry::kSignedDocumentFieldNumber, signed_document, entry);
  if (record.erased_at.has_value()) {
    AppendVarint(Entry::kErasedAtFieldNumber << 3, entry);
    AppendVarint(*record.erased_at, entry);
  }
  std::string delivery;
  delivery.reserve(entry.size() + ledger.size() + 16);
  AppendField(Delivery::kLedgerFieldNumber, ledger, delivery);
  AppendField(Delivery::kEntryFieldNumber, entry, delivery);
  std::string field;
  field.reserve(delivery.size() + 8);
  AppendField(Response::kDeliveriesFieldNumber, delivery, field);
  return field;
}

std::string SerialiseSkip(const std::string& ledger, const base::Digest& leaf_hash) {
  std::string delivery;
  AppendField(Delivery::kLedgerFieldNumber, ledger, delivery);
  AppendField(Delivery::kSkippedLeafHashFieldNumber, leaf_hash.view(), delivery);
  std::string field;
  AppendField(Response::kDeliveriesFieldNumber, delivery, field);
  return field;
}

namespace {

// What the group's filters may ask for, by name.
std::map<std::string, machine::FactField> FieldsOf(const machine::Register& reg) {
  using Values = machine::FactField::Values;
  std::map<std::string, machine::FactField> fields;
  for (machine::FactField& field : reg.FactFields()) fields[field.name] = std::move(field);
  fields["originator"] = {"originator", Values::kState, {}};
  machine::FactField kind = {"kind", Values::kWord, {}};
  for (const machine::Kind& one : reg.group().kinds) {
    kind.words.emplace_back(document::ShortKind(one.message));
  }
  kind.words.emplace_back(document::ShortKind(machine::kErasure.message));
  fields["kind"] = std::move(kind);
  return fields;
}

}  // namespace

absl::StatusOr<Filter> Filter::Parse(std::string_view text, const machine::Register& reg) {
  Filter filter;
  const auto bad = [&](const std::string& why) {
    base::FieldViolations violations;
    violations.Add("filter", "{}", why);
    return violations.ToStatus();
  };
  if (text.size() > 1024) return bad("is longer than 1024 characters");
  if (text.empty()) return filter;
  const auto fields = FieldsOf(reg);
  const auto form = [&](const std::string& why) {
    std::string names;
    for (const auto& [name, field] : fields) names += (names.empty() ? "" : ", ") + name;
    return bad(fmt::format("{}; write clauses field=value joined by \" AND \", with fields {}", why,
                           names));
  };
  constexpr std::string_view kAnd = " AND ";
  while (!text.empty()) {
    const size_t end = text.find(kAnd);
    const std::string_view clause = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + kAnd.size());
    const size_t equals = clause.find('=');
    if (equals == std::string_view::npos || equals + 1 == clause.size()) {
      return form(fmt::format("has the clause \"{}\" without a value", clause));
    }
    const std::string name(clause.substr(0, equals));
    const std::string value(clause.substr(equals + 1));
    const auto field = fields.find(name);
    if (field == fields.end()) return form(fmt::format("has the unknown field \"{}\"", name));
    const std::string fault = field->second.Fault(value);
    if (!fault.empty()) return bad(fmt::format("{} can match nothing: {}", name, fault));
    filter.clauses_.emplace_back(name, value);
  }
  return filter;
}

bool Filter::Matches(const Item& item, const machine::Register& reg) const {
  // Whoever holds a document must learn that it is erased, whatever was asked for.
  if (machine::IsErasure(item.name)) return true;
  // Facts that were erased rule nothing out: what comes after them may end what is held.
  const machine::Chain* chain = reg.chains().FindAny(item.name);
  if (chain != nullptr && chain->answered != nullptr && chain->answered->erased) return true;
  if (chain != nullptr && chain->erased) return true;
  std::optional<std::multimap<std::string, std::string>> facts;
  return std::all_of(clauses_.begin(), clauses_.end(), [&](const auto& clause) {
    const std::string& name = clause.first;
    const std::string& value = clause.second;
    if (name == "originator") return item.originator == value;
    if (name == "kind") return item.kind == value;
    if (!facts.has_value()) facts = reg.Facts(item.name);
    const auto [begin, end] = facts->equal_range(name);
    return std::any_of(begin, end, [&](const auto& fact) { return fact.second == value; });
  });
}

Feed::Feed(machine::Machine& machine, journal::Journal& journal, Options options)
    : machine_(machine), journal_(journal), options_(options), head_(machine.applied()) {}

// The caller holds the machine's lock.
machine::Applied Feed::WhatIs(uint64_t position, const journal::Record& record) const {
  exchange::v1::Leaf leaf;
  exchange::v1::SignedDocument signed_document;
  exchange::v1::Document header;
  // The fold has parsed it before.
  ENTENTE_CHECK(leaf.ParseFromString(record.header) &&
                signed_document.ParseFromString(record.body) &&
                header.ParseFromString(signed_document.document()));
  const machine::Place place = machine_.PlaceOf(position);
  return {place.ledger,
          place.index,
          place.ledger->tree.leaf(place.index),
          leaf.stamp().name(),
          std::string(document::ShortKind(header.body().type_url())),
          std::string(rules::StateOf(header.originator()))};
}

std::shared_ptr<const Segment> Feed::Build(uint64_t begin, std::span<const journal::Record> records,
                                           std::span<const machine::Applied> applied) const {
  auto segment = std::make_shared<Segment>();
  segment->begin = begin;
  segment->items.resize(records.size());
  std::shared_lock lock(machine_.mutex());
  for (size_t i = 0; i < records.size(); ++i) {
    const journal::Record& record = records[i];
    if (record.kind != journal::RecordKind::kDocument) continue;
    Item& item = segment->items[i];
    static_cast<machine::Applied&>(item) = applied.empty() ? WhatIs(begin + i, record) : applied[i];
    item.offset = segment->buffer.size();
    segment->buffer += SerialiseDelivery(item.ledger->id, record);
    item.length = segment->buffer.size() - item.offset;
  }
  return segment;
}

void Feed::Add(const machine::Commit& commit) {
  auto segment = Build(commit.begin, commit.records, commit.applied);
  {
    base::MutexLock lock(mutex_);
    tail_bytes_ += segment->bytes();
    tail_.push_back(std::move(segment));
    while (tail_bytes_ > options_.bytes_max && tail_.size() > 1) {
      tail_bytes_ -= tail_.front()->bytes();
      tail_.pop_front();
    }
  }
  head_.store(commit.begin + commit.records.size(), std::memory_order_release);
}

void Feed::Forget() {
  base::MutexLock lock(mutex_);
  ++forgotten_;
  tail_.clear();
  tail_bytes_ = 0;
  pages_.clear();
  page_at_.clear();
  page_bytes_ = 0;
}

std::shared_ptr<const Segment> Feed::Find(uint64_t position) {
  base::MutexLock lock(mutex_);
  if (!tail_.empty() && position >= tail_.front()->begin) {
    auto it = std::upper_bound(tail_.begin(), tail_.end(), position,
                               [](uint64_t p, const auto& segment) { return p < segment->end(); });
    return it == tail_.end() ? nullptr : *it;
  }
  return FindPage(position);
}

std::shared_ptr<const Segment> Feed::FindPage(uint64_t position) {
  auto it = page_at_.upper_bound(position);
  if (it == page_at_.begin()) return nullptr;
  --it;
  if ((*it->second)->end() <= position) return nullptr;
  pages_.splice(pages_.begin(), pages_, it->second);
  return *it->second;
}

absl::StatusOr<std::shared_ptr<const Segment>> Feed::Load(uint64_t position) {
  if (auto found = Find(position)) return found;
  // Pages begin at multiples of page_records, or where one of large documents ended before.
  uint64_t begin = position / options_.page_records * options_.page_records;
  const uint64_t end = std::min(begin + options_.page_records, head());
  uint64_t forgotten = 0;
  {
    base::MutexLock lock(mutex_);
    forgotten = forgotten_;
    auto it = page_at_.upper_bound(position);
    if (it != page_at_.begin()) begin = std::max(begin, (*std::prev(it)->second)->end());
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto records, journal_.Read(begin, end, options_.page_bytes));
  auto segment = Build(begin, records);
  base::MutexLock lock(mutex_);
  // Read before something was erased: this reader had asked before, and no other shall have it.
  if (forgotten != forgotten_) return segment;
  if (auto it = page_at_.find(begin); it != page_at_.end()) {
    page_bytes_ -= (*it->second)->bytes();
    pages_.erase(it->second);
    page_at_.erase(it);
  }
  pages_.push_front(segment);
  page_at_[begin] = pages_.begin();
  page_bytes_ += segment->bytes();
  while (page_bytes_ > options_.bytes_max && pages_.size() > 1) {
    page_bytes_ -= pages_.back()->bytes();
    page_at_.erase(pages_.back()->begin);
    pages_.pop_back();
  }
  return segment;
}

size_t Feed::bytes() const {
  base::MutexLock lock(mutex_);
  return tail_bytes_ + page_bytes_;
}

absl::StatusOr<std::unique_ptr<Follower>> Follower::Create(Feed& feed, machine::Reader reader,
                                                           std::string_view cursor, Filter filter,
                                                           Options options) {
  entry::Cursor start;
  if (!cursor.empty()) {
    ENTENTE_ASSIGN_OR_RETURN(start, entry::Cursor::Decode(feed.machine().service(), cursor));
  }
  std::unique_ptr<Follower> follower(
      new Follower(feed, std::move(reader), std::move(filter), options));
  ENTENTE_RETURN_IF_ERROR(follower->Start(start));
  return follower;
}

absl::Status Follower::Start(const entry::Cursor& cursor) {
  std::shared_lock lock(feed_.machine().mutex());
  for (const auto& [id, next] : cursor.next) {
    const machine::Ledger* ledger = feed_.machine().Find(id, reader_);
    if (ledger == nullptr || next > ledger->tree.size()) {
      return base::WithMetadata(
          base::Refuse(
              absl::StatusCode::kOutOfRange, Reason::kCursorAhead,
              "the cursor is ahead of ledger {}: either it is not yours, or the ledger went "
              "back; compare checkpoints with another partner before you start over",
              id),
          "ledger", id);
    }
  }
  cursor_ = cursor;
  target_ = feed_.head();
  position_ = target_;
  for (const machine::Ledger* ledger : feed_.machine().LedgersOf(reader_)) {
    Reads(*ledger);
    const uint64_t next = *known_[ledger].second;
    if (next < ledger->tree.size()) position_ = std::min(position_, ledger->positions[next]);
  }
  return absl::OkStatus();
}

bool Follower::Reads(const machine::Ledger& ledger) {
  auto it = known_.find(&ledger);
  if (it == known_.end()) {
    const bool reads = entry::Includes(ledger.audience, reader_.state, reader_.is_partner);
    uint64_t* next = reads ? &cursor_.next.try_emplace(ledger.id, 0).first->second : nullptr;
    it = known_.emplace(&ledger, std::make_pair(reads, next)).first;
  }
  return it->second.first;
}

void Follower::Take(const std::shared_ptr<const Segment>& segment, const Item& item,
                    Message& message) {
  if (item.ledger == nullptr || !Reads(*item.ledger)) return;
  uint64_t& next = *known_[item.ledger].second;
  if (item.index < next) return;  // had before the resume point
  ENTENTE_CHECK(item.index == next);
  ++next;
  ++message.items;
  mark_due_ = true;
  bool matches = true;
  if (!filter_.empty()) {
    std::shared_lock lock(feed_.machine().mutex());
    matches = filter_.Matches(item, feed_.machine().reg());
  }
  if (!matches) {
    auto skip = std::make_shared<Segment>();
    skip->buffer = SerialiseSkip(item.ledger->id, item.leaf_hash);
    const size_t length = skip->buffer.size();
    message.pieces.push_back({std::move(skip), 0, length});
    return;
  }
  Piece* last = message.pieces.empty() ? nullptr : &message.pieces.back();
  if (last != nullptr && last->segment == segment && last->offset + last->length == item.offset) {
    last->length += item.length;
    return;
  }
  message.pieces.push_back({segment, item.offset, item.length});
}

Follower::Step Follower::Pull(Message& message) {
  message = {};
  if (done_) return Step::kDone;
  const uint64_t end = options_.until_current ? target_ : feed_.head();
  while (position_ < end && partial_bytes_ < options_.message_bytes &&
         partial_.items < options_.message_items) {
    auto segment = loaded_ != nullptr && loaded_->begin <= position_ && position_ < loaded_->end()
                       ? loaded_
                       : feed_.Find(position_);
    loaded_ = segment;
    if (segment == nullptr) return Step::kNeedLoad;
    const size_t before = partial_.items;
    const Item& item = segment->items[position_ - segment->begin];
    Take(segment, item, partial_);
    if (partial_.items > before) partial_bytes_ += item.length;
    ++position_;
  }
  loaded_ = nullptr;  // a slow reader keeps only what its message is made of
  if (partial_.items > 0) {
    message = std::exchange(partial_, {});
    partial_bytes_ = 0;
    Finish(message, false);
    return Step::kMessage;
  }
  if (options_.until_current && position_ >= target_) {
    done_ = true;
    message = Mark();
    return Step::kMessage;
  }
  return Step::kIdle;
}

absl::Status Follower::Load() {
  ENTENTE_ASSIGN_OR_RETURN(loaded_, feed_.Load(position_));
  return absl::OkStatus();
}

void Follower::Finish(Message& message, bool progress) {
  AppendField(Response::kCursorFieldNumber, cursor_.Encode(feed_.machine().service()),
              message.trailer);
  if (progress) {
    AppendVarint(Response::kProgressFieldNumber << 3, message.trailer);
    AppendVarint(1, message.trailer);
  }
}

Follower::Message Follower::Mark() {
  Message message;
  mark_due_ = false;
  {
    // A checkpoint that covers more than was given yet is true all the same; the reader keeps it
    // until it has caught up. Usually it covers exactly what was given.
    std::shared_lock lock(feed_.machine().mutex());
    for (const machine::Ledger* ledger : feed_.machine().LedgersOf(reader_)) {
      uint64_t& marked = marked_[ledger->id];
      if (ledger->tree.size() == marked) continue;
      marked = ledger->tree.size();
      AppendField(Response::kCheckpointsFieldNumber, ledger->checkpoint, message.trailer);
    }
  }
  Finish(message, true);
  return message;
}

}  // namespace entente::feed
