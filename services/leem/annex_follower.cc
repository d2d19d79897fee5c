#include "services/leem/annex_follower.h"

#include "entente/tem/v1/annex.pb.h"
#include "services/core/base/status.h"
#include "services/core/identity/directory_source.h"
#include "services/core/telemetry/log.h"

namespace entente::leem {
namespace {

using telemetry::Level;
namespace field = telemetry::field;

void Log(Level level, const char* message, std::string_view key, const std::string& value) {
  telemetry::Log(level, message, {{field::kGroup, "leem"}, {key, value}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<AnnexFollower>> AnnexFollower::Start(
    const entente::config::v1::GroupConfig& config, const entente::config::v1::Upstream& upstream,
    const identity::DirectorySource& directory) {
  std::unique_ptr<AnnexFollower> annex(new AnnexFollower());
  sdk::PublicFollower::Options options{.service = "leem", .group = upstream.group()};
  options.client.set_tls_certificate_file(config.client_certificate_file());
  options.client.set_tls_key_file(config.client_key_file());
  auto& endpoint = *options.client.add_endpoints();
  endpoint.set_group(upstream.group());
  endpoint.set_address(upstream.address());
  options.folder = config.database_file() + ".annex";
  options.take = [raw = annex.get()](const sdk::VerifiedEntry& entry,
                                     const identity::Directory& now) {
    return raw->Take(entry, now);
  };
  options.away = [](const absl::Status& status) {
    const bool damage = status.code() == absl::StatusCode::kDataLoss;
    Log(damage ? Level::kError : Level::kWarn, "does not follow TEM now; tries again",
        field::kError, base::Text(status));
  };
  options.back = [] { Log(Level::kInfo, "follows TEM again", "upstream", "tem"); };
  options.damaged = [](const std::string& file, const absl::Status& status) {
    Log(Level::kError, "a kept edition does not verify; remove its folder to fetch all again",
        field::kError, file + ": " + base::Text(status));
  };
  ENTENTE_ASSIGN_OR_RETURN(annex->follower_,
                           sdk::PublicFollower::Start(std::move(options), directory));
  return annex;
}

absl::StatusOr<bool> AnnexFollower::Take(const sdk::VerifiedEntry& entry,
                                         const identity::Directory& directory) {
  tem::v1::AnnexEdition edition;
  if (entry.erased()) return false;  // an edition stays whole
  if (!entry.document.body().UnpackTo(&edition)) return false;
  if (!directory.ChairedAt(entry.signers[0].agency, "tem", entry.leaf.stamp().directory_serial())) {
    Log(Level::kError, "an edition by an agency that did not chair TEM is left out", "name",
        entry.name());
    return false;
  }
  std::set<std::string> paths;
  for (const auto& node : edition.nodes()) {
    // Notes and definitions are not what an item is listed under.
    const bool citable = node.kind() == tem::v1::NODE_KIND_ITEM ||
                         node.kind() == tem::v1::NODE_KIND_SUB_ITEM ||
                         node.kind() == tem::v1::NODE_KIND_ENTRY;
    if (citable && !node.reserved()) paths.insert(node.path());
  }
  Log(Level::kInfo, "knows an edition of the Annex", "edition", edition.edition());
  base::MutexLock lock(mutex_);
  paths_[edition.edition()] = std::move(paths);
  return true;
}

bool AnnexFollower::empty() const {
  base::MutexLock lock(mutex_);
  return paths_.empty();
}

bool AnnexFollower::HasEdition(const std::string& edition) const {
  base::MutexLock lock(mutex_);
  return paths_.count(edition) != 0;
}

bool AnnexFollower::HasEntry(const std::string& edition, const std::string& path) const {
  base::MutexLock lock(mutex_);
  auto it = paths_.find(edition);
  return it != paths_.end() && it->second.count(path) != 0;
}

}  // namespace entente::leem
