#include "tests/support/raw_http2.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace entente::testing {
namespace {

template <typename T, void (*free)(T*)>
struct Free {
  void operator()(T* value) const { free(value); }
};
void FreeBio(BIO* bio) { BIO_free(bio); }

std::string Frame(int type, int flags, uint32_t stream, const std::string& payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  const auto byte = [](uint32_t value) { return static_cast<char>(value & 0xff); };
  return std::string{byte(size >> 16),        byte(size >> 8),          byte(size),
                     static_cast<char>(type), static_cast<char>(flags), byte(stream >> 24),
                     byte(stream >> 16),      byte(stream >> 8),        byte(stream)} +
         payload;
}

// A header that the table keeps (RFC 7541, 6.2.1).
std::string Header(const std::string& name, const std::string& value) {
  return std::string("\x40") + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

constexpr int kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kContinuation = 9;
constexpr int kEndHeaders = 4;

// Of a call that asks for denials; after the first, all are in the table.
std::string CallHeaders(bool first) {
  if (!first) return "\x83\x87\xc1\xc0\xbf\xbe";
  return "\x83\x87" + Header(":path", "/entente.leem.v1.DenialService/ListDenials") +
         Header(":authority", "localhost") + Header("te", "trailers") +
         Header("content-type", "application/grpc");
}

std::string Burst(Flood flood, uint32_t& stream) {
  const bool first = stream == 1;
  std::string bytes;
  if (first) bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, "");
  if (first && flood == Flood::kHeaders) bytes += Frame(kHeaders, 0, 1, "\x82");
  for (int i = 0; i < 64; ++i, stream += 2) {
    switch (flood) {
      case Flood::kHeaders:
        bytes += Frame(kContinuation, 0, 1, std::string(16000, '\0'));
        break;
      case Flood::kPings:
        bytes += Frame(kPing, 0, 0, std::string(8, 'p'));
        break;
      case Flood::kSettings:
        bytes += Frame(kSettings, 0, 0, std::string("\0\x01\0\0\0\0", 6));
        break;
      case Flood::kResets:
        bytes += Frame(kHeaders, kEndHeaders, stream, "\x83\x87\x84") +
                 Frame(kReset, 0, stream, std::string("\0\0\0\x08", 4));
        break;
      case Flood::kOpens:
        bytes += Frame(kHeaders, kEndHeaders, stream, "\x83\x87\x84");
        break;
      case Flood::kCalls:
      case Flood::kCallsReset:
        bytes += Frame(kHeaders, kEndHeaders, stream, CallHeaders(stream == 1));
        if (flood == Flood::kCallsReset) {
          bytes += Frame(kReset, 0, stream, std::string("\0\0\0\x08", 4));
        }
        break;
    }
  }
  return bytes;
}

}  // namespace

struct RawHttp2::Tls {
  int socket = -1;
  std::unique_ptr<SSL_CTX, Free<SSL_CTX, SSL_CTX_free>> context;
  std::unique_ptr<SSL, Free<SSL, SSL_free>> session;
  ~Tls() { ::close(socket); }
};

RawHttp2::RawHttp2(std::unique_ptr<Tls> tls) : tls_(std::move(tls)) {}
RawHttp2::~RawHttp2() = default;

std::unique_ptr<RawHttp2> RawHttp2::Connect(int socket, const std::string& chain_pem,
                                            const std::string& key_pem) {
  ::signal(SIGPIPE, SIG_IGN);  // a write to a connection that was cut is an error, not the end
  auto tls = std::make_unique<Tls>();
  tls->socket = socket;
  const timeval patience{10, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  tls->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = tls->context.get();
  const auto bio = [](const std::string& text) {
    return std::unique_ptr<BIO, Free<BIO, FreeBio>>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  const auto chain = bio(chain_pem);
  for (bool leaf = true;; leaf = false) {
    X509* certificate = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr);
    if (certificate == nullptr) break;
    if (leaf) SSL_CTX_use_certificate(context, certificate);
    if (!leaf) SSL_CTX_add1_chain_cert(context, certificate);
    X509_free(certificate);
  }
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio(key_pem).get(), nullptr, nullptr, nullptr);
  SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  const unsigned char alpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn);
  tls->session.reset(SSL_new(context));
  SSL_set_fd(tls->session.get(), socket);
  if (SSL_connect(tls->session.get()) != 1) return nullptr;
  return std::unique_ptr<RawHttp2>(new RawHttp2(std::move(tls)));
}

std::unique_ptr<RawHttp2> RawHttp2::Connect(const std::string& chain_pem,
                                            const std::string& key_pem, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    return Connect(fd, chain_pem, key_pem);
  }
  ::close(fd);
  return nullptr;
}

void RawHttp2::Send(Flood flood) {
  const std::string bytes = Burst(flood, stream_);
  SSL_write(tls_->session.get(), bytes.data(), static_cast<int>(bytes.size()));
}

bool RawHttp2::WaitForBegin() {
  char ignored[4096];
  return SSL_read(tls_->session.get(), ignored, sizeof ignored) > 0;
}

bool RawHttp2::WaitForEnd() {
  char ignored[4096];
  int got = 0;
  while ((got = SSL_read(tls_->session.get(), ignored, sizeof ignored)) > 0) {
  }
  return SSL_get_error(tls_->session.get(), got) != SSL_ERROR_WANT_READ;
}

RawHttp2::Sent RawHttp2::SendUntilCut(Flood flood, absl::Duration longest) {
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(longest);
  Sent sent;
  while (std::chrono::steady_clock::now() < end) {
    const std::string bytes = Burst(flood, stream_);
    const int written =
        SSL_write(tls_->session.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (written <= 0) {
      // Not to read for ten seconds is not to cut.
      sent.cut = SSL_get_error(tls_->session.get(), written) != SSL_ERROR_WANT_WRITE;
      break;
    }
    sent.bytes += static_cast<uint64_t>(written);
  }
  return sent;
}

}  // namespace entente::testing
