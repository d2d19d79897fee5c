// A verified copy of another group's public ledger, as a service keeps it beside its journal: what
// LEEM knows of TEM's Annex, say. It is there while the other group's service is away, and after a
// restart.
#ifndef ENTENTE_CLIENTS_SDK_PUBLIC_FOLLOWER_H_
#define ENTENTE_CLIENTS_SDK_PUBLIC_FOLLOWER_H_

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "clients/sdk/ledger_view.h"
#include "entente/config/v1/client_config.pb.h"
#include "services/core/identity/directory_source.h"

namespace entente::sdk {

class PublicFollower {
 public:
  struct Options {
    std::string service;  // that follows: "leem"
    std::string group;    // that is followed: "tem"
    // Where the group is, and the certificate that the service calls others with.
    entente::config::v1::ClientConfig client;
    // Holds one file for each entry that is kept, and the follower's state. Made if missing.
    std::string folder;
    // Takes a verified entry; true: it is kept, and taken again at each start. An error ends the
    // connection; the entry comes again.
    std::function<absl::StatusOr<bool>(const VerifiedEntry&, const identity::Directory&)> take;
    // Told when the connection ends and why, once for each reason until `back`; DATA_LOSS: what
    // the service gave does not verify. The follower tries again by itself.
    std::function<void(const absl::Status&)> away;
    // Told when the group's service is followed again after `away`, at its first progress mark.
    std::function<void()> back;
    // Told of a kept file that cannot be read, or does not verify. What was in it is not taken, and
    // comes again only if the folder is removed.
    std::function<void(const std::string& file, const absl::Status&)> damaged;
  };
  // Takes what was kept, each verified again, and starts to follow. CONFIGURATION_INVALID where the
  // folder cannot be made or read. `directory` outlives the follower.
  static absl::StatusOr<std::unique_ptr<PublicFollower>> Start(
      Options options, const identity::DirectorySource& directory);
  ~PublicFollower();

 private:
  PublicFollower(Options options, const identity::DirectorySource& directory)
      : options_(std::move(options)), directory_(directory) {}
  absl::Status TakeKept();
  absl::Status TakeFile(const std::string& path, document::Verifier& verifier);
  absl::Status Take(const VerifiedEntry& entry);
  absl::Status FollowOnce();
  void Run();
  // Returns after this time, or when the follower ends.
  void Wait(absl::Duration time);

  const Options options_;
  const identity::DirectorySource& directory_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::set<std::string> told_;  // why the service is away, as was told. Of the thread alone
  std::thread thread_;
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_PUBLIC_FOLLOWER_H_
