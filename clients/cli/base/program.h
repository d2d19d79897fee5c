// A program of nouns and verbs, from its arguments to its exit code.
#ifndef ENTENTE_CLIENTS_CLI_BASE_PROGRAM_H_
#define ENTENTE_CLIENTS_CLI_BASE_PROGRAM_H_

#include <string>

#include "clients/cli/base/context.h"

namespace entente::cli {

// Adds the options before the noun, and the noun "completion".
void AddProgramOptions(CLI::App& app, const std::string& version, Context& context);
// Parses, runs the verb that was named, and says what went wrong; the exit code.
int RunProgram(CLI::App& app, const Context& context, int argc, char** argv);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_PROGRAM_H_
