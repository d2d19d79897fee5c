#include "services/core/telemetry/audit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/core/base/clock.h"
#include "services/core/telemetry/log.h"

namespace entente::telemetry {
namespace {

int OpenForAppending(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

}  // namespace

std::unique_ptr<AuditLog> AuditLog::Open(const std::string& path, Limits limits) {
  const int fd = OpenForAppending(path);
  if (fd < 0) return nullptr;
  return std::unique_ptr<AuditLog>(new AuditLog(path, limits, fd));
}

void AuditLog::Rotate() {
  const auto numbered = [&](int number) { return path_ + "." + std::to_string(number); };
  for (int number = limits_.files_max - 1; number >= 1; --number) {
    ::rename(numbered(number).c_str(), numbered(number + 1).c_str());
  }
  ::rename(path_.c_str(), numbered(1).c_str());
}

AuditLog::~AuditLog() {
  base::MutexLock lock(mutex_);
  ::fdatasync(fd_);
  ::close(fd_);
}

void AuditLog::Write(std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  std::string line =
      "{\"time\":\"" +
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", base::SystemClock().Now(), absl::UTCTimeZone()) +
      "\"";
  for (const auto& [name, value] : fields) {
    line += ",\"" + std::string(name) + "\":" + JsonString(value);
  }
  line += "}\n";
  base::MutexLock lock(mutex_);
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) failed_ = true;
}

bool AuditLog::Tick() {
  base::MutexLock lock(mutex_);
  struct stat here = {};
  struct stat ours = {};
  ::fstat(fd_, &ours);
  if (static_cast<uint64_t>(ours.st_size) >= limits_.file_bytes_max) Rotate();
  if (::stat(path_.c_str(), &here) != 0 || here.st_ino != ours.st_ino ||
      here.st_dev != ours.st_dev) {
    const int fresh = OpenForAppending(path_);
    if (fresh >= 0) {
      ::fdatasync(fd_);
      ::close(fd_);
      fd_ = fresh;
    } else {
      failed_ = true;
    }
  }
  if (::fdatasync(fd_) != 0) failed_ = true;
  return !std::exchange(failed_, false);
}

}  // namespace entente::telemetry
