// What one state may make a service keep, by day and over the years: values of the profile, under
// ceilings that are compiled in. Each is of one state alone: a refusal must not tell what others
// wrote (law 6). What was recorded under other budgets is read all the same.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_BUDGETS_H_
#define ENTENTE_SERVICES_CORE_MACHINE_BUDGETS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "entente/config/v1/regime_profile.pb.h"

namespace entente::machine {

struct Budgets {
  uint64_t documents_per_day = 0;
  uint64_t bytes_per_day = 0;  // of signed documents
  uint64_t documents = 0;
  uint64_t bytes = 0;
  uint64_t chain_documents = 0;  // of one chain, its first included
  uint64_t chain_facts = 0;      // that filters find one chain by, former ones included
  uint64_t erasures_per_day = 0;
};

// The profile's values, or the defaults where it says nothing; never above the ceilings.
Budgets BudgetsOf(const entente::config::v1::RegimeProfile& profile);

// What a state has had recorded.
struct Usage {
  int64_t day = 0;  // since 1970, UTC, of the newest
  uint64_t day_documents = 0;
  uint64_t day_bytes = 0;
  uint64_t documents = 0;
  uint64_t bytes = 0;
  uint64_t day_erasures = 0;

  void Add(int64_t on_day, uint64_t document_bytes, bool erases = false);
  // On that day, or a later one of the newest document.
  uint64_t DocumentsOn(int64_t on_day) const { return on_day > day ? 0 : day_documents; }
  uint64_t BytesOn(int64_t on_day) const { return on_day > day ? 0 : day_bytes; }
  uint64_t ErasuresOn(int64_t on_day) const { return on_day > day ? 0 : day_erasures; }
};

// Days since 1970, UTC.
inline int64_t DayOf(absl::Time time) { return absl::ToUnixSeconds(time) / 86400; }

// FAILED_PRECONDITION/BUDGET_EXCEEDED where one more document of that size is over a budget.
absl::Status CheckUsage(const Budgets& budgets, const Usage& usage, int64_t day, uint64_t bytes);

// The same where one more Erasure is over its own budget, the only one that it is held to: a law's
// order does not wait for room.
absl::Status CheckErasures(const Budgets& budgets, const Usage& usage, int64_t day);

// A chain before its next document.
struct ChainSize {
  std::string_view name;
  uint64_t documents = 0;
  uint64_t facts = 0;
};
absl::Status CheckChain(const Budgets& budgets, const ChainSize& chain);

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_BUDGETS_H_
