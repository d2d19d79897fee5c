// entente-token: signs with a token's key, for clients/sdk/token_key (README.md has the protocol).
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
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

// Faults are people's: one line, whatever a module has put into them.
void Answer(std::string_view word, std::string text = "") {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  std::cout << word << (text.empty() ? "" : " ") << text << std::endl;
}

class Conversation {
 public:
  // False: it has ended.
  bool Take(const std::string& line) {
    const size_t blank = line.find(' ');
    const std::string word = line.substr(0, blank);
    const std::string rest = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (word == "open" && !opened_) return Open(rest);
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
    return fault ? Fail(fault) : Ready();
  }
  bool Pin(const std::string& hex) {
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
  bool Sign(const std::string& what) {
    const bool eddsa = what.rfind("eddsa ", 0) == 0;
    const auto data = base::FromHex(what.substr(std::min<size_t>(6, what.size())));
    if ((!eddsa && what.rfind("ecdsa ", 0) != 0) || !data.has_value()) {
      return Fail("sign ecdsa HEX, or sign eddsa HEX");
    }
    std::string signature;
    if (const Fault fault = session_.Sign(eddsa, *data, signature)) {
      Answer("error", *fault);
      return true;  // the next may be touched in time
    }
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
  Conversation conversation;
  std::string line;
  std::string chunk(64 << 10, '\0');
  for (ssize_t count = 0; (count = ::read(STDIN_FILENO, chunk.data(), chunk.size())) > 0;) {
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
  return 0;
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
