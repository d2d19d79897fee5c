#include "clients/cli/base/normal_text.h"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>

#include <memory>

#include "services/core/base/text.h"
#include "services/core/rules/fold_text.h"

namespace entente::cli {
namespace {

using google::protobuf::Any;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Normalizer {
 public:
  std::vector<std::string> changed;

  void Visit(Message& message, const std::string& path) {
    if (auto* any = dynamic_cast<Any*>(&message)) return Unpack(*any, path);
    const auto& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string here = (path.empty() ? "" : path + ".") + field->name();
      if (!field->is_repeated()) {
        VisitOne(message, field, here);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        VisitElement(message, field, i, fmt::format("{}[{}]", here, i));
      }
    }
  }

 private:
  void VisitOne(Message& message, const FieldDescriptor* field, const std::string& path) {
    const auto& reflection = *message.GetReflection();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Visit(*reflection.MutableMessage(&message, field), path);
    } else if (field->type() == FieldDescriptor::TYPE_STRING) {
      const std::string text = reflection.GetString(message, field);
      if (Differs(text, path)) reflection.SetString(&message, field, NormalText(text));
    }
  }
  void VisitElement(Message& message, const FieldDescriptor* field, int i,
                    const std::string& path) {
    const auto& reflection = *message.GetReflection();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Visit(*reflection.MutableRepeatedMessage(&message, field, i), path);
    } else if (field->type() == FieldDescriptor::TYPE_STRING) {
      const std::string text = reflection.GetRepeatedString(message, field, i);
      if (Differs(text, path)) reflection.SetRepeatedString(&message, field, i, NormalText(text));
    }
  }
  void Unpack(Any& any, const std::string& path) {
    std::string type;
    if (!Any::ParseAnyTypeUrl(any.type_url(), &type)) return;
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
    if (descriptor == nullptr) return;
    const std::unique_ptr<Message> body(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
    if (!any.UnpackTo(body.get())) return;
    const size_t before = changed.size();
    Visit(*body, path);
    if (changed.size() > before) any.PackFrom(*body);
  }
  bool Differs(const std::string& text, const std::string& path) {
    if (NormalText(text) == text) return false;
    changed.push_back(path);
    return true;
  }
};

}  // namespace

std::string NormalText(std::string_view text) {
  std::string lines;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      lines += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      lines += '\n';
    }
  }
  return base::IsPlainText(lines) ? rules::ToNfc(lines) : lines;
}

std::vector<std::string> NormalizeTexts(Message& message) {
  Normalizer normalizer;
  normalizer.Visit(message, "");
  return std::move(normalizer.changed);
}

}  // namespace entente::cli
