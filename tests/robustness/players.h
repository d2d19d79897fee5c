// Honest parties of a run: they push, follow, look, ask who has what, and look from outside. What
// they are told goes to the recorder.
#ifndef ENTENTE_TESTS_ROBUSTNESS_PLAYERS_H_
#define ENTENTE_TESTS_ROBUSTNESS_PLAYERS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "clients/sdk/client.h"
#include "tests/robustness/history.h"

namespace entente::robustness {

// Where everything of a run is, and when it ends.
struct Stage {
  std::string work;  // "pki/agencies/{state}/licensing/client.textproto" under it
  uint64_t seed = 1;
  double documents_per_second = 20;  // of all submitters together
  std::atomic<bool> stop{false};
  Recorder recorder;

  std::shared_ptr<const sdk::Agency> AgencyOf(const std::string& state) const;
  std::unique_ptr<sdk::Client> Connect(const std::string& state) const;
  // Until the run ends, or for so long.
  void Wait(absl::Duration longest) const;
  // Keeps what a client took for damage or forgery.
  void Judge(const std::string& who, const absl::Status& status);
};

absl::Time Now();

// States that push and follow. Of these "au" is in no listed audience.
inline const std::vector<std::string> kStates = {"au", "jp", "kr", "nz"};

// Sends denials to all, to jp and kr, or to jp, kr and nz; some of them again.
void Submit(Stage& stage, const std::string& state, int number);
// Follows as one machine of the state's does, over restarts of its own.
void Follow(Stage& stage, const std::string& state);
// Looks for single documents, and asks who has its own.
void Look(Stage& stage, const std::string& state);
// Asks for what is hidden and for what is not there, in turn.
void LookFromOutside(Stage& stage);
// Calls at a steady pace and by the clock: reads, submissions, and new connections.
void Probe(Stage& stage, const std::string& state);
// Reads every ledger to its end by a reader of it, once nobody writes any more.
absl::Status ReadTheEnd(Stage& stage);
// What followers had, up to the end.
absl::Status FollowToTheEnd(Stage& stage, const std::string& state);

}  // namespace entente::robustness

#endif  // ENTENTE_TESTS_ROBUSTNESS_PLAYERS_H_
