// The nouns of this room; each function adds those of one file.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_NOUNS_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_NOUNS_H_

#include "clients/cli/base/context.h"

namespace entente::cli {

void AddCodes(CLI::App& app, Context& context);  // codes, partners
void AddErase(CLI::App& app, Context& context);
void AddFollow(CLI::App& app, Context& context);
void AddLedger(CLI::App& app, Context& context);  // ledger, delivery
void AddShow(CLI::App& app, Context& context);    // list, show
void AddSign(CLI::App& app, Context& context);    // draft, sign, submit
void AddTodo(CLI::App& app, Context& context);
void AddTrend(CLI::App& app, Context& context);
void AddVerify(CLI::App& app, Context& context);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_NOUNS_H_
