// entente-admin: an operator's journals. It links the engines, which an agency's program does not.
#include "clients/admin/nouns.h"
#include "clients/cli/base/program.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Entente's journals: copy, restore and check them. A service is asked with entente "
      "status.\n\n"
      "Examples:\n"
      "  entente-admin backup leem.db backups/leem-2016-10-21.db --group leem\n"
      "  entente-admin fsck backups/leem-2016-10-21.db --group leem\n"
      "  entente-admin restore backups/leem-2016-10-21.db leem.db --group leem\n"
      "\nWithout --directory and --directory-key the directory is that of the configuration.\n"
      "Exit codes: 0 done, 1 usage, 2 refused or failed, 3 evidence of damage or forgery.",
      "entente-admin"};
  entente::cli::Context context;
  entente::cli::AddProgramOptions(app, ENTENTE_VERSION, context);
  entente::admin::AddStore(app, context);
  entente::admin::AddFsck(app, context);
  return entente::cli::RunProgram(app, context, argc, argv);
}
