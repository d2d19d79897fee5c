// A folder that lives as long as a test.
#ifndef ENTENTE_SERVICES_CORE_BASE_TESTING_TEMP_DIR_H_
#define ENTENTE_SERVICES_CORE_BASE_TESTING_TEMP_DIR_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include "services/core/base/status.h"

namespace entente::base::testing {

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/entente-test-XXXXXX";
    ENTENTE_CHECK(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace entente::base::testing

#endif  // ENTENTE_SERVICES_CORE_BASE_TESTING_TEMP_DIR_H_
