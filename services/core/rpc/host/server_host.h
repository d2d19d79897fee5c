// One group as a gRPC server: opens its journal, replays it, listens, drains.
#ifndef ENTENTE_SERVICES_CORE_RPC_HOST_SERVER_HOST_H_
#define ENTENTE_SERVICES_CORE_RPC_HOST_SERVER_HOST_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/config/v1/server_config.pb.h"
#include "services/core/identity/directory_source.h"
#include "services/core/machine/group.h"
#include "services/core/rpc/exchange_service.h"

namespace entente::rpc {

class MemoryWatch;

// What a group adds to the core.
struct GroupModule {
  const machine::Group& group;
  // The group's own read services.
  std::function<std::vector<std::unique_ptr<Service>>(Backend&, machine::Register&)> make_services;
  // Other groups whose public ledgers it can follow (GroupConfig.upstreams).
  std::vector<std::string> upstreams = {};
  // Starts to follow one of them, for as long as what it gives is kept.
  std::function<absl::StatusOr<std::shared_ptr<void>>(
      const entente::config::v1::GroupConfig&, const entente::config::v1::Upstream&,
      const identity::DirectorySource&, machine::Register&)>
      follow = nullptr;

  std::string name() const { return std::string(group.name); }
};

using JournalFactory = std::function<absl::StatusOr<std::unique_ptr<journal::Journal>>(
    const entente::config::v1::GroupConfig& config, const std::string& service)>;

// One group's service with everything it stands on.
class GroupServer {
 public:
  struct Options {
    entente::config::v1::GroupConfig config;
    entente::config::v1::Limits limits;
    telemetry::AuditLog* audit = nullptr;  // outlives the server; null: none is kept
    int groups = 1;                        // that the process serves, and shares its memory among
    // Of the process; null: the server has one of its own.
    std::shared_ptr<MemoryWatch> memory = nullptr;
  };
  // Opens and replays; DATA_LOSS if the journal fails its checks.
  static absl::StatusOr<std::unique_ptr<GroupServer>> Open(
      Options options, const GroupModule& module, const entente::config::v1::RegimeProfile& profile,
      const identity::DirectorySource& directory, const base::Clock& clock,
      const JournalFactory& journals, prometheus::Registry& registry);
  ~GroupServer();

  // Listens; the port that was taken is in port().
  absl::Status Listen();
  int port() const;
  void DirectoryChanged();
  // About once a second: metrics, kept heads, a new log key, expiring certificates. `audited`:
  // whether the audit was written since the last time.
  void Tick(bool audited = true);
  // Health NOT_SERVING, streams end with UNAVAILABLE, calls finish, the sequencer empties its
  // queue.
  void Drain();
  machine::Machine& machine();
  // Names of all methods that are served, health apart.
  std::vector<std::string> Methods() const;

 private:
  struct Impl;
  explicit GroupServer(std::unique_ptr<Impl> impl);
  void RefreshLogKey();
  std::unique_ptr<Impl> impl_;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_HOST_SERVER_HOST_H_
