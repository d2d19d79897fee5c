// What LEEM knows of the Annex: the editions in TEM's public ledger, kept beside the journal, so
// that cited entries can be looked up while TEM is away and after a restart.
#ifndef ENTENTE_SERVICES_LEEM_ANNEX_FOLLOWER_H_
#define ENTENTE_SERVICES_LEEM_ANNEX_FOLLOWER_H_

#include <map>
#include <memory>
#include <set>
#include <string>

#include "clients/sdk/public_follower.h"
#include "entente/config/v1/server_config.pb.h"
#include "services/core/base/mutex.h"
#include "services/core/identity/directory_source.h"
#include "services/leem/register/regime_list.h"

namespace entente::leem {

class AnnexFollower final : public RegimeList {
 public:
  // Follows `upstream`; what is kept is in the folder "<database>.annex".
  static absl::StatusOr<std::unique_ptr<AnnexFollower>> Start(
      const entente::config::v1::GroupConfig& config, const entente::config::v1::Upstream& upstream,
      const identity::DirectorySource& directory);

  bool empty() const override;
  bool HasEdition(const std::string& edition) const override;
  bool HasEntry(const std::string& edition, const std::string& path) const override;

 private:
  AnnexFollower() = default;
  // True for an edition, which is kept; false for other documents.
  absl::StatusOr<bool> Take(const sdk::VerifiedEntry& entry, const identity::Directory& directory);

  mutable base::Mutex mutex_;
  std::map<std::string, std::set<std::string>> paths_ ABSL_GUARDED_BY(mutex_);  // by edition
  std::unique_ptr<sdk::PublicFollower> follower_;  // ends before what it takes into
};

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_ANNEX_FOLLOWER_H_
