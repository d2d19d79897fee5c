// What must be true of every history. Each validator looks for one kind of fault, and
// validate_test.cc plants one of that kind before it.
#ifndef ENTENTE_TESTS_ROBUSTNESS_VALIDATE_H_
#define ENTENTE_TESTS_ROBUSTNESS_VALIDATE_H_

#include <string>
#include <vector>

#include "tests/robustness/history.h"

namespace entente::robustness {

// What an operator was promised.
struct Bounds {
  uint64_t memory_bytes_max = 512ULL << 20;
  // Of honest calls outside of faults and a while after each.
  absl::Duration p99_max = absl::Milliseconds(250);
  absl::Duration settle = absl::Seconds(5);
  // After a fault, each follower is back within this.
  absl::Duration back_max = absl::Seconds(45);
};

// What it found, one line each; at most ten. Empty: the history is as it should be.
using Validator = std::vector<std::string> (*)(const History& history, const Bounds& bounds);

// What was acknowledged is there, where its receipt says.
std::vector<std::string> NothingLost(const History& history, const Bounds& bounds);
// No document is recorded twice, and each has one place for all who sent it.
std::vector<std::string> NothingDoubled(const History& history, const Bounds& bounds);
// What is there was sent.
std::vector<std::string> NothingInvented(const History& history, const Bounds& bounds);
// Followers had everything, once, in order; what came again was the same.
std::vector<std::string> FollowersComplete(const History& history, const Bounds& bounds);
// Every checkpoint that was signed is of the one history.
std::vector<std::string> OneTree(const History& history, const Bounds& bounds);
// An answer that came before a question began is before it in its ledger; recorded times rise.
std::vector<std::string> OneOrder(const History& history, const Bounds& bounds);
// Whoever asks finds what was acknowledged before, and nothing that is hidden from them.
std::vector<std::string> ReadsExplained(const History& history, const Bounds& bounds);
// An outsider's answers are the same, word for word.
std::vector<std::string> OutsidersEqual(const History& history, const Bounds& bounds);
// Nobody saw evidence of damage or forgery, and the service never died by itself.
std::vector<std::string> NoEvidence(const History& history, const Bounds& bounds);
// Followers came back after each fault.
std::vector<std::string> FollowersBack(const History& history, const Bounds& bounds);
// Honest callers were answered in time, and without refusals, outside of faults.
std::vector<std::string> HonestInTime(const History& history, const Bounds& bounds);
std::vector<std::string> MemoryBounded(const History& history, const Bounds& bounds);

struct NamedValidator {
  const char* name;
  Validator validator;
};
const std::vector<NamedValidator>& AllValidators();

// The p-th part of the durations of a kind of honest calls that no fault touched; zero if none.
absl::Duration Percentile(const History& history, const std::string& kind, double p,
                          absl::Duration settle);

}  // namespace entente::robustness

#endif  // ENTENTE_TESTS_ROBUSTNESS_VALIDATE_H_
