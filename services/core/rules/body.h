// Reading a body that was recorded, or that intake has parsed.
#ifndef ENTENTE_SERVICES_CORE_RULES_BODY_H_
#define ENTENTE_SERVICES_CORE_RULES_BODY_H_

#include <google/protobuf/generated_enum_reflection.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/core/document/document.h"

namespace entente::rules {

// Empty, or in part, where its bytes are lost.
template <typename Body>
Body Unpack(const document::pb::Document& header) {
  Body body;
  body.ParseFromString(header.body().value());
  return body;
}

// Since 1970.
int64_t Micros(const google::protobuf::Timestamp& time);
// "URGENCY_FLASH" without its prefix, lower case.
std::string EnumWord(const std::string& name, std::string_view prefix);
// Those of all values of an enumeration but "not stated".
template <typename E>
std::vector<std::string> EnumWords(std::string_view prefix) {
  const auto* type = google::protobuf::GetEnumDescriptor<E>();
  std::vector<std::string> words;
  for (int i = 1; i < type->value_count(); ++i) {
    words.push_back(EnumWord(type->value(i)->name(), prefix));
  }
  return words;
}

}  // namespace entente::rules

#endif  // ENTENTE_SERVICES_CORE_RULES_BODY_H_
