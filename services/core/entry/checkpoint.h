// Size and root of a ledger, signed: C2SP tlog-checkpoint.
#ifndef ENTENTE_SERVICES_CORE_ENTRY_CHECKPOINT_H_
#define ENTENTE_SERVICES_CORE_ENTRY_CHECKPOINT_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/core/base/bytes.h"
#include "services/core/entry/note.h"

namespace entente::entry {

// Size and root of a ledger.
struct Head {
  uint64_t size = 0;
  base::Digest root;
  bool operator==(const Head&) const = default;
};

// First line of a ledger's checkpoints: "mtcr.example/leem/all".
std::string OriginOf(std::string_view trust_domain, std::string_view group,
                     std::string_view ledger);

// A C2SP tlog-checkpoint's body.
struct Checkpoint {
  std::string origin;
  Head head;
  std::string Text() const;
  // Refuses leading zeros, wrong lengths and missing lines; extension lines are accepted and
  // ignored.
  static absl::StatusOr<Checkpoint> Parse(std::string_view text);
};

// Reads the checkpoint in a note without checking signatures: only for notes that were opened, and
// so checked, before they were kept.
absl::StatusOr<Checkpoint> ReadKeptCheckpoint(std::string_view note);
// Opens a checkpoint note and checks its origin.
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, std::string_view origin,
                                          std::span<const NoteVerifier> known);

}  // namespace entente::entry

#endif  // ENTENTE_SERVICES_CORE_ENTRY_CHECKPOINT_H_
