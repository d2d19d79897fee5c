// Time as a dependency. Nothing outside base/ asks the system for it.
#ifndef ENTENTE_SERVICES_CORE_BASE_CLOCK_H_
#define ENTENTE_SERVICES_CORE_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace entente::base {

// Tells civil time, UTC. May go back when somebody sets the machine's clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
};

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_CLOCK_H_
