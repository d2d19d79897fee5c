// Suppression against an attacker who has every published figure and knows the rules.
#include "services/core/trends/trends.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "services/core/machine/group.h"

namespace entente::trends {
namespace {

using machine::Basis;

struct Case {
  int month = 0;
  std::string originator;
  std::string key;
  Basis basis = Basis::kNone;
};

const machine::Group kCases = {.name = "cases", .kinds = {}, .make_register = nullptr};

// A register of cases that everybody may read.
class Cases final : public machine::Register {
 public:
  explicit Cases(std::vector<Case> cases) : cases_(std::move(cases)) {}
  absl::StatusOr<machine::Judgement> Validate(const document::VerifiedDocument&,
                                              const machine::ValidationContext&) const override {
    return absl::UnimplementedError("");
  }
  void Apply(const machine::AppliedDocument&) noexcept override {}
  const machine::Group& group() const override { return kCases; }
  std::unique_ptr<machine::Restatement> RestateChain(const machine::Chain&) override {
    return nullptr;
  }
  uint64_t Footprint() const override { return 0; }
  base::Digest Fingerprint() const override { return {}; }
  std::multimap<std::string, std::string> Facts(std::string_view) const override { return {}; }
  std::vector<machine::FactField> FactFields() const override { return {}; }
  void Observe(const machine::Reader&, std::string_view,
               const std::function<void(const machine::Observation&)>& visit) const override {
    ++observed;
    for (const Case& one : cases_) visit({one.month, one.originator, one.key, one.basis});
  }

  mutable int observed = 0;  // how often all cases were looked at

 private:
  const std::vector<Case> cases_;
};

constexpr int kJanuary = 2016 * 12;

Table Ask(const std::vector<Case>& cases, bool partition, int months = 1, int least = 3) {
  return Compute(Cases(cases), {.state = "kr", .is_partner = true},
                 {.dimension = {"x", partition},
                  .first_month = kJanuary,
                  .last_month = kJanuary + months - 1,
                  .min_originators = least});
}

std::vector<Case> Many(const std::string& key, int count, const std::vector<std::string>& by,
                       Basis basis = Basis::kNone) {
  std::vector<Case> cases;
  for (int i = 0; i < count; ++i) {
    cases.push_back({kJanuary, by[static_cast<size_t>(i) % by.size()], key, basis});
  }
  return cases;
}

void Append(std::vector<Case>& to, const std::vector<Case>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

TEST(MonthTest, ParsesAndFormats) {
  EXPECT_EQ(ParseMonth("2016-01"), kJanuary);
  EXPECT_EQ(FormatMonth(kJanuary + 11), "2016-12");
  for (const char* bad : {"", "2016", "2016-13", "2016-00", "16-01", "2016/01", "201a-01"}) {
    EXPECT_FALSE(ParseMonth(bad).has_value()) << bad;
  }
}

TEST(TrendsTest, ACellNeedsEnoughOriginatorsHoweverLargeItIs) {
  std::vector<Case> cases = Many("few", 50, {"jp", "kr"});
  Append(cases, Many("enough", 3, {"jp", "kr", "nz"}));
  const Table table = Ask(cases, false);
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0].key, "enough");
  EXPECT_EQ(table.rows[0].total, 3);
  EXPECT_EQ(table.suppressed_cells, 1);
}

// A state can name as many keys as it likes: what is met most often is kept, and few keys cost one
// look at the cases.
TEST(TrendsTest, OfTooManyKeysThoseThatAreMetMostOftenAreCounted) {
  const std::vector<std::string> by = {"jp", "kr", "nz"};
  for (const size_t extra : {size_t{0}, size_t{1}, size_t{500}}) {
    std::vector<Case> cases;
    // What is met least comes first.
    for (size_t i = 0; i < extra; ++i) Append(cases, Many(fmt::format("rare {}", i), 3, by));
    for (size_t i = 0; i < kRowsKept; ++i) {
      Append(cases, Many(fmt::format("often {}", i), i == 0 ? 7 : 4, by));
    }
    const Cases reg(cases);
    const Table table = Compute(reg, {.state = "kr", .is_partner = true},
                                {.dimension = {"x", false},
                                 .first_month = kJanuary,
                                 .last_month = kJanuary,
                                 .min_originators = 3});
    EXPECT_EQ(reg.observed, extra == 0 ? 1 : 3);
    ASSERT_EQ(table.rows.size(), kRowsMax);
    EXPECT_EQ(table.rows_left_out, static_cast<int>(kRowsKept - kRowsMax));
    EXPECT_EQ(table.rows[0].key, "often 0");
    EXPECT_EQ(table.rows[0].total, 7);
    EXPECT_EQ(table.rows[1].total, 4);
  }
}

TEST(TrendsTest, ListedAndCatchAllAreNeverAddedUp) {
  std::vector<Case> cases = Many("aq", 3, {"jp", "kr", "nz"}, Basis::kListed);
  Append(cases, Many("aq", 4, {"jp", "kr", "nz"}, Basis::kCatchAll));
  const Table table = Ask(cases, true);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].total, 4);
  EXPECT_EQ(table.rows[1].total, 3);
}

TEST(TrendsTest, ThePeriodBeforeIsCountedByTheSameRule) {
  std::vector<Case> cases = Many("a", 6, {"jp", "kr", "nz"});
  for (Case one : Many("a", 5, {"jp", "kr", "nz"})) {
    one.month -= 1;
    cases.push_back(one);
  }
  cases.push_back({kJanuary - 2, "jp", "a"});  // before the period before
  const Table table = Ask(cases, false);
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0].total, 6);
  EXPECT_EQ(table.rows[0].total_before, 5);
}

// The whole of a partition is known from elsewhere; one suppressed cell would be what is left.
TEST(TrendsTest, APartitionNeverHasASingleSuppressedCell) {
  std::vector<Case> cases = Many("small", 1, {"jp"});
  Append(cases, Many("middle", 4, {"jp", "kr", "nz"}));
  Append(cases, Many("large", 9, {"jp", "kr", "nz"}));
  const Table open = Ask(cases, false);
  EXPECT_EQ(open.suppressed_cells, 1);
  const Table table = Ask(cases, true);
  EXPECT_EQ(table.suppressed_cells, 2);
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0].key, "large");
}

// Two cells that must be one each are no secret either.
TEST(TrendsTest, SuppressedCellsAreNeverAllOnes) {
  std::vector<Case> cases = Many("a", 1, {"jp"});
  Append(cases, Many("b", 1, {"kr"}));
  Append(cases, Many("c", 5, {"jp", "kr", "nz"}));
  const Table table = Ask(cases, true);
  EXPECT_EQ(table.suppressed_cells, 3);
  EXPECT_TRUE(table.rows.empty());
}

// The attacker: with the sum of a month's partition in hand, is some suppressed cell's value
// certain? He knows that a suppressed cell is at least one.
bool SomethingIsCertain(const std::vector<int64_t>& suppressed) {
  int64_t sum = 0;
  for (int64_t value : suppressed) sum += value;
  if (suppressed.empty()) return false;
  if (suppressed.size() == 1) return true;
  return sum == static_cast<int64_t>(suppressed.size());  // all ones
}

// Random partitions: published cells are true and broad enough, sums are sums of published cells,
// and wherever anything is published beside suppressed cells the attacker is left uncertain.
TEST(TrendsTest, NoSubtractionGivesASuppressedCellAway) {
  const std::vector<std::string> states = {"au", "jp", "kr", "nz", "us"};
  const std::vector<std::string> keys = {"a", "b", "c", "d", "e", "f"};
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    std::vector<Case> cases;
    const int months = 1 + static_cast<int>(random() % 3);
    const size_t count = random() % 60;
    for (size_t i = 0; i < count; ++i) {
      const size_t key = std::min(random() % keys.size(), random() % keys.size());
      cases.push_back({kJanuary + static_cast<int>(random() % static_cast<uint32_t>(months)),
                       states[random() % states.size()], keys[key],
                       random() % 4 == 0 ? Basis::kCatchAll : Basis::kListed});
    }
    std::map<std::tuple<std::string, Basis, int>, std::pair<int64_t, std::set<std::string>>> truth;
    for (const Case& one : cases) {
      auto& cell = truth[{one.key, one.basis, one.month}];
      ++cell.first;
      cell.second.insert(one.originator);
    }
    const Table table = Ask(cases, true, months);
    std::set<std::tuple<std::string, Basis, int>> published;
    for (const Row& row : table.rows) {
      int64_t total = 0;
      for (int m = 0; m < months; ++m) {
        const Cell& cell = row.cells[static_cast<size_t>(m)];
        total += cell.count;
        if (cell.suppressed) {
          EXPECT_EQ(cell.count, 0);
        }
        if (cell.suppressed || cell.count == 0) continue;
        const auto& real = truth[{row.key, row.basis, kJanuary + m}];
        EXPECT_EQ(cell.count, real.first) << "seed " << seed;
        EXPECT_GE(real.second.size(), 3u) << "seed " << seed;
        published.insert({row.key, row.basis, kJanuary + m});
      }
      EXPECT_EQ(row.total, total);
    }
    for (int m = 0; m < months; ++m) {
      for (const auto basis : {std::optional<Basis>(), std::optional(Basis::kListed),
                               std::optional(Basis::kCatchAll)}) {
        std::vector<int64_t> suppressed;
        bool any = false;
        for (const auto& [cell, real] : truth) {
          if (std::get<2>(cell) != kJanuary + m || real.first == 0) continue;
          if (basis && std::get<1>(cell) != *basis) continue;
          if (published.count(cell) != 0) {
            any = true;
          } else {
            suppressed.push_back(real.first);
          }
        }
        EXPECT_FALSE(any && SomethingIsCertain(suppressed)) << "seed " << seed << " month " << m;
      }
    }
  }
}

}  // namespace
}  // namespace entente::trends
