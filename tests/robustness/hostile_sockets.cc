#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "clients/sdk/agency.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "tests/robustness/hostile.h"

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

std::string Frame(int type, int flags, uint32_t stream, const std::string& payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  const auto byte = [](uint32_t value) { return static_cast<char>(value & 0xff); };
  return std::string{byte(size >> 16),        byte(size >> 8),          byte(size),
                     static_cast<char>(type), static_cast<char>(flags), byte(stream >> 24),
                     byte(stream >> 16),      byte(stream >> 8),        byte(stream)} +
         payload;
}

enum class Flood { kHeaders, kPings, kSettings, kResets };

// Sends until it is cut; how many bytes that took.
uint64_t SendUntilCut(SSL* tls, Flood flood, absl::Time end) {
  std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, "");
  if (flood == Flood::kHeaders) bytes += Frame(1, 0, 1, "\x82");
  uint64_t sent = 0;
  uint32_t stream = 1;
  while (Now() < end) {
    for (int i = 0; i < 64; ++i) {
      switch (flood) {
        case Flood::kHeaders:
          bytes += Frame(9, 0, 1, std::string(16000, '\0'));
          break;
        case Flood::kPings:
          bytes += Frame(6, 0, 0, std::string(8, 'p'));
          break;
        case Flood::kSettings:
          bytes += Frame(4, 0, 0, std::string("\0\x01\0\0\0\0", 6));
          break;
        case Flood::kResets:
          bytes += Frame(1, 4, stream, "\x83\x87\x84") +
                   Frame(3, 0, stream, std::string("\0\0\0\x08", 4));
          stream += 2;
          break;
      }
    }
    const int written = SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
    if (written <= 0) return sent;
    sent += static_cast<uint64_t>(written);
    bytes.clear();
    char ignored[65536];
    while (SSL_pending(tls) > 0 && SSL_read(tls, ignored, sizeof ignored) > 0) {
    }
  }
  return sent;
}

}  // namespace

int RunBytes(const HostileOptions& options) {
  const absl::Time end = Now() + options.longest;
  auto agency = sdk::Agency::Load(options.config);
  ENTENTE_CHECK(agency.ok());
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const auto& config = (*agency)->config();
  ENTENTE_CHECK(SSL_CTX_use_certificate_chain_file(context.get(),
                                                   config.tls_certificate_file().c_str()) == 1);
  ENTENTE_CHECK(SSL_CTX_use_PrivateKey_file(context.get(), config.tls_key_file().c_str(),
                                            SSL_FILETYPE_PEM) == 1);
  const unsigned char alpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), alpn, sizeof alpn);
  uint64_t connections = 0;
  uint64_t bytes = 0;
  while (Now() < end) {
    for (Flood flood : {Flood::kHeaders, Flood::kPings, Flood::kSettings, Flood::kResets}) {
      const int fd = ConnectFrom(1, PortOf(options.address), true);
      if (fd < 0) {
        ::poll(nullptr, 0, 100);
        continue;
      }
      const timeval patience{10, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
      SSL_set_fd(tls.get(), fd);
      if (SSL_connect(tls.get()) == 1) bytes += SendUntilCut(tls.get(), flood, end);
      ++connections;
      ::close(fd);
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
