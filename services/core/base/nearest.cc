#include "services/core/base/nearest.h"

#include <algorithm>
#include <vector>

namespace entente::base {
namespace {

// Longer words are nobody's slip.
constexpr size_t kLettersMax = 64;

// Optimal string alignment distance.
size_t Slips(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> to(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) to[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) to[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      to[i][j] = std::min(
          {to[i - 1][j] + 1, to[i][j - 1] + 1, to[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        to[i][j] = std::min(to[i][j], to[i - 2][j - 2] + 1);
      }
    }
  }
  return to[a.size()][b.size()];
}

}  // namespace

std::string Nearest(std::string_view word, std::span<const std::string> known) {
  std::string nearest;
  if (word.size() > kLettersMax) return nearest;
  size_t fewest = word.size() / 3 + 2;
  for (const std::string& one : known) {
    const size_t slips = one.size() > kLettersMax ? fewest : Slips(word, one);
    if (slips >= fewest) continue;
    fewest = slips;
    nearest = one;
  }
  return nearest;
}

}  // namespace entente::base
