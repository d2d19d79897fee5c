// entente-robustness: a night of faults, and what honest callers see of it. tests/robustness/run
// prepares the regime that it plays in.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/entry.h"
#include "tests/robustness/faults.h"
#include "tests/robustness/hostile.h"
#include "tests/robustness/validate.h"

namespace entente::robustness {
namespace {

struct RunOptions {
  std::string work;
  std::string program;  // entente-leem
  std::string self;
  int seconds = 300;
  int quiet_seconds = 0;  // before the hostile ones begin
  uint64_t seed = 1;
  double rate = 20;
  std::string engine = "sqlite";
  std::vector<std::string> faults;
  int faults_max = 0;
  double gap_min_s = 3;
  double gap_max_s = 10;
  std::vector<std::string> hostile;  // calls, bytes, strangers
  int hostile_nice = 0;              // 19: as if they had a machine of their own
  int memory_mib = 512;
  int disk_mib = 4096;
  Bounds bounds;
};

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

void Replace(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = base::ReadFile(path).value_or("");
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  base::WriteFileAtomically(path, text, 0600);
}

// The world that a run has to itself: memory limit, volume, configuration, services.
class World {
 public:
  World(Stage& stage, const RunOptions& options) : stage_(stage), options_(options) {}
  ~World() {
    services.clear();
    database.reset();
    for (const std::string& volume : volumes_) ::umount2(volume.c_str(), MNT_DETACH);
    for (const std::string& group : cgroups_) ::rmdir(group.c_str());
  }

  bool Start() {
    if (options_.engine == "postgres") {
      database = std::make_unique<Database>(options_.work + "/pg");
      if (!database->Start()) return false;
    }
    const std::vector<std::string> names =
        database == nullptr ? std::vector<std::string>{"a"} : std::vector<std::string>{"a", "b"};
    for (const std::string& name : names) Add(name);
    // Agencies are spread over the replicas.
    for (size_t i = 0; i < kStates.size(); ++i) Point(kStates[i], addresses[i % addresses.size()]);
    Point("hu", addresses[0]);
    for (auto& service : services) service->Start();
    return Serving();
  }
  bool limited() const { return !cgroups_.empty(); }

  std::unique_ptr<Database> database;
  std::vector<std::unique_ptr<Service>> services;
  std::vector<std::string> addresses;

 private:
  void Point(const std::string& state, const std::string& address) const {
    Replace(options_.work + "/pki/agencies/" + state + "/licensing/client.textproto", "127.0.0.1:1",
            address);
  }
  void Add(const std::string& name) {
    const int port = FreePort();
    const std::string address = fmt::format("127.0.0.1:{}", port);
    const std::string volume = options_.work + "/volume." + name;
    std::filesystem::create_directories(volume);
    // Without the right to mount, the disk is the machine's and is never filled.
    if (::mount("tmpfs", volume.c_str(), "tmpfs", 0,
                fmt::format("size={}m,mode=0700", options_.disk_mib).c_str()) == 0) {
      volumes_.push_back(volume);
    }
    const std::string config = options_.work + "/" + name + ".textproto";
    std::filesystem::copy_file(options_.work + "/server.textproto", config);
    Replace(config, "LISTEN", address);
    Replace(config, "VOLUME", volume);
    if (database != nullptr) {
      const std::string file = options_.work + "/" + name + ".postgres";
      // The first replica goes straight, the second by the way that can be cut.
      base::WriteFileAtomically(file, name == "a" ? database->connection() : database->way(), 0600);
      Replace(config, "group: \"leem\"", "group: \"leem\" postgres_file: \"" + file + "\"");
    }
    services.push_back(std::make_unique<Service>(
        Service::Options{.port = port,
                         .name = name,
                         .command = {options_.program, "--config", config},
                         .log = options_.work + "/" + name + ".log",
                         .volume = volume,
                         .cgroup = MemoryLimit(name),
                         .clock_file = Wants("clock") ? options_.work + "/" + name + ".clock" : "",
                         .died = [this](const std::string& how) {
                           stage_.recorder.Add(&History::deaths, {how, Now()});
                         }}));
    addresses.push_back(address);
  }
  bool Wants(const std::string& fault) const {
    return std::count(options_.faults.begin(), options_.faults.end(), fault) != 0;
  }
  // A folder of the memory controller, of either version; empty where there is none to be had.
  std::string MemoryLimit(const std::string& name) {
    for (const std::string root : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
      const std::string group = fmt::format("{}/entente-robustness-{}-{}", root, ::getpid(), name);
      if (::mkdir(group.c_str(), 0700) != 0) continue;
      const bool v1 = root.ends_with("memory");
      std::ofstream limit(group + (v1 ? "/memory.limit_in_bytes" : "/memory.max"));
      limit << (static_cast<uint64_t>(options_.memory_mib) << 20) << std::flush;
      if (limit.good()) {
        cgroups_.push_back(group);
        return group;
      }
      ::rmdir(group.c_str());
    }
    return "";
  }
  // Whether all answer within a minute.
  bool Serving() const {
    for (const auto& service : services) {
      for (const absl::Time end = Now() + absl::Minutes(1); !service->Accepts();) {
        if (Now() > end) return false;
        stage_.Wait(absl::Milliseconds(100));
      }
    }
    return true;
  }

  Stage& stage_;
  const RunOptions& options_;
  std::vector<std::string> volumes_;
  std::vector<std::string> cgroups_;
};

// Samples memory, and tells how it goes.
void Watch(Stage& stage, const World& world) {
  absl::Time told = Now();
  while (!stage.stop) {
    stage.Wait(absl::Milliseconds(250));
    for (const auto& service : world.services) {
      stage.recorder.Add(&History::memory, {Now(), service->ResidentBytes()});
    }
    if (Now() - told < absl::Seconds(30)) continue;
    told = Now();
    const std::string line = stage.recorder.Ask([&](const History& history) {
      return fmt::format("{} documents, {} deliveries, {} faults, {} MiB",
                         history.submissions.size(), history.delivered.size(),
                         history.faults.size(), history.memory.back().bytes >> 20);
    });
    std::cout << "  " << line << std::endl;
  }
}

// Hostile processes, each of which ends by itself, or with this one.
std::vector<pid_t> StartHostile(const RunOptions& options, const World& world, int seconds) {
  std::vector<pid_t> children;
  for (const std::string& kind : options.hostile) {
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string config = options.work + "/pki/agencies/hu/licensing/client.textproto";
      const std::string length = std::to_string(seconds);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::setpriority(PRIO_PROCESS, 0, options.hostile_nice);
      ::execl(options.self.c_str(), options.self.c_str(), "hostile", kind.c_str(), "--config",
              config.c_str(), "--address", world.addresses[0].c_str(), "--seconds", length.c_str(),
              nullptr);
      ::_exit(127);
    }
    children.push_back(child);
  }
  return children;
}

std::vector<std::thread> StartHonest(Stage& stage) {
  std::vector<std::thread> players;
  const std::vector<std::string> senders = {"au", "jp", "kr", "nz"};
  for (int i = 0; i < static_cast<int>(senders.size()); ++i) {
    players.emplace_back(
        [&stage, i, state = senders[static_cast<size_t>(i)]] { Submit(stage, state, i + 1); });
  }
  for (const std::string& state : kStates) {
    players.emplace_back([&stage, state] { Follow(stage, state); });
    players.emplace_back([&stage, state] { Look(stage, state); });
  }
  players.emplace_back([&stage] { LookFromOutside(stage); });
  players.emplace_back([&stage] { Probe(stage, "nz"); });
  return players;
}

void PrintLatencies(const History& history, const Bounds& bounds, const std::string& when) {
  for (const char* kind : {"read", "submit", "connect"}) {
    int calls = 0;
    int refused = 0;
    for (const Call& call : history.calls) {
      if (call.kind != kind) continue;
      ++calls;
      refused += call.failed.empty() ? 0 : 1;
    }
    const auto ms = [&](double p) {
      return absl::ToDoubleMilliseconds(Percentile(history, kind, p, bounds.settle));
    };
    std::cout << fmt::format(
        "{:<8} {:<8} {:>7} calls  {:>4} refused  p50 {:>8.2f} ms  p99 {:>8.2f} ms  max {:>8.2f} "
        "ms\n",
        when, kind, calls, refused, ms(0.5), ms(0.99), ms(1));
  }
}

// The calls of a history that began before, or after, a moment.
History Part(const History& history, absl::Time from, absl::Time until) {
  History part = history;
  std::erase_if(part.calls, [&](const Call& call) {
    return call.span.begin < from || call.span.begin >= until;
  });
  return part;
}

int Judge(const History& history, const RunOptions& options, absl::Time hostile_from) {
  uint64_t most = 0;
  for (const Memory& one : history.memory) most = std::max(most, one.bytes);
  std::map<std::string, int> faults;
  for (const Fault& fault : history.faults) ++faults[fault.what.substr(0, fault.what.find(' '))];
  std::cout << fmt::format(
      "{} submissions, {} deliveries, {} looks, {} twins; memory {} MiB at most\n",
      history.submissions.size(), history.delivered.size(), history.looked.size(),
      history.twins.size(), most >> 20);
  for (const auto& [kind, count] : faults) {
    std::cout << fmt::format("fault {:<12} {}\n", kind, count);
  }
  if (options.quiet_seconds > 0) {
    PrintLatencies(Part(history, absl::InfinitePast(), hostile_from), options.bounds, "quiet");
  }
  PrintLatencies(Part(history, hostile_from, absl::InfiniteFuture()), options.bounds,
                 options.hostile.empty() ? "honest" : "hostile");
  int bad = 0;
  for (const auto& [name, validator] : AllValidators()) {
    const auto found = validator(history, options.bounds);
    std::cout << fmt::format("{} {}\n", found.empty() ? "ok  " : "BAD ", name);
    for (const std::string& line : found) std::cout << "     " << line << "\n";
    bad += found.empty() ? 0 : 1;
  }
  std::cout << fmt::format("{} validators, {} found something\n", AllValidators().size(), bad);
  return bad == 0 ? 0 : 1;
}

int Run(const RunOptions& options) {
  Stage stage;
  stage.work = options.work;
  stage.seed = options.seed;
  stage.documents_per_second = options.rate;
  for (const auto& audience :
       std::vector<std::vector<std::string>>{{"jp", "kr"}, {"jp", "kr", "nz"}}) {
    entry::pb::Audience listed;
    for (const std::string& state : audience) listed.mutable_listed()->add_states(state);
    stage.recorder.Edit(
        [&](History& history) { history.readers[entry::LedgerIdOf("leem", listed)] = audience; });
  }
  World world(stage, options);
  if (!world.Start()) {
    std::cerr << "the service does not start; see " << options.work << "/*.log\n";
    return 2;
  }
  if (!world.limited()) std::cout << "left out: no right to make a memory limit\n";
  const absl::Time begin = Now();
  const absl::Time hostile_from = begin + absl::Seconds(options.quiet_seconds);
  stage.recorder.Edit([&](History& history) { history.run.begin = begin; });
  auto players = StartHonest(stage);
  players.emplace_back([&] { Watch(stage, world); });
  stage.Wait(hostile_from - Now());
  const auto children = StartHostile(options, world, options.seconds - options.quiet_seconds);
  if (options.faults.empty()) {
    stage.Wait(begin + absl::Seconds(options.seconds) - Now());
  } else {
    std::thread timer([&] {
      stage.Wait(begin + absl::Seconds(options.seconds) - Now());
      stage.stop = true;
    });
    DoFaults(stage,
             {.kinds = options.faults,
              .count_max = options.faults_max,
              .gap_min = absl::Seconds(options.gap_min_s),
              .gap_max = absl::Seconds(options.gap_max_s),
              .memory_limit = static_cast<uint64_t>(options.memory_mib) << 20},
             world.services, world.database.get());
    stage.stop = true;
    timer.join();
  }
  stage.recorder.Edit([&](History& history) { history.run.end = Now(); });
  stage.stop = true;
  for (const pid_t child : children) {
    ::kill(child, SIGTERM);
    ::waitpid(child, nullptr, 0);
  }
  for (auto& player : players) player.join();
  // Nobody writes any more: followers take what is left, and the last reader reads it all.
  absl::Status status;
  stage.stop = false;
  for (const std::string& state : kStates) status.Update(FollowToTheEnd(stage, state));
  status.Update(ReadTheEnd(stage));
  if (!status.ok()) stage.recorder.Add(&History::evidence, "at the end: " + base::Text(status));
  for (auto& service : world.services) {
    if (const int code = service->Stop(); code != 0) {
      stage.recorder.Add(&History::deaths,
                         {fmt::format("exit code {} after SIGTERM", code), Now()});
    }
  }
  return stage.recorder.Ask(
      [&](const History& history) { return Judge(history, options, hostile_from); });
}

void AddRun(CLI::App& app, RunOptions& options) {
  auto* run = app.add_subcommand("run", "Play, record, validate");
  run->add_option("work", options.work, "Folder with pki and server.textproto")->required();
  run->add_option("--program", options.program, "entente-leem")->required();
  run->add_option("--seconds", options.seconds, "Longest");
  run->add_option("--quiet", options.quiet_seconds, "Seconds before the hostile ones begin");
  run->add_option("--seed", options.seed, "Of everything that is chosen");
  run->add_option("--rate", options.rate, "Documents a second, of all senders");
  run->add_option("--engine", options.engine, "sqlite, or postgres with two replicas");
  run->add_option("--faults", options.faults, "Kinds")->delimiter(',');
  run->add_option("--faults-max", options.faults_max, "End after so many");
  run->add_option("--gap-min", options.gap_min_s, "Seconds between faults");
  run->add_option("--gap-max", options.gap_max_s, "Seconds between faults");
  run->add_option(
         "--hostile", options.hostile,
         "calls (or one: names, bombs, chain, reads, streams, signatures), bytes, strangers")
      ->delimiter(',');
  run->add_option("--hostile-nice", options.hostile_nice,
                  "Priority of hostile processes; 19 leaves honest clients the processor");
  run->add_option("--memory", options.memory_mib, "MiB that each service has");
  run->add_option("--disk", options.disk_mib, "MiB of each journal's volume");
}

int Main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  CLI::App app("A night of faults, recorded and validated");
  app.require_subcommand(1);
  RunOptions run;
  run.self = std::filesystem::read_symlink("/proc/self/exe").string();
  AddRun(app, run);
  HostileOptions hostile;
  std::string kind;
  int seconds = 60;
  auto* attack = app.add_subcommand("hostile", "One hostile player");
  attack->add_option("kind", kind, "calls, bytes or strangers")->required();
  attack->add_option("--config", hostile.config, "The partner's client configuration");
  attack->add_option("--address", hostile.address, "Of the service")->required();
  attack->add_option("--seconds", seconds, "How long");
  CLI11_PARSE(app, argc, argv);
  if (!attack->parsed()) {
    run.bounds.memory_bytes_max = static_cast<uint64_t>(run.memory_mib) << 20;
    // Beside hostile callers on the same two cores the table of docs/OPERATING.md says what to
    // expect; here it is only kept from getting absurd.
    if (!run.hostile.empty()) run.bounds.p99_max = absl::Seconds(2);
    return Run(run);
  }
  hostile.longest = absl::Seconds(seconds);
  if (kind == "bytes") return RunBytes(hostile);
  if (kind == "strangers") return RunStrangers(hostile);
  return RunCalls(hostile, kind);
}

}  // namespace
}  // namespace entente::robustness

int main(int argc, char** argv) { return entente::robustness::Main(argc, argv); }
