// GoogleTest matchers for absl::Status and StatusOr, with Abseil's later names.
#ifndef ENTENTE_SERVICES_CORE_BASE_TESTING_STATUS_MATCHERS_H_
#define ENTENTE_SERVICES_CORE_BASE_TESTING_STATUS_MATCHERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "services/core/base/status.h"

namespace entente::base::testing {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& value) {
  return value.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << GetStatus(arg).ToString();
  return GetStatus(arg).ok();
}

MATCHER_P(StatusIs, code, "has the code " + absl::StatusCodeToString(code)) {
  *result_listener << GetStatus(arg).ToString();
  return GetStatus(arg).code() == code;
}

MATCHER_P(HasReason, reason, "has the reason " + std::string(ReasonName(reason))) {
  *result_listener << GetStatus(arg).ToString();
  return ReasonOf(GetStatus(arg)) == std::string(ReasonName(reason));
}

// The refusal's BadRequest names this field.
MATCHER_P(NamesField, field, std::string("names the field ") + field) {
  *result_listener << GetStatus(arg).ToString();
  for (const FieldViolation& violation : ViolationsOf(GetStatus(arg))) {
    if (violation.field == field) return true;
  }
  return false;
}

}  // namespace entente::base::testing

#define ASSERT_OK(expression) ASSERT_THAT(expression, ::entente::base::testing::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT(expression, ::entente::base::testing::IsOk())
#define ASSERT_OK_AND_ASSIGN(target, expression)                  \
  auto ENTENTE_CONCAT(entente_test_or_, __LINE__) = (expression); \
  ASSERT_OK(ENTENTE_CONCAT(entente_test_or_, __LINE__));          \
  target = std::move(ENTENTE_CONCAT(entente_test_or_, __LINE__)).value()

#endif  // ENTENTE_SERVICES_CORE_BASE_TESTING_STATUS_MATCHERS_H_
