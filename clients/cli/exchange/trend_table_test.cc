// Claims about tables of counts: what a lying host sends is refused before it is drawn (F11).
#include "clients/cli/exchange/trend_table.h"

#include <gtest/gtest.h>

#include <functional>

#include "services/core/base/testing/status_matchers.h"

namespace entente::cli {
namespace {

using exchange::v1::GetTrendsResponse;

GetTrendsResponse Honest() {
  GetTrendsResponse table;
  for (const char* month : {"2016-01", "2016-02"}) table.add_months(month);
  auto& row = *table.add_rows();
  row.set_key("aq");
  for (int count : {3, 4}) row.add_cells()->set_count(count);
  row.set_total(7);
  return table;
}

TEST(TrendTableTest, AnHonestOneIsTaken) { EXPECT_OK(CheckTable(Honest())); }

TEST(TrendTableTest, WhatWouldRunOutOfNumbersIsRefused) {
  using Row = exchange::v1::TrendRow;
  const std::function<void(Row&)> lies[] = {
      [](Row& row) { row.set_total(int64_t{1} << 58); },
      [](Row& row) { row.set_total(-1); },
      [](Row& row) { row.set_total_before(-1); },
      [](Row& row) { row.mutable_cells(1)->set_count(int64_t{1} << 60); },
      [](Row& row) { row.mutable_cells(0)->set_count(-1); },
      [](Row& row) { row.add_cells(); },
      [](Row& row) { row.clear_cells(); },
  };
  for (const auto& lie : lies) {
    GetTrendsResponse table = Honest();
    lie(*table.mutable_rows(0));
    EXPECT_FALSE(CheckTable(table).ok()) << table.ShortDebugString();
  }
}

TEST(TrendTableTest, MoreThanThereCanBeIsRefused) {
  GetTrendsResponse table = Honest();
  for (int i = 0; i < 200; ++i) *table.add_rows() = table.rows(0);
  EXPECT_FALSE(CheckTable(table).ok());
  table = Honest();
  *table.add_rows() = table.rows(0);
  table.mutable_rows(1)->set_total(8);
  EXPECT_FALSE(CheckTable(table).ok()) << "bars are drawn against the first row";
  table = Honest();
  table.set_suppressed_cells(-1);
  EXPECT_FALSE(CheckTable(table).ok());
}

}  // namespace
}  // namespace entente::cli
