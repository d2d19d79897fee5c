// Notices that the store was restored to an older state than the service has signed: from the
// checkpoints that it kept beside the journal, and from those that followers show. Such a service
// must not go on: it would sign another history under the same name (law 7).
#ifndef ENTENTE_SERVICES_CORE_RPC_STREAMS_ROLLBACK_H_
#define ENTENTE_SERVICES_CORE_RPC_STREAMS_ROLLBACK_H_

#include <functional>
#include <string>
#include <vector>

#include "services/core/base/mutex.h"
#include "services/core/entry/note.h"
#include "services/core/identity/directory.h"
#include "services/core/identity/directory_source.h"
#include "services/core/machine/machine.h"

namespace entente::rpc {

// At most this many checkpoints are looked at in one request.
inline constexpr int kShownMax = 64;

class RollbackWatch {
 public:
  // `file` keeps the newest checkpoint of every ledger; best on another volume than the journal.
  // `catch_up` waits until what other writers appended before the call is applied.
  RollbackWatch(const machine::Machine& machine, const identity::DirectorySource& directory,
                std::string file, std::function<absl::Status()> catch_up)
      : machine_(machine),
        directory_(directory),
        file_(std::move(file)),
        catch_up_(std::move(catch_up)) {}

  // Compares the journal with what was kept, and with what followers have shown, as far as keys
  // that are in use have signed that: DATA_LOSS/JOURNAL_ROLLED_BACK where it is behind, or another
  // history. A missing file is none.
  absl::Status CheckKept() const;
  // Writes down the newest checkpoints, if they changed. False if that failed.
  bool Keep();
  // Looks at a checkpoint that a follower shows. Not ours, or reached: OK. Else keeps it, and says
  // so (DATA_LOSS/JOURNAL_ROLLED_BACK): from then on the service must refuse everything. May wait
  // to catch up first, and fail at that: then nothing is shown yet. One by a retired key proves
  // nothing: whoever stole it could stop the service.
  absl::Status Shown(const std::string& note);
  // After the directory has changed: whether what was shown proves nothing any more, because its
  // key is retired.
  bool JudgeAgain();

 private:
  absl::Status CheckShown() const;
  // The caller holds the lock on the machine.
  absl::Status Compare(const std::string& note, std::span<const entry::NoteVerifier> own) const;
  const machine::Machine& machine_;
  const identity::DirectorySource& directory_;
  // Beside file_: what followers have shown. Apart from what was signed here, so that a stolen key
  // can neither replace that nor outlive its retirement.
  std::string ShownFile() const { return file_ + ".shown"; }
  const std::string file_;
  const std::function<absl::Status()> catch_up_;
  base::Mutex mutex_;
  uint64_t kept_at_ ABSL_GUARDED_BY(mutex_) = UINT64_MAX;  // records applied when Keep wrote
  std::string proof_ ABSL_GUARDED_BY(mutex_);              // the note that was shown; empty: none
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_STREAMS_ROLLBACK_H_
