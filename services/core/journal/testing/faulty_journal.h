// A journal whose faults a test decides: refuse before writing, write and then lose the answer, run
// out of space, see a moved head. Not thread-safe beyond the journal's own laws.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_TESTING_FAULTY_JOURNAL_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_TESTING_FAULTY_JOURNAL_H_

#include <functional>

#include "services/core/base/status.h"
#include "services/core/journal/journal.h"

namespace entente::journal::testing {

enum class Fault { kNone, kFull, kFaultedBefore, kFaultedAfter, kHeadMoved };

class FaultyJournal final : public Journal {
 public:
  // `next_fault` is asked once per Append and Erase.
  FaultyJournal(Journal& inner, std::function<Fault()> next_fault)
      : inner_(inner), next_fault_(std::move(next_fault)) {}

  absl::Status Append(uint64_t expected_head, std::span<const Record> batch) override {
    using base::Reason;
    switch (next_fault_()) {
      case Fault::kNone:
        return inner_.Append(expected_head, batch);
      case Fault::kFull:
        return base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kJournalFull, "full");
      case Fault::kFaultedBefore:
        return base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted, "EIO");
      case Fault::kFaultedAfter:
        ENTENTE_RETURN_IF_ERROR(inner_.Append(expected_head, batch));
        return base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted, "EIO");
      case Fault::kHeadMoved:
        return base::Refuse(absl::StatusCode::kAborted, Reason::kJournalHeadMoved, "lost the race");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Record>> Read(uint64_t begin, uint64_t end,
                                           size_t bytes_max) override {
    return inner_.Read(begin, end, bytes_max);
  }
  absl::Status Erase(uint64_t position, std::string_view remains, uint64_t erased_at) override {
    const Fault fault = next_fault_();
    if (fault == Fault::kNone || fault == Fault::kFaultedAfter) {
      ENTENTE_RETURN_IF_ERROR(inner_.Erase(position, remains, erased_at));
    }
    if (fault == Fault::kNone) return absl::OkStatus();
    return base::Refuse(absl::StatusCode::kUnavailable, base::Reason::kJournalFaulted, "EIO");
  }
  uint64_t Head() override { return inner_.Head(); }

 private:
  Journal& inner_;
  std::function<Fault()> next_fault_;
};

}  // namespace entente::journal::testing

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_TESTING_FAULTY_JOURNAL_H_
