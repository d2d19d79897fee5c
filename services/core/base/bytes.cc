#include "services/core/base/bytes.h"

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

}  // namespace entente::base
