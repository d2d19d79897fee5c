// Accepts the service's connections itself and hands them to gRPC once they speak: this gRPC's own
// listener stops for ever when descriptors run out (CVE-2023-4785), and bounds neither connections
// nor what they buffer (CVE-2023-33953; docs/THREAT_MODEL.md).
//
// The life of a connection: waiting (accepted, silent: costs a descriptor) -> unproven (it has sent
// bytes, gRPC has it) -> proven (an authorised call came over it). Whoever is silent or unproven
// for too long is closed. When there are too many, the source with the most loses its oldest; of
// equals, one that was not proven in the last day. A connection is cut when it sends what no call
// explains (ConnectionMeter), and when memory is short, whoever has sent most of that.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_ACCEPTOR_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_ACCEPTOR_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "services/core/base/clock.h"
#include "services/core/base/mutex.h"
#include "services/core/rpc/edge/connection_meter.h"
#include "services/core/rpc/edge/lookout.h"
#include "services/core/rpc/edge/memory_plan.h"

namespace entente::rpc {

// Thread-safe.
class Acceptor {
 public:
  struct Options {
    size_t connections_max = 1024;  // proven ones and the others together
    size_t waiting_max = 1024;      // of those that have not said anything
    size_t unproven_max = 256;      // of those that gRPC has, about 50 KiB each
    size_t per_agency_max = 64;     // proven connections of one agency
    size_t per_source_max = 0;      // of one address, of any kind; 0: none, as behind a proxy
    absl::Duration speak_within = absl::Seconds(10);
    absl::Duration prove_within = absl::Seconds(20);
    // Of the process; null: memory is never short. Outlives the acceptor.
    MemoryWatch* memory = nullptr;
    // By which an agency gets its handshakes back. Outlives the acceptor.
    const base::Clock* clock = nullptr;
  };
  struct Counts {
    size_t waiting = 0;
    size_t unproven = 0;
    size_t proven = 0;
    uint64_t closed_silent = 0;       // too late, or too many, before they had said anything
    uint64_t closed_unproven = 0;     // the same before an authorised call
    uint64_t closed_unexplained = 0;  // for bytes that nothing explains
    uint64_t closed_for_memory = 0;   // the same, when memory was short
    uint64_t accept_errors = 0;
  };

  // Listens on `address`, as in "127.0.0.1:7701" or "[::]:7701"; port 0 takes a free one.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(const std::string& address,
                                                          Options options);
  ~Acceptor();

  // Adds itself to the builder, in place of a listening port; before Start.
  void AddTo(grpc::ServerBuilder& builder, std::shared_ptr<grpc::ServerCredentials> credentials);
  // Begins to hand over; the server must have started, and Stop come before its Shutdown: a
  // descriptor that is handed over otherwise is lost.
  void Start();
  // Takes no more, and closes what is not proven. Whoever is still connected after `cut_after` is
  // cut: gRPC waits for a peer that never answers as long as that pleases.
  void Stop(absl::Duration cut_after);
  int port() const { return port_; }

  // Whether an agency may finish another handshake: it has 64 that no call followed, or after
  // which the connection was cut, and one more a second. Called in the handshake, which knows no
  // address.
  bool Admit(const std::string& agency);
  // An authorised call of an agency came over the connection with this peer (ServerContext::peer).
  // False if the agency has too many connections: this one is closed.
  bool Prove(const std::string& peer, const std::string& agency);
  // Requests of up to so many bytes are being read, or wait to be: until they are, they are
  // explained.
  void Expect(const std::string& peer, uint64_t bytes);
  // It has been read, and came to so many bytes; so many are expected no longer.
  void Explain(const std::string& peer, uint64_t bytes, uint64_t expected);
  // It could not be read, or nothing more will be.
  void Unread(const std::string& peer, uint64_t expected);
  // A call has begun over it, and ended: while it is open, the window of its stream may be full.
  // Opens no more than an honest client does: beyond, the connection is cut.
  void CallOpened(const std::string& peer);
  void CallEnded(const std::string& peer);
  Counts counts() const;

 private:
  struct Connection {
    int fd = -1;       // ours: the connection itself while waiting, then a duplicate of gRPC's
    int grpc_fd = -1;  // gRPC's, until it is handed over
    std::string source;
    std::string peer;  // as gRPC writes it
    std::string agency;
    std::chrono::steady_clock::time_point since;
    ConnectionMeter meter{since};
  };
  using Connections = std::list<Connection>;  // oldest first

  Acceptor(int listener, int port, Options options);
  void Watch();
  void CutAfter(absl::Duration longest);
  void AcceptAll();
  // It has spoken: from here on it is HandOverAll's.
  void TakeUp(int fd);
  // On threads of its own. gRPC may keep one for as long as a connection sends without a pause; the
  // watcher ends what nothing explains.
  void HandOverAll();
  // The next connection's descriptor, or -1 when stopped. Waits.
  int NextToHandOver();
  void Look();
  // Logs what was cut: not by whoever cuts, for a log may have to wait.
  void TellOfCuts();
  void ReadMeters(std::chrono::steady_clock::time_point now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // True if somebody was cut. `suspects`: also those who are not in debt.
  bool CutForMemory(std::chrono::steady_clock::time_point now, bool suspects)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cut(Connections& from, Connections::iterator connection, std::string_view why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Cuts what no honest client's connection comes to; it costs the agency handshakes.
  void CutAndCharge(Connections& from, Connections::iterator connection, std::string_view why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Close(Connections& from, Connections::iterator connection)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseOldest(Connections& from, size_t most, uint64_t& counter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseLate(Connections& from, absl::Duration within, uint64_t& counter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Handshakes that an agency has left, after a change by so many.
  double ChangeHandshakes(const std::string& agency, double change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsKnown(const std::string& source) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const int listener_;
  const int port_;
  int spare_ = -1;  // a descriptor in reserve, for turning away when there are none
  int epoll_ = -1;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> ended_{false};
  mutable base::Mutex mutex_;
  base::CondVar taken_up_;
  Connections waiting_ ABSL_GUARDED_BY(mutex_);
  Connections unproven_ ABSL_GUARDED_BY(mutex_);
  Connections proven_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Connections::iterator, std::less<>> by_peer_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> per_source_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> per_agency_ ABSL_GUARDED_BY(mutex_);
  struct Handshakes {
    double left = 0;
    absl::Time at;
  };
  std::map<std::string, Handshakes> handshakes_ ABSL_GUARDED_BY(mutex_);  // by agency
  // When a connection from there was last proven.
  std::map<std::string, std::chrono::steady_clock::time_point> known_ ABSL_GUARDED_BY(mutex_);
  // While memory is short: when somebody may be cut next whom no debt speaks against, and how long
  // it then takes until the next.
  std::chrono::steady_clock::time_point next_suspect_ ABSL_GUARDED_BY(mutex_);
  std::chrono::seconds suspect_every_ ABSL_GUARDED_BY(mutex_){1};
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  struct CutConnection {
    std::string_view why;
    std::string peer;
    std::string agency;
    int64_t bytes = 0;  // that no call explained
    int calls = 0;
  };
  std::vector<CutConnection> cut_ ABSL_GUARDED_BY(mutex_);  // and not told of, kTellMax at most
  uint64_t cut_untold_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<Lookout> lookout_;
  std::thread watcher_;
  std::vector<std::thread> hand_over_;
};

// A call that is open on a connection, from its headers until nothing of it is left. Movable.
class OpenCall {
 public:
  OpenCall() = default;
  // Of no connection if `acceptor` is null.
  OpenCall(Acceptor* acceptor, std::string peer);
  OpenCall(OpenCall&& other) noexcept { *this = std::move(other); }
  OpenCall& operator=(OpenCall&& other) noexcept;
  ~OpenCall();

 private:
  Acceptor* acceptor_ = nullptr;
  std::string peer_;
};

// Raises this process's limit on descriptors as far as it may; what it is then.
size_t RaiseDescriptorLimit();

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_ACCEPTOR_H_
