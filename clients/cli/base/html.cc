#include "clients/cli/base/html.h"

#include "clients/cli/base/context.h"

namespace entente::cli {
namespace {

constexpr char kPageStyle[] = R"(:root { color-scheme: light dark; --ink: #1c2430; --paper: #ffffff;
  --line: #c9d1dc; --soft: #5b6675;
  --put: #d8f0df; --out: #fbdcdc; --put-ink: #14532d; --out-ink: #8f1d1d;
  --c0: #2563a8; --c1: #b4530a; --c2: #2f7d4f; --c3: #8a3ea0; --c4: #a3263a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181f; --line: #3a4554;
  --soft: #9aa6b5; --put: #12351f; --out: #431c1c; --put-ink: #8fe0ac; --out-ink: #f5a3a3;
  --c0: #7db4ee; --c1: #f0a35e; --c2: #7fce9d; --c3: #cf9be0; --c4: #f08a98; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
th { white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
.note { color: var(--soft); font-size: .9rem; }
@media print { :root { color-scheme: light; } body { max-width: none; }
  tr { break-inside: avoid; }
  .scroll { overflow: visible; } }
)";

}  // namespace

std::string EscapeHtml(const std::string& text) {
  std::string out;
  for (char c : Printable(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string PageHead(const std::string& title, const std::string& style) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         EscapeHtml(title) + "</title>\n<style>\n" + kPageStyle + style +
         "</style></head><body>\n<h1>" + EscapeHtml(title) + "</h1>\n";
}

}  // namespace entente::cli
