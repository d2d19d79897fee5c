// A set of short texts in one piece of memory: a register has millions of them, and a tree of
// strings takes ten times what they say.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_WORD_SET_H_
#define ENTENTE_SERVICES_CORE_MACHINE_WORD_SET_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "services/core/machine/kept_text.h"

namespace entente::machine {

// Sorted, each once. A zero byte ends a word: one that has some is taken for several.
class WordSet {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    std::string_view operator*() const { return rest_.substr(0, rest_.find('\0')); }
    Iterator& operator++() {
      rest_.remove_prefix(rest_.find('\0') + 1);
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    std::string_view rest_;
  };

  WordSet() = default;
  // Of words in any order, and any number of times.
  explicit WordSet(std::vector<std::string> words);

  bool Contains(std::string_view word) const;
  bool empty() const { return text_.view().empty(); }
  // Counts them.
  size_t size() const { return static_cast<size_t>(std::distance(begin(), end())); }
  Iterator begin() const { return Iterator(text_.view()); }
  Iterator end() const { return Iterator(); }
  // Bytes of memory beside the object itself.
  uint64_t HeapBytes() const { return text_.HeapBytes(); }

 private:
  KeptText text_;  // each word and a zero byte
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_WORD_SET_H_
