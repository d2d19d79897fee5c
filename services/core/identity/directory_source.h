// Where the newest directory comes from.
#ifndef ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_SOURCE_H_
#define ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_SOURCE_H_

#include <functional>
#include <memory>

#include "services/core/identity/directory.h"

namespace entente::identity {

// The newest directory. A later release follows POC's ledger behind this interface.
class DirectorySource {
 public:
  virtual ~DirectorySource() = default;
  // Never null. Thread-safe.
  virtual std::shared_ptr<const Directory> Get() const = 0;
  // Calls `changed` after each change, on a thread of the source. One listener may be set.
  virtual void OnChange(std::function<void()> changed) = 0;
};

}  // namespace entente::identity

#endif  // ENTENTE_SERVICES_CORE_IDENTITY_DIRECTORY_SOURCE_H_
