#include "services/core/machine/word_set.h"

#include <algorithm>

namespace entente::machine {

WordSet::WordSet(std::vector<std::string> words) {
  // What has a zero byte comes apart before it is sorted, so that the set is one whatever it holds.
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t zero = words[i].find('\0');
    if (zero == std::string::npos) continue;
    std::string rest = words[i].substr(zero + 1);
    words[i].resize(zero);
    words.push_back(std::move(rest));
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::string text;
  for (const std::string& word : words) text.append(word).push_back('\0');
  text_ = KeptText(text);
}

bool WordSet::Contains(std::string_view word) const {
  return std::any_of(begin(), end(), [&](std::string_view one) { return one == word; });
}

}  // namespace entente::machine
