// A PostgreSQL server of a test's own, in a temporary folder, on a socket that nobody else sees.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_TESTING_POSTGRES_SERVER_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_TESTING_POSTGRES_SERVER_H_

#include <memory>
#include <string>

#include "services/core/base/testing/temp_dir.h"

namespace entente::journal::testing {

class PostgresServer {
 public:
  // Null where PostgreSQL's programs are not installed.
  static std::unique_ptr<PostgresServer> Start();
  ~PostgresServer();

  // For a superuser of the database.
  std::string connection() const;
  // Without a clean shutdown, as by a power cut of the database's machine; then starts again.
  void CrashAndRestart();

 private:
  PostgresServer() = default;
  bool Control(const std::string& what) const;
  base::testing::TempDir folder_;
  std::string programs_;
};

}  // namespace entente::journal::testing

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_TESTING_POSTGRES_SERVER_H_
