// A directory that a test sets.
#ifndef ENTENTE_TESTS_SUPPORT_STATIC_DIRECTORY_H_
#define ENTENTE_TESTS_SUPPORT_STATIC_DIRECTORY_H_

#include <functional>
#include <memory>
#include <utility>

#include "services/core/base/mutex.h"
#include "services/core/identity/directory_source.h"

namespace entente::testing {

class StaticDirectory final : public identity::DirectorySource {
 public:
  explicit StaticDirectory(std::shared_ptr<const identity::Directory> directory)
      : directory_(std::move(directory)) {}
  std::shared_ptr<const identity::Directory> Get() const override {
    base::MutexLock lock(mutex_);
    return directory_;
  }
  void OnChange(std::function<void()> changed) override {
    base::MutexLock lock(mutex_);
    changed_ = std::move(changed);
  }
  void Set(std::shared_ptr<const identity::Directory> directory) {
    std::function<void()> changed;
    {
      base::MutexLock lock(mutex_);
      directory_ = std::move(directory);
      changed = changed_;
    }
    if (changed) changed();
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const identity::Directory> directory_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> changed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_STATIC_DIRECTORY_H_
