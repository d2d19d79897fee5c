#include "services/core/base/bytes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace entente::base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Digest> Digest::From(std::string_view data) {
  Digest digest;
  if (data.size() != digest.bytes.size()) return std::nullopt;
  std::memcpy(digest.bytes.data(), data.data(), data.size());
  return digest;
}

std::string Digest::hex() const { return ToHex(view()); }

std::string ToHex(std::string_view data) {
  std::string text;
  text.reserve(data.size() * 2);
  for (unsigned char c : data) {
    text += kHexDigits[c >> 4];
    text += kHexDigits[c & 15];
  }
  return text;
}

std::optional<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string data;
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = HexValue(text[i]);
    int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    data += static_cast<char>(high << 4 | low);
  }
  return data;
}

std::string ToBase64(std::string_view data) {
  std::string text;
  for (size_t i = 0; i < data.size(); i += 3) {
    const size_t left = data.size() - i;
    uint32_t word = static_cast<unsigned char>(data[i]) << 16;
    if (left > 1) word |= static_cast<unsigned char>(data[i + 1]) << 8;
    if (left > 2) word |= static_cast<unsigned char>(data[i + 2]);
    text += kBase64[word >> 18];
    text += kBase64[word >> 12 & 63];
    text += left > 1 ? kBase64[word >> 6 & 63] : '=';
    text += left > 2 ? kBase64[word & 63] : '=';
  }
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string data;
  for (size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const int pads = !last ? 0 : (text[i + 3] == '=') + (text[i + 2] == '=' && text[i + 3] == '=');
    uint32_t word = 0;
    for (int k = 0; k < 4 - pads; ++k) {
      const size_t value = kBase64.find(text[i + k]);
      if (value == std::string_view::npos) return std::nullopt;
      word |= static_cast<uint32_t>(value) << (18 - 6 * k);
    }
    if ((pads == 1 && (word & 0xff) != 0) || (pads == 2 && (word & 0xffff) != 0)) {
      return std::nullopt;
    }
    data += static_cast<char>(word >> 16);
    if (pads < 2) data += static_cast<char>(word >> 8 & 255);
    if (pads < 1) data += static_cast<char>(word & 255);
  }
  return data;
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  if (in.bad()) return std::nullopt;
  return std::move(out).str();
}

bool WriteFileAtomically(const std::string& path, std::string_view data, int mode) {
  static std::atomic<uint64_t> counter{0};
  const std::string temporary =
      path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return false;
  bool ok = true;
  while (ok && !data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    ok = n > 0;
    if (ok) data.remove_prefix(static_cast<size_t>(n));
  }
  ok = ok && ::fsync(fd) == 0;
  ok = (::close(fd) == 0) && ok;
  ok = ok && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!ok) ::unlink(temporary.c_str());
  return ok;
}

namespace {
// Of this process. A file's time is taken from a coarser clock, so some is left.
const auto kStarted = std::filesystem::file_time_type::clock::now() - std::chrono::seconds(1);
}  // namespace

void RemoveAbandoned(const std::string& folder) {
  std::error_code error;
  for (const auto& one : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = one.path().filename().string();
    const size_t tail = name.rfind(".tmp");
    int pid = 0;
    int number = 0;
    int length = 0;
    if (tail == std::string::npos || tail == 0 ||
        std::sscanf(name.c_str() + tail, ".tmp%d-%d%n", &pid, &number, &length) != 2 ||
        tail + static_cast<size_t>(length) != name.size()) {
      continue;
    }
    // Containers give every start the same number.
    const bool gone = pid == ::getpid()
                          ? std::filesystem::last_write_time(one.path(), error) < kStarted
                          : pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
    if (gone && !error) std::filesystem::remove(one.path(), error);
  }
}

}  // namespace entente::base
