// Follows the public ledger of TEM as any client would, and keeps the editions of the Annex that it
// has verified, so that cited entries can be looked up while TEM is away and after a restart.
#ifndef ENTENTE_SERVICES_LEEM_ANNEX_FOLLOWER_H_
#define ENTENTE_SERVICES_LEEM_ANNEX_FOLLOWER_H_

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "clients/sdk/client.h"
#include "services/core/base/mutex.h"
#include "services/core/rpc/server_host.h"
#include "services/leem/register/regime_list.h"

namespace entente::leem {

// Keeps, in the folder "<database>.annex", one file per edition's entry and the follower's state.
class AnnexFollower final : public rpc::Companion, public RegimeList {
 public:
  // Loads what was kept, each verified again, and starts to follow. CONFIGURATION_INVALID where the
  // folder cannot be made.
  static absl::StatusOr<std::unique_ptr<AnnexFollower>> Start(
      const entente::config::v1::GroupConfig& config, const identity::DirectorySource& directory);
  ~AnnexFollower() override;

  bool empty() const override;
  bool HasEdition(const std::string& edition) const override;
  bool HasEntry(const std::string& edition, const std::string& path) const override;

 private:
  AnnexFollower(entente::config::v1::GroupConfig config, const identity::DirectorySource& directory)
      : config_(std::move(config)),
        folder_(config_.database_file() + ".annex"),
        directory_(directory) {}
  absl::Status Load();
  void Run();
  absl::Status FollowOnce();
  // Takes an edition over; OK and nothing for other documents.
  absl::Status Take(const sdk::VerifiedEntry& entry, const identity::Directory& directory);

  const entente::config::v1::GroupConfig config_;
  const std::string folder_;
  const identity::DirectorySource& directory_;
  std::atomic<bool> stop_{false};
  mutable base::Mutex mutex_;
  std::map<std::string, std::set<std::string>> paths_ ABSL_GUARDED_BY(mutex_);  // by edition
  std::thread thread_;
};

// The companion of LEEM's module: null where the configuration names no TEM.
absl::StatusOr<std::unique_ptr<rpc::Companion>> MakeAnnexFollower(
    const entente::config::v1::GroupConfig& config, const identity::DirectorySource& directory,
    machine::Register& reg);

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_ANNEX_FOLLOWER_H_
