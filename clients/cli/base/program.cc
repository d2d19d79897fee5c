#include "clients/cli/base/program.h"

#include <signal.h>

#include <iostream>

#include "absl/synchronization/mutex.h"
#include "clients/sdk/request_id.h"
#include "services/core/base/status.h"

namespace entente::cli {
namespace {

// Every noun and verb, from the parser itself, so that completion never lags behind.
std::string BashCompletion(const CLI::App& app) {
  std::string cases;
  std::string nouns;
  for (const CLI::App* noun : app.get_subcommands([](const CLI::App*) { return true; })) {
    nouns += noun->get_name() + " ";
    std::string verbs;
    for (const CLI::App* verb : noun->get_subcommands([](const CLI::App*) { return true; })) {
      verbs += verb->get_name() + " ";
    }
    cases += "    " + noun->get_name() + ") words=\"" + verbs + "\" ;;\n";
  }
  const std::string& name = app.get_name();
  return "_entente() {\n  local words=\"" + nouns +
         "\"\n  if [ \"$COMP_CWORD\" -gt 1 ]; then case \"${COMP_WORDS[1]}\" in\n" + cases +
         "    *) words=\"\" ;;\n  esac; fi\n  COMPREPLY=($(compgen -f -W \"$words\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F _entente " +
         name + "\n";
}

}  // namespace

void AddProgramOptions(CLI::App& app, const std::string& version, Context& context) {
  app.add_option("--config", context.config_file, "Your agency's ClientConfig, text-proto")
      ->envname("ENTENTE_CONFIG");
  app.add_flag("--json", context.json, "JSON, one object a line, for machines");
  app.set_version_flag("--version", app.get_name() + " " + version);
  app.require_subcommand(1);
  app.fallthrough();
  auto* completion = app.add_subcommand("completion", "Print completion for bash");
  completion->callback([&app] { std::cout << BashCompletion(app); });
}

int RunProgram(CLI::App& app, const Context& context, int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // errors are told once, by us
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  signal(SIGPIPE, SIG_IGN);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 1;
  }
  const absl::Status& status = context.result;
  if (status.ok()) return context.exit_code;
  std::cerr << app.get_name() << ": " << Printable(base::Text(status)) << "\n";
  const auto violations = base::ViolationsOf(status);
  for (size_t i = 0; violations.size() > 1 && i < violations.size(); ++i) {
    std::cerr << "  " << Printable(violations[i].field) << ": "
              << Printable(violations[i].description) << "\n";
  }
  if (auto reason = base::ReasonOf(status)) std::cerr << "  (" << Printable(*reason) << ")\n";
  if (const std::string id = sdk::RefusedRequestId(); !id.empty()) {
    std::cerr << "  (request " << id << "; the operator finds it in the service's log)\n";
  }
  return ExitCode(status);
}

}  // namespace entente::cli
