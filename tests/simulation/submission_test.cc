// Submitting, and asking what a submission would be told (Sequencer::Validate). A reference is
// never used again: as an agency's own number, and as what a document is named by. It is so when
// the journal is replayed, which keeps no index of what names tell.
#include <gtest/gtest.h>

#include <tuple>
#include <variant>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/leem/register/denial_register.h"
#include "tests/support/test_regime.h"

namespace entente {
namespace {

using base::testing::HasReason;
namespace pb = entente::exchange::v1;

class SubmissionTest : public ::testing::Test {
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

TEST_F(SubmissionTest, OfWhatOpensIsNotOpenedAgain) {
  ASSERT_OK(Submit(regime_.Denial("jp", "1")));
  pb::Document other = regime_.Denial("jp", "1");
  other.mutable_composed_time()->set_nanos(1);
  EXPECT_THAT(Check(other), HasReason(base::Reason::kReferenceReused));
  EXPECT_THAT(Submit(other), HasReason(base::Reason::kReferenceReused));
  EXPECT_OK(Submit(regime_.Denial("kr", "1"))) << "another state's is another";
}

TEST_F(SubmissionTest, OfARevisionIsNotUsedByAnotherOne) {
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

TEST_F(SubmissionTest, TwoInOneBatchAreToldAsInTwo) {
  pb::Document other = regime_.Denial("jp", "1");
  other.mutable_composed_time()->set_nanos(1);
  const auto told = Submit({regime_.Denial("jp", "1"), other});
  EXPECT_OK(told[0]);
  EXPECT_THAT(told[1], HasReason(base::Reason::kReferenceReused));
}

// What Validate says: a stamp, a receipt, or why not.
using Found = absl::StatusOr<std::variant<pb::Stamp, pb::Receipt>>;

class ValidateTest : public SubmissionTest {
 protected:
  void Ask(const pb::Document& document, Found& found) {
    auto verified = regime_.SignAndVerify(document);
    ASSERT_OK(verified);
    ASSERT_OK(sequencer_.Validate(*verified, 1, [&found](Found said) { found = std::move(said); }));
  }
  Found Validate(const pb::Document& document) {
    Found found = absl::UnknownError("nobody answered");
    Ask(document, found);
    while (sequencer_.RunOnce()) {
    }
    return found;
  }
  // All that a submission could change.
  std::tuple<uint64_t, base::Digest, uint64_t> State() {
    return {journal_.Head(), machine_.Fingerprint(), machine_.Footprint()};
  }
};

TEST_F(ValidateTest, ChangesNothingAndSaysWhatSubmitWould) {
  const auto before = State();
  const pb::Document document = regime_.Denial("jp", "1");
  const Found found = Validate(document);
  ASSERT_OK(found);
  const auto stamp = std::get<pb::Stamp>(*found);
  EXPECT_EQ(stamp.name(), "partners/jp/denials/1");
  EXPECT_EQ(stamp.index(), 0u);
  EXPECT_EQ(State(), before);
  EXPECT_EQ(machine_.ledgers().size(), 0u);
  for (int i = 0; i < 100; ++i) EXPECT_OK(Validate(document));
  EXPECT_EQ(State(), before);
  ASSERT_OK(Submit(document));
  auto recorded = journal_.Read(0, 1, 1 << 20);
  ASSERT_OK(recorded);
  pb::Leaf leaf;
  ASSERT_TRUE(leaf.ParseFromString((*recorded)[0].header));
  EXPECT_EQ(leaf.stamp().SerializeAsString(), stamp.SerializeAsString());
}

TEST_F(ValidateTest, OfWhatIsRecordedGivesItsReceiptAndOfAnotherTheRefusal) {
  const pb::Document document = regime_.Denial("jp", "1");
  const auto signed_document = regime_.SignAndVerify(document);
  ASSERT_OK(Submit(document));
  const auto before = State();
  const Found again = Validate(document);
  ASSERT_OK(again);
  EXPECT_TRUE(std::holds_alternative<pb::Receipt>(*again));
  pb::Document other = document;
  other.mutable_composed_time()->set_nanos(1);
  EXPECT_THAT(Validate(other).status(), HasReason(base::Reason::kReferenceReused));
  EXPECT_EQ(State(), before);
}

TEST_F(ValidateTest, BesideASubmissionOfTheSameInOneBatch) {
  const pb::Document document = regime_.Denial("jp", "1");
  Found first = absl::UnknownError("nobody answered");
  Found later = absl::UnknownError("nobody answered");
  Ask(document, first);
  absl::Status told = absl::UnknownError("nobody answered");
  auto verified = regime_.SignAndVerify(document);
  ASSERT_OK(sequencer_.Submit(*verified, 1, [&](const auto& receipt) { told = receipt.status(); }));
  Ask(document, later);
  while (sequencer_.RunOnce()) {
  }
  ASSERT_OK(first);
  EXPECT_TRUE(std::holds_alternative<pb::Stamp>(*first));
  EXPECT_OK(told);
  ASSERT_OK(later);
  EXPECT_TRUE(std::holds_alternative<pb::Receipt>(*later));
}

TEST_F(ValidateTest, IsAnsweredWhenTheServiceStops) {
  Found found = absl::UnknownError("nobody answered");
  sequencer_.Start();
  Ask(regime_.Denial("jp", "1"), found);
  sequencer_.Stop();
  EXPECT_OK(found);
  auto verified = regime_.SignAndVerify(regime_.Denial("jp", "2"));
  EXPECT_FALSE(sequencer_.Validate(*verified, 1, [](const Found&) { FAIL(); }).ok());
}

}  // namespace
}  // namespace entente
