#include "services/core/rpc/streams/rollback.h"

#include <google/protobuf/text_format.h>
#include <unistd.h>

#include "entente/config/v1/server_config.pb.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;
using entente::config::v1::KnownHeads;

}  // namespace

absl::Status RollbackWatch::Compare(const std::string& note,
                                    std::span<const entry::NoteVerifier> own) const {
  const std::string origin = note.substr(0, note.find('\n'));
  const std::string prefix = machine_.service() + "/";
  if (origin.rfind(prefix, 0) != 0) return absl::OkStatus();
  auto checkpoint = entry::OpenCheckpoint(note, origin, own);
  if (!checkpoint.ok()) return absl::OkStatus();  // whoever wrote it, it was not us
  const std::string id = origin.substr(prefix.size());
  auto it = machine_.ledgers().find(id);
  const uint64_t size = it == machine_.ledgers().end() ? 0 : it->second.tree.size();
  const uint64_t signed_size = checkpoint->head.size;
  if (signed_size == 0) return absl::OkStatus();
  if (signed_size <= size && it->second.tree.RootAt(signed_size) == checkpoint->head.root) {
    return absl::OkStatus();
  }
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalRolledBack,
                      "ledger {} has {} entries here, but a checkpoint over {} was signed{}; the "
                      "store was restored "
                      "too far back: restore a newer one (docs/runbooks/restore.md)",
                      id, size, signed_size, signed_size <= size ? " with another content" : "");
}

absl::Status RollbackWatch::CheckKept() const {
  ENTENTE_RETURN_IF_ERROR(CheckShown());
  const auto text = base::ReadFile(file_);
  if (!text.has_value()) return absl::OkStatus();
  KnownHeads kept;
  if (!google::protobuf::TextFormat::ParseFromString(*text, &kept)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "{} is not what this service has written; remove it only if you "
                                "know that the journal is the newest",
                                file_);
  }
  const auto own = directory_.Get()->PastLogVerifiers(machine_.group());
  std::shared_lock lock(machine_.mutex());
  for (const std::string& note : kept.checkpoints()) {
    ENTENTE_RETURN_IF_ERROR(base::WithPrefix(Compare(note, own), file_));
  }
  return absl::OkStatus();
}

absl::Status RollbackWatch::CheckShown() const {
  const auto note = base::ReadFile(ShownFile());
  if (!note.has_value()) return absl::OkStatus();
  const auto own = directory_.Get()->LogVerifiers(machine_.group());
  std::shared_lock lock(machine_.mutex());
  return base::WithPrefix(Compare(*note, own), ShownFile());
}

bool RollbackWatch::Keep() {
  base::MutexLock guard(mutex_);
  if (!proof_.empty()) return true;  // what is known to be behind is not written down
  KnownHeads kept;
  uint64_t applied = 0;
  {
    std::shared_lock lock(machine_.mutex());
    applied = machine_.applied();
    if (applied == kept_at_) return true;
    for (const auto& [id, ledger] : machine_.ledgers()) {
      if (!ledger.checkpoint.empty()) kept.add_checkpoints(ledger.checkpoint);
    }
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(kept, &text);
  if (!base::WriteFileAtomically(file_, text)) return false;
  kept_at_ = applied;
  return true;
}

absl::Status RollbackWatch::Shown(const std::string& note) {
  const auto own = directory_.Get()->LogVerifiers(machine_.group());
  const auto compare = [&] {
    std::shared_lock lock(machine_.mutex());
    return Compare(note, own);
  };
  absl::Status status = compare();
  if (status.ok()) return status;
  // Another writer may have signed it a moment ago.
  ENTENTE_RETURN_IF_ERROR(catch_up_());
  status = compare();
  if (status.ok()) return status;
  base::MutexLock guard(mutex_);
  if (!proof_.empty()) return status;
  proof_ = note;
  telemetry::Log(telemetry::Level::kError, "a follower has shown that the store was rolled back",
                 {{telemetry::field::kGroup, machine_.group()},
                  {telemetry::field::kError, base::Text(status)}});
  // The next start must know it, too.
  base::WriteFileAtomically(ShownFile(), note, 0600);
  return status;
}

bool RollbackWatch::JudgeAgain() {
  const auto own = directory_.Get()->LogVerifiers(machine_.group());
  base::MutexLock guard(mutex_);
  if (proof_.empty()) return false;
  {
    std::shared_lock lock(machine_.mutex());
    if (!Compare(proof_, own).ok()) return false;
  }
  telemetry::Log(telemetry::Level::kWarn, "what a follower has shown was signed by a retired key",
                 {{telemetry::field::kGroup, machine_.group()}});
  proof_.clear();
  ::unlink(ShownFile().c_str());
  return true;
}

}  // namespace entente::rpc
