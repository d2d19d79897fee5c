// entente trend: counts over time from every group that the configuration knows.
#include <iostream>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/trend_html.h"
#include "clients/cli/exchange/trend_table.h"
#include "clients/sdk/calls.h"
#include "entente/exchange/v1/trend_service.grpc.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/trends/trends.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using base::Reason;

struct TrendOptions {
  std::vector<std::string> by;
  std::string group;
  std::string from;
  std::string until;
  std::string html;
};

std::string Bar(int64_t value, int64_t top) {
  std::string bar;
  for (int64_t i = 0; i < (top == 0 ? 0 : value * 24 / top); ++i) bar += "\xe2\x96\x88";
  return bar;
}

// The last months of each row as a line of blocks; x where a cell is suppressed.
std::string Sparkline(const exchange::v1::TrendRow& row) {
  int64_t top = 1;
  for (const auto& cell : row.cells()) top = std::max(top, cell.count());
  std::string line;
  for (int i = std::max(0, row.cells_size() - 24); i < row.cells_size(); ++i) {
    const auto& cell = row.cells(i);
    const char level = static_cast<char>('\x81' + cell.count() * 7 / top);
    line += cell.suppressed() ? "x" : cell.count() == 0 ? "." : std::string("\xe2\x96") + level;
  }
  return line;
}

void PrintTable(const TrendSection& section) {
  const auto& table = section.table;
  std::cout << section.title << "\n";
  Table out({"KEY", "BASIS", "TOTAL", "BEFORE", "BY MONTH", ""});
  const int64_t top = table.rows().empty() ? 0 : table.rows(0).total();
  for (int i = 0; i < std::min(15, table.rows_size()); ++i) {
    const auto& row = table.rows(i);
    const char* basis = row.basis() == exchange::v1::TREND_BASIS_LISTED      ? "listed"
                        : row.basis() == exchange::v1::TREND_BASIS_CATCH_ALL ? "catch-all"
                                                                             : "";
    out.Add({row.key(), basis, std::to_string(row.total()) + (row.incomplete() ? "+" : ""),
             std::to_string(row.total_before()), Sparkline(row), Bar(row.total(), top)});
  }
  out.Print();
  std::cout << fmt::format("{} suppressed cells (fewer than {} states, or protecting one)\n\n",
                           table.suppressed_cells(), table.min_originators());
}

absl::StatusOr<exchange::v1::GetTrendsResponse> Fetch(sdk::Client& client,
                                                      const std::string& dimension,
                                                      const TrendOptions& options) {
  exchange::v1::GetTrendsRequest request;
  request.set_dimension(dimension);
  request.set_first_month(options.from);
  request.set_last_month(options.until);
  ENTENTE_ASSIGN_OR_RETURN(
      auto response, sdk::Call(client, &exchange::v1::TrendService::Stub::GetTrends, request));
  ENTENTE_RETURN_IF_ERROR(CheckTable(response));
  return response;
}

std::vector<std::string> DimensionsOf(const machine::Group& group, const TrendOptions& options) {
  std::vector<std::string> names;
  for (const auto& dimension : group.make_register({})->Dimensions()) {
    const bool asked = options.by.empty() || std::find(options.by.begin(), options.by.end(),
                                                       dimension.name) != options.by.end();
    if (asked) names.push_back(dimension.name);
  }
  return names;
}

absl::Status Trend(const Context& context, TrendOptions options) {
  const int now = machine::MonthOf(base::SystemClock().Now());
  if (options.until.empty()) options.until = trends::FormatMonth(now);
  if (options.from.empty()) options.from = trends::FormatMonth(now - 11);
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  std::vector<TrendSection> sections;
  for (const machine::Group* one : Groups()) {
    const std::string group(one->name);
    const auto& endpoints = agency->config().endpoints();
    const bool known = std::any_of(endpoints.begin(), endpoints.end(),
                                   [&](const auto& e) { return e.group() == group; });
    if (!known || (!options.group.empty() && options.group != group)) continue;
    ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(group));
    for (const std::string& dimension : DimensionsOf(*one, options)) {
      ENTENTE_ASSIGN_OR_RETURN(auto table, Fetch(*client, dimension, options));
      sections.push_back({fmt::format("{}: {}", group, dimension), std::move(table)});
    }
  }
  if (sections.empty()) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "no group that you have an endpoint of counts by that");
  }
  if (!options.html.empty()) {
    if (base::WriteFileAtomically(options.html, TrendPage(sections), 0600)) return absl::OkStatus();
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", options.html);
  }
  for (const TrendSection& section : sections) {
    if (context.json) {
      std::cout << ToJson(section.table) << "\n";
    } else {
      PrintTable(section);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddTrend(CLI::App& app, Context& context) {
  auto options = std::make_shared<TrendOptions>();
  auto* trend = app.add_subcommand(
      "trend",
      "Counts over time of what is released to you; small cells are suppressed.\n"
      "Example: entente trend --by item,route --from 2016-01 --until 2016-12 --html trends.html");
  trend
      ->add_option("--by", options->by, "item, destination, route, method, topic, act, …; else all")
      ->delimiter(',');
  trend->add_option("--group", options->group, "As in iem; else all that count");
  trend->add_option("--from", options->from, "First month; else a year back");
  trend->add_option("--until", options->until, "Last month; else this one");
  trend->add_option("--html", options->html, "Write one self-contained page with charts");
  context.Run(trend, [options, &context] { return Trend(context, *options); });
}

}  // namespace entente::cli
