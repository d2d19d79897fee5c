// The verbs of `entente-admin`; each function adds those of one file.
#ifndef ENTENTE_CLIENTS_ADMIN_NOUNS_H_
#define ENTENTE_CLIENTS_ADMIN_NOUNS_H_

#include "clients/cli/base/context.h"

namespace entente::admin {

void AddStore(CLI::App& app, cli::Context& context);  // backup, restore
void AddFsck(CLI::App& app, cli::Context& context);

}  // namespace entente::admin

#endif  // ENTENTE_CLIENTS_ADMIN_NOUNS_H_
