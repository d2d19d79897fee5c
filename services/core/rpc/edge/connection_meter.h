// What a connection has sent beyond what its calls explain. This gRPC makes up to a thousand bytes
// of memory from one byte that arrives: headers that never end, streams that are opened without
// heed of its limits, which hold only once a client has confirmed them. So bytes are watched.
//
// An account in bytes, as of a token bucket. What arrives is taken off. What calls' messages come
// to, with their headers, is put on, and a little for time and for what was sent, which the peer
// answers with window updates. At each look it is cut down to kBurstBytes: what was explained
// yesterday pays for nothing today.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_CONNECTION_METER_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_CONNECTION_METER_H_

#include <chrono>
#include <cstdint>

namespace entente::rpc {

// Not thread-safe.
class ConnectionMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A handshake with its certificates, and HTTP/2's own frames.
  static constexpr int64_t kBurstBytes = 16 << 10;
  static constexpr int64_t kBytesPerSecond = 256;
  static constexpr int64_t kSentPerByte = 128;
  // A message's frames and TLS records and its call's headers, beside 1/64 of its bytes.
  static constexpr int64_t kFrameBytes = 320;
  // Of calls that are open: the windows of their streams, of as many as an honest client has, and
  // of what is being read, or waits to be, so much.
  static constexpr int64_t kWindowBytes = 64 << 10;
  static constexpr int kWindowsMax = 64;
  static constexpr int64_t kExpectedBytesMax = 8 << 20;
  // Of calls that ended unread: their requests come all the same, for a while. What came of them
  // is owed, and paid off with time.
  static constexpr int64_t kGraceBytesMax = (1 << 20) + (512 << 10);
  static constexpr std::chrono::seconds kGraceFor{2};
  static constexpr int64_t kOwedBytesPerSecond = 16 << 10;
  // A debt that is over at once, and one that is over when it is there at so many looks: calls that
  // have arrived are not all known yet.
  static constexpr int64_t kDebtBytesMax = 96 << 10;
  static constexpr int64_t kDebtBytes = 32 << 10;
  static constexpr int kDebtLooks = 5;
  // Calls that are open at once. gRPC's own limit is 64, and its clients keep to that.
  static constexpr int kCallsMax = 256;

  explicit ConnectionMeter(Time now) : read_(now) {}

  // Requests of up to so many bytes are being read, or wait to be: until they are, they may be
  // missing.
  void Expect(uint64_t bytes) { expected_ += static_cast<int64_t>(bytes); }
  // A message of so many bytes has been read; so many are expected no longer.
  void Explain(uint64_t bytes, uint64_t expected);
  // Reading it failed, or nothing more is read.
  void Unread(uint64_t expected);
  void CallOpened() { ++calls_; }
  void CallEnded();
  // A look: the socket's counters, each since the connection began.
  void Read(uint64_t received, uint64_t sent, Time now);

  // Bytes beyond the burst that no call has explained.
  int64_t unexplained() const { return account_ < 0 ? -account_ : 0; }
  // The same beyond what calls may still explain, or could not.
  int64_t debt() const;
  // Bytes in all that were no message: what a client's frames come to who has nothing to hide, and
  // what somebody has saved up who sends a little more than that for a long time.
  int64_t overhead() const { return static_cast<int64_t>(received_) - messages_; }
  int calls() const { return calls_; }
  // True if the connection is to be cut.
  bool IsOver() const;

 private:
  void AddGrace(int64_t bytes);
  // What open calls will not explain, and nobody owes yet; negative: there is room.
  int64_t Shortfall() const;

  int64_t account_ = kBurstBytes;
  int64_t expected_ = 0;
  int64_t grace_ = 0;
  int64_t owed_ = 0;
  int64_t messages_ = 0;
  int calls_ = 0;
  int looks_in_debt_ = 0;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
  Time read_;
  Time grace_until_;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_CONNECTION_METER_H_
