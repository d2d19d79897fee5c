#include "services/core/journal/sqlite/wal_check.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace entente::journal {
namespace {

constexpr size_t kHeaderBytes = 32;
constexpr size_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagic = 0x377f0682;  // its lowest bit: checksums over big-endian words

uint32_t BigEndian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t LittleEndian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = at + 4; i > at; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

using Checksum = std::pair<uint32_t, uint32_t>;

Checksum Add(Checksum sum, std::string_view bytes, bool big_endian) {
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    const auto word = big_endian ? BigEndian : LittleEndian;
    sum.first += word(bytes, at) + sum.second;
    sum.second += word(bytes, at + 4) + sum.first;
  }
  return sum;
}

}  // namespace

bool WalIsWhole(std::string_view wal) {
  if (wal.size() < kHeaderBytes) return true;  // nothing was ever in it
  const bool big_endian = (BigEndian(wal, 0) & 1) != 0;
  const uint32_t page = BigEndian(wal, 8);
  Checksum expected = Add({0, 0}, wal.substr(0, 24), big_endian);
  if ((BigEndian(wal, 0) & ~1U) != kMagic || page < 512 || page > 65536 ||
      expected != Checksum{BigEndian(wal, 24), BigEndian(wal, 28)}) {
    return false;
  }
  const std::string_view salts = wal.substr(16, 8);
  bool ended = false;  // SQLite would stop reading here
  int commits = 0;     // in a row, behind the end, chained to each other
  for (size_t at = kHeaderBytes; at + kFrameHeaderBytes + page <= wal.size();
       at += kFrameHeaderBytes + page) {
    const std::string_view frame = wal.substr(at, kFrameHeaderBytes + page);
    const Checksum stored = {BigEndian(frame, 16), BigEndian(frame, 20)};
    const Checksum found = Add(Add(expected, frame.substr(0, 8), big_endian),
                               frame.substr(kFrameHeaderBytes), big_endian);
    const bool chained = found == stored && frame.substr(8, 8) == salts;
    const bool commit = frame.substr(8, 8) == salts && BigEndian(frame, 4) != 0;
    if (!chained) {
      ended = true;
      commits = 0;
    }
    if (ended && commit && ++commits == 2) return false;
    expected = stored;
  }
  return true;
}

}  // namespace entente::journal
