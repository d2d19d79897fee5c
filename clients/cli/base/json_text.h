// JSON as people write it.
#ifndef ENTENTE_CLIENTS_CLI_BASE_JSON_TEXT_H_
#define ENTENTE_CLIENTS_CLI_BASE_JSON_TEXT_H_

#include <google/protobuf/message.h>

#include <string_view>

#include "absl/status/status.h"

namespace entente::cli {

// proto3 JSON where lines that start with // are comments. FIELD_INVALID says where the fault is,
// as in "4:3: …": line and column, from 1.
absl::Status FromJson(std::string_view text, google::protobuf::Message& message);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_JSON_TEXT_H_
