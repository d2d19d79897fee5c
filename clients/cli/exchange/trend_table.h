// Whether a service's counts may be drawn: a host that lies must not make a program that draws them
// run out of numbers, memory or time.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_TREND_TABLE_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_TREND_TABLE_H_

#include "absl/status/status.h"
#include "entente/exchange/v1/trend_service.pb.h"

namespace entente::cli {

// Counts are never negative and at most 2^40, totals fall, a row has a cell for each month, and
// there are no more of either than trend_service.proto says. DATA_LOSS/DOCUMENT_MALFORMED names
// what is not so.
absl::Status CheckTable(const exchange::v1::GetTrendsResponse& table);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_TREND_TABLE_H_
