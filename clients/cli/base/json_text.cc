#include "clients/cli/base/json_text.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <string>
#include <vector>

#include "services/core/base/status.h"
#include "services/core/base/text.h"

namespace entente::cli {
namespace {

// The same lines, without what is in comments.
std::string WithoutComments(std::string_view text) {
  std::string json;
  for (std::string_view line : base::Split(text, '\n')) {
    const size_t start = line.find_first_not_of(" \t");
    const bool comment = start != std::string_view::npos && line.substr(start, 2) == "//";
    if (!comment) json += line;
    json += '\n';
  }
  return json;
}

// "4:3: " of an offset.
std::string Place(std::string_view json, size_t offset) {
  const std::string_view before = json.substr(0, std::min(offset, json.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("{}:{}: ", line, before.size() - start + 1);
}

// Where the keys of a path such as "(content.parties[1]) role" stand, one after another; npos if
// one does not.
size_t FindPath(std::string_view json, std::string_view path) {
  size_t at = 0;
  std::string key;
  bool index = false;
  const auto look = [&] {
    if (!key.empty() && at != std::string_view::npos) at = json.find("\"" + key + "\"", at);
    key.clear();
  };
  for (const char c : path) {
    if (c == '[' || c == ']') index = c == '[';
    if (index || c == '[' || c == ']' || c == '(') continue;
    if (c == '.' || c == ')' || c == ' ') {
      look();
    } else {
      key += c;
    }
  }
  look();
  return at;
}

}  // namespace

absl::Status FromJson(std::string_view text, google::protobuf::Message& message) {
  const std::string json = WithoutComments(text);
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  if (status.ok()) return absl::OkStatus();
  const std::string said(status.message());
  // Of a fault of form: what it is, the piece of text around it, and below that a mark.
  const size_t piece = said.find('\n');
  const size_t mark = said.rfind('\n');
  size_t at = std::string::npos;
  std::string what = said.substr(0, piece);
  if (piece != std::string::npos && mark > piece) {
    const std::string around = said.substr(piece + 1, mark - piece - 1);
    at = around.empty() ? json.find_last_not_of(" \n\t\r") : json.find(around);
    if (at != std::string::npos) at += said.size() - mark - 2;
  } else if (const size_t colon = what.find(": "); colon != std::string::npos) {
    at = FindPath(json, what.substr(0, colon));
  }
  const std::string place = at == std::string::npos ? " " : Place(json, at);
  return base::RefuseArgument(base::Reason::kFieldInvalid, "{}{}", place, what);
}

}  // namespace entente::cli
