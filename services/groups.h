// The groups that are served: the list of groups.def.
#ifndef ENTENTE_SERVICES_GROUPS_H_
#define ENTENTE_SERVICES_GROUPS_H_

#include <span>
#include <string>
#include <string_view>

#include "services/core/machine/group.h"

namespace entente {

// Sorted by name.
std::span<const machine::Group* const> Groups();
// Null if there is no group of this name.
const machine::Group* FindGroup(std::string_view name);
// Their names, for a message: "iem, leem, tem".
std::string GroupNames();
// The group that gives such names, as in "partners/kr/denials/1": leem; null if none does.
const machine::Group* GroupOfName(std::string_view name);

}  // namespace entente

#endif  // ENTENTE_SERVICES_GROUPS_H_
