#include "services/core/rpc/connection_meter.h"

#include <algorithm>
#include <utility>

namespace entente::rpc {

void ConnectionMeter::Explain(uint64_t bytes, uint64_t expected) {
  account_ += static_cast<int64_t>(bytes + bytes / 10);
  expected_ -= std::min(expected_, static_cast<int64_t>(expected));
}

void ConnectionMeter::Read(uint64_t received, uint64_t sent, Time now) {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - read_).count();
  account_ += kBytesPerSecond * passed / 1'000'000 +
              static_cast<int64_t>(sent - std::exchange(sent_, sent)) / kSentPerByte -
              static_cast<int64_t>(received - std::exchange(received_, received));
  account_ = std::min(account_, kBurstBytes);
  read_ = now;
  if (debt() <= kDebtBytes) {
    in_debt_since_ = Time::max();
  } else if (in_debt_since_ == Time::max()) {
    in_debt_since_ = now;
  }
}

int64_t ConnectionMeter::debt() const {
  return std::max<int64_t>(0, unexplained() - expected_ - kWindowBytes * calls_);
}

bool ConnectionMeter::IsOver(Time now) const {
  return calls_ > kCallsMax || debt() > kDebtBytesMax ||
         (in_debt_since_ != Time::max() && now - in_debt_since_ >= kDebtFor);
}

}  // namespace entente::rpc
