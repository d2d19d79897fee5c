// Words on the command line and what they stand for.
#ifndef ENTENTE_CLIENTS_CLI_BASE_WORDS_H_
#define ENTENTE_CLIENTS_CLI_BASE_WORDS_H_

#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/status/statusor.h"
#include "services/core/base/status.h"

namespace entente::cli {

// "seen-and-acted" -> SIGHTING_RESULT_SEEN_AND_ACTED; a refusal names the words that are known.
template <typename E>
absl::StatusOr<E> ParseWord(const std::string& prefix, std::string word, const char* flag) {
  for (char& c : word) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  const auto* type = google::protobuf::GetEnumDescriptor<E>();
  if (const auto* value = type->FindValueByName(prefix + word)) {
    return static_cast<E>(value->number());
  }
  std::string known;
  for (int i = 1; i < type->value_count(); ++i) {
    std::string one = type->value(i)->name().substr(prefix.size());
    for (char& c : one) c = c == '_' ? '-' : static_cast<char>(std::tolower(c));
    known += (known.empty() ? "" : ", ") + one;
  }
  return base::RefuseArgument(base::Reason::kFieldInvalid, "{}: one of {}", flag, known);
}
// "ALERT_KIND_TRANSIT" without so many letters -> "transit"
std::string Word(const std::string& name, size_t prefix);
// "2016-10-21" or "2016-10-21T09:00:00Z".
absl::Status ParseTimeInto(const std::string& text, const char* flag,
                           google::protobuf::Timestamp* out);
// "partners/kr/alerts/1" -> "kr"; empty for what is no such name.
std::string StateOf(const std::string& name);
// A reference that was not used before, for documents that need no number of one's own.
std::string FreshReference();

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_WORDS_H_
