#include "clients/cli/base/csv.h"

namespace entente::cli {
namespace {

constexpr std::string_view kFormulaStarts = "=+-@";

bool StartsFormula(std::string_view text) {
  return !text.empty() && kFormulaStarts.find(text[0]) != std::string_view::npos;
}

}  // namespace

std::vector<CsvRecord> ParseCsv(std::string_view text) {
  std::vector<CsvRecord> records;
  size_t i = 0;
  int line = 1;
  while (i < text.size()) {
    CsvRecord record;
    record.line = line;
    bool more = true;
    while (more) {
      std::string field;
      if (i < text.size() && text[i] == '"') {
        ++i;
        bool closed = false;
        while (i < text.size() && !closed) {
          if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            field += '"';
            i += 2;
          } else if (text[i] == '"') {
            closed = true;
            ++i;
          } else {
            if (text[i] == '\n') ++line;
            field += text[i++];
          }
        }
        record.malformed = record.malformed || !closed;
      }
      while (i < text.size() && text[i] != ',' && text[i] != '\n' && text[i] != '\r') {
        field += text[i++];
      }
      if (field.size() > 1 && field[0] == '\'' &&
          StartsFormula(std::string_view(field).substr(1))) {
        field.erase(0, 1);
      }
      record.fields.push_back(std::move(field));
      more = i < text.size() && text[i] == ',';
      if (more) ++i;
    }
    if (i < text.size() && text[i] == '\r') ++i;
    if (i < text.size() && text[i] == '\n') ++i;
    ++line;
    if (record.fields.size() > 1 || !record.fields[0].empty()) records.push_back(std::move(record));
  }
  return records;
}

std::string CsvField(std::string_view text) {
  const std::string mark = StartsFormula(text) ? "'" : "";
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return mark + std::string(text);
  std::string out = "\"" + mark;
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace entente::cli
