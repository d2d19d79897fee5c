// What a connection has sent beyond what its calls explain. This gRPC makes up to a thousand bytes
// of memory from one byte that arrives: headers that never end, streams that are opened without
// heed of its limits, which hold only once a client has confirmed them. So bytes are watched.
//
// An account in bytes, as of a token bucket: what arrives is taken off; what a call's request came
// to is put on, with a tenth for its frames, and a little for time and for what was sent, which
// the peer answers with window updates. It never holds more than kBurstBytes: what was explained
// yesterday pays for nothing today.
#ifndef ENTENTE_SERVICES_CORE_RPC_CONNECTION_METER_H_
#define ENTENTE_SERVICES_CORE_RPC_CONNECTION_METER_H_

#include <chrono>
#include <cstdint>

namespace entente::rpc {

// Not thread-safe.
class ConnectionMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A handshake with its certificates, and HTTP/2's own frames.
  static constexpr int64_t kBurstBytes = 16 << 10;
  // What may wait unread for a call that is open: the window of its stream.
  static constexpr int64_t kWindowBytes = 64 << 10;
  static constexpr int64_t kBytesPerSecond = 256;
  static constexpr int64_t kSentPerByte = 64;
  // A debt that is over at once, whatever explains it later, and one that is borne for a while:
  // calls that have arrived are not all known yet.
  static constexpr int64_t kDebtBytesMax = 96 << 10;
  static constexpr int64_t kDebtBytes = 32 << 10;
  static constexpr std::chrono::milliseconds kDebtFor{100};
  // Calls that are open at once. gRPC's own limit is 64, and its clients keep to that.
  static constexpr int kCallsMax = 256;

  explicit ConnectionMeter(Time now) : read_(now) {}

  // A request of up to so many bytes is being read: until it is, they may be missing.
  void Expect(uint64_t bytes) { expected_ += static_cast<int64_t>(bytes); }
  // So many bytes of what came are explained, and so many are expected no longer.
  void Explain(uint64_t bytes, uint64_t expected);
  void CallOpened() { ++calls_; }
  void CallEnded() { --calls_; }
  // The socket's counters, each since the connection began.
  void Read(uint64_t received, uint64_t sent, Time now);

  // Bytes beyond the burst that no call has explained.
  int64_t unexplained() const { return account_ < 0 ? -account_ : 0; }
  // The same beyond what open calls may still explain.
  int64_t debt() const;
  int calls() const { return calls_; }
  // True if no honest client comes to this.
  bool IsOver(Time now) const;

 private:
  int64_t account_ = kBurstBytes;
  int64_t expected_ = 0;
  int calls_ = 0;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
  Time read_;
  Time in_debt_since_ = Time::max();
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_CONNECTION_METER_H_
