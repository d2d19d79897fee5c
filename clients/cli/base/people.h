// Documents in words: what a program sees as JSON, for people.
#ifndef ENTENTE_CLIENTS_CLI_BASE_PEOPLE_H_
#define ENTENTE_CLIENTS_CLI_BASE_PEOPLE_H_

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <string>

namespace entente::cli {

// "DENIAL_ACT_SUBSTANTIALLY_LIMITED" of DenialAct -> "substantially limited".
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value);

// What is packed; null if its type is none of ours, or it cannot be read.
std::unique_ptr<google::protobuf::Message> Unpacked(const google::protobuf::Any& any);

// Texts of codes, by list and code: {"reason_codes", "DIVERSION"} -> "Risk of diversion".
using CodeTexts = std::map<std::pair<std::string, std::string>, std::string>;
// Those of a profile (entente.config.v1.RegimeProfile): of every list in it of a code and a text.
CodeTexts TextsOf(const google::protobuf::Message& profile);

// A line for each field that is set, what is in a message below it and to the right: names with
// spaces, values of enumerations in lower case, days and times as people write them, codes with
// their texts, and of bytes their hex if they are a digest, else how many. Printable.
std::string InWords(const google::protobuf::Message& message, const CodeTexts& texts,
                    int indent = 0);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_PEOPLE_H_
