// Each validator, with one fault of its kind planted into a history that all of them accept.
#include "tests/robustness/validate.h"

#include <gtest/gtest.h>

#include "services/core/crypto/hash.h"
#include "services/core/merkle/merkle.h"

namespace entente::robustness {
namespace {

absl::Time At(int second) { return absl::FromUnixSeconds(1700000000 + second); }
base::Digest Digest(const std::string& text) { return crypto::Sha256(text); }

// Four documents in one ledger of jp and kr; sent one after another, followed, looked at.
class ValidateTest : public ::testing::Test {
 protected:
  ValidateTest() {
    history_.run = {At(0), At(1000)};
    history_.readers["x"] = {"jp", "kr"};
    merkle::Tree tree;
    for (int i = 0; i < 4; ++i) {
      const std::string name = "partners/jp/denials/" + std::to_string(i);
      const base::Digest digest = Digest(name);
      const base::Digest leaf = Digest("leaf " + name);
      tree.Append(leaf);
      history_.submissions.push_back({"jp",
                                      "x",
                                      digest,
                                      name,
                                      {At(10 * i), At(10 * i + 2)},
                                      Outcome::kRecorded,
                                      static_cast<uint64_t>(i),
                                      leaf});
      history_.final["x"].push_back({digest, leaf, name, At(10 * i + 1)});
      history_.delivered.push_back({"kr", "x", static_cast<uint64_t>(i), digest, leaf});
      history_.looked.push_back({"kr", name, {At(10 * i + 3), At(10 * i + 4)}, true});
      history_.looked.push_back({"au", name, {At(10 * i + 3), At(10 * i + 4)}, false});
      history_.seen.push_back({"x", tree.size(), tree.Root()});
      history_.calls.push_back({"read", {At(10 * i), At(10 * i) + absl::Milliseconds(3)}, ""});
    }
    history_.twins.push_back({"get", "NOT_FOUND", "NOT_FOUND"});
    history_.faults.push_back({"kill", {At(100), At(101)}});
    for (int i = 0; i < 100; ++i) history_.marks.push_back({"kr", At(10 * i)});
    history_.memory.push_back({At(1), 100 << 20});
  }
  // The validators that find something.
  std::vector<std::string> Found() const {
    std::vector<std::string> found;
    for (const auto& [name, validator] : AllValidators()) {
      if (!validator(history_, Bounds()).empty()) found.push_back(name);
    }
    return found;
  }
  bool Finds(const std::string& name) const {
    const auto found = Found();
    return std::count(found.begin(), found.end(), name) != 0;
  }
  History history_;
};

TEST_F(ValidateTest, AnHonestHistoryIsAccepted) { EXPECT_EQ(Found(), std::vector<std::string>()); }

TEST_F(ValidateTest, AnEntryThatIsGone) {
  history_.final["x"].pop_back();
  EXPECT_TRUE(Finds("nothing lost"));
}

TEST_F(ValidateTest, AnEntryThatMoved) {
  std::swap(history_.final["x"][1], history_.final["x"][2]);
  EXPECT_TRUE(Finds("nothing lost"));
}

TEST_F(ValidateTest, ADocumentTwice) {
  history_.final["x"].push_back(history_.final["x"][0]);
  EXPECT_TRUE(Finds("nothing doubled"));
}

TEST_F(ValidateTest, TwoPlacesForOneDocument) {
  history_.submissions.push_back(history_.submissions[0]);
  history_.submissions.back().index = 3;
  EXPECT_TRUE(Finds("nothing doubled"));
}

TEST_F(ValidateTest, ADocumentOfNobody) {
  history_.final["x"].push_back({Digest("y"), Digest("z"), "partners/jp/denials/9", At(90)});
  EXPECT_TRUE(Finds("nothing invented"));
}

TEST_F(ValidateTest, ARefusedDocumentThatIsThere) {
  history_.submissions[3].outcome = Outcome::kRefused;
  EXPECT_EQ(Found(), std::vector<std::string>{"nothing invented"});
}

TEST_F(ValidateTest, ADocumentWithoutAnAnswerMayBeThere) {
  history_.submissions[3].outcome = Outcome::kUnknown;
  EXPECT_EQ(Found(), std::vector<std::string>());
}

TEST_F(ValidateTest, AGapInAFollow) {
  history_.delivered.erase(history_.delivered.begin() + 1);
  EXPECT_EQ(Found(), std::vector<std::string>{"followers complete"});
}

TEST_F(ValidateTest, AFollowThatEndsEarly) {
  history_.delivered.pop_back();
  EXPECT_EQ(Found(), std::vector<std::string>{"followers complete"});
}

TEST_F(ValidateTest, TheSameAgainIsNoFaultAndAnotherIs) {
  history_.delivered.push_back(history_.delivered[2]);
  EXPECT_EQ(Found(), std::vector<std::string>());
  history_.delivered.back().digest = Digest("another");
  EXPECT_EQ(Found(), std::vector<std::string>{"followers complete"});
}

TEST_F(ValidateTest, ACheckpointOfAnotherHistory) {
  history_.seen[2].root = Digest("forked");
  EXPECT_EQ(Found(), std::vector<std::string>{"one tree"});
  history_.seen[2] = {"x", 5, Digest("ahead")};
  EXPECT_EQ(Found(), std::vector<std::string>{"one tree"});
}

TEST_F(ValidateTest, AnAnswerBeforeAnEarlierOne) {
  // The last was sent and answered before the others were.
  history_.submissions[3].span = {At(-20), At(-10)};
  EXPECT_TRUE(Finds("one order"));
}

TEST_F(ValidateTest, ARecordedTimeThatGoesBack) {
  history_.final["x"][2].recorded = At(0);
  EXPECT_EQ(Found(), std::vector<std::string>{"one order"});
}

TEST_F(ValidateTest, AReaderWhoMissesWhatWasAcknowledged) {
  history_.looked[0].found = false;
  EXPECT_EQ(Found(), std::vector<std::string>{"reads explained"});
}

TEST_F(ValidateTest, AReaderWhoSeesWhatIsHidden) {
  history_.looked[1].found = true;
  EXPECT_EQ(Found(), std::vector<std::string>{"reads explained"});
}

TEST_F(ValidateTest, AReaderWhoSeesWhatIsNotSentYet) {
  history_.looked[0].span = {At(-10), At(-9)};
  EXPECT_EQ(Found(), std::vector<std::string>{"reads explained"});
}

TEST_F(ValidateTest, AnOutsiderWhoCanTell) {
  history_.twins[0].of_hidden = "PERMISSION_DENIED";
  EXPECT_EQ(Found(), std::vector<std::string>{"outsiders equal"});
}

TEST_F(ValidateTest, EvidenceAndADeath) {
  history_.evidence.push_back("kr: LEDGER_FORKED");
  EXPECT_EQ(Found(), std::vector<std::string>{"no evidence"});
  history_.evidence.clear();
  history_.deaths.push_back({"signal 9", At(100)});
  EXPECT_EQ(Found(), std::vector<std::string>()) << "a fault explains it";
  history_.deaths.push_back({"signal 11", At(500)});
  EXPECT_EQ(Found(), std::vector<std::string>{"no evidence"});
}

TEST_F(ValidateTest, AFollowerThatStaysAway) {
  std::erase_if(history_.marks, [](const Mark& mark) { return mark.time > At(100); });
  EXPECT_EQ(Found(), std::vector<std::string>{"followers back"});
}

TEST_F(ValidateTest, ASlowOrRefusedHonestCall) {
  history_.calls.push_back({"read", {At(500), At(501)}, "RATE_EXCEEDED"});
  EXPECT_EQ(Found(), std::vector<std::string>{"honest in time"});
  history_.calls.back() = {"submit", {At(500), At(502)}, ""};
  EXPECT_EQ(Found(), std::vector<std::string>{"honest in time"});
  history_.calls.back() = {"submit", {At(99), At(102)}, "UNAVAILABLE"};
  EXPECT_EQ(Found(), std::vector<std::string>()) << "during a fault";
}

TEST_F(ValidateTest, MemoryBeyondItsBound) {
  history_.memory.push_back({At(2), 513ULL << 20});
  EXPECT_EQ(Found(), std::vector<std::string>{"memory bounded"});
}

}  // namespace
}  // namespace entente::robustness
