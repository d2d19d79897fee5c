// Whether the names in a denial contain a text, in memory that names cannot make grow. Few names
// are kept as they are. Of many, what is kept tells only which three bytes follow one another
// somewhere in them: what it rules out is not there, and what it does not must be looked for in the
// document.
#ifndef ENTENTE_SERVICES_LEEM_REGISTER_NAME_FILTER_H_
#define ENTENTE_SERVICES_LEEM_REGISTER_NAME_FILTER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "entente/leem/v1/denial.pb.h"
#include "services/core/machine/kept_text.h"

namespace entente::leem {

// Bytes of a denial's names of parties once they are folded for search, where a few letters can
// become many. More are refused.
inline constexpr size_t kPartyNamesMax = 16 << 10;

// Names of parties and their aliases, folded (rules::FoldText), one a line. Those that would make
// it longer than kPartyNamesMax are left out.
std::string FoldNames(const v1::DenialContent& content);

enum class Match { kNo, kYes, kMaybe };

class NameFilter {
 public:
  // Bytes of names that are kept as they are.
  static constexpr size_t kKept = 160;
  // Bytes of what is kept of more: a bit for each three bytes, by a hash.
  static constexpr size_t kBytes = 256;

  NameFilter() = default;
  // Of names that are folded.
  explicit NameFilter(std::string_view names);

  // Of a text that is folded; an empty one is in all names.
  Match Contains(std::string_view text) const;
  // What is kept.
  std::string_view bytes() const { return bytes_.view(); }
  // Bytes of memory beside the object itself.
  uint64_t HeapBytes() const { return bytes_.HeapBytes(); }

 private:
  machine::KeptText bytes_;  // names, or kBytes of bits
};

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_REGISTER_NAME_FILTER_H_
