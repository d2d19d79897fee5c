// The service as an operator runs it: a process in a memory limit, on a volume of its own, with a
// clock, descriptors and a disk that a run can take away from it.
#ifndef ENTENTE_TESTS_ROBUSTNESS_SERVICE_H_
#define ENTENTE_TESTS_ROBUSTNESS_SERVICE_H_

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "services/core/base/mutex.h"

namespace entente::robustness {

// Runs a program and gives its exit code; its output goes to `log`, or nowhere.
int RunProgram(const std::vector<std::string>& arguments, const std::string& log = "/dev/null");

class Service {
 public:
  struct Options {
    int port = 0;                           // of 127.0.0.1, where it listens
    std::string name;                       // "a"
    std::vector<std::string> command;       // program and arguments
    std::string log;                        // its output is appended
    std::string volume;                     // where its journal is
    std::string cgroup;                     // memory controller's folder; empty: no limit
    std::string clock_file;                 // libfaketime's; empty: the machine's clock
    std::function<void(std::string)> died;  // called with why, where nobody asked for it
  };
  explicit Service(Options options) : options_(std::move(options)) {}
  ~Service();

  // Starts it, and again whenever it has ended, until it is stopped for good.
  void Start();
  // What it gets: SIGKILL, SIGTERM. It comes back by itself.
  void Signal(int signal);
  // Holds it for a while, as a host under load does.
  void Freeze(bool frozen);
  // Leaves it with the descriptors that it has open.
  void TakeDescriptors(bool taken);
  // Fills its volume; gives it back.
  void FillDisk(bool full);
  // Leaves it with the memory that it has; gives the limit back.
  void TakeMemory(bool taken, uint64_t limit);
  // Moves its clock by seconds.
  void MoveClock(int seconds);
  // It ends, by SIGTERM, and stays ended. Its exit code, or -1.
  int Stop();

  const std::string& name() const { return options_.name; }
  uint64_t ResidentBytes() const;
  // Whether it takes connections.
  bool Accepts() const;
  // How often it was started.
  int starts() const { return starts_; }

 private:
  void Run();
  pid_t Spawn() const;

  const Options options_;
  std::thread keeper_;
  std::atomic<pid_t> pid_{-1};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> asked_{false};  // somebody ended it
  std::atomic<int> starts_{0};
  std::atomic<int> exit_code_{-1};
};

}  // namespace entente::robustness

#endif  // ENTENTE_TESTS_ROBUSTNESS_SERVICE_H_
