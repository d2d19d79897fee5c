#include "clients/cli/exchange/trend_table.h"

#include "services/core/base/status.h"
#include "services/core/trends/trends.h"

namespace entente::cli {
namespace {

using base::Reason;

constexpr int64_t kCountMax = int64_t{1} << 40;
constexpr int kRowsMax = 200;

absl::Status Odd(std::string_view what) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kDocumentMalformed,
                      "the service's table of counts is none: {}", what);
}

bool IsCount(int64_t count) { return count >= 0 && count <= kCountMax; }

}  // namespace

absl::Status CheckTable(const exchange::v1::GetTrendsResponse& table) {
  if (table.months_size() > trends::kMonthsMax) return Odd("too many months");
  if (table.rows_size() > kRowsMax) return Odd("too many rows");
  if (!IsCount(table.suppressed_cells())) return Odd("suppressed_cells is out of range");
  int64_t above = kCountMax;
  for (const auto& row : table.rows()) {
    // Bars are drawn against the first.
    if (row.total() > above) return Odd("rows do not come by falling total");
    above = row.total();
    if (row.cells_size() != table.months_size()) return Odd("a row has not one cell a month");
    if (!IsCount(row.total()) || !IsCount(row.total_before())) {
      return Odd("a total is out of range");
    }
    for (const auto& cell : row.cells()) {
      if (!IsCount(cell.count())) return Odd("a count is out of range");
    }
  }
  return absl::OkStatus();
}

}  // namespace entente::cli
