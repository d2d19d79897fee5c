#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "clients/sdk/agency.h"
#include "services/core/base/bytes.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "tests/robustness/hostile.h"
#include "tests/support/raw_http2.h"

namespace entente::robustness {
namespace {

absl::Time Now() { return base::SystemClock().Now(); }

sockaddr_in Loopback(int host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(0x7f000000U + static_cast<uint32_t>(host));
  return address;
}

// A connection from 127.0.0.`host`, or -1.
int ConnectFrom(int host, int port, bool wait) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
  if (fd < 0) return -1;
  const sockaddr_in from = Loopback(host, 0);
  const sockaddr_in to = Loopback(1, port);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
      (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ||
       errno == EINPROGRESS)) {
    return fd;
  }
  ::close(fd);
  return -1;
}

int PortOf(const std::string& address) { return std::stoi(address.substr(address.rfind(':') + 1)); }

}  // namespace

int RunBytes(const HostileOptions& options) {
  const absl::Time end = Now() + options.longest;
  auto agency = sdk::Agency::Load(options.config);
  ENTENTE_CHECK(agency.ok());
  const auto chain = base::ReadFile((*agency)->config().tls_certificate_file());
  const auto key = base::ReadFile((*agency)->config().tls_key_file());
  ENTENTE_CHECK(chain.has_value() && key.has_value());
  std::atomic<uint64_t> connections{0};
  std::atomic<uint64_t> bytes{0};
  // Alone, and then many at once.
  const auto play = [&](testing::Flood flood) {
    const int fd = ConnectFrom(1, PortOf(options.address), true);
    if (fd < 0) {
      ::poll(nullptr, 0, 100);
      return;
    }
    if (auto http = testing::RawHttp2::Connect(fd, *chain, *key)) {
      bytes += http->SendUntilCut(flood, std::min(end - Now(), absl::Seconds(10))).bytes;
    }
    ++connections;
  };
  while (Now() < end) {
    for (const testing::Flood flood : testing::kFloods) play(flood);
    for (const testing::Flood flood : testing::kFloods) {
      std::vector<std::thread> players;
      for (int i = 0; i < 16; ++i) players.emplace_back(play, flood);
      for (std::thread& player : players) player.join();
    }
  }
  std::cout << "hostile bytes: " << connections << " connections, " << (bytes >> 20) << " MiB\n";
  return 0;
}

int RunStrangers(const HostileOptions& options) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const size_t held_max = std::min<size_t>(20000, limit.rlim_cur - 100);
  // What a client says first: a handshake record that announces more than ever comes.
  const std::string greeting =
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(506, 'g');
  const absl::Time begin = Now();
  const absl::Time end = begin + options.longest;
  const int port = PortOf(options.address);
  std::deque<int> held;
  uint64_t opened = 0;
  uint64_t failed = 0;
  uint64_t greeted = 0;
  size_t most = 0;
  // 100,000 within five minutes.
  constexpr double kPerSecond = 340;
  while (Now() < end) {
    const double passed = absl::ToDoubleSeconds(Now() - begin);
    while (static_cast<double>(opened + failed) < passed * kPerSecond) {
      const int fd = ConnectFrom(2 + static_cast<int>(opened % 8), port, false);
      if (fd < 0) {
        ++failed;
        continue;
      }
      ++opened;
      held.push_back(fd);
      // Half of them greet, once they are connected.
      if (static_cast<double>(greeted) < passed * 200 && held.size() > 10) {
        greeted += ::send(held[held.size() - 10], greeting.data(), greeting.size(),
                          MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
      }
      while (held.size() > held_max) {
        ::close(held.front());
        held.pop_front();
      }
      most = std::max(most, held.size());
    }
    ::poll(nullptr, 0, 10);
  }
  for (const int fd : held) ::close(fd);
  std::cout << "strangers: " << opened << " opened, " << failed << " refused, " << greeted
            << " greetings, " << most << " held\n";
  return 0;
}

}  // namespace entente::robustness
