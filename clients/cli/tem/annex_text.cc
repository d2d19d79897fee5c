#include "clients/cli/tem/annex_text.h"

#include <algorithm>

#include "clients/cli/base/context.h"
#include "clients/cli/base/words.h"
#include "services/core/base/text.h"

namespace entente::cli {
namespace {

size_t DepthOf(const std::string& path) {
  return static_cast<size_t>(std::count(path.begin(), path.end(), '.'));
}

const std::string& PlaceOf(const tem::v1::NodeDifference& difference) {
  return difference.new_path().empty() ? difference.old_path() : difference.new_path();
}

std::string Pieces(const tem::v1::NodeDifference& difference, bool colour) {
  std::string text;
  for (const tem::v1::TextPiece& piece : difference.pieces()) {
    const std::string words = Printable(piece.text());
    if (piece.kind() == tem::v1::PIECE_KIND_KEPT) {
      text += words;
    } else if (piece.kind() == tem::v1::PIECE_KIND_DELETED) {
      text += colour ? "\x1b[31;9m" + words + "\x1b[0m" : "[-" + words + "-]";
    } else {
      text += colour ? "\x1b[32;4m" + words + "\x1b[0m" : "{+" + words + "+}";
    }
  }
  return text;
}

// One side of a text.
std::string Side(const tem::v1::NodeDifference& difference, tem::v1::PieceKind without) {
  std::string text;
  for (const tem::v1::TextPiece& piece : difference.pieces()) {
    if (piece.kind() != without) text += Printable(piece.text());
  }
  return text;
}

// Lines of at most `width` characters (code points), broken at spaces.
std::vector<std::string> Wrap(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  std::string word;
  const auto flush = [&] {
    if (word.empty()) return;
    const size_t used = base::CodePoints(lines.back());
    if (used > 0 && used + 1 + base::CodePoints(word) > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    word.clear();
  };
  for (char c : text) {
    if (c == ' ' || c == '\n' || c == '\t') {
      flush();
    } else {
      word += c;
    }
  }
  flush();
  return lines;
}

}  // namespace

std::string AmendmentWord(tem::v1::AmendmentKind kind) {
  return kind == tem::v1::AMENDMENT_KIND_TEXT ? "text changed"
                                              : Word(tem::v1::AmendmentKind_Name(kind), 15);
}

std::string EffectWord(tem::v1::Effect effect) { return Word(tem::v1::Effect_Name(effect), 7); }

std::string WhatHappened(const tem::v1::NodeDifference& difference) {
  std::string text;
  for (int kind : difference.kinds()) {
    std::string one = AmendmentWord(static_cast<tem::v1::AmendmentKind>(kind));
    if (kind == tem::v1::AMENDMENT_KIND_MOVED || kind == tem::v1::AMENDMENT_KIND_RENUMBERED) {
      one += " from " + difference.old_path();
    }
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

std::string CoverText(const tem::v1::AnnexEdition& edition) {
  if (edition.amendments().empty()) return "";
  std::string text = fmt::format("Amended entries of {}, against {}:\n",
                                 Printable(edition.edition()), Printable(edition.base()));
  for (const tem::v1::Amendment& line : edition.amendments()) {
    text += fmt::format("  {:<16} {:<13} {:<18} {}, {}\n", Printable(line.path()),
                        AmendmentWord(line.kind()), Printable(line.proposal()),
                        Printable(line.meeting()), EffectWord(line.effect()));
  }
  return text;
}

std::string CleanText(const tem::v1::AnnexEdition& edition) {
  std::string text =
      fmt::format("{}\nEdition {}\n\n", Printable(edition.title()), Printable(edition.edition()));
  const std::string cover = CoverText(edition);
  if (!cover.empty()) text += cover + "\n";
  for (const tem::v1::AnnexNode& node : edition.nodes()) {
    text += std::string(2 * DepthOf(node.path()), ' ') + Printable(node.path());
    if (node.category() != tem::v1::CATEGORY_UNSPECIFIED) {
      text += node.category() == tem::v1::CATEGORY_I ? " (Category I)" : " (Category II)";
    }
    text += node.reserved()       ? "  [reserved]"
            : node.text().empty() ? ""
                                  : "  " + Printable(node.text());
    text += "\n";
  }
  return text;
}

std::string RedlineText(const tem::annex::Differences& differences, bool colour) {
  std::string text;
  for (const tem::v1::NodeDifference& difference : differences) {
    const std::string what = WhatHappened(difference);
    const std::string place = Printable(PlaceOf(difference));
    text += std::string(2 * DepthOf(place), ' ');
    text += colour && !what.empty() ? "\x1b[1m" + place + "\x1b[0m" : place;
    if (!what.empty()) text += "  (" + what + ")";
    const std::string pieces = Pieces(difference, colour);
    text += (pieces.empty() ? "" : "  " + pieces) + "\n";
  }
  return text;
}

std::string SideBySideText(const tem::annex::Differences& differences, size_t width) {
  std::string text;
  for (const tem::v1::NodeDifference& difference : differences) {
    auto left = Wrap((difference.old_path().empty() ? "" : Printable(difference.old_path()) + " ") +
                         Side(difference, tem::v1::PIECE_KIND_INSERTED),
                     width);
    auto right =
        Wrap((difference.new_path().empty() ? "" : Printable(difference.new_path()) + " ") +
                 Side(difference, tem::v1::PIECE_KIND_DELETED),
             width);
    const size_t lines = std::max(left.size(), right.size());
    left.resize(lines);
    right.resize(lines);
    for (size_t i = 0; i < lines; ++i) {
      const size_t used = base::CodePoints(left[i]);
      text += left[i] + std::string(used < width ? width - used : 0, ' ') +
              (difference.kinds().empty() ? " │ " : " ┃ ") + right[i] + "\n";
    }
  }
  return text;
}

}  // namespace entente::cli
