// The nouns of this room; each function adds those of one file.
#ifndef ENTENTE_CLIENTS_CLI_OPERATE_NOUNS_H_
#define ENTENTE_CLIENTS_CLI_OPERATE_NOUNS_H_

#include "clients/cli/base/context.h"

namespace entente::cli {

void AddStatus(CLI::App& app, Context& context);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_OPERATE_NOUNS_H_
