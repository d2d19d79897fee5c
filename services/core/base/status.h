// Helpers around absl::Status: typed refusals, field violations, early returns.
//
//   return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound, "no denial \"{}\"", name);
//
// The ErrorInfo, BadRequest and RetryInfo that a refusal carries are payloads of the Status, keyed
// by their type URL; rpc::ToGrpcStatus packs them for the wire.
#ifndef ENTENTE_SERVICES_CORE_BASE_STATUS_H_
#define ENTENTE_SERVICES_CORE_BASE_STATUS_H_

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/core/base/reason.h"

namespace entente::base {

inline constexpr std::string_view kErrorDomain = "entente";

// A refusal of `code` for `reason` with a text for people.
absl::Status MakeRefusal(absl::StatusCode code, Reason reason, std::string text);

template <typename... Args>
absl::Status Refuse(absl::StatusCode code, Reason reason, fmt::format_string<Args...> text,
                    Args&&... args) {
  return MakeRefusal(code, reason, fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status RefuseArgument(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return MakeRefusal(absl::StatusCode::kInvalidArgument, reason,
                     fmt::format(text, std::forward<Args>(args)...));
}

// Adds one fact to a refusal's ErrorInfo.
absl::Status WithMetadata(absl::Status status, std::string_view key, std::string_view value);
// Adds a RetryInfo.
absl::Status WithRetry(absl::Status status, absl::Duration delay);
// Puts "prefix: " in front of the text, keeping code and payloads.
absl::Status WithPrefix(const absl::Status& status, std::string_view prefix);

// The reason that a refusal carries, if any.
std::optional<std::string> ReasonOf(const absl::Status& status);
// A fact of its ErrorInfo, or empty.
std::string MetadataOf(const absl::Status& status, std::string_view key);
// Its text.
inline std::string Text(const absl::Status& status) { return std::string(status.message()); }

// Cuts UTF-8 text to at most `bytes_max` bytes at a character, with an ellipsis.
void Shorten(std::string& text, size_t bytes_max);

// One fault in one field of a message.
struct FieldViolation {
  std::string field;
  std::string description;
};

// Collects the faults of a message, so that a refusal names them all: the first kMax of them, and
// how many more there are, so that it fits into the 8 KiB that gRPC clients accept.
class FieldViolations {
 public:
  static constexpr size_t kMax = 16;
  static constexpr size_t kDescriptionBytesMax = 160;

  template <typename... Args>
  void Add(std::string field, fmt::format_string<Args...> text, Args&&... args) {
    if (++count_ > kMax) return;
    violations_.push_back({std::move(field), fmt::format(text, std::forward<Args>(args)...)});
    Shorten(violations_.back().field, kDescriptionBytesMax);
    Shorten(violations_.back().description, kDescriptionBytesMax);
  }
  bool empty() const { return count_ == 0; }
  const std::vector<FieldViolation>& violations() const { return violations_; }
  // OK, or INVALID_ARGUMENT/FIELD_INVALID with a BadRequest that names every field.
  absl::Status ToStatus() const;

 private:
  std::vector<FieldViolation> violations_;
  size_t count_ = 0;
};

// The fields that a refusal names.
std::vector<FieldViolation> ViolationsOf(const absl::Status& status);
// Their paths, separated by commas: what may be told of a refusal without telling what was in it.
std::string FieldsOf(const absl::Status& status);

[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);

}  // namespace entente::base

// Always on: a broken invariant of our own stops the process rather than let state diverge.
#define ENTENTE_CHECK(condition) \
  ((condition) ? (void)0 : ::entente::base::CheckFailed(#condition, __FILE__, __LINE__))

#define ENTENTE_RETURN_IF_ERROR(expression)                                                      \
  do {                                                                                           \
    if (absl::Status entente_status = (expression); !entente_status.ok()) return entente_status; \
  } while (false)

#define ENTENTE_CONCAT_INNER(a, b) a##b
#define ENTENTE_CONCAT(a, b) ENTENTE_CONCAT_INNER(a, b)
#define ENTENTE_ASSIGN_OR_RETURN(target, expression)                  \
  auto ENTENTE_CONCAT(entente_or_, __LINE__) = (expression);          \
  if (!ENTENTE_CONCAT(entente_or_, __LINE__).ok())                    \
    return std::move(ENTENTE_CONCAT(entente_or_, __LINE__)).status(); \
  target = std::move(ENTENTE_CONCAT(entente_or_, __LINE__)).value()

#endif  // ENTENTE_SERVICES_CORE_BASE_STATUS_H_
