#include "clients/cli/exchange/trend_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "clients/cli/base/context.h"
#include "clients/cli/base/html.h"
#include "services/core/base/text.h"

namespace entente::cli {
namespace {

constexpr size_t kChartRows = 10;
constexpr int kWidth = 720;
constexpr int kHeight = 220;
constexpr int kLeft = 40;
constexpr int kRight = 28;
constexpr int kBottom = 24;

constexpr char kIntroduction[] =
    "<p class=\"note\">Computed from what the reading state is entitled to. A cell marked × is "
    "suppressed: there is something, and too few states stand behind it; totals leave it "
    "out.</p>\n";
constexpr char kStyle[] = R"(figure { margin: 0; overflow-x: auto; }
svg { width: 100%; min-width: 34rem; height: auto; }
svg text { fill: var(--soft); font-size: 12px; }
th, td { text-align: right; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
.key { display: inline-block; margin-right: 1rem; white-space: nowrap; }
.key i { display: inline-block; width: .8rem; height: .8rem; margin-right: .3rem; }
)";

// "16-10" of "2016-10": whatever the service calls a month.
std::string ShortMonth(const std::string& month) {
  return EscapeHtml(month.size() > 2 ? month.substr(2) : month);
}

std::string Label(const exchange::v1::TrendRow& row) {
  const char* basis = row.basis() == exchange::v1::TREND_BASIS_CATCH_ALL ? " (catch-all)" : "";
  return EscapeHtml(row.key()) + basis;
}

// Lines over time of the largest rows; a gap where a cell is suppressed.
std::string LineChart(const exchange::v1::GetTrendsResponse& table, const std::string& title) {
  int64_t top = 1;
  const size_t rows = std::min<size_t>(5, static_cast<size_t>(table.rows_size()));
  for (size_t i = 0; i < rows; ++i) {
    for (const auto& cell : table.rows(static_cast<int>(i)).cells()) {
      top = std::max(top, cell.count());
    }
  }
  const int months = std::max(2, table.months_size());
  const auto x = [&](int month) {
    return kLeft + (kWidth - kLeft - kRight) * month / (months - 1);
  };
  const auto y = [&](int64_t count) {
    return 10 +
           (kHeight - kBottom - 10) * (1.0 - static_cast<double>(count) / static_cast<double>(top));
  };
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} over time; the numbers are in the "
      "table\">",
      kWidth, kHeight, title);
  for (int64_t mark : {int64_t{0}, top / 2, top}) {
    svg += fmt::format(
        "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"var(--line)\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
        kLeft, kWidth - kRight, y(mark), y(mark), kLeft - 6, y(mark) + 4, mark);
  }
  for (int month = 0; month < table.months_size(); ++month) {
    const bool shown = table.months_size() <= 12 || month % 6 == 0;
    if (!shown) continue;
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x(month),
                       kHeight - 6, ShortMonth(table.months(month)));
  }
  for (size_t i = 0; i < rows; ++i) {
    const auto& row = table.rows(static_cast<int>(i));
    std::string path;
    bool pen = false;
    for (int month = 0; month < row.cells_size(); ++month) {
      const auto& cell = row.cells(month);
      if (cell.suppressed()) {
        pen = false;
        continue;
      }
      path += fmt::format("{}{} {:.1f} ", pen ? "L" : "M", x(month), y(cell.count()));
      svg += fmt::format("<circle cx=\"{}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"var(--c{})\"/>",
                         x(month), y(cell.count()), i);
      pen = true;
    }
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"var(--c{})\" stroke-width=\"2\"/>",
                       path, i);
  }
  svg += "</svg><figcaption>";
  for (size_t i = 0; i < rows; ++i) {
    svg += fmt::format("<span class=\"key\"><i style=\"background:var(--c{})\"></i>{}</span>", i,
                       Label(table.rows(static_cast<int>(i))));
  }
  return svg + "</figcaption>";
}

// Bars of the largest rows' totals.
std::string BarChart(const exchange::v1::GetTrendsResponse& table, const std::string& title) {
  const size_t rows = std::min(kChartRows, static_cast<size_t>(table.rows_size()));
  const int height = static_cast<int>(rows) * 24 + 6;
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}, totals; the numbers are in the "
      "table\">",
      kWidth, height, title);
  const int64_t top = rows == 0 ? 1 : std::max<int64_t>(1, table.rows(0).total());
  for (size_t i = 0; i < rows; ++i) {
    const auto& row = table.rows(static_cast<int>(i));
    const int at = static_cast<int>(i) * 24 + 4;
    const int64_t width = (kWidth - 260) * row.total() / top;
    svg += fmt::format(
        "<text x=\"190\" y=\"{}\" text-anchor=\"end\">{}</text>"
        "<rect x=\"200\" y=\"{}\" width=\"{}\" height=\"16\" fill=\"var(--c0)\"/>"
        "<text x=\"{}\" y=\"{}\">{}{}</text>",
        at + 13, Label(row), at, std::max<int64_t>(1, width), 206 + width, at + 13, row.total(),
        row.incomplete() ? "+" : "");
  }
  return svg + "</svg>";
}

// A route as arrows from country to country, as thick as it is travelled.
std::string RouteChart(const exchange::v1::GetTrendsResponse& table) {
  const size_t rows = std::min(kChartRows, static_cast<size_t>(table.rows_size()));
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"routes; the numbers are in the "
      "table\">",
      kWidth, rows * 34 + 8);
  const int64_t top = rows == 0 ? 1 : std::max<int64_t>(1, table.rows(0).total());
  for (size_t i = 0; i < rows; ++i) {
    const auto& row = table.rows(static_cast<int>(i));
    const int at = static_cast<int>(i) * 34 + 20;
    const auto stops = base::Split(row.key(), '>');
    const int step = (kWidth - 140) / std::max(1, static_cast<int>(stops.size()) - 1);
    for (size_t s = 0; s < stops.size(); ++s) {
      const int x = 30 + static_cast<int>(s) * step;
      if (s + 1 < stops.size()) {
        svg += fmt::format(
            "<line x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"var(--c0)\" "
            "stroke-width=\"{}\"/>"
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">▸</text>",
            x + 14, x + step - 18, at, at, 1 + 9 * row.total() / top, x + step - 12, at + 4);
      }
      svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x, at + 4,
                         EscapeHtml(std::string(stops[s])));
    }
    svg += fmt::format("<text x=\"{}\" y=\"{}\">{}{}</text>", kWidth - 80, at + 4, row.total(),
                       row.incomplete() ? "+" : "");
  }
  return svg + "</svg>";
}

std::string NumberTable(const exchange::v1::GetTrendsResponse& table) {
  std::string html = "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">" +
                     EscapeHtml(table.dimension()) + "</th>";
  for (const auto& month : table.months()) {
    html += "<th scope=\"col\">" + ShortMonth(month) + "</th>";
  }
  html += "<th scope=\"col\">total</th><th scope=\"col\">before</th></tr></thead><tbody>";
  for (const auto& row : table.rows()) {
    html += "<tr><th scope=\"row\">" + Label(row) + "</th>";
    for (const auto& cell : row.cells()) {
      html += cell.suppressed() ? "<td aria-label=\"suppressed\">×</td>"
                                : fmt::format("<td>{}</td>", cell.count());
    }
    html += fmt::format("<td>{}{}</td><td>{}</td></tr>", row.total(), row.incomplete() ? "+" : "",
                        row.total_before());
  }
  return html + "</tbody></table></div>";
}

}  // namespace

std::string TrendPage(const std::vector<TrendSection>& sections) {
  std::string html = PageHead("Trends", kStyle) + kIntroduction;
  for (const TrendSection& section : sections) {
    const exchange::v1::GetTrendsResponse& table = section.table;
    const std::string title = EscapeHtml(section.title);
    html += "<section><h2>" + title + "</h2>";
    if (table.rows().empty()) {
      html += "<p>Nothing that can be published.</p>";
    } else {
      html += "<figure>";
      html += table.dimension() == "item"    ? LineChart(table, title)
              : table.dimension() == "route" ? RouteChart(table)
                                             : BarChart(table, title);
      html += "</figure>" + NumberTable(table);
    }
    html += fmt::format(
        "<p class=\"note\">{} suppressed cell{}: fewer than {} states, or needed to protect one "
        "that "
        "is. \"before\" is the period of the same length before.{}</p></section>\n",
        table.suppressed_cells(), table.suppressed_cells() == 1 ? "" : "s", table.min_originators(),
        table.rows_left_out() > 0 ? fmt::format(" {} rows are left out.", table.rows_left_out())
                                  : "");
  }
  return html + kPageFoot;
}

}  // namespace entente::cli
