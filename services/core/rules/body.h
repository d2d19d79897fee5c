// Reading a body that was recorded, or that intake has parsed.
#ifndef ENTENTE_SERVICES_CORE_RULES_BODY_H_
#define ENTENTE_SERVICES_CORE_RULES_BODY_H_

#include <cstdint>
#include <string>
#include <string_view>

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

}  // namespace entente::rules

#endif  // ENTENTE_SERVICES_CORE_RULES_BODY_H_
