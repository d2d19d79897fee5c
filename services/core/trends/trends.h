// Counts over time of what a reader may read, with small cells suppressed. Pure: no I/O, no clock.
//
// The one kind of cell is (key, basis, month). It is published if at least `min_originators`
// different states stand behind it. Every other figure is a sum of published cells, so no sum minus
// its parts gives a suppressed one. Where a dimension divides all that is counted (each case has
// exactly one value, as with acts), the whole is known from another such dimension; so there a
// month never has just one suppressed cell, nor only suppressed cells that must all be one
// (complementary suppression).
#ifndef ENTENTE_SERVICES_CORE_TRENDS_TRENDS_H_
#define ENTENTE_SERVICES_CORE_TRENDS_TRENDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/core/machine/register.h"

namespace entente::trends {

inline constexpr int kMonthsMax = 60;
inline constexpr size_t kRowsMax = 200;
// Different keys that are counted at all, and of those, keys whose cells are worked out: what one
// question may cost in memory is about 3 MiB + 2,000 x 6 KiB.
inline constexpr size_t kKeysMax = 32768;
inline constexpr size_t kRowsKept = 2000;

// "2016-10" as months since year 0, or nothing.
std::optional<int> ParseMonth(std::string_view text);
std::string FormatMonth(int month);

struct Cell {
  int64_t count = 0;
  bool suppressed = false;
};

struct Row {
  std::string key;
  machine::Basis basis = machine::Basis::kNone;
  std::vector<Cell> cells;  // one per month
  int64_t total = 0;        // of published cells
  int64_t total_before = 0;
  bool incomplete = false;
};

struct Table {
  std::vector<Row> rows;  // by falling total, then key
  int64_t suppressed_cells = 0;
  int rows_left_out = 0;  // of those whose cells were worked out
};

struct Query {
  machine::Dimension dimension;
  int first_month = 0;
  int last_month = 0;
  int min_originators = 0;
};

// The caller holds the machine's lock.
Table Compute(const machine::Register& reg, const machine::Reader& reader, const Query& query);

}  // namespace entente::trends

#endif  // ENTENTE_SERVICES_CORE_TRENDS_TRENDS_H_
