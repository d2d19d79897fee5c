// Comma-separated values, RFC 4180.
#ifndef ENTENTE_CLIENTS_CLI_BASE_CSV_H_
#define ENTENTE_CLIENTS_CLI_BASE_CSV_H_

#include <string>
#include <string_view>
#include <vector>

namespace entente::cli {

// A record of fields, with the line it starts on. Quotes that do not end are a fault of the last
// record.
struct CsvRecord {
  int line = 0;
  std::vector<std::string> fields;
  bool malformed = false;
};
std::vector<CsvRecord> ParseCsv(std::string_view text);
// A field, in quotes where it needs them. Partners' words end in spreadsheets, which run what
// starts like a formula: an apostrophe before it makes it text, and ParseCsv takes it off again.
std::string CsvField(std::string_view text);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_CSV_H_
