// What a check finds: every finding, not the first.
#ifndef ENTENTE_CLIENTS_CLI_BASE_FINDINGS_H_
#define ENTENTE_CLIENTS_CLI_BASE_FINDINGS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace entente::cli {

// Prints as it goes: lines for people, or objects for machines.
class Findings {
 public:
  explicit Findings(bool json) : json_(json) {}
  void Add(const std::string& where, const absl::Status& status);
  // Entries that no saved checkpoint covers yet: nothing wrong with them, and no evidence either.
  void Waits(const std::string& where, uint64_t entries);
  void Good(const std::string& text) const;
  int count() const { return count_; }
  // DATA_LOSS/PROOF_INVALID if anything was found, FAILED_PRECONDITION/COPY_INCOMPLETE if something
  // waits.
  absl::Status Result() const;

 private:
  const bool json_;
  int count_ = 0;
  uint64_t waiting_ = 0;
};

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_FINDINGS_H_
