#include "services/core/rpc/host/run_server.h"

#include <malloc.h>
#include <prometheus/registry.h>
#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/synchronization/mutex.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/rpc/edge/memory_plan.h"
#include "services/core/rpc/host/load_config.h"
#include "services/core/rpc/host/probe.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;
using telemetry::Level;
namespace field = telemetry::field;

constexpr int kTrimSeconds = 30;

absl::Status ServeUntilSignal(Process& process, const JournalFactory& journals, sigset_t signals) {
  const base::SystemClock clock;
  std::unique_ptr<telemetry::AuditLog> audit;
  if (!process.config.audit_file().empty()) {
    telemetry::AuditLog::Limits limits;
    const auto& asked = process.config.limits();
    if (asked.audit_file_bytes_max() != 0) {
      limits.file_bytes_max = static_cast<uint64_t>(asked.audit_file_bytes_max());
    }
    if (asked.audit_files_max() != 0) limits.files_max = asked.audit_files_max();
    audit = telemetry::AuditLog::Open(process.config.audit_file(), limits);
    if (audit == nullptr) {
      return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot append to {}",
                                  process.config.audit_file());
    }
  }
  auto registry = std::make_shared<prometheus::Registry>();
  const auto memory = std::make_shared<MemoryWatch>();
  std::vector<std::unique_ptr<GroupServer>> servers;
  for (int i = 0; i < process.config.groups_size(); ++i) {
    ENTENTE_ASSIGN_OR_RETURN(
        auto server, GroupServer::Open({.config = process.config.groups(i),
                                        .limits = process.config.limits(),
                                        .audit = audit.get(),
                                        .groups = process.config.groups_size(),
                                        .memory = memory},
                                       *process.modules[static_cast<size_t>(i)], process.profile,
                                       *process.directory, clock, journals, *registry));
    servers.push_back(std::move(server));
  }
  for (const auto& server : servers) {
    ENTENTE_RETURN_IF_ERROR(server->Listen());
    telemetry::Log(
        Level::kInfo, "serving",
        {{field::kGroup, server->machine().group()}, {"port", std::to_string(server->port())}});
  }
  process.directory->OnChange([&servers] {
    for (const auto& server : servers) server->DirectoryChanged();
  });
  // What changed between opening and listening is taken over now.
  for (const auto& server : servers) server->DirectoryChanged();
  telemetry::MetricsEndpoint endpoint(process.config.metrics_listen(), registry);
  if (!process.config.metrics_listen().empty() && !endpoint.serving()) {
    telemetry::Log(Level::kError, "cannot serve metrics; going on without",
                   {{"listen", process.config.metrics_listen()}});
  }
  for (int seconds = 1;; ++seconds) {
    const timespec second{1, 0};
    const int signal = sigtimedwait(&signals, nullptr, &second);
    const bool audited = audit == nullptr || audit->Tick();
    for (const auto& server : servers) server->Tick(audited);
    // What a flood left free between what is in use goes back to the system.
    if (seconds % kTrimSeconds == 0) ::malloc_trim(0);
    if (signal == SIGINT || signal == SIGTERM) break;
  }
  telemetry::Log(Level::kInfo, "draining");
  process.directory->OnChange(nullptr);
  for (const auto& server : servers) server->Drain();
  telemetry::Log(Level::kInfo, "stopped");
  return absl::OkStatus();
}

}  // namespace

int RunServer(int argc, char** argv, const std::string& name, std::vector<GroupModule> modules,
              const JournalFactory& journals) {
  // TLS 1.3 only. This gRPC has no setting for the lowest version, but one for the ciphers of
  // TLS 1.2: with one that needs a pre-shared key, which nobody has, no handshake below 1.3 comes
  // about.
  setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1);
  // gRPC's own lines are not JSON; whoever wants them sets the variable.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Journal, heads, audit: what a service writes is its own to read.
  umask(0077);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals,
                  nullptr);  // inherited by every thread; taken by the main loop
  signal(SIGPIPE, SIG_IGN);

  CLI::App app{"Serves groups of the Entente exchange until SIGTERM.\n\nExample:\n  " + name +
               " --config /etc/entente/server.textproto"};
  std::string config_file;
  std::string listen;
  bool check = false;
  app.add_option("--config", config_file, "Server configuration, text-proto (ServerConfig)")
      ->required();
  app.add_option("--listen", listen, "Listen here instead of where the configuration says");
  app.add_flag("--check", check, "Check the configuration and the files that it names, and exit");
  std::string probe;
  app.add_option("--probe", probe,
                 "Ask the running service for its health over TLS, with the configuration's client "
                 "certificate: live (it answers) or ready (it serves)")
      ->check(CLI::IsMember({"live", "ready"}));
  app.set_version_flag("--version", name + " " ENTENTE_VERSION);
  CLI11_PARSE(app, argc, argv);

  Process process;
  absl::Status status = LoadConfig(config_file, listen, modules, process);
  if (status.ok() && check) status = CheckFiles(process);
  if (status.ok() && check) {
    std::cout << process.config.DebugString();
    for (const std::string& file : ReadableByAll(process)) {
      std::cout << "note " << file << " can be read by every user of this machine\n";
    }
    std::cout << "ok   " << config_file << "\n";
    return 0;
  }
  if (!probe.empty()) {
    if (status.ok()) status = Probe(process, probe == "live" ? ProbeFor::kLive : ProbeFor::kReady);
    if (!status.ok()) std::cerr << base::Text(status) << "\n";
    return status.ok() ? 0 : 2;
  }
  if (status.ok()) {
    telemetry::Log(Level::kInfo, "starting", {{"config", process.config.ShortDebugString()}});
    for (const std::string& file : ReadableByAll(process)) {
      telemetry::Log(Level::kWarn, "every user of this machine can read a key", {{"file", file}});
    }
    status = ServeUntilSignal(process, journals, signals);
  }
  if (status.ok()) return 0;
  if (check) {
    std::cerr << base::Text(status) << "\n";
  } else {
    telemetry::Log(Level::kError, "cannot serve",
                   {{field::kError, base::Text(status)},
                    {field::kReason, base::ReasonOf(status).value_or("")}});
  }
  return status.code() == absl::StatusCode::kDataLoss ? 3 : 2;
}

}  // namespace entente::rpc
