#include "tests/robustness/faults.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

namespace entente::robustness {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";
constexpr char kSocket[] = "/.s.PGSQL.5432";

int OpenSocket(const std::string& path, bool listen) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  const bool ok = listen ? ::bind(fd, raw, sizeof address) == 0 && ::listen(fd, 64) == 0
                         : ::connect(fd, raw, sizeof address) == 0;
  if (ok) return fd;
  ::close(fd);
  return -1;
}

// Moves what is there; false at the end of it.
bool Pass(int from, int to) {
  char bytes[65536];
  const ssize_t got = ::read(from, bytes, sizeof bytes);
  for (ssize_t done = 0; done < got;) {
    const ssize_t wrote = ::send(to, bytes + done, static_cast<size_t>(got - done), MSG_NOSIGNAL);
    if (wrote <= 0) return false;
    done += wrote;
  }
  return got > 0;
}

}  // namespace

Database::Database(std::string folder) : folder_(std::move(folder)) {}

Database::~Database() {
  stop_ = true;
  if (way_.joinable()) way_.join();
  Control({"stop", "-m", "immediate"});
}

int Database::Control(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all;
  if (::getuid() == 0) all = {"runuser", "-u", "postgres", "--"};
  const std::string data = folder_ + "/data";
  if (arguments[0] == "initdb") {
    all.insert(all.end(), {std::string(kPrograms) + "initdb", "-D", data, "-U", "entente", "-A",
                           "trust", "-N"});
  } else {
    all.insert(all.end(), {std::string(kPrograms) + "pg_ctl", "-D", data, "-w", "-s", "-l",
                           folder_ + "/log", "-o", "-c listen_addresses= -k " + folder_});
    all.insert(all.end(), arguments.begin(), arguments.end());
  }
  return RunProgram(all);
}

bool Database::Start() {
  std::filesystem::create_directories(folder_ + "/way");
  if (::getuid() == 0) RunProgram({"chown", "-R", "postgres", folder_});
  if (Control({"initdb"}) != 0 || Control({"start"}) != 0) return false;
  way_ = std::thread([this] { RunWay(); });
  return true;
}

void Database::Crash() {
  Control({"stop", "-m", "immediate"});
  Control({"start"});
}

void Database::Cut(bool cut) { cut_ = cut; }

void Database::RunWay() {
  const int listener = OpenSocket(folder_ + "/way" + kSocket, true);
  std::map<int, int> peer;  // both ways
  const auto close = [&](int fd) {
    const int other = peer[fd];
    peer.erase(fd);
    peer.erase(other);
    ::close(fd);
    ::close(other);
  };
  while (!stop_) {
    if (cut_) {
      while (!peer.empty()) close(peer.begin()->first);
    }
    std::vector<pollfd> ready;
    if (!cut_) ready.push_back({listener, POLLIN, 0});
    for (const auto& [fd, other] : peer) ready.push_back({fd, POLLIN, 0});
    ::poll(ready.data(), ready.size(), 50);
    for (const pollfd& one : ready) {
      if (one.revents == 0) continue;
      if (one.fd == listener) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const int server = OpenSocket(folder_ + kSocket, false);
        if (client >= 0 && server >= 0) {
          peer[client] = server;
          peer[server] = client;
        } else {
          ::close(client);
          ::close(server);
        }
      } else if (peer.count(one.fd) != 0 && !Pass(one.fd, peer[one.fd])) {
        close(one.fd);
      }
    }
  }
  while (!peer.empty()) close(peer.begin()->first);
  ::close(listener);
}

const std::vector<std::string>& FaultKinds() {
  static const std::vector<std::string> kKinds = {
      "kill", "term", "freeze", "descriptors", "disk", "memory", "clock", "database", "cut"};
  return kKinds;
}

int DoFaults(Stage& stage, const FaultOptions& options,
             const std::vector<std::unique_ptr<Service>>& services, Database* database) {
  std::mt19937_64 random(stage.seed * 1000 + 999);
  const auto below = [&](uint64_t most) { return static_cast<int>(random() % most); };
  const auto gap = [&] {
    return options.gap_min +
           absl::Milliseconds(below(static_cast<uint64_t>(
               1 + absl::ToInt64Milliseconds(options.gap_max - options.gap_min))));
  };
  int done = 0;
  stage.Wait(gap());
  while (!stage.stop && (options.count_max == 0 || done < options.count_max)) {
    const std::string& kind = options.kinds[static_cast<size_t>(below(options.kinds.size()))];
    Service& service = *services[static_cast<size_t>(below(services.size()))];
    const int starts = service.starts();
    const bool ends = kind == "kill" || kind == "term";
    Fault fault{kind + " " + service.name(), {Now(), {}}};
    const auto held = [&](const auto& change) {
      change(true);
      stage.Wait(absl::Milliseconds(1000 + below(4000)));
      change(false);
    };
    if (kind == "kill") {
      service.Signal(SIGKILL);
    } else if (kind == "term") {
      service.Signal(SIGTERM);
    } else if (kind == "freeze") {
      held([&](bool on) { service.Freeze(on); });
    } else if (kind == "descriptors") {
      held([&](bool on) { service.TakeDescriptors(on); });
    } else if (kind == "disk") {
      held([&](bool on) { service.FillDisk(on); });
    } else if (kind == "memory") {
      held([&](bool on) { service.TakeMemory(on, options.memory_limit); });
    } else if (kind == "clock") {
      const int seconds = below(241) - 120;
      held([&](bool on) { service.MoveClock(on ? seconds : 0); });
    } else if (kind == "database" && database != nullptr) {
      database->Crash();
    } else if (kind == "cut" && database != nullptr) {
      held([&](bool on) { database->Cut(on); });
    }
    // It lasts until the service is there again: an operator has given it so long to end and start.
    for (const absl::Time most = Now() + absl::Seconds(30); Now() < most && !stage.stop;) {
      stage.Wait(absl::Milliseconds(100));
      if ((!ends || service.starts() > starts) && service.Accepts()) break;
    }
    fault.span.end = Now();
    stage.recorder.Add(&History::faults, fault);
    ++done;
    stage.Wait(gap());
  }
  return done;
}

}  // namespace entente::robustness
