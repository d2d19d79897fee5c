#include "services/core/journal/postgres/testing/postgres_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace entente::journal::testing {

std::unique_ptr<PostgresServer> PostgresServer::Start() {
  constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin";
  if (!std::filesystem::exists(std::string(kPrograms) + "/initdb")) return nullptr;
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  server->programs_ = kPrograms;
  const std::string& folder = server->folder_.path();
  // PostgreSQL refuses to run as root; Debian's package has a user for it.
  if (::geteuid() == 0) {
    const std::string own = fmt::format("chown postgres {0} && chmod 755 {0}", folder);
    if (std::system(own.c_str()) != 0) return nullptr;
  }
  if (!server->Control("initdb") || !server->Control("start")) return nullptr;
  return server;
}

PostgresServer::~PostgresServer() { Control("stop -m immediate"); }

std::string PostgresServer::connection() const {
  return fmt::format("host={} dbname=postgres user=entente", folder_.path());
}

void PostgresServer::CrashAndRestart() {
  Control("stop -m immediate");
  Control("start");
}

bool PostgresServer::Control(const std::string& what) const {
  const std::string data = folder_.path() + "/data";
  const std::string command =
      what == "initdb" ? fmt::format("{}/initdb -D {} -U entente -A trust -N", programs_, data)
                       : fmt::format(
                             "{0}/pg_ctl -D {1} -w -s -l {1}/log -o \"-c listen_addresses= -k {2} "
                             "-c max_connections=50\" {3}",
                             programs_, data, folder_.path(), what);
  const std::string as = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
  return std::system((as + command + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace entente::journal::testing
