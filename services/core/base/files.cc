#include "services/core/base/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace entente::base {

std::optional<std::string> ReadFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  if (in.bad()) return std::nullopt;
  return std::move(out).str();
}

bool WriteFileAtomically(const std::string& path, std::string_view data, int mode) {
  static std::atomic<uint64_t> counter{0};
  const std::string temporary =
      path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return false;
  bool ok = true;
  while (ok && !data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    ok = n > 0;
    if (ok) data.remove_prefix(static_cast<size_t>(n));
  }
  ok = ok && ::fsync(fd) == 0;
  ok = (::close(fd) == 0) && ok;
  ok = ok && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!ok) ::unlink(temporary.c_str());
  return ok;
}

namespace {
// Of this process. A file's time is taken from a coarser clock, so some is left.
const auto kStarted = std::filesystem::file_time_type::clock::now() - std::chrono::seconds(1);
}  // namespace

void RemoveAbandoned(const std::string& folder) {
  std::error_code error;
  for (const auto& one : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = one.path().filename().string();
    const size_t tail = name.rfind(".tmp");
    int pid = 0;
    int number = 0;
    int length = 0;
    if (tail == std::string::npos || tail == 0 ||
        std::sscanf(name.c_str() + tail, ".tmp%d-%d%n", &pid, &number, &length) != 2 ||
        tail + static_cast<size_t>(length) != name.size()) {
      continue;
    }
    // Containers give every start the same number.
    const bool gone = pid == ::getpid()
                          ? std::filesystem::last_write_time(one.path(), error) < kStarted
                          : pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
    if (gone && !error) std::filesystem::remove(one.path(), error);
  }
}

}  // namespace entente::base
