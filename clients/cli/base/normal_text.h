// Texts as services take them, made of texts as people paste them.
#ifndef ENTENTE_CLIENTS_CLI_BASE_NORMAL_TEXT_H_
#define ENTENTE_CLIENTS_CLI_BASE_NORMAL_TEXT_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

namespace entente::cli {

// Says so of a field, for people.
inline constexpr std::string_view kNormalized =
    "taken over with line feeds and composed characters (NFC)";

// Lines end with a line feed alone (Windows adds a carriage return), and characters are in normal
// form C (UAX #15; macOS decomposes them). What is not UTF-8 keeps its characters.
std::string NormalText(std::string_view text);
// The same for every text in a message, and in what is packed into an Any. Gives the fields that
// changed, as in "body.content.parties[0].name".
std::vector<std::string> NormalizeTexts(google::protobuf::Message& message);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_NORMAL_TEXT_H_
