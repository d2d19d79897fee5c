#include "services/leem/register/name_filter.h"

#include <cstdint>

#include "services/core/rules/fold_text.h"

namespace entente::leem {
namespace {

constexpr size_t kGram = 3;
static_assert(NameFilter::kKept < NameFilter::kBytes, "their length tells them apart");

// Which of the bits stands for three bytes. Fibonacci hashing: the upper bits of a product with
// 2^32 divided by the golden ratio.
uint32_t BitOf(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>(text[at + i])}; };
  constexpr uint32_t kBits = NameFilter::kBytes * 8;
  return ((byte(0) << 16 | byte(1) << 8 | byte(2)) * 2654435769u) / (UINT32_MAX / kBits + 1);
}

}  // namespace

std::string FoldNames(const v1::DenialContent& content) {
  std::string names;
  const auto add = [&](const std::string& name) {
    if (name.empty() || names.size() >= kPartyNamesMax) return;
    const std::string folded = rules::FoldText(name) + "\n";
    if (names.size() + folded.size() <= kPartyNamesMax) names += folded;
  };
  for (const auto& party : content.parties()) {
    add(party.name());
    for (const auto& alias : party.aliases()) add(alias.name());
  }
  return names;
}

NameFilter::NameFilter(std::string_view names) {
  if (names.size() <= kKept) {
    bytes_ = machine::KeptText(names);
    return;
  }
  std::string bits(kBytes, '\0');
  for (size_t at = 0; at + kGram <= names.size(); ++at) {
    const uint32_t bit = BitOf(names, at);
    bits[bit / 8] = static_cast<char>(bits[bit / 8] | 1 << bit % 8);
  }
  bytes_ = machine::KeptText(bits);
}

Match NameFilter::Contains(std::string_view text) const {
  const std::string_view bytes = bytes_.view();
  if (bytes.size() != kBytes) {
    return bytes.find(text) == std::string_view::npos ? Match::kNo : Match::kYes;
  }
  if (text.empty()) return Match::kYes;
  for (size_t at = 0; at + kGram <= text.size(); ++at) {
    const uint32_t bit = BitOf(text, at);
    if ((bytes[bit / 8] >> bit % 8 & 1) == 0) return Match::kNo;
  }
  return Match::kMaybe;
}

}  // namespace entente::leem
