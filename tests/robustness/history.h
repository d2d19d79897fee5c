// What a robustness run recorded: every answer of the service, and what was done to it meanwhile.
#ifndef ENTENTE_TESTS_ROBUSTNESS_HISTORY_H_
#define ENTENTE_TESTS_ROBUSTNESS_HISTORY_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/core/base/bytes.h"
#include "services/core/base/mutex.h"

namespace entente::robustness {

// Clients' time; the service's own is never trusted here.
struct Span {
  absl::Time begin;
  absl::Time end;
};

enum class Outcome {
  kRecorded,  // with a receipt that verified
  kRefused,   // with a reason
  kUnknown,   // no answer: it may be recorded, or not
};

// One try to have a document recorded.
struct Submission {
  std::string state;
  std::string ledger;
  base::Digest digest;
  std::string name;
  Span span;
  Outcome outcome = Outcome::kUnknown;
  uint64_t index = 0;      // of the receipt
  base::Digest leaf_hash;  // of the receipt
};

// A signed checkpoint that somebody verified.
struct Seen {
  std::string ledger;
  uint64_t size = 0;
  base::Digest root;
};

// What a follower was handed, in the order of its handler's calls.
struct Delivered {
  std::string follower;
  std::string ledger;
  uint64_t index = 0;
  base::Digest digest;
  base::Digest leaf_hash;
};

// A question whether a document is there.
struct Looked {
  std::string state;
  std::string name;
  Span span;
  bool found = false;
};

// Two questions of an outsider: of a document that is hidden from it, and of one that is not
// there.
struct Twin {
  std::string about;
  std::string of_hidden;
  std::string of_absent;
};

// An honest call that was timed.
struct Call {
  std::string kind;
  Span span;
  std::string failed;  // why; empty: answered
};

// A mark that a follower reached: everything recorded until then is had.
struct Mark {
  std::string follower;
  absl::Time time;
};

// What was done to the service.
struct Fault {
  std::string what;
  Span span;
};

// The service ended, and nobody had asked it to.
struct Death {
  std::string how;
  absl::Time time;
};

struct Memory {
  absl::Time time;
  uint64_t bytes = 0;
};

// An entry as it stands at the end.
struct Final {
  base::Digest digest;
  base::Digest leaf_hash;
  std::string name;
  absl::Time recorded;
};

struct History {
  std::map<std::string, std::vector<std::string>> readers;  // ledger -> states; empty: everybody
  std::vector<Submission> submissions;
  std::vector<Seen> seen;
  std::vector<Delivered> delivered;
  std::vector<Looked> looked;
  std::vector<Twin> twins;
  std::vector<Call> calls;
  std::vector<Mark> marks;
  std::vector<Fault> faults;
  std::vector<Memory> memory;
  std::vector<std::string> evidence;  // whatever a client took for damage, forgery or a fork
  std::vector<Death> deaths;
  std::map<std::string, std::vector<Final>> final;
  Span run;
};

// Thread-safe.
class Recorder {
 public:
  template <typename T>
  void Add(std::vector<T> History::*list, T event) {
    base::MutexLock lock(mutex_);
    (history_.*list).push_back(std::move(event));
  }
  template <typename Change>
  void Edit(const Change& change) {
    base::MutexLock lock(mutex_);
    change(history_);
  }
  // For what is asked while it goes on.
  template <typename Question>
  auto Ask(const Question& question) {
    base::MutexLock lock(mutex_);
    return question(static_cast<const History&>(history_));
  }

 private:
  base::Mutex mutex_;
  History history_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::robustness

#endif  // ENTENTE_TESTS_ROBUSTNESS_HISTORY_H_
