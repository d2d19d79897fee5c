// What is recorded, as followers read it: serialised once, shared by all, bounded in memory.
//
// The newest commits stay in a tail of segments; older positions are read back from the journal in
// pages that all followers share. A follower is a cursor into this: it costs its cursor and the one
// message that is on its way, which keeps the segments that it is made of, however slow it is.
#ifndef ENTENTE_SERVICES_CORE_FEED_FEED_H_
#define ENTENTE_SERVICES_CORE_FEED_FEED_H_

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/core/base/mutex.h"
#include "services/core/entry/cursor.h"
#include "services/core/machine/machine.h"
#include "services/core/machine/sequencer.h"

namespace entente::feed {

// One document as it goes out: what it is and where its bytes are in the segment's buffer.
struct Item : machine::Applied {
  size_t offset = 0;  // of its serialised FollowResponse.deliveries field, tag included
  size_t length = 0;
};

// Consecutive journal positions with their serialised deliveries. Immutable.
struct Segment {
  uint64_t begin = 0;
  std::vector<Item> items;  // one per position
  std::string buffer;
  uint64_t end() const { return begin + items.size(); }
  size_t bytes() const { return buffer.size() + items.size() * sizeof(Item); }
};

// A piece of a message: bytes of a segment, kept alive by it.
struct Piece {
  std::shared_ptr<const Segment> segment;
  size_t offset = 0;
  size_t length = 0;
};

// Clauses that a delivery must match, all of them.
class Filter {
 public:
  // "originator=kr AND leem.destination=ir". FIELD_INVALID for a field that the register has not,
  // and for a value that no document of its group can have.
  static absl::StatusOr<Filter> Parse(std::string_view text, const machine::Register& reg);
  bool empty() const { return clauses_.empty(); }
  const std::vector<std::pair<std::string, std::string>>& clauses() const { return clauses_; }
  // The caller holds the machine's lock.
  bool Matches(const Item& item, const machine::Register& reg) const;

 private:
  std::vector<std::pair<std::string, std::string>> clauses_;
};

// Serialises one delivery as FollowResponse carries it: the only place that does.
std::string SerialiseDelivery(const std::string& ledger, const journal::Record& record);
std::string SerialiseSkip(const std::string& ledger, const base::Digest& leaf_hash);

// Thread-safe.
class Feed {
 public:
  struct Options {
    size_t bytes_max = 64 << 20;  // of the tail, and again of the pages
    uint64_t page_records = 256;
    size_t page_bytes = 4 << 20;  // a page ends after the record that passes this
  };
  Feed(machine::Machine& machine, journal::Journal& journal, Options options);

  // Takes what the sequencer committed; on its thread.
  void Add(const machine::Commit& commit);
  // Forgets all that is in memory, of which something was erased in the journal; on that thread.
  void Forget();
  // The segment that holds `position`, if it is in memory; null otherwise.
  std::shared_ptr<const Segment> Find(uint64_t position);
  // The same, reading the journal if need be. Blocks on the disk.
  absl::StatusOr<std::shared_ptr<const Segment>> Load(uint64_t position);
  // Positions below this are published.
  uint64_t head() const { return head_.load(std::memory_order_acquire); }
  machine::Machine& machine() { return machine_; }
  // Bytes held now, for metrics.
  size_t bytes() const;

 private:
  std::shared_ptr<const Segment> FindPage(uint64_t position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // `applied` says what the records are; those of the journal are asked themselves.
  std::shared_ptr<const Segment> Build(uint64_t begin, std::span<const journal::Record> records,
                                       std::span<const machine::Applied> applied = {}) const;
  machine::Applied WhatIs(uint64_t position, const journal::Record& record) const;

  machine::Machine& machine_;
  journal::Journal& journal_;
  const Options options_;
  std::atomic<uint64_t> head_;
  mutable base::Mutex mutex_;
  std::deque<std::shared_ptr<const Segment>> tail_ ABSL_GUARDED_BY(mutex_);
  size_t tail_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;  // how often
  // Pages, most recently used in front, and by where they begin.
  std::list<std::shared_ptr<const Segment>> pages_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, decltype(pages_)::iterator> page_at_ ABSL_GUARDED_BY(mutex_);
  size_t page_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One reader's way through the feed. Ordered, unique, resumable, never skipping (law 12):
// within a ledger, indexes rise by one. Not thread-safe: one pull at a time.
class Follower {
 public:
  struct Options {
    size_t message_bytes = 128 << 10;  // a message ends after the entry that passes this
    size_t message_items = 512;
    bool until_current = false;
  };
  enum class Step { kMessage, kNeedLoad, kIdle, kDone };
  struct Message {
    std::vector<Piece> pieces;
    std::string trailer;  // serialised cursor, checkpoints and progress fields
    size_t items = 0;
  };

  // Refuses a cursor of another service, malformed, or ahead of a ledger. What the reader may not
  // read and what does not exist are refused alike.
  static absl::StatusOr<std::unique_ptr<Follower>> Create(Feed& feed, machine::Reader reader,
                                                          std::string_view cursor, Filter filter,
                                                          Options options);

  // The next message, without touching the disk. kNeedLoad: call Load, then pull again. kIdle:
  // everything published so far was given. kDone: until_current is reached; no more follows.
  Step Pull(Message& message);
  // Reads what the next pull needs. Blocks on the disk.
  absl::Status Load();
  // A progress mark with checkpoints that are new since the last one.
  Message Mark();
  // How far entries were taken for messages.
  const entry::Cursor& cursor() const { return cursor_; }
  // Whether entries were given since the last mark.
  bool mark_due() const { return mark_due_; }

 private:
  Follower(Feed& feed, machine::Reader reader, Filter filter, Options options)
      : feed_(feed), reader_(std::move(reader)), filter_(std::move(filter)), options_(options) {}
  absl::Status Start(const entry::Cursor& cursor);
  bool Reads(const machine::Ledger& ledger);
  void Take(const std::shared_ptr<const Segment>& segment, const Item& item, Message& message);
  void Finish(Message& message, bool progress);

  Feed& feed_;
  const machine::Reader reader_;
  const Filter filter_;
  const Options options_;
  uint64_t position_ = 0;  // next journal position to look at
  uint64_t target_ = 0;    // with until_current: where to end
  std::shared_ptr<const Segment> loaded_;
  // The message being made. It outlives a wait for the disk: were it cut at the edge of a page, its
  // length would tell how many records the reader may not see.
  Message partial_;
  size_t partial_bytes_ = 0;
  entry::Cursor cursor_;
  std::map<const machine::Ledger*, std::pair<bool, uint64_t*>> known_;  // may read, its next index
  std::map<std::string, uint64_t> marked_;  // ledger -> size last marked
  bool mark_due_ = false;
  bool done_ = false;
};

}  // namespace entente::feed

#endif  // ENTENTE_SERVICES_CORE_FEED_FEED_H_
