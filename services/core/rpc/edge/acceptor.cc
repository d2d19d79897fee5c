#include "services/core/rpc/edge/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/server_builder.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>
#include <utility>

#include "services/core/base/status.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;
using Clock = std::chrono::steady_clock;

// How often bytes are looked at, and how long nobody may have looked: in between, a connection
// sends what it likes.
constexpr auto kLookEvery = std::chrono::milliseconds(20);
constexpr auto kLookLateAfter = std::chrono::milliseconds(40);
// Cuts that are told one by one, of those between two turns of the watcher.
constexpr size_t kTellMax = 256;
// What waits in the kernel for a connection is read by gRPC even when it is cut by then.
constexpr int kReceiveBufferBytes = 128 << 10;  // of which the kernel makes twice as much
constexpr double kHandshakesMax = 64;
constexpr double kHandshakesPerSecond = 1;
// What a cut costs beside: whoever is cut again and again comes back every few seconds.
constexpr double kHandshakesPerCut = 4;
// As many connections may keep one at once before the next has to wait for a cut.
constexpr int kHandOverThreads = 4;
// Sources that are remembered: an agency has few.
constexpr size_t kKnownMax = 4096;
constexpr auto kKnownFor = std::chrono::hours(24);

absl::Status CannotListen(const std::string& address, std::string_view why) {
  return base::Refuse(absl::StatusCode::kUnavailable, Reason::kConfigurationInvalid,
                      "cannot listen on {}: {}", address, why);
}

// "ipv4:127.0.0.1:4242" and its source, "127.0.0.1", as gRPC writes peers (grpc_sockaddr_to_uri).
std::pair<std::string, std::string> PeerOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    return {fmt::format("ipv4:{}:{}", text, ntohs(four.sin_port)), text};
  }
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
  if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
    inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, sizeof text);
    return {fmt::format("ipv4:{}:{}", text, ntohs(six.sin6_port)), text};
  }
  inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
  std::string peer = fmt::format("ipv6:%5B{}%5D:{}", text, ntohs(six.sin6_port));
  // Whoever has one address of a network of 64 bits has them all.
  in6_addr network = six.sin6_addr;
  std::fill(network.s6_addr + 8, network.s6_addr + 16, 0);
  inet_ntop(AF_INET6, &network, text, sizeof text);
  return {std::move(peer), text};
}

int OpenSpare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

size_t RaiseDescriptorLimit() {
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(limit.rlim_cur);
}

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(const std::string& address,
                                                           Options options) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "it must be HOST:PORT");
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.empty() ? nullptr : host.c_str(), address.c_str() + colon + 1, &hints,
                    &found) != 0) {
    return CannotListen(address, "no such address");
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, ::freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Connections inherit it; later it could not widen the window any more.
  const int buffer = kReceiveBufferBytes;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (fd < 0 || ::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, 1024) != 0) {
    const std::string why = errno == EADDRINUSE ? "the port is taken" : std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return CannotListen(address, why);
  }
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const int port =
      ntohs(bound.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                                       : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  return std::unique_ptr<Acceptor>(new Acceptor(fd, port, options));
}

Acceptor::Acceptor(int listener, int port, Options options)
    : options_(options),
      listener_(listener),
      port_(port),
      spare_(OpenSpare()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      lookout_(std::make_unique<Lookout>([this] { Look(); }, kLookLateAfter)) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = listener_;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

Acceptor::~Acceptor() {
  Stop(absl::ZeroDuration());
  ended_ = true;
  watcher_.join();
  lookout_.reset();
  base::MutexLock lock(mutex_);
  for (Connections* list : {&waiting_, &unproven_, &proven_}) {
    for (const Connection& connection : *list) ::close(connection.fd);
  }
  ::close(epoll_);
  ::close(spare_);
}

void Acceptor::AddTo(grpc::ServerBuilder& builder,
                     std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      std::move(credentials));
}

void Acceptor::Start() {
  watcher_ = std::thread([this] { Watch(); });
  for (int i = 0; i < kHandOverThreads; ++i) {
    hand_over_.emplace_back([this] { HandOverAll(); });
  }
}

void Acceptor::Stop(absl::Duration cut_after) {
  if (stopped_.exchange(true)) return;
  if (watcher_.joinable()) watcher_.join();
  ::close(listener_);  // who comes now is refused at once
  {
    base::MutexLock lock(mutex_);
    taken_up_.NotifyAll();
    while (!waiting_.empty()) Close(waiting_, waiting_.begin());
    while (!unproven_.empty()) Close(unproven_, unproven_.begin());
  }
  watcher_ = std::thread([this, cut_after] { CutAfter(cut_after); });
  for (std::thread& thread : hand_over_) thread.join();
}

void Acceptor::CutAfter(absl::Duration longest) {
  const auto cut_at = Clock::now() + absl::ToChronoNanoseconds(longest);
  while (!ended_) {
    ::poll(nullptr, 0, 50);
    lookout_->Look();
    TellOfCuts();
    if (Clock::now() < cut_at) continue;
    base::MutexLock lock(mutex_);
    while (!proven_.empty()) Close(proven_, proven_.begin());
  }
}

void Acceptor::Watch() {
  constexpr int kStepMs = static_cast<int>(kLookEvery.count());
  auto next_look = Clock::now();
  while (!stopped_) {
    epoll_event events[64];
    const int count = ::epoll_wait(epoll_, events, 64, kStepMs);
    bool more = false;
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == listener_) {
        more = true;
      } else {
        TakeUp(events[i].data.fd);
      }
    }
    if (more) AcceptAll();
    if (Clock::now() < next_look) continue;
    next_look = Clock::now() + kLookEvery;
    lookout_->Look();
    TellOfCuts();
  }
}

void Acceptor::AcceptAll() {
  // As many as one turn may take: those that speak are not kept waiting.
  for (int i = 0; i < 64; ++i) {
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    int fd = ::accept4(listener_, reinterpret_cast<sockaddr*>(&address), &size,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
      // With the descriptor in reserve the caller is turned away, rather than left to wait.
      ::close(spare_);
      fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) ::close(fd);
      spare_ = OpenSpare();
      base::MutexLock lock(mutex_);
      ++counts_.accept_errors;
      if (!waiting_.empty()) Close(waiting_, waiting_.begin());
      continue;
    }
    if (fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      base::MutexLock lock(mutex_);
      ++counts_.accept_errors;  // of that connection, which is gone; others wait
      continue;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto [peer, source] = PeerOf(address);
    base::MutexLock lock(mutex_);
    if (options_.per_source_max > 0 && per_source_[source] >= options_.per_source_max) {
      ::close(fd);
      ++counts_.closed_silent;
      continue;
    }
    ++per_source_[source];
    Connection& connection = waiting_.emplace_back();
    connection.fd = fd;
    connection.source = std::move(source);
    connection.peer = std::move(peer);
    connection.since = Clock::now();
    connection.meter = ConnectionMeter(connection.since);
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    MakeRoom();
  }
}

bool Acceptor::IsKnown(const std::string& source) const {
  const auto it = known_.find(source);
  return it != known_.end() && Clock::now() - it->second < kKnownFor;
}

// Of a list beyond its limit the oldest of whoever has the most; of equals, of one that is not
// known.
void Acceptor::CloseOldest(Connections& from, size_t most, uint64_t& counter) {
  while (from.size() > most) {
    std::map<std::string_view, size_t> counts;
    size_t largest = 0;
    for (const Connection& one : from) largest = std::max(largest, ++counts[one.source]);
    auto chosen = from.end();
    for (auto it = from.begin(); it != from.end(); ++it) {
      if (counts[it->source] != largest) continue;
      const bool unknown = !IsKnown(it->source);
      if (chosen == from.end() || unknown) chosen = it;
      if (unknown) break;
    }
    Close(from, chosen);
    ++counter;
  }
}

void Acceptor::CloseLate(Connections& from, absl::Duration within, uint64_t& counter) {
  const auto since = Clock::now() - absl::ToChronoNanoseconds(within);
  while (!from.empty() && from.front().since < since) {
    Close(from, from.begin());
    ++counter;
  }
}

void Acceptor::MakeRoom() {
  const size_t others = options_.connections_max > proven_.size()
                            ? options_.connections_max - proven_.size()
                            : size_t{16};
  CloseOldest(unproven_, std::min(options_.unproven_max, others), counts_.closed_unproven);
  const size_t left = others > unproven_.size() ? others - unproven_.size() : size_t{16};
  CloseOldest(waiting_, std::min(options_.waiting_max, left), counts_.closed_silent);
}

void Acceptor::Close(Connections& from, Connections::iterator connection) {
  ::shutdown(connection->fd, SHUT_RDWR);  // gRPC's part ends with it
  ::close(connection->fd);
  if (connection->grpc_fd >= 0) ::close(connection->grpc_fd);
  auto source = per_source_.find(connection->source);
  if (source != per_source_.end() && --source->second == 0) per_source_.erase(source);
  if (!connection->agency.empty() && --per_agency_[connection->agency] == 0) {
    per_agency_.erase(connection->agency);
  }
  auto known = by_peer_.find(connection->peer);
  if (known != by_peer_.end() && known->second == connection) by_peer_.erase(known);
  from.erase(connection);
}

void Acceptor::TakeUp(int fd) {
  base::MutexLock lock(mutex_);
  const auto connection = std::find_if(waiting_.begin(), waiting_.end(),
                                       [&](const Connection& one) { return one.fd == fd; });
  if (connection == waiting_.end()) return;  // closed a moment ago
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  char first = 0;
  const int ours =
      ::recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ? ::fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (ours < 0) {  // it went away, or there is no descriptor to watch it by
    Close(waiting_, connection);
    return;
  }
  connection->fd = ours;
  connection->grpc_fd = fd;
  connection->since = Clock::now();
  by_peer_[connection->peer] = connection;
  unproven_.splice(unproven_.end(), waiting_, connection);
  MakeRoom();
  taken_up_.NotifyOne();
}

int Acceptor::NextToHandOver() {
  base::MutexLock lock(mutex_);
  while (!stopped_) {
    for (Connection& connection : unproven_) {
      if (connection.grpc_fd < 0) continue;
      connection.since = Clock::now();
      return std::exchange(connection.grpc_fd, -1);
    }
    taken_up_.Wait(mutex_);
  }
  return -1;
}

void Acceptor::HandOverAll() {
  for (int fd = NextToHandOver(); fd >= 0; fd = NextToHandOver()) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.listener_fd = listener_;
    parameters.fd = fd;
    grpc_->HandleNewConnection(&parameters);
  }
}

double Acceptor::ChangeHandshakes(const std::string& agency, double change) {
  const absl::Time now = options_.clock->Now();
  auto [it, is_new] = handshakes_.try_emplace(agency, Handshakes{kHandshakesMax, now});
  Handshakes& account = it->second;
  const double passed = std::max(0.0, absl::ToDoubleSeconds(now - account.at));
  account.at = now;
  account.left =
      std::clamp(account.left + passed * kHandshakesPerSecond + change, 0.0, kHandshakesMax);
  return account.left;
}

bool Acceptor::Admit(const std::string& agency) {
  base::MutexLock lock(mutex_);
  if (ChangeHandshakes(agency, 0) < 1) return false;
  ChangeHandshakes(agency, -1);
  return true;
}

bool Acceptor::Prove(const std::string& peer, const std::string& agency) {
  base::MutexLock lock(mutex_);
  auto it = by_peer_.find(peer);
  // Unknown: closed a moment ago, or a test's channel within the process.
  if (it == by_peer_.end() || !it->second->agency.empty()) return true;
  const auto connection = it->second;
  size_t& count = per_agency_[agency];
  if (count >= options_.per_agency_max) {
    Close(unproven_, connection);
    return false;
  }
  ++count;
  ChangeHandshakes(agency, 1);
  connection->agency = agency;
  known_[connection->source] = Clock::now();
  if (known_.size() > kKnownMax) {
    known_.erase(std::min_element(known_.begin(), known_.end(), [](const auto& a, const auto& b) {
      return a.second < b.second;
    }));
  }
  proven_.splice(proven_.end(), unproven_, connection);
  return true;
}

void Acceptor::Expect(const std::string& peer, uint64_t bytes) {
  base::MutexLock lock(mutex_);
  auto it = by_peer_.find(peer);
  if (it != by_peer_.end()) it->second->meter.Expect(bytes);
}

void Acceptor::Explain(const std::string& peer, uint64_t bytes, uint64_t expected) {
  base::MutexLock lock(mutex_);
  auto it = by_peer_.find(peer);
  if (it != by_peer_.end()) it->second->meter.Explain(bytes, expected);
}

void Acceptor::Unread(const std::string& peer, uint64_t expected) {
  base::MutexLock lock(mutex_);
  auto it = by_peer_.find(peer);
  if (it != by_peer_.end()) it->second->meter.Unread(expected);
}

void Acceptor::CallOpened(const std::string& peer) {
  base::MutexLock lock(mutex_);
  auto it = by_peer_.find(peer);
  if (it == by_peer_.end()) return;
  const auto connection = it->second;
  connection->meter.CallOpened();
  // Not only at the next look: calls are what costs most.
  if (connection->meter.calls() <= ConnectionMeter::kCallsMax) return;
  CutAndCharge(connection->agency.empty() ? unproven_ : proven_, connection,
               "it opens too many calls");
}

void Acceptor::CallEnded(const std::string& peer) {
  base::MutexLock lock(mutex_);
  auto it = by_peer_.find(peer);
  if (it != by_peer_.end()) it->second->meter.CallEnded();
}

// Ends it with all that waits to be read: a mere shutdown would leave that to gRPC.
void Acceptor::Cut(Connections& from, Connections::iterator connection, std::string_view why) {
  if (cut_.size() < kTellMax) {
    cut_.push_back({why, connection->peer, connection->agency, connection->meter.unexplained(),
                    connection->meter.calls()});
  } else {
    ++cut_untold_;
  }
  sockaddr nowhere = {};
  nowhere.sa_family = AF_UNSPEC;
  static_cast<void>(::connect(connection->fd, &nowhere, sizeof nowhere));
  Close(from, connection);
}

void Acceptor::CutAndCharge(Connections& from, Connections::iterator connection,
                            std::string_view why) {
  if (!connection->agency.empty()) ChangeHandshakes(connection->agency, -kHandshakesPerCut);
  Cut(from, connection, why);
  ++counts_.closed_unexplained;
}

void Acceptor::TellOfCuts() {
  std::vector<CutConnection> cut;
  uint64_t untold = 0;
  {
    base::MutexLock lock(mutex_);
    cut.swap(cut_);
    untold = std::exchange(cut_untold_, 0);
  }
  for (const CutConnection& one : cut) {
    telemetry::Log(telemetry::Level::kWarn, "connection cut: " + std::string(one.why),
                   {{telemetry::field::kPeer, one.peer},
                    {telemetry::field::kCaller, one.agency},
                    {"bytes", std::to_string(one.bytes)},
                    {"calls", std::to_string(one.calls)}});
  }
  if (untold == 0) return;
  telemetry::Log(telemetry::Level::kWarn, "connections cut, too many to tell one by one",
                 {{"connections", std::to_string(untold)}});
}

// Fifty times a second, or before a read where that is late: who has gone, who is late, who sends
// what nothing explains.
void Acceptor::Look() {
  const auto now = Clock::now();
  const bool is_short = options_.memory != nullptr && options_.memory->IsShort();
  {
    base::MutexLock lock(mutex_);
    CloseLate(waiting_, options_.speak_within, counts_.closed_silent);
    CloseLate(unproven_, options_.prove_within, counts_.closed_unproven);
    ReadMeters(now);
    if (!is_short) suspect_every_ = std::chrono::seconds(1);
    if (!is_short || CutForMemory(now, /*suspects=*/false)) return;
  }
  // What those held who were cut before may be free, and not yet the system's.
  if (!options_.memory->Trim() || !options_.memory->IsShort()) return;
  base::MutexLock lock(mutex_);
  CutForMemory(now, /*suspects=*/true);
}

void Acceptor::ReadMeters(Clock::time_point now) {
  for (Connections* list : {&unproven_, &proven_}) {
    for (auto it = list->begin(); it != list->end();) {
      const auto connection = it++;
      tcp_info info = {};
      socklen_t size = sizeof info;
      if (::getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) continue;
      constexpr int kEstablished = 1;
      constexpr int kCloseWait = 8;  // the peer has closed, gRPC not yet
      if (info.tcpi_state != kEstablished && info.tcpi_state != kCloseWait) {
        Close(*list, connection);
        continue;
      }
      connection->meter.Read(info.tcpi_bytes_received, info.tcpi_bytes_acked, now);
      if (!connection->meter.IsOver()) continue;
      CutAndCharge(*list, connection, "it sends what no call explains");
    }
  }
}

// Whoever sent most of what no call explains loses those connections: an agency, or an address that
// no agency is known for yet. Where that is no debt, the sender may be honest, and where nobody
// sent any, somebody has saved up within what everybody may: such suspects are cut once a second,
// and more and more seldom while that does not help.
bool Acceptor::CutForMemory(Clock::time_point now, bool suspects) {
  struct Sum {
    int64_t unexplained = 0;
    int64_t overhead = 0;
    int64_t debt = 0;
    bool operator<(const Sum& other) const {
      return std::tuple(in_debt(), unexplained, overhead) <
             std::tuple(other.in_debt(), other.unexplained, other.overhead);
    }
    bool in_debt() const { return debt > ConnectionMeter::kDebtBytes; }
  };
  const auto party = [](const Connection& one) {
    return one.agency.empty() ? "address " + one.source : one.agency;
  };
  std::map<std::string, Sum> sums;
  for (const Connections* list : {&unproven_, &proven_}) {
    for (const Connection& connection : *list) {
      Sum& sum = sums[party(connection)];
      sum.unexplained += connection.meter.unexplained();
      sum.overhead += connection.meter.overhead();
      sum.debt += connection.meter.debt();
    }
  }
  const auto most = std::max_element(
      sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == sums.end()) return false;
  if (!most->second.in_debt()) {
    if (!suspects || now < next_suspect_) return false;
    next_suspect_ = now + suspect_every_;
    suspect_every_ = std::min(2 * suspect_every_, std::chrono::seconds(64));
  }
  for (Connections* list : {&unproven_, &proven_}) {
    for (auto it = list->begin(); it != list->end();) {
      const auto connection = it++;
      if (party(*connection) != most->first) continue;
      if (most->second.unexplained > 0 && connection->meter.unexplained() == 0) continue;
      Cut(*list, connection, "memory is short, and it sent most that no call explains");
      ++counts_.closed_for_memory;
    }
  }
  return true;
}

Acceptor::Counts Acceptor::counts() const {
  base::MutexLock lock(mutex_);
  Counts counts = counts_;
  counts.waiting = waiting_.size();
  counts.unproven = unproven_.size();
  counts.proven = proven_.size();
  return counts;
}

OpenCall::OpenCall(Acceptor* acceptor, std::string peer)
    : acceptor_(acceptor), peer_(std::move(peer)) {
  if (acceptor_ != nullptr) acceptor_->CallOpened(peer_);
}

OpenCall& OpenCall::operator=(OpenCall&& other) noexcept {
  std::swap(acceptor_, other.acceptor_);
  std::swap(peer_, other.peer_);
  return *this;
}

OpenCall::~OpenCall() {
  if (acceptor_ != nullptr) acceptor_->CallEnded(peer_);
}

}  // namespace entente::rpc
