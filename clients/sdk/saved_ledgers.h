// A folder that keeps what was followed. Whoever has the directory verifies it again without the
// service: each entry, and all together against the checkpoints that the service has signed.
//
//   <folder>/cursor                              how far the follower is: a FollowerState
//   <folder>/cursor.evidence                     what contradicted it; only if something did
//   <folder>/<ledger>/<index, 10 digits>.entry   a serialised exchange.v1.Entry, as it came
//   <folder>/<ledger>/<index>.skipped            leaf hash, hex, of one that a filter left out
//   <folder>/<ledger>/checkpoint                 the newest that was found true, a signed note
#ifndef ENTENTE_CLIENTS_SDK_SAVED_LEDGERS_H_
#define ENTENTE_CLIENTS_SDK_SAVED_LEDGERS_H_

#include <functional>
#include <string>
#include <vector>

#include "clients/sdk/client.h"

namespace entente::sdk {

// What the verification of one saved ledger found.
struct SavedLedger {
  struct Fault {
    std::string path;
    absl::Status status;
  };
  std::string ledger;
  std::string group;          // as its checkpoint says; else as was assumed
  std::vector<Fault> faults;  // all of them. If there are some, nothing below counts
  uint64_t entries = 0;       // that the checkpoint covers
  uint64_t skipped = 0;       // the same, that a filter left out
  uint64_t uncovered = 0;     // that no checkpoint covers yet
  uint64_t unordered = 0;     // that came erased, and the order is still to come
  base::Digest root;          // of the checkpoint
  // That `keep` asked for, covered or not; none that came erased while the order is to come.
  std::vector<VerifiedEntry> kept;

  bool waits() const { return uncovered + unordered > 0; }
};

// One process writes a folder at a time.
class SavedLedgers {
 public:
  // The folder need not be there.
  explicit SavedLedgers(std::string folder) : folder_(std::move(folder)) {}

  // Follows into the folder, from where that is; `handle` (may be null) is called for each entry
  // once it is kept. Makes the folder if it is missing, for its owner's eyes.
  absl::Status Follow(Client& client, FollowOptions options,
                      const Client::EntryHandler& handle = nullptr);
  // Keeps an entry that was verified, and carries out an order to erase another. DATA_LOSS
  // where something else is in its place; FAILED_PRECONDITION where it cannot be written, and
  // COPY_INCOMPLETE where what remains of what is to be erased is not what the order says.
  absl::Status Save(const VerifiedEntry& entry);

  // Verifies all that is kept; `otherwise` is the group of a ledger without a checkpoint. Entries
  // for which `keep` is true are given back. NOT_FOUND/FIELD_INVALID where there is none.
  using Keep = std::function<bool(const VerifiedEntry&)>;
  absl::StatusOr<std::vector<SavedLedger>> Verify(const identity::Directory& directory,
                                                  const std::string& otherwise,
                                                  const Keep& keep = nullptr) const;
  // The entries for which `keep` is true (null: all), by order of recording, of folders in which
  // everything holds; else DATA_LOSS with the first fault. What no checkpoint covers yet does not
  // hinder: `waits` (may be null) tells of it.
  absl::StatusOr<std::vector<VerifiedEntry>> Read(const identity::Directory& directory,
                                                  const std::string& otherwise,
                                                  const Keep& keep = nullptr,
                                                  bool* waits = nullptr) const;

  std::string EntryPath(const std::string& ledger, uint64_t index) const;
  std::string SkippedPath(const std::string& ledger, uint64_t index) const;
  std::string CheckpointPath(const std::string& ledger) const;

 private:
  absl::Status Prepare() const;
  absl::Status SaveCheckpoints(const entente::config::v1::FollowerState& state) const;
  absl::Status EraseSaved(const VerifiedEntry& order, const pb::Erasure& body) const;

  const std::string folder_;
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_SAVED_LEDGERS_H_
