#include "clients/cli/tem/annex_html.h"

#include <algorithm>
#include <map>

#include "clients/cli/base/html.h"
#include "clients/cli/base/words.h"
#include "clients/cli/tem/annex_text.h"

namespace entente::cli {
namespace {
using Cover = google::protobuf::RepeatedPtrField<tem::v1::Amendment>;

constexpr char kStyle[] =
    R"(ins { background: var(--put); color: var(--put-ink); text-decoration: underline; }
del { background: var(--out); color: var(--out-ink); }
.node { margin: .35rem 0; overflow-wrap: anywhere; }
.path { font-weight: 600; margin-right: .6rem; white-space: nowrap; }
.what { font-size: .8rem; border: 1px solid var(--line); border-radius: .6rem; padding: 0 .5rem;
  margin-right: .5rem; color: var(--soft); white-space: nowrap; }
.changed { border-left: .25rem solid var(--c1); padding-left: .6rem; }
.same { padding-left: .85rem; color: var(--soft); }
.sides { table-layout: fixed; }
.sides td { width: 50%; overflow-wrap: anywhere; }
.yes { background: var(--put); color: var(--put-ink); }
.no { background: var(--out); color: var(--out-ink); }
@media print { .same { color: inherit; } h2 { break-after: avoid; }
  ins, del, .yes, .no { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";

std::string Indent(const std::string& path) {
  const auto depth = std::min<int64_t>(8, std::count(path.begin(), path.end(), '.'));
  return fmt::format("style=\"margin-left:{}rem\"", 1.1 * static_cast<double>(depth));
}

std::string CoverTable(const Cover& cover) {
  if (cover.empty()) return "";
  std::string html =
      "<section><h2>Amended entries</h2><div class=\"scroll\"><table><thead><tr>"
      "<th scope=\"col\">Entry</th><th scope=\"col\">What</th><th scope=\"col\">Proposal</th>"
      "<th scope=\"col\">Meeting</th><th scope=\"col\">Effect</th></tr></thead><tbody>";
  for (const tem::v1::Amendment& line : cover) {
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        EscapeHtml(line.path()), AmendmentWord(line.kind()), EscapeHtml(line.proposal()),
        EscapeHtml(line.meeting()), EffectWord(line.effect()));
  }
  return html + "</tbody></table></div></section>\n";
}

std::string Tracked(const tem::v1::NodeDifference& difference, tem::v1::PieceKind without) {
  std::string html;
  for (const tem::v1::TextPiece& piece : difference.pieces()) {
    if (piece.kind() == without) continue;
    const std::string text = EscapeHtml(piece.text());
    html += piece.kind() == tem::v1::PIECE_KIND_INSERTED  ? "<ins>" + text + "</ins>"
            : piece.kind() == tem::v1::PIECE_KIND_DELETED ? "<del>" + text + "</del>"
                                                          : text;
  }
  return html;
}

std::string TrackedNode(const tem::v1::NodeDifference& difference) {
  const bool removed = difference.new_path().empty();
  const std::string& path = removed ? difference.old_path() : difference.new_path();
  const std::string what = WhatHappened(difference);
  std::string html = fmt::format(
      "<div class=\"node {}\" {}><span class=\"path\">{}</span>", what.empty() ? "same" : "changed",
      Indent(path), removed ? "<del>" + EscapeHtml(path) + "</del>" : EscapeHtml(path));
  if (!what.empty()) html += "<span class=\"what\">" + EscapeHtml(what) + "</span>";
  if (difference.reserved() && what.empty()) html += "<span class=\"what\">reserved</span>";
  return html + Tracked(difference, tem::v1::PIECE_KIND_UNSPECIFIED) + "</div>\n";
}

}  // namespace

std::string EditionPage(const tem::v1::AnnexEdition& edition) {
  std::string html = PageHead(edition.title() + ", " + edition.edition(), kStyle);
  html += CoverTable(edition.amendments());
  html += "<section><h2>Text</h2>\n";
  for (const tem::v1::AnnexNode& node : edition.nodes()) {
    html += fmt::format(
        "<div class=\"node\" {} id=\"{}\"><span class=\"path\">{}</span>{}{}</div>\n",
        Indent(node.path()), EscapeHtml(node.id()), EscapeHtml(node.path()),
        node.category() == tem::v1::CATEGORY_I    ? "<span class=\"what\">Category I</span>"
        : node.category() == tem::v1::CATEGORY_II ? "<span class=\"what\">Category II</span>"
                                                  : "",
        node.reserved() ? "<span class=\"what\">reserved</span>" : EscapeHtml(node.text()));
  }
  return html + "</section>" + kPageFoot;
}

std::string ComparisonPage(const std::string& title, const std::string& before,
                           const std::string& after, const Cover& cover,
                           const tem::annex::Differences& whole) {
  std::string html = PageHead(title, kStyle);
  const auto changed = std::count_if(whole.begin(), whole.end(),
                                     [](const auto& one) { return !one.kinds().empty(); });
  html += fmt::format(
      "<p class=\"note\">{} against {}: {} of {} places differ. What was put in is "
      "<ins>underlined</ins>, what was taken out <del>struck through</del>.</p>\n",
      EscapeHtml(after), EscapeHtml(before), changed, whole.size());
  html += CoverTable(cover);
  html += "<section><h2>Changes tracked</h2>\n";
  for (const tem::v1::NodeDifference& difference : whole) html += TrackedNode(difference);
  html +=
      "</section>\n<section><h2>Side by side: what changed</h2><table class=\"sides\"><thead><tr>";
  html += "<th scope=\"col\">" + EscapeHtml(before) + "</th><th scope=\"col\">" +
          EscapeHtml(after) + "</th></tr></thead><tbody>\n";
  for (const tem::v1::NodeDifference& difference : whole) {
    if (difference.kinds().empty()) continue;
    const auto side = [&](const std::string& path, tem::v1::PieceKind without) {
      return path.empty() ? std::string("<span class=\"note\">—</span>")
                          : "<span class=\"path\">" + EscapeHtml(path) + "</span>" +
                                Tracked(difference, without);
    };
    html += "<tr><td>" + side(difference.old_path(), tem::v1::PIECE_KIND_INSERTED) + "</td><td>" +
            side(difference.new_path(), tem::v1::PIECE_KIND_DELETED) + "</td></tr>\n";
  }
  return html + "</tbody></table></section>" + kPageFoot;
}

std::string ImplementationPage(const tem::v1::ListImplementationsResponse& list) {
  std::vector<std::string> editions;
  std::map<std::string, std::map<std::string, const tem::v1::Implementation*>> by_state;
  for (const tem::v1::Implementation& one : list.implementations()) {
    if (std::find(editions.begin(), editions.end(), one.edition()) == editions.end()) {
      editions.push_back(one.edition());
    }
    by_state[one.state()][one.edition()] = &one;
  }
  std::string html = PageHead("Who applies which edition", kStyle);
  html +=
      "<p class=\"note\">As each state has said itself. Nothing said is not the same as not "
      "started.</p><div class=\"scroll\"><table><thead><tr><th scope=\"col\">State</th>";
  for (const std::string& edition : editions)
    html += "<th scope=\"col\">" + EscapeHtml(edition) + "</th>";
  html += "</tr></thead><tbody>";
  for (const auto& [state, cells] : by_state) {
    html += "<tr><th scope=\"row\">" + EscapeHtml(state) + "</th>";
    for (const std::string& edition : editions) {
      auto it = cells.find(edition);
      const tem::v1::Implementation* one = it == cells.end() ? nullptr : it->second;
      if (one == nullptr || !one->has_recorded_time()) {
        html += "<td class=\"note\">· nothing said</td>";
        continue;
      }
      const auto& status = one->status();
      const std::string word = Word(tem::v1::ImplementationState_Name(status.state()), 21);
      html += one->in_force() ? "<td class=\"yes\">● since " + EscapeHtml(status.in_force_date()) +
                                    ", " + EscapeHtml(status.act()) + "</td>"
              : status.state() == tem::v1::IMPLEMENTATION_STATE_IN_FORCE
                  ? "<td>◐ from " + EscapeHtml(status.in_force_date()) + "</td>"
              : status.state() == tem::v1::IMPLEMENTATION_STATE_IN_PROCESS
                  ? "<td>◐ " + word + "</td>"
                  : "<td class=\"no\">○ " + word + "</td>";
    }
    html += "</tr>";
  }
  return html + "</tbody></table></div>" + kPageFoot;
}

}  // namespace entente::cli
