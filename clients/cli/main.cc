// entente: the command line of an agency. Nouns are in rooms of their own.
#include "clients/cli/base/program.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/iem/nouns.h"
#include "clients/cli/leem/nouns.h"
#include "clients/cli/operate/nouns.h"
#include "clients/cli/regime/nouns.h"
#include "clients/cli/tem/nouns.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Entente: exchange denials, alerts and proposals with partners.\n\n"
      "Examples:\n"
      "  entente denial new > d.json            a template to fill in\n"
      "  entente denial notify d.json           sign, submit, print the receipt\n"
      "  entente follow leem --save inbox       receive and verify what is released to you\n"
      "  entente verify inbox                   check it again, offline\n"
      "  entente todo                           what your state owes, and by when\n"
      "\nExit codes: 0 done, 1 usage, 2 refused or failed, 3 evidence of damage or forgery, 4 a "
      "saved folder whose last entries wait for a checkpoint, 5 something is due (todo).",
      "entente"};
  using namespace entente::cli;
  Context context;
  app.add_option("--hold", context.hold_file,
                 "Sign, and keep the document in this file instead of sending it (entente sign)");
  app.add_flag(
      "--dry-run", context.dry_run,
      "Of a verb that sends: sign, and have the service say what it would; nothing is recorded");
  app.add_flag("--yes", context.yes, "Send without a question, also at a terminal")
      ->envname("ENTENTE_YES");
  AddProgramOptions(app, ENTENTE_VERSION, context);
  AddDenial(app, context);
  AddIem(app, context);
  AddAnnex(app, context);
  AddProposal(app, context);
  AddCodes(app, context);
  AddTodo(app, context);
  AddTrend(app, context);
  AddErase(app, context);
  AddFollow(app, context);
  AddShow(app, context);
  AddSign(app, context);
  AddLedger(app, context);
  AddVerify(app, context);
  AddDirectory(app, context);
  AddPki(app, context);
  AddStatus(app, context);
  return RunProgram(app, context, argc, argv);
}
