// A clock that stands still until a test moves it. Thread-safe.
#ifndef ENTENTE_SERVICES_CORE_BASE_TESTING_FAKE_CLOCK_H_
#define ENTENTE_SERVICES_CORE_BASE_TESTING_FAKE_CLOCK_H_

#include <atomic>

#include "services/core/base/clock.h"

namespace entente::base::testing {

class FakeClock final : public Clock {
 public:
  // 2016-10-21T09:00:00Z, the last day of the Busan Plenary, unless told otherwise.
  explicit FakeClock(int64_t unix_seconds = 1477040400) : micros_(unix_seconds * 1'000'000) {}
  absl::Time Now() const override { return absl::FromUnixMicros(micros_.load()); }
  void Advance(absl::Duration step) { micros_ += absl::ToInt64Microseconds(step); }
  void Set(absl::Time time) { micros_ = absl::ToUnixMicros(time); }

 private:
  std::atomic<int64_t> micros_;
};

}  // namespace entente::base::testing

#endif  // ENTENTE_SERVICES_CORE_BASE_TESTING_FAKE_CLOCK_H_
