#include "services/core/machine/budgets.h"

#include <algorithm>

#include "services/core/base/status.h"

namespace entente::machine {
namespace {

using base::Reason;

// Defaults, and how far a profile may go.
struct Range {
  uint64_t otherwise;
  uint64_t ceiling;
};
constexpr Range kDocumentsPerDay{20'000, 2'000'000};
constexpr Range kBytesPerDay{uint64_t{256} << 20, uint64_t{8} << 30};
constexpr Range kDocuments{500'000, 5'000'000};
constexpr Range kBytes{uint64_t{4} << 30, uint64_t{64} << 30};
constexpr Range kChainDocuments{1'000, 10'000};
constexpr Range kChainFacts{1'024, 8'192};
constexpr Range kErasuresPerDay{20, 1'000};

uint64_t Within(uint64_t value, const Range& range) {
  return value == 0 ? range.otherwise : std::min(value, range.ceiling);
}

absl::Status Exceeded(std::string_view what, uint64_t most, std::string_view advice) {
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kBudgetExceeded,
                      "{}: at most {} are admitted by the regime's profile; {}", what, most,
                      advice);
}

}  // namespace

Budgets BudgetsOf(const entente::config::v1::RegimeProfile& profile) {
  const auto& said = profile.budgets();
  return {.documents_per_day = Within(said.documents_per_day_max(), kDocumentsPerDay),
          .bytes_per_day = Within(said.bytes_per_day_max(), kBytesPerDay),
          .documents = Within(said.documents_max(), kDocuments),
          .bytes = Within(said.bytes_max(), kBytes),
          .chain_documents = Within(said.chain_documents_max(), kChainDocuments),
          .chain_facts = Within(said.chain_facts_max(), kChainFacts),
          .erasures_per_day = Within(said.erasures_per_day_max(), kErasuresPerDay)};
}

void Usage::Add(int64_t on_day, uint64_t document_bytes, bool erases) {
  if (on_day > day) {
    day = on_day;
    day_documents = day_bytes = day_erasures = 0;
  }
  ++day_documents;
  day_erasures += erases ? 1 : 0;
  day_bytes += document_bytes;
  ++documents;
  bytes += document_bytes;
}

absl::Status CheckUsage(const Budgets& budgets, const Usage& usage, int64_t day, uint64_t bytes) {
  constexpr std::string_view kTomorrow = "go on tomorrow (UTC)";
  constexpr std::string_view kAsk = "ask the Point of Contact to have the profile raised";
  if (usage.DocumentsOn(day) + 1 > budgets.documents_per_day) {
    return Exceeded("documents of your state today", budgets.documents_per_day, kTomorrow);
  }
  if (usage.BytesOn(day) + bytes > budgets.bytes_per_day) {
    return Exceeded("bytes of your state today", budgets.bytes_per_day, kTomorrow);
  }
  if (usage.documents + 1 > budgets.documents) {
    return Exceeded("documents of your state in all", budgets.documents, kAsk);
  }
  if (usage.bytes + bytes > budgets.bytes) {
    return Exceeded("bytes of your state in all", budgets.bytes, kAsk);
  }
  return absl::OkStatus();
}

absl::Status CheckErasures(const Budgets& budgets, const Usage& usage, int64_t day) {
  if (usage.ErasuresOn(day) < budgets.erasures_per_day) return absl::OkStatus();
  return Exceeded("erasures of your state today", budgets.erasures_per_day,
                  "go on tomorrow (UTC), or ask the Point of Contact to have the profile raised");
}

absl::Status CheckChain(const Budgets& budgets, const ChainSize& chain) {
  if (chain.documents + 1 > budgets.chain_documents) {
    return Exceeded(std::string(chain.name) + ": documents of one chain", budgets.chain_documents,
                    "end it and open a new one");
  }
  if (chain.facts > budgets.chain_facts) {
    return Exceeded(
        std::string(chain.name) + ": items, countries and other facts that it has ever named",
        budgets.chain_facts, "end it and open a new one");
  }
  return absl::OkStatus();
}

}  // namespace entente::machine
