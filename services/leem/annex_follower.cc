#include "services/leem/annex_follower.h"

#include <filesystem>

#include "entente/tem/v1/annex.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/telemetry/log.h"
#include "services/leem/register/denial_register.h"

namespace entente::leem {
namespace {

using base::Reason;
using telemetry::Level;
namespace field = telemetry::field;

constexpr char kSuffix[] = ".entry";

void Log(Level level, const char* message, std::string_view key, const std::string& value) {
  telemetry::Log(level, message, {{field::kGroup, "leem"}, {key, value}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<AnnexFollower>> AnnexFollower::Start(
    const entente::config::v1::GroupConfig& config, const identity::DirectorySource& directory) {
  std::unique_ptr<AnnexFollower> follower(new AnnexFollower(config, directory));
  ENTENTE_RETURN_IF_ERROR(follower->Load());
  follower->thread_ = std::thread([raw = follower.get()] { raw->Run(); });
  return follower;
}

AnnexFollower::~AnnexFollower() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

absl::Status AnnexFollower::Load() {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot make {}: {}", folder_,
                                error.message());
  }
  const auto directory = directory_.Get();
  document::Verifier verifier;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error)) {
    if (file.path().extension() != kSuffix) continue;
    const auto bytes = base::ReadFile(file.path().string());
    entry::pb::Entry kept;
    entry::pb::Leaf leaf;
    absl::Status status = absl::DataLossError("cannot be read");
    if (bytes.has_value() && kept.ParseFromString(*bytes) && leaf.ParseFromString(kept.leaf())) {
      auto verified = sdk::VerifyEntry("tem", leaf.stamp().ledger(), kept, verifier, *directory);
      status = verified.ok() ? Take(*verified, *directory) : verified.status();
    }
    if (!status.ok()) {
      // It comes again only if the follower starts over.
      Log(Level::kError, "a kept edition does not verify; remove its folder to fetch all again",
          field::kError, file.path().string() + ": " + base::Text(status));
    }
  }
  return absl::OkStatus();
}

absl::Status AnnexFollower::Take(const sdk::VerifiedEntry& entry,
                                 const identity::Directory& directory) {
  tem::v1::AnnexEdition edition;
  if (!entry.document.body().UnpackTo(&edition)) return absl::OkStatus();
  if (!directory.ChairedAt(entry.signers[0].agency, "tem", entry.leaf.stamp().directory_serial())) {
    Log(Level::kError, "an edition by an agency that did not chair TEM is left out", "name",
        entry.name());
    return absl::OkStatus();
  }
  if (!base::IsReference(edition.edition())) {
    return base::RefuseArgument(Reason::kFieldInvalid, "an edition's name is no file's");
  }
  std::set<std::string> paths;
  for (const auto& node : edition.nodes()) {
    // Notes and definitions are not what an item is listed under.
    const bool citable = node.kind() == tem::v1::NODE_KIND_ITEM ||
                         node.kind() == tem::v1::NODE_KIND_SUB_ITEM ||
                         node.kind() == tem::v1::NODE_KIND_ENTRY;
    if (citable && !node.reserved()) paths.insert(node.path());
  }
  const std::string file = folder_ + "/" + edition.edition() + kSuffix;
  if (!base::ReadFile(file).has_value() &&
      !base::WriteFileAtomically(file, entry.entry.SerializeAsString())) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                        "cannot write {}", file);
  }
  Log(Level::kInfo, "knows an edition of the Annex", "edition", edition.edition());
  base::MutexLock lock(mutex_);
  paths_[edition.edition()] = std::move(paths);
  return absl::OkStatus();
}

absl::Status AnnexFollower::FollowOnce() {
  entente::config::v1::ClientConfig config;
  config.set_tls_certificate_file(config_.client_certificate_file());
  config.set_tls_key_file(config_.client_key_file());
  auto& endpoint = *config.add_endpoints();
  endpoint.set_group("tem");
  endpoint.set_address(config_.tem_address());
  // A new one at each connection: the directory may have changed, and the certificate.
  const auto directory = directory_.Get();
  const auto agency = sdk::Agency::OfService("leem", directory, std::move(config));
  ENTENTE_ASSIGN_OR_RETURN(auto client, sdk::Client::Connect(agency, "tem"));
  sdk::FollowOptions options;
  options.state_file = folder_ + "/state";
  options.acknowledge = false;
  options.stop = &stop_;
  options.retry.attempts_max = 1;
  return client->Follow(options, [&](const sdk::VerifiedEntry& entry) {
    const auto now = directory_.Get();
    if (entry.leaf.stamp().directory_serial() <= now->serial()) return Take(entry, *now);
    return static_cast<absl::Status>(absl::UnavailableError(
        "an edition was recorded under a newer directory than ours; it comes again"));
  });
}

void AnnexFollower::Run() {
  constexpr absl::Duration kShortest = absl::Milliseconds(100);
  constexpr absl::Duration kLongest = absl::Seconds(30);
  const base::SystemClock clock;
  absl::Duration delay = kShortest;
  std::string told;
  while (!stop_) {
    const absl::Time began = clock.Now();
    const absl::Status status = FollowOnce();
    if (stop_) return;
    // A stream that lasted was a good one.
    if (clock.Now() - began > kLongest) delay = kShortest;
    const bool damage = status.code() == absl::StatusCode::kDataLoss;
    if (std::exchange(told, base::Text(status)) != base::Text(status)) {
      Log(damage ? Level::kError : Level::kWarn, "does not follow TEM now; tries again",
          field::kError, base::Text(status));
    }
    const absl::Duration wait = damage ? kLongest : delay;
    for (absl::Duration waited; waited < wait && !stop_; waited += absl::Milliseconds(50)) {
      absl::SleepFor(absl::Milliseconds(50));
    }
    delay = std::min(kLongest, delay * 2);
  }
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

absl::StatusOr<std::unique_ptr<rpc::Companion>> MakeAnnexFollower(
    const entente::config::v1::GroupConfig& config, const identity::DirectorySource& directory,
    machine::Register& reg) {
  if (config.tem_address().empty()) return std::unique_ptr<rpc::Companion>();
  ENTENTE_ASSIGN_OR_RETURN(auto follower, AnnexFollower::Start(config, directory));
  static_cast<DenialRegister&>(reg).Consult(follower.get());
  return std::unique_ptr<rpc::Companion>(std::move(follower));
}

}  // namespace entente::leem
