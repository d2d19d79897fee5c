// One self-contained page of trends: charts as inline SVG, the numbers beside each, nothing
// fetched.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_TREND_HTML_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_TREND_HTML_H_

#include <string>
#include <vector>

#include "entente/exchange/v1/trend_service.pb.h"

namespace entente::cli {

struct TrendSection {
  std::string title;  // "leem: destination"
  exchange::v1::GetTrendsResponse table;
};

// UTF-8 HTML; readable in light and dark, on paper, on a telephone, and by a screen reader.
std::string TrendPage(const std::vector<TrendSection>& sections);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_TREND_HTML_H_
