// entente-token: signs with a token's key, for clients/sdk/token_key (README.md has the protocol).
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "clients/token/token_session.h"
#include "services/core/base/bytes.h"
#include "services/core/base/files.h"

namespace entente::token {
namespace {

// A document, in hexadecimal, and a little.
constexpr size_t kLineBytesMax = (2 << 20) + (64 << 10);

// Where the questions come from and the answers go to. A module has standard input and output for
// itself: what it prints goes to standard error, and what it starts keeps nothing of this open.
int conversation_fd = -1;

bool TakeConversation() {
  conversation_fd = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nowhere = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return conversation_fd >= 0 && nowhere >= 0 && ::dup2(nowhere, STDIN_FILENO) >= 0 &&
         ::dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
}

// Faults are people's: one line, whatever a module has put into them.
void Answer(std::string_view word, std::string text = "") {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  text.insert(0, text.empty() ? "" : " ").insert(0, word).append("\n");
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::write(conversation_fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody listens: the next question will not come
    rest.remove_prefix(static_cast<size_t>(count));
  }
}

class Conversation {
 public:
  // False: it has ended.
  bool Take(std::string_view line) {
    const size_t blank = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, blank);
    const std::string_view rest = line.substr(std::min(blank + 1, line.size()));
    if (word == "open" && !opened_) return Open(std::string(rest));
    if (word == "pin" && opened_ && !ready_) return Pin(rest);
    if (word == "certificate" && ready_) {
      Answer("ok", base::ToHex(session_.Certificate()));
      return true;
    }
    if (word == "sign" && ready_) return Sign(rest);
    Answer("error", "not a question at this point");
    return false;
  }

 private:
  bool Fail(const Fault& fault) {
    Answer("error", *fault);
    return false;
  }
  bool Ready() {
    if (const Fault fault = session_.FindKey()) return Fail(fault);
    ready_ = true;
    Answer("ok");
    return true;
  }
  bool Open(const std::string& uri) {
    opened_ = true;
    if (const Fault fault = session_.Open(uri)) return Fail(fault);
    if (!session_.wants_pin()) return Ready();
    if (session_.pin_file().empty()) {
      Answer("pin", session_.label());
      return true;
    }
    auto pin = base::ReadFile(session_.pin_file());
    if (!pin.has_value()) return Fail("cannot read the PIN's file, " + session_.pin_file());
    while (!pin->empty() && (pin->back() == '\n' || pin->back() == '\r')) pin->pop_back();
    bool may_retry = false;
    // Once: a wrong file must not lock the token.
    const Fault fault = session_.Login(*pin, may_retry);
    ::explicit_bzero(pin->data(), pin->size());
    if (!fault) return Ready();
    Answer("wrong", *fault);
    return false;
  }
  bool Pin(std::string_view hex) {
    auto pin = base::FromHex(hex);
    if (!pin.has_value()) return Fail("a PIN is hexadecimal here");
    bool may_retry = false;
    const Fault fault = session_.Login(*pin, may_retry);
    ::explicit_bzero(pin->data(), pin->size());
    if (!fault) return Ready();
    if (!may_retry) return Fail(fault);
    Answer("wrong", *fault);
    return true;
  }
  bool Sign(std::string_view what) {
    const bool eddsa = what.starts_with("eddsa ");
    const auto data = base::FromHex(what.substr(std::min<size_t>(6, what.size())));
    if ((!eddsa && !what.starts_with("ecdsa ")) || !data.has_value()) {
      return Fail("sign ecdsa HEX, or sign eddsa HEX");
    }
    std::string signature;
    // After a fault a session may hang on an operation, or be one of a card that was pulled: the
    // next signature begins anew.
    if (const Fault fault = session_.Sign(eddsa, *data, signature)) return Fail(fault);
    Answer("ok", base::ToHex(signature));
    return true;
  }

  TokenSession session_;
  bool opened_ = false;
  bool ready_ = false;
};

int Run() {
  // A PIN may be in this process: no core dump, and nobody of the same user attaches to it.
  ::prctl(PR_SET_DUMPABLE, 0);
  if (!TakeConversation()) return 1;
  Conversation conversation;
  std::string line;
  std::string chunk(64 << 10, '\0');
  line.reserve(kLineBytesMax + 1);  // never copied: a PIN may be in it
  for (;;) {
    const ssize_t count = ::read(conversation_fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return 0;
    for (char& place : std::span(chunk).first(static_cast<size_t>(count))) {
      const char c = std::exchange(place, '\0');
      if (c != '\n') {
        line += c;
        if (line.size() > kLineBytesMax) return 1;
        continue;
      }
      const bool goes_on = conversation.Take(line);
      ::explicit_bzero(line.data(), line.size());
      line.clear();
      if (!goes_on) return 2;
    }
  }
}

}  // namespace
}  // namespace entente::token

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool help = std::string_view(argv[1]) == "--help";
    (help ? std::cout : std::cerr)
        << "entente-token: signs with a key on a PKCS #11 token, for entente and its library, "
           "which "
           "start it.\nName the key in your client.textproto: signers { certificate_file: "
           "\"officer.crt\" pkcs11_uri: \"pkcs11:token=…;object=…\" }\n";
    return help ? 0 : 1;
  }
  return entente::token::Run();
}
