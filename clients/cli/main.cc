// entente: the command line of an agency. Nouns are in files of their own.
#include <signal.h>

#include <iostream>

#include "absl/synchronization/mutex.h"
#include "clients/cli/cli.h"
#include "clients/sdk/request_id.h"
#include "services/core/base/status.h"

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
  return "_entente() {\n  local words=\"" + nouns +
         "\"\n  if [ \"$COMP_CWORD\" -gt 1 ]; then case \"${COMP_WORDS[1]}\" in\n" + cases +
         "    *) words=\"\" ;;\n  esac; fi\n  COMPREPLY=($(compgen -f -W \"$words\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F _entente entente\n";
}

}  // namespace

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // errors are told once, by us
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "Entente: exchange denials, alerts and proposals with partners.\n\n"
      "Examples:\n"
      "  entente denial new > d.json            a template to fill in\n"
      "  entente denial notify d.json           sign, submit, print the receipt\n"
      "  entente follow leem --save inbox       receive and verify what is released to you\n"
      "  entente verify inbox                   check it again, offline\n"
      "\nExit codes: 0 done, 1 usage, 2 refused or failed, 3 evidence of damage or forgery, 4 a "
      "saved "
      "folder whose last entries wait for a checkpoint."};
  entente::cli::Context context;
  app.add_option("--config", context.config_file, "Your agency's ClientConfig, text-proto")
      ->envname("ENTENTE_CONFIG");
  app.add_flag("--json", context.json, "JSON, one object a line, for machines");
  app.add_option("--hold", context.hold_file,
                 "Sign, and keep the document in this file instead of sending it (entente sign)");
  app.set_version_flag("--version", "entente " ENTENTE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  entente::cli::AddDenial(app, context);
  entente::cli::AddIem(app, context);
  entente::cli::AddAnnex(app, context);
  entente::cli::AddProposal(app, context);
  entente::cli::AddTrend(app, context);
  entente::cli::AddErase(app, context);
  entente::cli::AddFollow(app, context);
  entente::cli::AddSign(app, context);
  entente::cli::AddLedger(app, context);
  entente::cli::AddVerify(app, context);
  entente::cli::AddDirectory(app, context);
  entente::cli::AddPki(app, context);
  entente::cli::AddOperate(app, context);
  auto* completion = app.add_subcommand("completion", "Print completion for bash");
  completion->callback([&] { std::cout << BashCompletion(app); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 1;
  }
  const absl::Status& status = context.result;
  if (status.ok()) return 0;
  using entente::cli::Printable;
  std::cerr << "entente: " << Printable(entente::base::Text(status)) << "\n";
  const auto violations = entente::base::ViolationsOf(status);
  for (size_t i = 0; violations.size() > 1 && i < violations.size(); ++i) {
    std::cerr << "  " << Printable(violations[i].field) << ": "
              << Printable(violations[i].description) << "\n";
  }
  if (auto reason = entente::base::ReasonOf(status))
    std::cerr << "  (" << Printable(*reason) << ")\n";
  if (const std::string id = entente::sdk::RefusedRequestId(); !id.empty()) {
    std::cerr << "  (request " << id << "; the operator finds it in the service's log)\n";
  }
  return entente::cli::ExitCode(status);
}
