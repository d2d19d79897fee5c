#include "clients/cli/exchange/differences.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <iostream>
#include <string>
#include <vector>

#include "clients/cli/base/context.h"
#include "clients/cli/base/people.h"

namespace entente::cli {

namespace {

// A line on standard error for each field that differs, in letters as people write them.
class DifferenceLines final : public google::protobuf::util::MessageDifferencer::Reporter {
 public:
  using Message = google::protobuf::Message;
  using Path = std::vector<google::protobuf::util::MessageDifferencer::SpecificField>;

  void ReportAdded(const Message&, const Message& after, const Path& path) override {
    Say("added", path, Value(after, path, /*before=*/false));
  }
  void ReportDeleted(const Message& before, const Message&, const Path& path) override {
    Say("deleted", path, Value(before, path, /*before=*/true));
  }
  // Of a message, its own fields have been told.
  void ReportModified(const Message& before, const Message& after, const Path& path) override {
    if (path.back().field != nullptr && path.back().field->message_type() != nullptr) return;
    Say("modified", path,
        Value(before, path, /*before=*/true) + " -> " + Value(after, path, /*before=*/false));
  }

 private:
  static void Say(std::string_view what, const Path& path, const std::string& value) {
    std::string name;
    for (const auto& part : path) {
      name += (name.empty() ? "" : ".") + (part.field == nullptr ? "?" : part.field->name());
      const int index = part.index >= 0 ? part.index : part.new_index;
      if (index >= 0) name += fmt::format("[{}]", index);
    }
    std::cerr << Printable(fmt::format("  {}: {}: {}", what, name, value)) << "\n";
  }
  // The messages of a report are those that hold the last field of its path.
  static std::string Value(const Message& message, const Path& path, bool before) {
    const auto& last = path.back();
    if (last.field == nullptr) return "?";
    google::protobuf::TextFormat::Printer printer;
    printer.SetUseUtf8StringEscaping(true);
    printer.SetSingleLineMode(true);
    std::string text;
    printer.PrintFieldValueToString(
        message, last.field,
        last.field->is_repeated() ? (before ? last.index : last.new_index) : -1, &text);
    return last.field->message_type() == nullptr ? text : "{ " + text + "}";
  }
};

// Whether nothing differs.
bool Compare(const google::protobuf::Message& before, const google::protobuf::Message& after) {
  DifferenceLines lines;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesTo(&lines);
  return differencer.Compare(before, after);
}

}  // namespace

void PrintDifferences(const google::protobuf::Message& before,
                      const google::protobuf::Message& after) {
  if (Compare(before, after)) std::cerr << "  nothing\n";
}

void PrintDraftDifferences(const exchange::v1::Document& before,
                           const exchange::v1::Document& after) {
  exchange::v1::Document old_header = before;
  exchange::v1::Document new_header = after;
  const auto old_body = Unpacked(before.body());
  const auto new_body = Unpacked(after.body());
  const bool readable = old_body != nullptr && new_body != nullptr &&
                        old_body->GetDescriptor() == new_body->GetDescriptor();
  for (auto* header : {&old_header, &new_header}) {
    header->clear_composed_time();
    if (readable) header->clear_body();
  }
  const bool same_header = Compare(old_header, new_header);
  const bool same_body = !readable || Compare(*old_body, *new_body);
  if (same_header && same_body) std::cerr << "  nothing\n";
}

}  // namespace entente::cli
