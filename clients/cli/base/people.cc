#include "clients/cli/base/people.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <vector>

#include "clients/cli/base/context.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/base/text.h"

namespace entente::cli {
namespace {

using google::protobuf::Any;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

constexpr int kStep = 2;
constexpr int kDepthMax = 32;  // of what is packed in what is packed

// "control_list_entries" -> "control list entries"
std::string NameOf(const FieldDescriptor& field) {
  std::string name = field.name();
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// The profile's list that a field's codes are of; empty for what is no code.
std::string ListOf(const FieldDescriptor& field) {
  static const std::map<std::string, std::string> kLists = {
      {"entente.leem.v1.DenialReason.code", "reason_codes"},
      {"entente.leem.v1.CatchAll.basis", "catch_all_bases"},
      {"entente.iem.v1.Alert.topics", "topics"},
      {"entente.iem.v1.Alert.red_flags", "red_flags"},
      {"entente.iem.v1.TrendReport.topics", "topics"},
      {"entente.iem.v1.Typology.red_flag", "red_flags"},
      {"entente.iem.v1.Question.code", "questions"},
      {"entente.iem.v1.RequestReply.refusal_class", "refusal_classes"},
  };
  const auto list = kLists.find(field.full_name());
  return list == kLists.end() ? "" : list->second;
}

class Writer {
 public:
  explicit Writer(const CodeTexts& texts) : texts_(texts) {}

  void Write(const Message& message, int indent) {
    std::vector<const FieldDescriptor*> fields;
    const Reflection& reflection = *message.GetReflection();
    if (indent > kDepthMax * kStep) return Line("more", "too deep to be shown", indent);
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->is_repeated()) {
        WriteList(message, *field, indent);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        WriteMessage(NameOf(*field), reflection.GetMessage(message, field), indent);
      } else {
        Line(NameOf(*field), Value(message, *field, -1), indent);
      }
    }
    if (!reflection.GetUnknownFields(message).empty()) {
      Line("more", "fields that this release does not know", indent);
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  void Line(const std::string& name, const std::string& value, int indent) {
    const std::string margin(static_cast<size_t>(indent), ' ');
    text_ += margin + name + ":";
    bool first = true;
    for (const std::string_view line : base::Split(value, '\n')) {
      // A mark, so that no line of a text passes for a field.
      text_ += first ? (line.empty() ? "" : " ") : "\n" + margin + std::string(kStep, ' ') + "| ";
      text_ += Printable(line);
      first = false;
    }
    text_ += "\n";
  }

  void WriteList(const Message& message, const FieldDescriptor& field, int indent) {
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      for (int i = 0; i < size; ++i) {
        const std::string number = size == 1 ? "" : fmt::format(" {} of {}", i + 1, size);
        WriteMessage(NameOf(field) + number, reflection.GetRepeatedMessage(message, &field, i),
                     indent);
      }
      return;
    }
    std::string list;
    for (int i = 0; i < size; ++i) list += (i == 0 ? "" : ", ") + Value(message, field, i);
    Line(NameOf(field), list, indent);
  }

  // A day or a time is a value; anything else has lines of its own.
  void WriteMessage(const std::string& name, const Message& message, int indent) {
    if (const auto* time = dynamic_cast<const Timestamp*>(&message)) {
      return Line(name, FormatTime(*time), indent);
    }
    if (const auto* date = dynamic_cast<const leem::v1::Date*>(&message)) {
      return Line(name, FormatDate(*date), indent);
    }
    if (const auto* any = dynamic_cast<const Any*>(&message)) {
      const auto body = Unpacked(*any);
      if (body == nullptr) {
        return Line(name, fmt::format("{}, which this release cannot read", any->type_url()),
                    indent);
      }
      Line(name, body->GetDescriptor()->name(), indent);
      return Write(*body, indent + kStep);
    }
    const size_t before = text_.size();
    Line(name, "", indent);
    const size_t begin = text_.size();
    Write(message, indent + kStep);
    // An empty message says something by being there, as "all partners" does.
    if (text_.size() == begin) {
      text_.resize(before);
      Line(name, "yes", indent);
    }
  }

  // Of a repeated field, its element at `index`.
  std::string Value(const Message& message, const FieldDescriptor& field, int index) const {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_ENUM:
        return EnumWord(index < 0 ? *reflection.GetEnum(message, &field)
                                  : *reflection.GetRepeatedEnum(message, &field, index));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.GetBool(message, &field) ? "yes" : "no";
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string value = index < 0 ? reflection.GetString(message, &field)
                                            : reflection.GetRepeatedString(message, &field, index);
        if (field.type() == FieldDescriptor::TYPE_BYTES) {
          return value.size() == base::Digest().view().size()
                     ? base::ToHex(value)
                     : fmt::format("{} bytes", value.size());
        }
        const auto text = texts_.find({ListOf(field), value});
        return text == texts_.end() ? value : fmt::format("{} ({})", value, text->second);
      }
      default:
        return Number(message, field, index);
    }
  }

  static std::string Number(const Message& message, const FieldDescriptor& field, int index) {
    google::protobuf::TextFormat::Printer printer;
    std::string text;
    printer.PrintFieldValueToString(message, &field, index, &text);
    return text;
  }

  const CodeTexts& texts_;
  std::string text_;
};

// `list` is the name of the field that the message is in.
void Collect(const Message& message, const std::string& list, CodeTexts& texts) {
  const Reflection& reflection = *message.GetReflection();
  const auto* code = message.GetDescriptor()->FindFieldByName("code");
  const auto* text = message.GetDescriptor()->FindFieldByName("text");
  if (code != nullptr && text != nullptr && !reflection.GetString(message, text).empty()) {
    texts[{list, reflection.GetString(message, code)}] = reflection.GetString(message, text);
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      Collect(reflection.GetMessage(message, field), field->name(), texts);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      Collect(reflection.GetRepeatedMessage(message, field, i), field->name(), texts);
    }
  }
}

}  // namespace

std::string EnumWord(const google::protobuf::EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (c >= 'A' && c <= 'Z' && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(c));
  }
  prefix += '_';
  std::string word = value.name();
  if (word.rfind(prefix, 0) == 0) word = word.substr(prefix.size());
  for (char& c : word) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return word;
}

std::unique_ptr<Message> Unpacked(const Any& any) {
  const std::string& url = any.type_url();
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
      url.substr(url.rfind('/') + 1));
  if (type == nullptr) return nullptr;
  std::unique_ptr<Message> body(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  return body->ParseFromString(any.value()) ? std::move(body) : nullptr;
}

CodeTexts TextsOf(const Message& profile) {
  CodeTexts texts;
  Collect(profile, "", texts);
  return texts;
}

std::string InWords(const Message& message, const CodeTexts& texts, int indent) {
  Writer writer(texts);
  writer.Write(message, indent);
  return std::move(writer).text();
}

}  // namespace entente::cli
