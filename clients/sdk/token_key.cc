#include "clients/sdk/token_key.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "services/core/base/bytes.h"
#include "services/core/base/status.h"

extern char** environ;

namespace entente::sdk {
namespace {

using base::Reason;

constexpr char kProgram[] = "entente-token";
constexpr int kPinTries = 3;
// A certificate in hexadecimal, or what a module says of itself.
constexpr size_t kAnswerBytesMax = 256 << 10;

absl::Status Failed(std::string_view text) {
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kSigningFailed, "{}", text);
}

}  // namespace

// The process that holds the token, and the questions to it.
class TokenKey::Helper {
 public:
  struct Answer {
    std::string word;
    std::string rest;
  };

  static absl::StatusOr<std::unique_ptr<Helper>> Start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return Failed(std::string("cannot start entente-token: ") + std::strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    char* arguments[] = {const_cast<char*>(kProgram), nullptr};
    pid_t child = 0;
    // With the signals of a program that has just begun, whatever this one blocks.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int error = ::posix_spawnp(&child, kProgram, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) {
      ::close(ends[0]);
      return Failed(fmt::format("cannot start {}: {}; it must be on the PATH", kProgram,
                                std::strerror(error)));
    }
    return std::unique_ptr<Helper>(new Helper(ends[0], child));
  }
  ~Helper() {
    ::close(socket_);  // it ends by itself then, unless its module hangs
    int status = 0;
    for (int i = 0; i < 20; ++i) {
      if (::waitpid(child_, &status, WNOHANG) != 0) return;
      ::poll(nullptr, 0, 100);
    }
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  // The question is wiped: it may be a PIN.
  absl::StatusOr<Answer> Ask(std::string_view words, std::string_view more = "") {
    std::string question;
    question.reserve(words.size() + more.size() + 1);  // not copied while it grows
    question.append(words).append(more).append("\n");
    size_t sent = 0;
    while (sent < question.size()) {
      const ssize_t count =
          ::send(socket_, question.data() + sent, question.size() - sent, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      sent += static_cast<size_t>(count);
    }
    const bool all = sent == question.size();
    ::explicit_bzero(question.data(), question.size());
    std::string line;
    while (all && line.find('\n') == std::string::npos && line.size() < kAnswerBytesMax) {
      char chunk[4096];
      const ssize_t count = ::read(socket_, chunk, sizeof chunk);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      line.append(chunk, static_cast<size_t>(count));
    }
    const size_t end = line.find('\n');
    // One question, one answer: with more, the next would be taken for another's.
    if (end == std::string::npos || end + 1 != line.size()) {
      return Failed("the token's module has ended the program that it runs in, or confused it");
    }
    line.resize(end);
    const size_t blank = std::min(line.find(' '), line.size());
    return Answer{line.substr(0, blank), line.substr(std::min(blank + 1, line.size()))};
  }

 private:
  Helper(int socket, pid_t child) : socket_(socket), child_(child) {}
  const int socket_;
  const pid_t child_;
};

TokenKey::TokenKey(std::string uri, crypto::Certificate certificate, PinPrompt ask)
    : uri_(std::move(uri)), certificate_(std::move(certificate)), ask_(std::move(ask)) {}

TokenKey::~TokenKey() = default;

absl::StatusOr<std::unique_ptr<TokenKey::Helper>> TokenKey::Open() const {
  ENTENTE_ASSIGN_OR_RETURN(auto helper, Helper::Start());
  ENTENTE_ASSIGN_OR_RETURN(auto answer, helper->Ask("open " + uri_));
  if (answer.word == "wrong") {
    // A file that is wrong stays wrong, and each try brings the token closer to being locked.
    given_up_ = Failed(answer.rest + "; mend the file that pin-source names, and start again");
    return given_up_;
  }
  if (answer.word == "pin") {
    const std::string token = answer.rest;
    if (ask_ == nullptr) {
      return Failed(
          fmt::format("token {} wants a PIN, and there is nobody to ask; name a file that "
                      "has it in the URI: pin-source=file:/…",
                      token));
    }
    std::string told;
    for (int i = 0; i < kPinTries && (answer.word == "pin" || answer.word == "wrong"); ++i) {
      ENTENTE_ASSIGN_OR_RETURN(std::string pin, ask_(token, told));
      std::string hex = base::ToHex(pin);
      ::explicit_bzero(pin.data(), pin.size());
      auto taken = helper->Ask("pin ", hex);
      ::explicit_bzero(hex.data(), hex.size());
      if (!taken.ok()) return taken.status();
      answer = *std::move(taken);
      told = answer.rest;
    }
  }
  if (answer.word != "ok") return Failed(answer.rest);
  ENTENTE_ASSIGN_OR_RETURN(const auto certificate, helper->Ask("certificate"));
  const std::string der = base::FromHex(certificate.rest).value_or("");
  if (!der.empty()) {
    const auto on_token = crypto::Certificate::FromDer(der);
    if (!on_token.ok() || on_token->public_key().Spki() != public_key().Spki()) {
      return Failed("the token's key is another than the certificate_file's");
    }
  }
  return helper;
}

absl::StatusOr<std::string> TokenKey::Sign(std::string_view message) const {
  base::MutexLock lock(mutex_);
  if (!given_up_.ok()) return given_up_;
  auto signature = SignOnce(message);
  // Whatever went wrong, the next signature begins with another session.
  if (!signature.ok()) helper_ = nullptr;
  return signature;
}

absl::StatusOr<std::string> TokenKey::SignOnce(std::string_view message) const {
  if (helper_ == nullptr) {
    ENTENTE_ASSIGN_OR_RETURN(helper_, Open());
  }
  const crypto::KeyKind kind = public_key().kind();
  const bool eddsa = kind == crypto::KeyKind::kEd25519;
  const auto answer =
      helper_->Ask(fmt::format("sign {} {}", eddsa ? "eddsa" : "ecdsa",
                               base::ToHex(crypto::DigestForSigning(kind, message))));
  ENTENTE_RETURN_IF_ERROR(answer.status());
  if (answer->word != "ok") return Failed(answer->rest);
  std::string signature = base::FromHex(answer->rest).value_or("");
  if (!eddsa) {
    const auto der = crypto::EcdsaDer(signature);
    if (!der.ok()) return Failed("the token's answer is no signature");
    signature = *der;
  }
  if (!public_key().Verify(signature, message).ok()) {
    return Failed("the token signed with another key than the certificate's, or not at all");
  }
  return signature;
}

}  // namespace entente::sdk
