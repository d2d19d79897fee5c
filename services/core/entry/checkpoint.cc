#include "services/core/entry/checkpoint.h"

#include "services/core/base/status.h"
#include "services/core/base/text.h"

namespace entente::entry {

std::string OriginOf(std::string_view trust_domain, std::string_view group,
                     std::string_view ledger) {
  return fmt::format("{}/{}/{}", trust_domain, group, ledger);
}

std::string Checkpoint::Text() const {
  return fmt::format("{}\n{}\n{}\n", origin, head.size, base::ToBase64(head.root.view()));
}

absl::StatusOr<Checkpoint> Checkpoint::Parse(std::string_view text) {
  const auto lines = base::Split(text, '\n');
  if (lines.size() < 4 || !lines.back().empty()) return BadNote("fewer than three lines");
  Checkpoint result;
  result.origin = std::string(lines[0]);
  const auto size = base::ParseDecimal(lines[1]);
  const auto root = base::FromBase64(lines[2]);
  const auto digest = root ? base::Digest::From(*root) : std::nullopt;
  if (result.origin.empty() || !size || !digest)
    return BadNote("origin, size or root is malformed");
  result.head = {*size, *digest};
  return result;
}

absl::StatusOr<Checkpoint> ReadKeptCheckpoint(std::string_view note) {
  const size_t end = note.rfind("\n\n");
  return Checkpoint::Parse(end == std::string_view::npos ? "" : note.substr(0, end + 1));
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, std::string_view origin,
                                          std::span<const NoteVerifier> known) {
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, OpenNote(note, known));
  ENTENTE_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::Parse(text));
  if (checkpoint.origin != origin) {
    return BadNote(fmt::format("is of {}, not of {}", checkpoint.origin, origin));
  }
  return checkpoint;
}

}  // namespace entente::entry
