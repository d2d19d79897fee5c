// Pages that fetch nothing: light, dark, print.
#ifndef ENTENTE_CLIENTS_CLI_BASE_HTML_H_
#define ENTENTE_CLIENTS_CLI_BASE_HTML_H_

#include <string>

namespace entente::cli {

// Printable text, for between tags and within quotes.
std::string EscapeHtml(const std::string& text);
// From the doctype to the page's heading. `style` is added to the common one; both are ours.
std::string PageHead(const std::string& title, const std::string& style);
inline constexpr char kPageFoot[] = "</body></html>\n";

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_HTML_H_
