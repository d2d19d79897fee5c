#include "clients/cli/base/program.h"

#include <signal.h>

#include <algorithm>
#include <iostream>
#include <span>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "clients/sdk/request_id.h"
#include "services/core/base/nearest.h"
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
  std::string function = "_" + name;
  std::replace(function.begin(), function.end(), '-', '_');
  return function + "() {\n  local words=\"" + nouns +
         "\"\n  if [ \"$COMP_CWORD\" -gt 1 ]; then case \"${COMP_WORDS[1]}\" in\n" + cases +
         "    *) words=\"\" ;;\n  esac; fi\n  COMPREPLY=($(compgen -f -W \"$words\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F " +
         function + " " + name + "\n";
}

std::vector<std::string> NamesOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(one->get_name());
  }
  return names;
}

// Of a command or of those that it is in: an option may stand after any of them.
const CLI::Option* FindOption(const std::vector<const CLI::App*>& path, const std::string& name) {
  for (const CLI::App* app : path) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

std::string Unknown(const std::string& word, std::string_view what,
                    std::span<const std::string> known) {
  const std::string nearest = base::Nearest(word, known);
  return fmt::format("{} is no {}{}", Printable(word), what,
                     nearest.empty() ? "" : fmt::format("; nearest: {}", nearest));
}

// What somebody typed that is neither a command nor an option here; empty if it is something else.
std::string Slip(const CLI::App& app, std::span<char* const> arguments) {
  std::vector<const CLI::App*> path = {&app};
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string word = arguments[i];
    if (word.rfind('-', 0) == 0) {
      const std::string name = word.substr(0, word.find('='));
      if (name == "--") return "";
      const CLI::Option* option = FindOption(path, name);
      if (option == nullptr) {
        std::vector<std::string> known;
        for (const CLI::App* one : path) {
          for (const CLI::Option* each : one->get_options()) known.push_back(each->get_name());
        }
        return name.rfind("--", 0) == 0 ? Unknown(name, "option", known) : "";
      }
      if (option->get_expected_max() > 0 && name == word) ++i;  // its value
      continue;
    }
    const std::vector<std::string> names = NamesOf(*path.back());
    if (names.empty()) continue;
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      return Unknown(word, path.size() == 1 ? "command" : "verb of " + path.back()->get_name(),
                     names) +
             fmt::format("\nknown: {}", fmt::join(names, ", "));
    }
    path.push_back(path.back()->get_subcommand(word));
  }
  const std::vector<std::string> names = NamesOf(*path.back());
  return names.empty()
             ? ""
             : fmt::format("{} wants one of: {}", path.back()->get_name(), fmt::join(names, ", "));
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
    const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    const std::string slip = asked ? "" : Slip(app, {argv, static_cast<size_t>(std::max(argc, 1))});
    if (slip.empty()) return app.exit(error) == 0 ? 0 : 1;
    std::cerr << slip << "\nRun with --help for more information.\n";
    return 1;
  }
  const absl::Status& status = context.result;
  if (status.ok()) return context.exit_code;
  if (context.json) {
    std::string violations;
    for (const auto& one : base::ViolationsOf(status)) {
      violations +=
          fmt::format("{}{{\"field\":{},\"description\":{}}}", violations.empty() ? "" : ",",
                      JsonText(one.field), JsonText(one.description));
    }
    std::cerr << fmt::format(
        "{{\"error\":{},\"code\":\"{}\",\"reason\":{},\"violations\":[{}],\"request\":\"{}\"}}"
        "\n",
        JsonText(base::Text(status)), absl::StatusCodeToString(status.code()),
        JsonText(base::ReasonOf(status).value_or("")), violations, sdk::RefusedRequestId());
    return ExitCode(status);
  }
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
