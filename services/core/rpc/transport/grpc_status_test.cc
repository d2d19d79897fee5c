#include "services/core/rpc/transport/grpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/core/base/status.h"
#include "services/core/base/testing/status_matchers.h"

namespace entente::rpc {
namespace {

using base::Reason;
using base::testing::HasReason;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(GrpcStatusTest, AJournalsFaultIsTheOperatorsToKnow) {
  const auto status = ToGrpcStatus(
      base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalCorrupt, "ledger l-1 at 7"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("l-1")));
  EXPECT_THAT(FromGrpcStatus(status), HasReason(Reason::kJournalCorrupt));
}

TEST(GrpcStatusTest, ARollbackTellsTheCallerWhatToDoAndNothingOfTheProof) {
  const auto status = ToGrpcStatus(
      base::Refuse(absl::StatusCode::kDataLoss, Reason::kJournalRolledBack, "ledger l-1 at 7"));
  EXPECT_THAT(status.error_message(), HasSubstr("tell its operator"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("l-1")));
}

}  // namespace
}  // namespace entente::rpc
