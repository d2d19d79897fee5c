#include "services/groups.h"

#include "services/core/base/text.h"
#include "services/iem/register/group.h"
#include "services/leem/register/group.h"
#include "services/tem/register/group.h"

namespace entente {
namespace {

#define ENTENTE_GROUP(name, Name, port, follows) &name::k##Name,
constexpr const machine::Group* kGroups[] = {
#include "services/groups.def"
};
#undef ENTENTE_GROUP

}  // namespace

std::span<const machine::Group* const> Groups() { return kGroups; }

const machine::Group* FindGroup(std::string_view name) {
  for (const machine::Group* group : kGroups) {
    if (group->name == name) return group;
  }
  return nullptr;
}

std::string GroupNames() {
  std::string names;
  for (const machine::Group* group : kGroups) {
    names += (names.empty() ? "" : ", ") + std::string(group->name);
  }
  return names;
}

const machine::Group* GroupOfName(std::string_view name) {
  const auto parts = base::Split(name, '/');
  if (parts.size() < 4) return nullptr;
  for (const machine::Group* group : kGroups) {
    if (group->Gives(parts[2])) return group;
  }
  return nullptr;
}

}  // namespace entente
