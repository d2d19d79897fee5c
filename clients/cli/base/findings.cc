#include "clients/cli/base/findings.h"

#include <iostream>

#include "clients/cli/base/context.h"
#include "services/core/base/status.h"

namespace entente::cli {

using base::Reason;

void Findings::Add(const std::string& where, const absl::Status& status) {
  ++count_;
  if (json_) {
    std::cout << fmt::format("{{\"where\":{},\"reason\":{},\"finding\":{}}}\n", JsonText(where),
                             JsonText(base::ReasonOf(status).value_or("")),
                             JsonText(base::Text(status)));
    return;
  }
  std::cout << "BAD  " << Printable(where) << ": " << Printable(base::Text(status)) << "\n";
}

void Findings::Waits(const std::string& where, uint64_t entries) {
  waiting_ += entries;
  if (!json_) std::cout << "wait " << where << ": " << entries << " not covered yet\n";
}

void Findings::Good(const std::string& text) const {
  if (!json_) std::cout << "ok   " << text << "\n";
}

absl::Status Findings::Result() const {
  if (count_ > 0) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "{} finding{}", count_,
                        count_ == 1 ? "" : "s");
  }
  if (waiting_ == 0) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kCopyIncomplete,
                      "{} entries wait for the checkpoint that covers them, or for the order to "
                      "erase them; a running follow saves it within seconds, else run follow "
                      "again",
                      waiting_);
}

}  // namespace entente::cli
