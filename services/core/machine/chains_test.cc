#include "services/core/machine/chains.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/register.h"
#include "services/core/machine/released_index.h"

namespace entente::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Reference = entry::pb::Reference;

const Reader kKr{.state = "kr", .is_partner = true};
const Reader kNz{.state = "nz", .is_partner = true};

class ChainsTest : public ::testing::Test {
 protected:
  // A document to these states ("": all partners), recorded at a second.
  const Chain* Put(const std::string& name, int64_t second,
                   const std::vector<std::string>& states = {}, const std::string& answers = "") {
    entry::pb::Document header;
    for (const std::string& state : states)
      header.mutable_audience()->mutable_listed()->add_states(state);
    if (states.empty()) header.mutable_audience()->mutable_all_partners();
    if (!answers.empty()) {
      auto& reference = *header.add_references();
      reference.set_relation(Reference::RELATION_ANSWERS);
      reference.set_name(answers);
    }
    Ledger& ledger = ledgers_[entry::LedgerIdOf("iem", header.audience())];
    ledger.id = entry::LedgerIdOf("iem", header.audience());
    ledger.audience = header.audience();
    entry::pb::Leaf leaf;
    leaf.mutable_stamp()->set_name(name);
    leaf.mutable_stamp()->mutable_recorded_time()->set_seconds(second);
    const Chain* chain = chains_.Apply(leaf, header, crypto::Sha256(name),
                                       {&ledger, ledger.positions.size(), position_});
    if (chain != nullptr) ledger.positions.push_back(position_++);
    return chain;
  }
  std::vector<std::string> AnswersTo(const std::string& name, const Reader& reader) {
    std::vector<std::string> names;
    for (const Chain* one : chains_.AnswersTo(*chains_.FindAny(name), reader))
      names.emplace_back(one->name());
    return names;
  }

  std::map<std::string, Ledger> ledgers_;
  Chains chains_;
  uint64_t position_ = 0;
};

TEST_F(ChainsTest, FindsEachDocumentByItsName) {
  ASSERT_NE(Put("partners/kr/alerts/1", 1), nullptr);
  ASSERT_NE(Put("partners/kr/alerts/2", 2), nullptr);
  ASSERT_NE(Put("partners/kr/alerts/1/revisions/2", 3), nullptr);
  EXPECT_EQ(chains_.PositionOf("partners/kr/alerts/1"), 0u);
  EXPECT_EQ(chains_.PositionOf("partners/kr/alerts/2"), 1u);
  EXPECT_EQ(chains_.PositionOf("partners/kr/alerts/1/revisions/2"), 2u);
  for (const char* name : {"", "partners/kr/alerts/3", "partners/kr/alerts/1/revisions/1",
                           "partners/kr/alerts/1/revisions/3", "partners/kr/alerts/1/revisions/02",
                           "partners/kr/alerts/1/revisions/2x", "partners/kr/alerts/1/revisions/",
                           "partners/kr/alerts/1/revisions/2/revisions/2"}) {
    EXPECT_EQ(chains_.PositionOf(name), std::nullopt) << name;
  }
}

TEST_F(ChainsTest, ADocumentMustBeTheNextOfItsChain) {
  ASSERT_NE(Put("partners/kr/alerts/1", 1), nullptr);
  EXPECT_EQ(Put("partners/kr/alerts/1/revisions/3", 2), nullptr);
  EXPECT_EQ(Put("partners/kr/alerts/1/revisions/1", 2), nullptr);
  EXPECT_NE(Put("partners/kr/alerts/1/revisions/2", 2), nullptr);
}

TEST_F(ChainsTest, ADocumentThatRevisesJoinsItsChain) {
  const Chain* chain = Put("partners/kr/alerts/1", 1, {"jp", "kr"});
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(Put("partners/kr/alerts/1/revisions/2", 5, {"jp", "kr"}), chain);
  EXPECT_THAT(chain->positions, ElementsAre(0, 1));
  EXPECT_EQ(chain->tip, crypto::Sha256("partners/kr/alerts/1/revisions/2"));
  EXPECT_EQ(chain->recorded_micros, 1'000'000);
  EXPECT_EQ(chain->updated_micros, 5'000'000);
  EXPECT_EQ(chain->originator_state(), "kr");
  EXPECT_EQ(chains_.Find("partners/kr/alerts/1/revisions/2", kKr), chain);
  EXPECT_EQ(chains_.Find("partners/kr/alerts/1", kNz), nullptr) << "not released";
  EXPECT_EQ(chains_.Find("partners/kr/alerts/2", kKr), nullptr);
}

TEST_F(ChainsTest, NamesThatNoGroupGaveChangeNothing) {
  ASSERT_NE(Put("partners/kr/alerts/1", 1), nullptr);
  const base::Digest before = chains_.Fingerprint();
  EXPECT_EQ(Put("partners/kr/alerts/1", 2), nullptr) << "taken";
  EXPECT_EQ(Put("partners/kr/alerts/2/revisions/2", 2), nullptr) << "of no chain";
  EXPECT_EQ(Put("partners/kr/alerts/1/revisions/2", 2, {"jp", "kr"}), nullptr) << "another ledger";
  EXPECT_EQ(chains_.Fingerprint(), before);
  EXPECT_EQ(chains_.size(), 1u);
}

TEST_F(ChainsTest, AnswersAreReadByWhomTheyAreReleasedToInAnOrderThatAllCanCompute) {
  ASSERT_NE(Put("partners/kr/alerts/1", 1), nullptr);
  ASSERT_NE(Put("partners/jp/answers/late", 9, {}, "partners/kr/alerts/1"), nullptr);
  ASSERT_NE(Put("partners/nz/answers/early", 2, {"kr", "nz"}, "partners/kr/alerts/1"), nullptr);
  ASSERT_NE(Put("partners/jp/answers/hidden", 3, {"jp", "kr"}, "partners/kr/alerts/1"), nullptr);
  EXPECT_THAT(AnswersTo("partners/kr/alerts/1", kKr),
              ElementsAre("partners/nz/answers/early", "partners/jp/answers/hidden",
                          "partners/jp/answers/late"));
  EXPECT_THAT(AnswersTo("partners/kr/alerts/1", kNz),
              ElementsAre("partners/nz/answers/early", "partners/jp/answers/late"));
  EXPECT_THAT(AnswersTo("partners/kr/alerts/1", {.state = "xx", .is_partner = false}), IsEmpty());
}

TEST_F(ChainsTest, WhatIsSaidToAnAnswerIsSaidToTheChain) {
  const Chain* chain = Put("partners/kr/proposals/1", 1);
  ASSERT_NE(Put("partners/jp/comments/1", 2, {}, "partners/kr/proposals/1"), nullptr);
  const Chain* reply = Put("partners/nz/comments/1", 3, {}, "partners/jp/comments/1");
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->answered, chain);
  EXPECT_THAT(AnswersTo("partners/kr/proposals/1", kKr),
              ElementsAre("partners/jp/comments/1", "partners/nz/comments/1"));
  EXPECT_EQ(Put("partners/nz/comments/2", 4, {}, "partners/kr/none/1")->answered, nullptr);
}

// Else a guesser could tell from what is listed under its own name whether the other is taken.
TEST_F(ChainsTest, NobodyAnswersWhatHisReadersMayNotRead) {
  ASSERT_NE(Put("partners/kr/denials/hidden", 1, {"jp", "kr"}), nullptr);
  const Chain* guess = Put("partners/nz/denials/a", 2, {"nz"}, "partners/kr/denials/hidden");
  const Chain* absent = Put("partners/nz/denials/b", 3, {"nz"}, "partners/kr/denials/absent");
  EXPECT_EQ(guess->answered, nullptr);
  EXPECT_EQ(absent->answered, nullptr);
  ASSERT_NE(Put("partners/nz/denials/c", 4, {"nz"}, std::string(guess->name())), nullptr);
  EXPECT_THAT(AnswersTo(std::string(guess->name()), kNz), ElementsAre("partners/nz/denials/c"));
  EXPECT_EQ(Put("partners/nz/denials/self", 5, {"nz"}, "partners/nz/denials/self")->answered,
            nullptr);
  // An answer that is wider than what it answers, or than the first of the chain.
  EXPECT_EQ(Put("partners/jp/denials/wide", 6, {}, "partners/kr/denials/hidden")->answered,
            nullptr);
  ASSERT_NE(
      Put("partners/jp/denials/fits", 7, {"jp", "kr"}, "partners/kr/denials/hidden")->answered,
      nullptr);
}

TEST_F(ChainsTest, AnswersAreReadInPages) {
  const Chain* chain = Put("partners/kr/alerts/1", 1);
  for (int i = 0; i < 9; ++i) {
    ASSERT_NE(Put("partners/nz/answers/" + std::to_string(i), 10 + i / 3 - 3 * (i % 3),
                  i % 3 == 0 ? std::vector<std::string>{}
                             : std::vector<std::string>{i % 3 == 1 ? "jp" : "au", "kr", "nz"},
                  std::string(chain->name())),
              nullptr);
  }
  const auto whole = Chains::AnswersTo(*chain, kKr);
  ASSERT_EQ(whole.size(), 9u);
  std::vector<const Chain*> paged;
  for (const Chain* last = nullptr;; last = paged.back()) {
    const auto page = Chains::AnswersTo(*chain, kKr, last, 2);
    paged.insert(paged.end(), page.begin(), page.end());
    if (page.size() < 2) break;
  }
  EXPECT_EQ(paged, whole);
}

TEST_F(ChainsTest, TheFingerprintTellsAnswersAndRevisions) {
  std::vector<base::Digest> seen = {chains_.Fingerprint()};
  const auto changed = [&](const Chain* chain) {
    ASSERT_NE(chain, nullptr);
    for (const base::Digest& one : seen) EXPECT_NE(chains_.Fingerprint(), one);
    seen.push_back(chains_.Fingerprint());
  };
  changed(Put("partners/kr/alerts/1", 1));
  changed(Put("partners/kr/alerts/1/revisions/2", 2));
  changed(Put("partners/jp/answers/1", 3, {}, "partners/kr/alerts/1"));
  changed(Put("partners/jp/answers/1/revisions/2", 3));
}

TEST_F(ChainsTest, AReleasedIndexGoesOnWhereAPageEnded) {
  ReleasedIndex index;
  std::vector<const Chain*> chains;
  for (int i = 0; i < 6; ++i) {
    chains.push_back(
        Put("partners/kr/alerts/" + std::to_string(i), 10 + i / 2 - 4 * (i % 2),
            i % 2 == 0 ? std::vector<std::string>{} : std::vector<std::string>{"kr", "nz"}));
    index.Add(*chains.back(), "all");
    index.Add(*chains.back(), "all");
  }
  std::vector<const Chain*> whole;
  index.Visit(kNz, "all", nullptr, [&](const Chain& chain) {
    whole.push_back(&chain);
    return true;
  });
  ASSERT_EQ(whole.size(), 6u);
  EXPECT_TRUE(std::is_sorted(whole.begin(), whole.end(),
                             [](const Chain* a, const Chain* b) { return Before(*a, *b); }));
  std::vector<const Chain*> paged;
  for (const Chain* last = nullptr; paged.size() < 6;) {
    const size_t before = paged.size();
    index.Visit(kNz, "all", last, [&](const Chain& chain) {
      paged.push_back(&chain);
      last = &chain;
      return false;
    });
    ASSERT_EQ(paged.size(), before + 1);
  }
  EXPECT_EQ(paged, whole);
  size_t of_jp = 0;
  index.Visit({.state = "jp", .is_partner = true}, "all", nullptr,
              [&](const Chain&) { return ++of_jp > 0; });
  EXPECT_EQ(of_jp, 3u);
}

}  // namespace
}  // namespace entente::machine
