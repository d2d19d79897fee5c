// A reference is never used again: as an agency's own number, and as what a document is named by.
// It is so when the journal is replayed, which keeps no index of what names tell.
#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/leem/register/denial_register.h"
#include "tests/support/test_regime.h"

namespace entente {
namespace {

using base::testing::HasReason;
namespace pb = entente::exchange::v1;

class ReferenceTest : public ::testing::Test {
 protected:
  // All that are given, in one batch.
  std::vector<absl::Status> Submit(const std::vector<pb::Document>& documents) {
    std::vector<absl::Status> told(documents.size(), absl::UnknownError("nobody answered"));
    for (size_t i = 0; i < documents.size(); ++i) {
      auto verified = regime_.SignAndVerify(documents[i]);
      EXPECT_OK(verified);
      EXPECT_OK(sequencer_.Submit(*verified, 1,
                                  [&told, i](const auto& receipt) { told[i] = receipt.status(); }));
    }
    while (sequencer_.RunOnce()) {
    }
    return told;
  }
  absl::Status Submit(const pb::Document& document) { return Submit(std::vector{document})[0]; }
  // What the lived state says of a document's reference; a replayed one must say the same.
  absl::Status Check(const pb::Document& document) {
    const auto verified = regime_.SignAndVerify(document);
    EXPECT_OK(verified);
    const absl::Status lived = machine_.CheckReferenceIsFree(verified->parsed());
    leem::DenialRegister reg(testing::TestProfile());
    machine::Machine fresh("mtcr.example", "leem", reg);
    EXPECT_OK(machine::Replay(journal_, fresh, {.known = regime_.log_keys()}));
    EXPECT_EQ(fresh.CheckReferenceIsFree(verified->parsed()), lived);
    return lived;
  }
  // A revocation, numbered so, of what is recorded as `first`.
  pb::Document Revocation(const std::string& reference, const pb::Document& first) {
    leem::v1::DenialRevocation body;
    body.mutable_effective_date()->set_year(2016);
    body.mutable_effective_date()->set_month(10);
    body.mutable_effective_date()->set_day(20);
    body.set_explanation("granted after all");
    const std::string name = "partners/jp/denials/" + first.reference();
    return regime_.Revision("jp", reference, first, name, reg_.chains().FindAny(name)->tip, body);
  }

  base::testing::FakeClock clock_;
  testing::TestRegime regime_{{"jp", "kr"}, clock_.Now()};
  journal::testing::MemoryJournal journal_;
  leem::DenialRegister reg_{testing::TestProfile()};
  machine::Machine machine_{"mtcr.example", "leem", reg_};
  document::Verifier verifier_;
  machine::Sequencer sequencer_{{.journal = journal_,
                                 .machine = machine_,
                                 .directory = regime_.source(),
                                 .verifier = verifier_,
                                 .signer = regime_.log_signer(),
                                 .clock = clock_,
                                 .committed = [](auto) {},
                                 .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; }},
                                {}};
};

TEST_F(ReferenceTest, OfWhatOpensIsNotOpenedAgain) {
  ASSERT_OK(Submit(regime_.Denial("jp", "1")));
  pb::Document other = regime_.Denial("jp", "1");
  other.mutable_composed_time()->set_nanos(1);
  EXPECT_THAT(Check(other), HasReason(base::Reason::kReferenceReused));
  EXPECT_THAT(Submit(other), HasReason(base::Reason::kReferenceReused));
  EXPECT_OK(Submit(regime_.Denial("kr", "1"))) << "another state's is another";
}

TEST_F(ReferenceTest, OfARevisionIsNotUsedByAnotherOne) {
  const pb::Document first = regime_.Denial("jp", "1");
  const pb::Document second = regime_.Denial("jp", "2");
  ASSERT_OK(Submit(first));
  ASSERT_OK(Submit(second));
  ASSERT_OK(Submit(Revocation("r", first)));
  const pb::Document again = Revocation("r", second);
  EXPECT_THAT(Check(again), HasReason(base::Reason::kReferenceReused));
  EXPECT_THAT(Submit(again), HasReason(base::Reason::kReferenceReused));
  EXPECT_OK(Submit(Revocation("s", second)));
  // A revocation has no name of its own: a denial may have its number.
  EXPECT_OK(Submit(regime_.Denial("jp", "r")));
}

TEST_F(ReferenceTest, TwoInOneBatchAreToldAsInTwo) {
  pb::Document other = regime_.Denial("jp", "1");
  other.mutable_composed_time()->set_nanos(1);
  const auto told = Submit({regime_.Denial("jp", "1"), other});
  EXPECT_OK(told[0]);
  EXPECT_THAT(told[1], HasReason(base::Reason::kReferenceReused));
}

}  // namespace
}  // namespace entente
