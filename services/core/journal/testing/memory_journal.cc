#include "services/core/journal/testing/memory_journal.h"

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::journal::testing {

using base::Reason;

absl::Status MemoryJournal::Append(uint64_t expected_head, std::span<const Record> batch) {
  base::MutexLock lock(mutex_);
  if (expected_head != records_.size()) {
    return base::Refuse(absl::StatusCode::kAborted, Reason::kJournalHeadMoved, "head is {}, not {}",
                        records_.size(), expected_head);
  }
  for (const Record& record : batch) {
    chain_.push_back(ChainDigest(chain_.empty() ? base::Digest() : chain_.back(), record));
    records_.push_back(record);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Record>> MemoryJournal::Read(uint64_t begin, uint64_t end,
                                                        size_t bytes_max) {
  base::MutexLock lock(mutex_);
  if (begin > end || end > records_.size()) {
    return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange, "head is {}",
                        records_.size());
  }
  std::vector<Record> result;
  size_t bytes = 0;
  for (uint64_t i = begin; i < end && (i == begin || bytes < bytes_max); ++i) {
    Record record = records_[i];
    if (!record.erased_at.has_value()) record.body_digest = crypto::Sha256(record.body);
    if (ChainDigest(i == 0 ? base::Digest() : chain_[i - 1], record) != chain_[i]) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalCorrupt,
                          "record {} fails its check", i);
    }
    bytes += record.header.size() + record.body.size();
    result.push_back(std::move(record));
  }
  return result;
}

absl::Status MemoryJournal::Erase(uint64_t position, std::string_view remains, uint64_t erased_at) {
  base::MutexLock lock(mutex_);
  if (position >= records_.size() || records_[position].kind != RecordKind::kDocument) {
    return NothingToErase(position);
  }
  Record& record = records_[position];
  if (record.erased_at.has_value()) return absl::OkStatus();
  record.body_digest = crypto::Sha256(record.body);
  record.whole_bytes = record.body.size();
  record.body = std::string(remains);
  record.erased_at = erased_at;
  return absl::OkStatus();
}

uint64_t MemoryJournal::Head() {
  base::MutexLock lock(mutex_);
  return records_.size();
}

void MemoryJournal::Corrupt(uint64_t position, size_t byte) {
  base::MutexLock lock(mutex_);
  Record& record = records_.at(position);
  std::string& target = record.body.empty() ? record.header : record.body;
  target[byte % target.size()] ^= 1;
}

}  // namespace entente::journal::testing
