// What a night does to a service.
#ifndef ENTENTE_TESTS_ROBUSTNESS_FAULTS_H_
#define ENTENTE_TESTS_ROBUSTNESS_FAULTS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/robustness/players.h"
#include "tests/robustness/service.h"

namespace entente::robustness {

// A PostgreSQL server of the run's own, and a way to it that can be cut.
class Database {
 public:
  explicit Database(std::string folder);
  ~Database();
  bool Start();
  // As by a power cut; then starts again.
  void Crash();
  // Nothing passes between `way` and the server; what is connected breaks.
  void Cut(bool cut);
  // libpq's connection strings: straight, and by the way that can be cut.
  std::string connection() const { return "host=" + folder_ + " dbname=postgres user=entente"; }
  std::string way() const { return "host=" + folder_ + "/way dbname=postgres user=entente"; }

 private:
  int Control(const std::vector<std::string>& arguments) const;
  void RunWay();

  const std::string folder_;
  std::atomic<bool> cut_{false};
  std::atomic<bool> stop_{false};
  std::thread way_;
};

struct FaultOptions {
  std::vector<std::string> kinds;  // names of Kinds()
  int count_max = 0;               // 0: until the run ends
  absl::Duration gap_min;
  absl::Duration gap_max;
  uint64_t memory_limit = 0;
};

// "kill", "term", "freeze", "descriptors", "disk", "memory", "clock", "database", "cut".
const std::vector<std::string>& FaultKinds();
// Does one after another until the run ends; how many it did.
int DoFaults(Stage& stage, const FaultOptions& options,
             const std::vector<std::unique_ptr<Service>>& services, Database* database);

}  // namespace entente::robustness

#endif  // ENTENTE_TESTS_ROBUSTNESS_FAULTS_H_
