// Who read and wrote what: one JSON line per call, by digests only, appended to a file of its own.
#ifndef ENTENTE_SERVICES_CORE_TELEMETRY_AUDIT_H_
#define ENTENTE_SERVICES_CORE_TELEMETRY_AUDIT_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "services/core/base/mutex.h"

namespace entente::telemetry {

// Thread-safe. A line is written whole with one system call, so that nothing is lost when the file
// is moved away: it goes to the old one until Tick opens the new one.
class AuditLog {
 public:
  // How much of it is kept: a file that passes `file_bytes_max` becomes "<path>.1", that one ".2"
  // and so on up to `files_max`; what is older is deleted.
  struct Limits {
    uint64_t file_bytes_max = 64 << 20;
    int files_max = 16;
  };
  // Null if the file cannot be opened for appending.
  static std::unique_ptr<AuditLog> Open(const std::string& path, Limits limits);
  static std::unique_ptr<AuditLog> Open(const std::string& path) { return Open(path, Limits()); }
  ~AuditLog();
  void Write(std::initializer_list<std::pair<std::string_view, std::string>> fields);
  // About once a second: syncs what was written, moves a full file aside, and opens the file again
  // if it was moved away. False if writing failed since the last call.
  bool Tick();

 private:
  AuditLog(std::string path, Limits limits, int fd)
      : path_(std::move(path)), limits_(limits), fd_(fd) {}
  void Rotate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const std::string path_;
  const Limits limits_;
  base::Mutex mutex_;
  int fd_ ABSL_GUARDED_BY(mutex_);
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace entente::telemetry

#endif  // ENTENTE_SERVICES_CORE_TELEMETRY_AUDIT_H_
