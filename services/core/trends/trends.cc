#include "services/core/trends/trends.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace entente::trends {
namespace {

struct Counted {
  int64_t count = 0;
  absl::InlinedVector<uint16_t, 8> originators;  // unique; a state's two letters
  bool suppressed = false;

  void AddOriginator(std::string_view state) {
    const auto letters = static_cast<uint16_t>(state[0] << 8 | state[1]);
    if (std::find(originators.begin(), originators.end(), letters) == originators.end()) {
      originators.push_back(letters);
    }
  }
};

using RowKey = std::pair<std::string, machine::Basis>;
using Counts =
    std::map<RowKey, std::vector<Counted>>;  // cells of both periods, the one before first

// Suppresses the published cell with the lowest count among `cells`; false if there is none.
bool SuppressOneMore(const std::vector<Counted*>& cells) {
  Counted* least = nullptr;
  for (Counted* cell : cells) {
    if (cell->suppressed) continue;
    if (least == nullptr || cell->count < least->count) least = cell;
  }
  if (least == nullptr) return false;
  least->suppressed = true;
  return true;
}

// Makes what is suppressed among cells whose sum is known more than one equation's single answer;
// false if it was already.
bool Complement(const std::vector<Counted*>& cells) {
  for (bool changed = false;; changed = true) {
    int64_t number = 0;
    int64_t sum = 0;
    for (const Counted* cell : cells) {
      if (!cell->suppressed) continue;
      ++number;
      sum += cell->count;
    }
    // One unknown is what is left; unknowns that must each be one are one each.
    if (number == 0 || (number > 1 && sum > number) || !SuppressOneMore(cells)) return changed;
  }
}

void Suppress(Counts& counts, const Query& query, size_t months) {
  for (auto& [key, cells] : counts) {
    for (Counted& cell : cells) {
      cell.suppressed =
          cell.count > 0 && cell.originators.size() < static_cast<size_t>(query.min_originators);
    }
  }
  if (!query.dimension.partition) return;
  for (size_t month = 0; month < months; ++month) {
    std::map<machine::Basis, std::vector<Counted*>> by_basis;
    std::vector<Counted*> all;
    for (auto& [key, cells] : counts) {
      if (cells[month].count == 0) continue;
      by_basis[key.second].push_back(&cells[month]);
      all.push_back(&cells[month]);
    }
    // What is added for the whole may be the only one of its basis, and the other way round.
    for (bool changed = true; changed;) {
      changed = Complement(all);
      for (const auto& [basis, cells] : by_basis) changed = Complement(cells) || changed;
    }
  }
}

}  // namespace

std::optional<int> ParseMonth(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < 7; ++i) {
    if (i == 4) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  const int year = value / 100;
  const int month = value % 100;
  if (year < 1900 || month < 1 || month > 12) return std::nullopt;
  return year * 12 + month - 1;
}

std::string FormatMonth(int month) {
  return fmt::format("{:04}-{:02}", month / 12, month % 12 + 1);
}

namespace {

using Keys = absl::flat_hash_set<std::string>;

// The period before the one that is asked for is counted, too.
int FirstCounted(const Query& query) {
  return query.first_month - (query.last_month - query.first_month + 1);
}

// Which keys are worth cells: cells of a key cost kilobytes, and a state can name as many keys as
// it likes. Keys beyond the first kKeysMax that are met are left out, then all but the kRowsKept
// that were met most often. Values of a partition are few by nature and must add up: all are kept.
Keys KeysOf(const machine::Register& reg, const machine::Reader& reader, const Query& query) {
  absl::flat_hash_map<std::string, int64_t> counts;
  reg.Observe(reader, query.dimension.name, [&](const machine::Observation& seen) {
    if (seen.month < FirstCounted(query) || seen.month > query.last_month) return;
    auto it = counts.find(absl::string_view(seen.key.data(), seen.key.size()));
    if (it == counts.end()) {
      if (counts.size() >= kKeysMax) return;
      it = counts.try_emplace(std::string(seen.key), 0).first;
    }
    ++it->second;
  });
  std::vector<std::pair<int64_t, std::string>> ranked;
  ranked.reserve(counts.size());
  for (auto& [key, count] : counts) ranked.emplace_back(-count, key);
  if (!query.dimension.partition && ranked.size() > kRowsKept) {
    std::nth_element(ranked.begin(), ranked.begin() + kRowsKept, ranked.end());
    ranked.resize(kRowsKept);
  }
  Keys keys;
  for (auto& [count, key] : ranked) keys.insert(std::move(key));
  return keys;
}

// The cells of `keys`; where that is null, of all keys, or nothing once there are more of them than
// rows that are kept.
std::optional<Counts> CountCells(const machine::Register& reg, const machine::Reader& reader,
                                 const Query& query, const Keys* keys) {
  const int begin = FirstCounted(query);
  const auto months = static_cast<size_t>(query.last_month) + 1 - static_cast<size_t>(begin);
  absl::flat_hash_map<std::string, std::vector<Counted>> by_basis[3];
  size_t kept = 0;
  bool too_many = false;
  reg.Observe(reader, query.dimension.name, [&](const machine::Observation& seen) {
    if (too_many || seen.month < begin || seen.month > query.last_month) return;
    const absl::string_view key(seen.key.data(), seen.key.size());
    if (keys != nullptr && !keys->contains(key)) return;
    auto& rows = by_basis[static_cast<size_t>(seen.basis)];
    auto it = rows.find(key);
    if (it == rows.end()) {
      too_many = keys == nullptr && kept == kRowsKept;
      if (too_many) return;
      ++kept;
      it = rows.try_emplace(std::string(seen.key), months).first;
    }
    Counted& cell = it->second[static_cast<size_t>(seen.month - begin)];
    ++cell.count;
    cell.AddOriginator(seen.originator);
  });
  if (too_many) return std::nullopt;
  Counts counts;
  for (const auto basis :
       {machine::Basis::kNone, machine::Basis::kListed, machine::Basis::kCatchAll}) {
    for (auto& [key, cells] : by_basis[static_cast<size_t>(basis)]) {
      counts.emplace(RowKey(key, basis), std::move(cells));
    }
  }
  return counts;
}

}  // namespace

Table Compute(const machine::Register& reg, const machine::Reader& reader, const Query& query) {
  const int length = query.last_month - query.first_month + 1;
  const auto months = 2 * static_cast<size_t>(length);
  // Few keys are the rule, and are counted at once.
  auto counted = CountCells(reg, reader, query, nullptr);
  if (!counted.has_value()) {
    const Keys keys = KeysOf(reg, reader, query);
    counted = CountCells(reg, reader, query, &keys);
  }
  Counts& counts = *counted;
  Suppress(counts, query, months);
  Table table;
  for (const auto& [key, cells] : counts) {
    Row row{.key = key.first, .basis = key.second};
    bool published = false;
    for (size_t month = 0; month < months; ++month) {
      const Counted& cell = cells[month];
      const int64_t shown = cell.suppressed ? 0 : cell.count;
      if (month < static_cast<size_t>(length)) {
        row.total_before += shown;
        continue;
      }
      row.cells.push_back({shown, cell.suppressed});
      row.total += shown;
      row.incomplete = row.incomplete || cell.suppressed;
      table.suppressed_cells += cell.suppressed ? 1 : 0;
      published = published || shown > 0;
    }
    // A row of suppressed cells alone would say that there is something under its key.
    if (published) table.rows.push_back(std::move(row));
  }
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [](const Row& a, const Row& b) { return a.total > b.total; });
  if (table.rows.size() > kRowsMax) {
    table.rows_left_out = static_cast<int>(table.rows.size() - kRowsMax);
    table.rows.resize(kRowsMax);
  }
  return table;
}

}  // namespace entente::trends
