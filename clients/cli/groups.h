// The groups that this program knows.
#ifndef ENTENTE_CLIENTS_CLI_GROUPS_H_
#define ENTENTE_CLIENTS_CLI_GROUPS_H_

#include <memory>
#include <string>
#include <vector>

#include "services/core/machine/register.h"

namespace entente::cli {

// Names of the groups that are served, sorted.
const std::vector<std::string>& Groups();
// A group's register for replaying a journal, whose rules are never asked; null for an unknown
// group.
std::unique_ptr<machine::Register> MakeRegister(const std::string& group);
// The group that gives such names, as in "partners/kr/denials/1": leem; empty if none does.
std::string GroupOfName(const std::string& name);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_GROUPS_H_
