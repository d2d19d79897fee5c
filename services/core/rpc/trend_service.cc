#include "services/core/rpc/trend_service.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/trends/trends.h"

namespace entente::rpc {
namespace {

pb::TrendBasis ToProto(machine::Basis basis) {
  switch (basis) {
    case machine::Basis::kListed:
      return pb::TREND_BASIS_LISTED;
    case machine::Basis::kCatchAll:
      return pb::TREND_BASIS_CATCH_ALL;
    case machine::Basis::kNone:
      return pb::TREND_BASIS_UNSPECIFIED;
  }
  return pb::TREND_BASIS_UNSPECIFIED;
}

absl::StatusOr<trends::Query> ToQuery(const machine::Register& reg,
                                      const pb::GetTrendsRequest& request) {
  base::FieldViolations violations;
  trends::Query query;
  std::string names;
  for (const machine::Dimension& dimension : reg.Dimensions()) {
    names += (names.empty() ? "" : ", ") + dimension.name;
    if (dimension.name == request.dimension()) query.dimension = dimension;
  }
  if (query.dimension.name.empty()) violations.Add("dimension", "must be one of {}", names);
  const auto first = trends::ParseMonth(request.first_month());
  const auto last = trends::ParseMonth(request.last_month());
  if (!first) violations.Add("first_month", "must be a month, as in 2016-10");
  if (!last) violations.Add("last_month", "must be a month, as in 2016-10");
  if (first && last && (*last < *first || *last - *first >= trends::kMonthsMax)) {
    violations.Add("last_month", "must be first_month or up to {} months later",
                   trends::kMonthsMax - 1);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  query.first_month = *first;
  query.last_month = *last;
  return query;
}

}  // namespace

absl::Status TrendServiceImpl::GetTrends(const Caller& caller, const pb::GetTrendsRequest& request,
                                         pb::GetTrendsResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(trends::Query query, ToQuery(register_, request));
  query.min_originators = min_originators_;
  trends::Table table;
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    table = trends::Compute(register_, caller.reader(), query);
  }
  response.set_dimension(query.dimension.name);
  for (int month = query.first_month; month <= query.last_month; ++month) {
    response.add_months(trends::FormatMonth(month));
  }
  response.set_min_originators(query.min_originators);
  response.set_suppressed_cells(table.suppressed_cells);
  response.set_rows_left_out(table.rows_left_out);
  for (const trends::Row& row : table.rows) {
    auto& out = *response.add_rows();
    out.set_key(row.key);
    out.set_basis(ToProto(row.basis));
    out.set_total(row.total);
    out.set_total_before(row.total_before);
    out.set_incomplete(row.incomplete);
    for (const trends::Cell& cell : row.cells) {
      auto& one = *out.add_cells();
      one.set_count(cell.count);
      one.set_suppressed(cell.suppressed);
    }
  }
  return absl::OkStatus();
}

void TrendServiceImpl::AddTo(Router& router) {
  router.Read("/entente.exchange.v1.TrendService/GetTrends", this, &TrendServiceImpl::GetTrends);
}

}  // namespace entente::rpc
