#include "services/core/rpc/edge/connection_meter.h"

#include <algorithm>
#include <utility>

namespace entente::rpc {

void ConnectionMeter::Explain(uint64_t bytes, uint64_t expected) {
  expected_ -= std::min(expected_, static_cast<int64_t>(expected));
  messages_ += static_cast<int64_t>(bytes);
  account_ += static_cast<int64_t>(bytes + bytes / 64) + kFrameBytes;
}

void ConnectionMeter::Unread(uint64_t expected) {
  const int64_t missing = std::min(expected_, static_cast<int64_t>(expected));
  expected_ -= missing;
  AddGrace(missing);
}

void ConnectionMeter::CallEnded() {
  // Those of an earlier connection from the same address may end on this one's account.
  calls_ = std::max(0, calls_ - 1);
  AddGrace(kWindowBytes);
}

void ConnectionMeter::AddGrace(int64_t bytes) {
  grace_ = std::min(grace_ + bytes, kGraceBytesMax - owed_);
  grace_until_ = read_ + kGraceFor;
}

void ConnectionMeter::Read(uint64_t received, uint64_t sent, Time now) {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - read_).count();
  read_ = now;
  const int64_t paid = std::min(owed_, kOwedBytesPerSecond * passed / 1'000'000);
  owed_ -= paid;
  account_ += paid + kBytesPerSecond * passed / 1'000'000 +
              static_cast<int64_t>(sent - std::exchange(sent_, sent)) / kSentPerByte -
              static_cast<int64_t>(received - std::exchange(received_, received));
  account_ = std::min(account_, kBurstBytes);
  if (now > grace_until_) grace_ = 0;
  const int64_t missing = std::clamp<int64_t>(Shortfall(), 0, grace_);
  owed_ += missing;
  grace_ -= missing;
  looks_in_debt_ = debt() > kDebtBytes ? looks_in_debt_ + 1 : 0;
}

int64_t ConnectionMeter::Shortfall() const {
  return unexplained() - std::min(expected_, kExpectedBytesMax) -
         kWindowBytes * std::min(calls_, kWindowsMax) - owed_;
}

int64_t ConnectionMeter::debt() const { return std::max<int64_t>(0, Shortfall() - grace_); }

bool ConnectionMeter::IsOver() const {
  return calls_ > kCallsMax || debt() > kDebtBytesMax ||
         (looks_in_debt_ >= kDebtLooks && debt() > kDebtBytes);
}

}  // namespace entente::rpc
