// A service's durable record: one append-only sequence of records in commit order. Engines
// implement it; nothing above knows which one runs.
//
// Laws, checked for every engine by journal/testing/conformance.h:
//   1. Append is atomic and durable: when it returns OK, the whole batch survives a crash; when it
//      does not, either none of it is there, or (only after kJournalFaulted) all of it may be.
//   2. Append compares: a head other than `expected_head` is ABORTED/JOURNAL_HEAD_MOVED and nothing
//      is written.
//   3. Positions are contiguous from 0. Nothing is ever changed or removed, but for the body of a
//      document that is erased by law: the digest of what it was stays, and so does the chain.
//   4. Every record that Read returns was checked against its chain digest; a mismatch is
//      DATA_LOSS/JOURNAL_CORRUPT and no part of the range is returned.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_JOURNAL_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_JOURNAL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/core/base/bytes.h"

namespace entente::journal {

// What this build writes and reads: how records are kept, and what is in them.
inline constexpr int64_t kFormat = 5;
// OK for this build's own; else FAILED_PRECONDITION/JOURNAL_FORMAT, which says of `where` what to
// do.
absl::Status CheckFormat(const std::string& where, int64_t format);

enum class RecordKind : uint8_t {
  kDocument = 1,         // header: serialised Leaf; body: serialised SignedDocument
  kAcknowledgement = 2,  // header: serialised RecordedAcknowledgement
  kCheckpoint = 3,       // header: a checkpoint note of one ledger, covering all before it
};

// What is kept at one position.
struct Record {
  RecordKind kind = RecordKind::kDocument;
  std::string header;
  std::string body;
  // SHA-256 of the body that was appended first; the caller computes it outside the commit path.
  base::Digest body_digest;
  // The body is what remains of a document that was erased: index, in the same ledger, of the
  // order.
  std::optional<uint64_t> erased_at;
  uint64_t whole_bytes = 0;  // of the body that was erased

  // Of the body that was appended first.
  uint64_t bytes() const { return erased_at.has_value() ? whole_bytes : body.size(); }
};

// How engines keep, beside a body that was erased, what that was: its digest, and in 8 bytes each,
// most significant first, where the order is and how many bytes it had. Empty: it was not erased.
std::string ErasedColumn(const Record& record);
// The reverse, for a record with its body. False: no such column is written.
bool ReadErasedColumn(std::string_view column, Record& record);
// OUT_OF_RANGE/INDEX_OUT_OF_RANGE: there is no document at that position.
absl::Status NothingToErase(uint64_t position);

// chain(i) = SHA-256(chain(i-1) || kind || big-endian length of header || header || body digest),
// chain(-1) = 32 zero bytes.
base::Digest ChainDigest(const base::Digest& previous, const Record& record);

class Journal {
 public:
  virtual ~Journal() = default;

  // Appends `batch` at `expected_head`. One caller at a time.
  virtual absl::Status Append(uint64_t expected_head, std::span<const Record> batch) = 0;
  // Records [begin, end), cut short after `bytes_max` bytes of headers and bodies but never empty
  // when begin < end <= Head(). OUT_OF_RANGE beyond the head. Thread-safe.
  virtual absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end,
                                                   size_t bytes_max) = 0;
  // The records at these positions, in this order, cut short as Read's are. Not empty where
  // `positions` is not. OUT_OF_RANGE if one is beyond the head. Thread-safe. An engine across a
  // network asks once.
  virtual absl::StatusOr<std::vector<Record>> ReadAt(std::span<const uint64_t> positions,
                                                     size_t bytes_max);
  // Puts `remains` in the place of a document's body, durably. Once: a body that was erased stays
  // as it is, and what the engine left undone of that is done. What it keeps of the body outside
  // the record, each engine says. One caller at a time, that of Append. After an error it may be
  // called again.
  virtual absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) = 0;
  // Number of records, as last seen: other writers may have appended since. Thread-safe.
  virtual uint64_t Head() = 0;
  // Looks for what other writers appended: Head() is then no older than this call. DATA_LOSS where
  // what this process has seen is gone. Thread-safe. An engine with one writer has nothing to look
  // for.
  virtual absl::Status Refresh() { return absl::OkStatus(); }
  // Calls `moved`, on a thread of the engine's own, whenever other writers may have appended; it
  // must not block. Null ends it, and returns after the last call. An engine with one writer never
  // calls.
  virtual void Watch(std::function<void()> moved) { static_cast<void>(moved); }
};

}  // namespace entente::journal

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_JOURNAL_H_
