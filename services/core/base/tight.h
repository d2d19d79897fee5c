// Lists that only grow and are kept for good.
#ifndef ENTENTE_SERVICES_CORE_BASE_TIGHT_H_
#define ENTENTE_SERVICES_CORE_BASE_TIGHT_H_

#include <utility>
#include <vector>

namespace entente::base {

// As emplace_back, with room for an eighth more, where a vector by itself makes room for as much
// again: of a list of millions, half would be empty.
template <typename T, typename... Arguments>
T& AppendTight(std::vector<T>& list, Arguments&&... arguments) {
  if (list.size() == list.capacity()) list.reserve(list.size() + list.size() / 8 + 1);
  return list.emplace_back(std::forward<Arguments>(arguments)...);
}

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_TIGHT_H_
