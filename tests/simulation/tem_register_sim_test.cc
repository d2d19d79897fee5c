// TEM's register against an oracle that counts positions by hand: from a seed, states propose,
// revise, take positions, sponsor, leave the regime and come back, and chairs try to close; what
// may be closed as agreed, and which proposals conflict, is worked out independently.
// Environment: ENTENTE_SEED=n runs that seed only; ENTENTE_SEEDS=n runs so many.
#include <gtest/gtest.h>

#include <random>

#include "services/core/base/testing/status_matchers.h"
#include "services/tem/register/tem_register.h"
#include "tests/support/register_driver.h"
#include "tests/support/test_annex.h"

namespace entente::tem {
namespace {

using entente::testing::Linked;
using entente::testing::TextProposal;
using entente::testing::WithBody;
namespace pb = entente::exchange::v1;

const std::vector<std::string> kStates = {"au", "jp", "kr", "nz"};
const std::vector<std::string> kNodes = {"kite", "rope", "silk", "wind"};

// One proposal as the oracle sees it.
struct Known {
  std::string name;
  std::string owner;
  std::string node;  // that it changes
  bool open = true;
  bool agreed = false;
  base::Digest tip;
  std::set<std::string> joined;   // on the newest text: joined, lifted or silent
  std::set<std::string> against;  // reserves and blocks on it
  std::set<std::string> sponsors;
};

class Play {
 public:
  explicit Play(uint64_t seed) : random_(seed) {
    entente::testing::MakeChair(regime_, "jp");
    for (const auto& document :
         entente::testing::Publication(regime_, "jp", entente::testing::MiniatureEdition())) {
      EXPECT_OK(driver_.Put(document));
    }
  }
  void Steps(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      switch (Below(9)) {
        case 0:
          Membership();
          break;
        case 1:
        case 2:
          Open();
          break;
        case 3:
          Revise();
          break;
        case 4:
          Sponsor();
          break;
        case 5:
          Conclude();
          break;
        default:
          Position();
      }
      Compare();
    }
    EXPECT_EQ(driver_.Replayed(), driver_.reg().Fingerprint());
    EXPECT_GT(taken_, steps / 8);
    EXPECT_GT(refused_, steps / 20);
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  bool Partner(const std::string& state) const { return former_ != state; }
  std::string Fresh() { return "r" + std::to_string(++number_); }
  // A partner: others cannot sign.
  std::string Someone() {
    while (true) {
      const std::string& state = kStates[Below(kStates.size())];
      if (Partner(state)) return state;
    }
  }
  Known* Pick() { return known_.empty() ? nullptr : &known_[Below(known_.size())]; }
  bool Put(const pb::Document& document, bool expected, const char* what) {
    const auto put = driver_.Put(document);
    EXPECT_EQ(put.ok(), expected) << what << ": " << put.status() << document.ShortDebugString();
    ++(put.ok() ? taken_ : refused_);
    if (put.ok()) name_ = *put;
    return put.ok() && expected;
  }

  // nz leaves the regime, or comes back.
  void Membership() {
    former_ = former_.empty() ? "nz" : "";
    regime_.SetFormer("nz", !former_.empty());
  }
  void Open() {
    const std::string owner = Someone();
    const std::string& node = kNodes[Below(kNodes.size())];
    if (!Put(WithBody(regime_.Denial(owner, Fresh()), TextProposal(node, Fresh())), true, "open")) {
      return;
    }
    known_.push_back({.name = name_, .owner = owner, .node = node, .tip = driver_.tip()});
    known_.back().sponsors.insert(owner);
  }
  void Revise() {
    Known* one = Pick();
    if (one == nullptr) return;
    const std::string by = Below(3) == 0 ? Someone() : one->owner;
    if (!Partner(by)) return;
    const bool stale = Below(5) == 0;
    const std::string& node = kNodes[Below(kNodes.size())];
    const bool right = by == one->owner && one->open && !one->agreed && !stale;
    if (!Put(Linked(WithBody(regime_.Denial(by, Fresh()), TextProposal(node, Fresh())),
                    pb::Reference::RELATION_SUPERSEDES, one->name,
                    stale ? base::Digest() : one->tip),
             right, "revise")) {
      return;
    }
    one->tip = driver_.tip();
    one->node = node;
    one->joined.clear();
    one->against.clear();
    one->sponsors = {one->owner};
  }
  void Sponsor() {
    Known* one = Pick();
    if (one == nullptr) return;
    const std::string by = Someone();
    v1::ProposalSponsorship body;
    body.set_withdrawn(Below(2) == 0);
    body.set_text_digest(one->tip.str());
    const bool is = one->sponsors.count(by) != 0;
    const bool right = one->open && !one->agreed && by != one->owner && is == body.withdrawn();
    if (!Put(Linked(WithBody(regime_.Denial(by, Fresh()), body), pb::Reference::RELATION_ANSWERS,
                    one->name),
             right, "sponsor")) {
      return;
    }
    if (body.withdrawn()) {
      one->sponsors.erase(by);
    } else {
      one->sponsors.insert(by);
    }
  }
  void Position() {
    Known* one = Pick();
    if (one == nullptr) return;
    const std::string by = Someone();
    v1::ProposalPosition body;
    body.set_kind(static_cast<v1::PositionKind>(1 + Below(6)));
    body.set_text("in words");
    body.set_text_digest(one->tip.str());
    const bool lifts = body.kind() == v1::POSITION_KIND_LIFTED;
    const bool right = one->open && !one->agreed && (!lifts || one->against.count(by) != 0);
    if (!Put(Linked(WithBody(regime_.Denial(by, Fresh()), body), pb::Reference::RELATION_ANSWERS,
                    one->name),
             right, "position")) {
      return;
    }
    one->joined.erase(by);
    one->against.erase(by);
    const bool against = body.kind() == v1::POSITION_KIND_STUDY_RESERVE ||
                         body.kind() == v1::POSITION_KIND_SCRUTINY_RESERVE ||
                         body.kind() == v1::POSITION_KIND_BLOCK;
    (against ? one->against : one->joined).insert(by);
  }
  bool AllAgree(const Known& one) const {
    for (const std::string& state : kStates) {
      if (!Partner(state) || one.joined.count(state) != 0) continue;
      if (one.against.count(state) != 0 || one.sponsors.count(state) == 0) return false;
    }
    return true;
  }
  void Conclude() {
    Known* one = Pick();
    if (one == nullptr) return;
    const std::string by = Below(3) == 0 ? Someone() : "jp";
    v1::ProposalConclusion body;
    body.set_outcome(static_cast<v1::ProposalConclusion::Outcome>(1 + Below(3)));
    body.set_meeting("m");
    body.set_text_digest(one->tip.str());
    const bool agrees = body.outcome() == v1::ProposalConclusion::OUTCOME_AGREED;
    const bool ends = body.outcome() == v1::ProposalConclusion::OUTCOME_NOT_AGREED;
    const bool opposed = std::any_of(one->against.begin(), one->against.end(),
                                     [this](const std::string& state) { return Partner(state); });
    const bool right = by == "jp" && one->open && !one->agreed && (!agrees || AllAgree(*one)) &&
                       (!ends || opposed);
    if (!Put(Linked(WithBody(regime_.Denial(by, Fresh()), body), pb::Reference::RELATION_ANSWERS,
                    one->name),
             right, "conclude")) {
      return;
    }
    one->agreed = agrees;
    one->open = !ends;
  }

  void Compare() {
    const machine::Reader reader{.state = "au", .is_partner = true};
    for (const Known& one : known_) {
      const ProposalRecord* state = driver_.reg().Find(one.name, reader);
      ASSERT_NE(state, nullptr);
      EXPECT_EQ(state->live(), one.open);
      EXPECT_EQ(driver_.reg().AgreementOn(*state, regime_.directory().partners()).agreed,
                AllAgree(one))
          << one.name;
      if (!one.open) continue;
      // They meet where they change one node; and at kite, to which wind refers.
      std::set<std::string> expected;
      for (const Known& other : known_) {
        if (&other == &one || !other.open) continue;
        const bool refers = (one.node == "wind" && other.node == "kite") ||
                            (one.node == "kite" && other.node == "wind");
        if (one.node == other.node || refers) expected.insert(other.name);
      }
      std::set<std::string> found;
      for (const auto& conflict : driver_.reg().Conflicts(*state, reader)) {
        found.insert(conflict.proposal());
      }
      EXPECT_EQ(found, expected) << one.name;
    }
  }

  std::mt19937_64 random_;
  base::testing::FakeClock clock_;
  entente::testing::TestRegime regime_{kStates, clock_.Now()};
  entente::testing::RegisterDriver<TemRegister> driver_{"tem", regime_, clock_,
                                                        entente::testing::TemProfile()};
  std::vector<Known> known_;
  std::string former_;
  std::string name_;
  int number_ = 0;
  int taken_ = 0;
  int refused_ = 0;
};

TEST(TemRegisterSimTest, EverySeedAgreesWithTheOracle) {
  const char* one = std::getenv("ENTENTE_SEED");
  const char* many = std::getenv("ENTENTE_SEEDS");
  const uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const uint64_t count = one != nullptr    ? 1
                         : many != nullptr ? std::strtoull(many, nullptr, 10)
                                           : 8;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("ENTENTE_SEED=" + std::to_string(seed));
    Play(seed).Steps(160);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace entente::tem
