#include "tests/robustness/service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/core/base/bytes.h"
#include "services/core/base/files.h"

namespace entente::robustness {
namespace {

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

[[noreturn]] void Execute(const std::vector<std::string>& arguments, const std::string& log) {
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  std::vector<char*> raw;
  for (const std::string& one : arguments) raw.push_back(const_cast<char*>(one.c_str()));
  raw.push_back(nullptr);
  ::execvp(raw[0], raw.data());
  ::_exit(127);
}

std::string HowItEnded(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

int RunProgram(const std::vector<std::string>& arguments, const std::string& log) {
  const pid_t child = ::fork();
  if (child == 0) Execute(arguments, log);
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Service::~Service() { Stop(); }

pid_t Service::Spawn() const {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!options_.cgroup.empty()) Write(options_.cgroup + "/cgroup.procs", "0");
  if (!options_.clock_file.empty()) {
    ::setenv("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1", 1);
    ::setenv("FAKETIME_TIMESTAMP_FILE", options_.clock_file.c_str(), 1);
    ::setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    ::setenv("FAKETIME_CACHE_DURATION", "1", 1);
  }
  Execute(options_.command, options_.log);
}

void Service::Start() {
  if (!options_.clock_file.empty()) MoveClock(0);
  keeper_ = std::thread([this] { Run(); });
}

void Service::Run() {
  while (!stopped_) {
    asked_ = false;
    const pid_t child = Spawn();
    pid_ = child;
    ++starts_;
    if (stopped_) ::kill(child, SIGTERM);
    int status = 0;
    ::waitpid(child, &status, 0);
    pid_ = -1;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (!asked_ && !stopped_ && options_.died) options_.died(name() + ": " + HowItEnded(status));
    // As an operator's supervisor, which does not start a broken service a thousand times a second.
    if (!stopped_) ::poll(nullptr, 0, 50);
  }
}

void Service::Signal(int signal) {
  const pid_t pid = pid_;
  if (pid <= 0) return;
  asked_ = true;
  ::kill(pid, signal);
}

void Service::Freeze(bool frozen) {
  if (const pid_t pid = pid_; pid > 0) ::kill(pid, frozen ? SIGSTOP : SIGCONT);
}

void Service::TakeDescriptors(bool taken) {
  const pid_t pid = pid_;
  if (pid <= 0) return;
  rlimit limit{};
  if (::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (taken) {
    std::error_code gone;
    const auto open = std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), gone);
    if (gone) return;
    limit.rlim_cur = static_cast<rlim_t>(std::distance(begin(open), end(open)));
  }
  ::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
}

void Service::FillDisk(bool full) {
  const std::string ballast = options_.volume + "/ballast";
  if (!full) {
    ::unlink(ballast.c_str());
    return;
  }
  const int file = ::open(ballast.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  struct statvfs space {};
  if (::fstatvfs(file, &space) == 0) {
    const int ignored = ::posix_fallocate(
        file, 0, static_cast<off_t>(space.f_bavail) * static_cast<off_t>(space.f_bsize));
    static_cast<void>(ignored);
  }
  ::close(file);
}

void Service::TakeMemory(bool taken, uint64_t limit) {
  if (options_.cgroup.empty()) return;
  // What it has and a little: it is killed, or does with less, as the kernel decides.
  const uint64_t now = ResidentBytes() + (1 << 20);
  if (taken) asked_ = true;
  const bool v1 = std::filesystem::exists(options_.cgroup + "/memory.limit_in_bytes");
  Write(options_.cgroup + (v1 ? "/memory.limit_in_bytes" : "/memory.max"),
        std::to_string(taken ? now : limit));
}

void Service::MoveClock(int seconds) {
  if (options_.clock_file.empty()) return;
  const std::string offset = fmt::format("{:+d}s\n", seconds);
  base::WriteFileAtomically(options_.clock_file, offset, 0600);
}

int Service::Stop() {
  if (!keeper_.joinable()) return exit_code_;
  stopped_ = true;
  Freeze(false);
  Signal(SIGTERM);
  keeper_.join();
  return exit_code_;
}

bool Service::Accepts() const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(options_.port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool accepts = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  ::close(fd);
  return accepts;
}

uint64_t Service::ResidentBytes() const {
  std::ifstream status(fmt::format("/proc/{}/status", pid_.load()));
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoull(line.substr(6)) << 10;
  }
  return 0;
}

}  // namespace entente::robustness
