#include "services/core/base/clock.h"

#include "absl/time/clock.h"

namespace entente::base {

absl::Time SystemClock::Now() const { return absl::Now(); }

}  // namespace entente::base
