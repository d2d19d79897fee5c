// A chain is what its documents say, or evidence; what is composed follows what was verified.
#include "clients/sdk/chain.h"

#include <gtest/gtest.h>

#include "clients/sdk/obligations.h"
#include "entente/iem/v1/alert.pb.h"
#include "services/core/entry/remains.h"
#include "tests/integration/lying_host.h"

namespace entente::sdk {
namespace {

using base::testing::HasReason;

class ChainTest : public testing::LyingHostTest {
 protected:
  // Has the host record a document; gives its digest.
  base::Digest Put(
      const pb::SignedDocument& document,
      const std::function<void(pb::Stamp&)>& lie = [](pb::Stamp&) {}) {
    host_.entries.push_back(Record(document, host_.entries.size(), lie));
    return testing::TestRegime::DigestOf(document);
  }
  pb::SignedDocument Renewal(const std::string& reference, const base::Digest& supersedes,
                             const std::vector<std::string>& audience = {}) {
    return regime_.Sign(regime_.Revision("jp", reference, regime_.Denial("jp", "1", audience),
                                         kName, supersedes, leem::v1::DenialRenewal()));
  }
  absl::Status Fetch() {
    auto client = Connect();
    return FetchChain(*client, kName).status();
  }
  const std::string kName = "partners/jp/denials/1";
};

TEST_F(ChainTest, IsFetchedAndContinued) {
  const base::Digest first = Put(Denial("1"));
  const base::Digest second = Put(Renewal("1.2", first));
  auto client = Connect();
  ASSERT_OK_AND_ASSIGN(const Chain chain, FetchChain(*client, kName));
  ASSERT_EQ(chain.size(), 2u);
  const pb::Document next = ComposeNext(*client, chain, "", leem::v1::DenialRenewal());
  EXPECT_EQ(next.reference(), "1.3");
  EXPECT_EQ(next.originator(), "partners/kr/agencies/licensing");
  EXPECT_EQ(next.references(0).name(), kName);
  EXPECT_EQ(next.references(0).digest(), second.view());
  EXPECT_EQ(next.audience().SerializeAsString(), chain[0].document.audience().SerializeAsString());
  const auto newest = FindNewest<leem::v1::DenialNotification>(chain);
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->entry, &chain[0]);
  EXPECT_FALSE(FindNewest<leem::v1::DenialRevocation>(chain).has_value());
}

TEST_F(ChainTest, WhatDoesNotFollowIsEvidence) {
  Put(Denial("1"));
  Put(Renewal("1.2", crypto::Sha256("another")));
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked));
}

TEST_F(ChainTest, AnotherChainIsNotTheOneThatWasAskedFor) {
  Put(Denial("1"));
  host_.entries[0] = Record(Denial("2"), 0, [&](pb::Stamp& stamp) { stamp.set_name(kName); });
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "another's number";
  host_.entries[0] =
      Record(Denial("1"), 0, [&](pb::Stamp& stamp) { stamp.set_name(kName + "/revisions/2"); });
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "it supersedes nothing";
  // A later document must not pass for one of its own.
  host_.entries = {Record(Renewal("1", crypto::Sha256("first")), 0,
                          [&](pb::Stamp& stamp) { stamp.set_name(kName); })};
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "it supersedes something";
  host_.entries = {Record(Renewal("1.2", crypto::Sha256("first")), 0)};
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "without its first document";
  host_.entries.clear();
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "empty";
}

TEST_F(ChainTest, AnAudienceThatChangesIsEvidence) {
  const base::Digest first = Put(Denial("1"));
  Put(Renewal("1.2", first, {"jp", "kr"}));
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked));
}

TEST_F(ChainTest, AForgedSignatureIsNoDocument) {
  pb::SignedDocument forged = Denial("1");
  *forged.mutable_signatures(0) = Denial("2").signatures(0);
  Put(forged);
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kSignatureInvalid));
}

TEST_F(ChainTest, ErasedDocumentsNeedTheirOrder) {
  const pb::SignedDocument whole = Denial("1");
  pb::Entry erased = Record(whole, 0);
  const std::string remains = entry::RemainsOf(erased.signed_document()).value();
  erased.set_signed_document(remains);
  erased.set_erased_at(1);
  const pb::Document order =
      regime_.Erasure("e1", regime_.Denial("jp", "1"), kName, testing::TestRegime::DigestOf(whole),
                      0, crypto::Sha256(remains));
  host_.entries = {erased};
  EXPECT_FALSE(Fetch().ok()) << "no order";
  host_.entries = {erased, Record(Denial("2"), 1)};
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "another document";
  host_.entries = {erased, Record(regime_.Sign(order), 1)};
  auto client = Connect();
  ASSERT_OK_AND_ASSIGN(const Chain chain, FetchChain(*client, kName));
  EXPECT_TRUE(chain[0].erased());
  EXPECT_EQ(chain[0].agency().state, "jp");
  // As erased, and with more than may remain.
  pb::SignedDocument too_much;
  too_much.set_document(whole.document());
  host_.entries[0].set_signed_document(too_much.SerializeAsString());
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked));
  // Also where the state itself vouches for that.
  const pb::Document wider =
      regime_.Erasure("e1", regime_.Denial("jp", "1"), kName, testing::TestRegime::DigestOf(whole),
                      0, crypto::Sha256(too_much.SerializeAsString()));
  host_.entries[1] = Record(regime_.Sign(wider), 1);
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked));
}

// Whoever does not know a kind accuses nobody.
TEST_F(ChainTest, AnErasedDocumentOfALaterReleasesKindIsNoEvidence) {
  pb::Document header = regime_.Denial("jp", "1");
  header.mutable_body()->set_type_url("type.googleapis.com/entente.leem.v9.Unheard");
  header.mutable_body()->clear_value();
  pb::SignedDocument remains;
  remains.set_document(header.SerializeAsString());
  pb::Entry entry = Record(remains, 0);
  entry.set_erased_at(1);
  host_.entries = {entry};
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kBodyUnknown));
}

TEST_F(ChainTest, AListWithoutAnEndIsNotReadForEver) {
  Put(Denial("1"));
  host_.endless = true;
  EXPECT_THAT(Fetch(), HasReason(base::Reason::kLedgerForked)) << "the same document comes again";
  auto client = Connect();
  host_.obligations.emplace_back().set_name(std::string(3 << 20, 'x'));
  EXPECT_THAT(FetchObligations(*client).status(), HasReason(base::Reason::kDocumentMalformed));
}

TEST_F(ChainTest, AnswersAreToWhatTheySay) {
  Put(Denial("1"));
  auto client = Connect();
  ASSERT_OK_AND_ASSIGN(const Chain chain, FetchChain(*client, kName));
  pb::Document answer = ComposeAnswer(*client, chain, "a1", iem::v1::Sighting(), {"nz"});
  EXPECT_THAT(answer.audience().listed().states(), ::testing::ElementsAre("jp", "kr", "nz"));
  EXPECT_EQ(answer.references(0).name(), kName);
  Put(regime_.Sign(answer));
  ASSERT_OK_AND_ASSIGN(const auto answers, FetchAnswers(*client, kName));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].originator().state, "kr");
}

TEST_F(ChainTest, OfSavedEntriesIsWholeOrSaysWhatIsMissing) {
  const base::Digest first = Put(Denial("1"));
  Put(Renewal("1.2", first));
  Put(Denial("2"));
  auto client = Connect();
  document::Verifier verifier;
  std::vector<VerifiedEntry> entries;
  for (const pb::Entry& entry : host_.entries) {
    entries.push_back(VerifyAlone(*client, entry, verifier).value());
  }
  ASSERT_OK_AND_ASSIGN(const Chain chain, ChainOf({entries[1], entries[2], entries[0]}, kName));
  EXPECT_EQ(chain.size(), 2u);
  EXPECT_THAT(ChainOf({entries[1], entries[2]}, kName).status(),
              HasReason(base::Reason::kCopyIncomplete));
  EXPECT_THAT(ChainOf({entries[2]}, kName).status(), HasReason(base::Reason::kNotFound));
  EXPECT_FALSE(IsOfChain("partners/jp/denials/10", kName));
}

}  // namespace
}  // namespace entente::sdk
