#include "clients/sdk/public_follower.h"

#include <algorithm>
#include <filesystem>

#include "clients/sdk/client.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/identity/directory_source.h"

namespace entente::sdk {
namespace {

using base::Reason;

constexpr char kSuffix[] = ".entry";
constexpr absl::Duration kShortest = absl::Milliseconds(100);
constexpr absl::Duration kLongest = absl::Seconds(30);

}  // namespace

absl::StatusOr<std::unique_ptr<PublicFollower>> PublicFollower::Start(
    Options options, const identity::DirectorySource& directory) {
  std::unique_ptr<PublicFollower> follower(new PublicFollower(std::move(options), directory));
  ENTENTE_RETURN_IF_ERROR(follower->TakeKept());
  follower->thread_ = std::thread([raw = follower.get()] { raw->Run(); });
  return follower;
}

PublicFollower::~PublicFollower() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status PublicFollower::TakeKept() {
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot make {}: {}",
                                options_.folder, error.message());
  }
  std::vector<std::pair<uint64_t, std::string>> files;  // by index
  std::filesystem::directory_iterator file(options_.folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::filesystem::path& path = file->path();
    if (path.extension() != kSuffix) continue;
    files.emplace_back(std::strtoull(path.stem().c_str(), nullptr, 10), path.string());
  }
  if (error) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}: {}",
                                options_.folder, error.message());
  }
  std::sort(files.begin(), files.end());
  document::Verifier verifier;
  for (const auto& [index, path] : files) {
    const absl::Status status = TakeFile(path, verifier);
    if (!status.ok()) options_.damaged(path, status);
  }
  return absl::OkStatus();
}

absl::Status PublicFollower::TakeFile(const std::string& path, document::Verifier& verifier) {
  const auto bytes = base::ReadFile(path);
  entry::pb::Entry kept;
  entry::pb::Leaf leaf;
  if (!bytes.has_value() || !kept.ParseFromString(*bytes) || !leaf.ParseFromString(kept.leaf())) {
    return absl::DataLossError("cannot be read");
  }
  const auto directory = directory_.Get();
  ENTENTE_ASSIGN_OR_RETURN(
      const VerifiedEntry entry,
      VerifyEntry(options_.group, leaf.stamp().ledger(), std::move(kept), verifier, *directory));
  return options_.take(entry, *directory).status();
}

absl::Status PublicFollower::Take(const VerifiedEntry& entry) {
  const auto directory = directory_.Get();
  if (entry.leaf.stamp().directory_serial() > directory->serial()) {
    return absl::UnavailableError(
        "an entry was recorded under a newer directory than ours; it comes again");
  }
  ENTENTE_ASSIGN_OR_RETURN(const bool keep, options_.take(entry, *directory));
  if (!keep) return absl::OkStatus();
  const std::string file = options_.folder + "/" + std::to_string(entry.index()) + kSuffix;
  const std::string bytes = entry.entry.SerializeAsString();
  if (base::ReadFile(file) == bytes || base::WriteFileAtomically(file, bytes)) {
    return absl::OkStatus();
  }
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                      "cannot write {}", file);
}

absl::Status PublicFollower::FollowOnce() {
  // A new one at each connection: the directory may have changed, and the certificate.
  const auto agency = Agency::OfService(options_.service, directory_.Get(), options_.client);
  ENTENTE_ASSIGN_OR_RETURN(auto client, Client::Connect(agency, options_.group));
  FollowOptions follow;
  follow.state_file = options_.folder + "/state";
  follow.acknowledge = false;
  follow.stop = &stop_;
  follow.retry.attempts_max = 1;
  follow.marked = [this](const entente::config::v1::FollowerState&) {
    if (!std::exchange(told_, {}).empty()) options_.back();
    return absl::OkStatus();
  };
  return client->Follow(follow, [this](const VerifiedEntry& entry) { return Take(entry); });
}

void PublicFollower::Run() {
  const base::SystemClock clock;
  absl::Duration delay = kShortest;
  while (!stop_) {
    const absl::Time began = clock.Now();
    const absl::Status status = FollowOnce();
    if (stop_) return;
    // A stream that lasted was a good one.
    if (clock.Now() - began > kLongest) delay = kShortest;
    if (told_.insert(base::Text(status)).second) options_.away(status);
    Wait(status.code() == absl::StatusCode::kDataLoss ? kLongest : delay);
    delay = std::min(kLongest, delay * 2);
  }
}

void PublicFollower::Wait(absl::Duration time) {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, absl::ToChronoMilliseconds(time), [this] { return stop_.load(); });
}

}  // namespace entente::sdk
