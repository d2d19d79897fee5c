// IEM's register against an oracle: a plain model of who said what to whom, kept in sets of bits.
// From a seed, states open, answer, close, ask and grant, rightly and wrongly; the model says what
// must be taken, and afterwards what each state must see.
// Environment: ENTENTE_SEED=n runs that seed only; ENTENTE_SEEDS=n runs so many.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>

#include "services/core/base/testing/status_matchers.h"
#include "services/iem/register/matter_register.h"
#include "tests/support/register_driver.h"

namespace entente::iem {
namespace {

using entente::testing::RegisterDriver;
using entente::testing::TestRegime;
namespace pb = entente::exchange::v1;

const std::vector<std::string> kStates = {"au", "jp", "kr", "nz"};
constexpr unsigned kAll = 15;  // all four, a bit each
constexpr int kLapseDays = 30;

config::v1::RegimeProfile Profile() {
  config::v1::RegimeProfile profile;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(version: 1 level_max: 2 iem { topics { code: "TRANSIT" } questions { code: "KNOWN" }
           refusal_classes { code: "LAW" } flash_acknowledge_minutes: 60 release_lapse_days: 30
           attachment_bytes_max: 10 })",
      &profile));
  return profile;
}

enum class Kind { kAlert, kRequest, kRelease };

// What the oracle knows of one matter.
struct Known {
  Kind kind = Kind::kAlert;
  std::string name;
  unsigned owner = 0;
  unsigned readers = 0;
  bool open = true;
  base::Digest tip;
  unsigned asked = 0;  // addressees of a request; states of a release request
  size_t subject = 0;  // of a release request: which matter
  absl::Time recorded;
  unsigned granted = 0;
  bool decided = false;
  std::map<unsigned, v1::ReplyKind> replies;  // newest by state, released to all readers
  std::vector<unsigned> answers;              // readers of each
  std::vector<bool> late;                     // whether each came after the end
};

class Play {
 public:
  explicit Play(uint64_t seed) : random_(seed) {}

  void Steps(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      switch (Below(8)) {
        case 0:
          clock_.Advance(absl::Hours(24 * static_cast<int>(Below(12))));
          break;
        case 1:
          Ask();
          break;
        case 2:
          Decide();
          break;
        case 3:
          Close();
          break;
        case 4:
        case 5:
          Answer();
          break;
        default:
          Open();
      }
      if (Below(10) == 0) Compare();
    }
    Compare();
    EXPECT_EQ(driver_.Replayed(), driver_.reg().Fingerprint());
    EXPECT_GT(taken_, steps / 8) << "the run has done nothing";
    EXPECT_GT(refused_, steps / 20) << "the run has tried nothing wrong";
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  static bool Has(unsigned set, unsigned state) { return (set >> state & 1) != 0; }

  pb::Document Make(unsigned by, unsigned readers, const google::protobuf::Message& body) {
    std::vector<std::string> listed;
    for (unsigned i = 0; i < 4; ++i) {
      if (Has(readers, i)) listed.push_back(kStates[i]);
    }
    // All four by name is another ledger than all partners, though the same may read it.
    pb::Document document = regime_.Denial(kStates[by], "n" + std::to_string(++number_),
                                           readers == kAll ? std::vector<std::string>() : listed);
    document.mutable_body()->PackFrom(body);
    return document;
  }
  static void Link(pb::Document& document, pb::Reference::Relation relation, const Known& matter) {
    auto* link = document.add_references();
    link->set_relation(relation);
    link->set_name(matter.name);
    if (relation == pb::Reference::RELATION_SUPERSEDES) link->set_digest(matter.tip.str());
  }
  // Whether it was taken, after comparing that with what the oracle expects.
  bool Put(const pb::Document& document, bool expected, const char* what) {
    const auto put = driver_.Put(document);
    EXPECT_EQ(put.ok(), expected) << what << " " << document.ShortDebugString() << put.status();
    ++(put.ok() ? taken_ : refused_);
    if (put.ok()) name_ = *put;
    return put.ok() && expected;
  }
  // A random set of states that holds this one.
  unsigned Some(unsigned must) { return static_cast<unsigned>(Below(16)) | 1u << must; }
  Known* Pick() { return known_.empty() ? nullptr : &known_[Below(known_.size())]; }

  void Add(Known fresh) {
    fresh.name = name_;
    fresh.tip = driver_.tip();
    fresh.recorded = clock_.Now();
    known_.push_back(std::move(fresh));
  }

  v1::Alert Alert() {
    v1::Alert alert;
    alert.set_urgency(v1::URGENCY_FLASH);
    alert.set_kind(v1::ALERT_KIND_TRANSIT);
    alert.set_summary("Simulated");
    alert.set_authority("Sample Centre");
    alert.set_source_reliability(v1::SOURCE_RELIABILITY_B);
    alert.set_information_credibility(2);
    alert.mutable_review_time()->set_seconds(4000000000);
    return alert;
  }

  // An alert, sometimes made from another matter; or a request to some.
  void Open() {
    const auto by = static_cast<unsigned>(Below(4));
    Known fresh{.owner = by, .readers = Some(by)};
    if (Below(3) == 0) {
      fresh.kind = Kind::kRequest;
      v1::InformationRequest request;
      request.set_purpose("simulated");
      request.add_questions()->set_code("KNOWN");
      entry::SetTime(clock_.Now() + absl::Hours(24 * 10), request.mutable_proposed_time());
      fresh.asked = static_cast<unsigned>(Below(16));
      for (unsigned i = 0; i < 4; ++i) {
        if (Has(fresh.asked, i)) request.add_addressees(kStates[i]);
      }
      const bool right = !Has(fresh.asked, by) && (fresh.asked & ~fresh.readers) == 0;
      if (Put(Make(by, fresh.readers, request), right, "request")) Add(fresh);
      return;
    }
    pb::Document document = Make(by, fresh.readers, Alert());
    bool right = true;
    const Known* source = Below(2) == 0 ? Pick() : nullptr;
    if (source != nullptr) {
      Link(document, pb::Reference::RELATION_DERIVES_FROM, *source);
      right =
          Has(source->readers, by) && (source->owner == by || Within(fresh.readers, *source, by));
    }
    if (Put(document, right, "alert")) Add(fresh);
  }
  // Whether all these readers may have what this state makes of a source: its readers, and whom the
  // source's owner has granted to this state. "All partners" is never granted, only named states.
  bool Within(unsigned readers, const Known& source, unsigned by) const {
    if (source.readers == kAll) return true;
    if (readers == kAll) return false;
    unsigned may = source.readers;
    for (const Known& one : known_) {
      if (one.kind == Kind::kRelease && one.owner == by && &known_[one.subject] == &source) {
        may |= one.granted;
      }
    }
    return (readers & ~may) == 0;
  }

  void Ask() {
    const Known* subject = Pick();
    if (subject == nullptr) return;
    const auto by = static_cast<unsigned>(Below(4));
    Known fresh{.kind = Kind::kRelease, .owner = by};
    fresh.readers = 1u << by | 1u << subject->owner;
    fresh.asked = static_cast<unsigned>(Below(16));
    fresh.subject = static_cast<size_t>(subject - known_.data());
    v1::ReleaseRequest request;
    request.set_purpose("simulated");
    for (unsigned i = 0; i < 4; ++i) {
      if (Has(fresh.asked, i)) request.add_states(kStates[i]);
    }
    const bool right = fresh.asked != 0 && Has(subject->readers, by) && subject->owner != by &&
                       (fresh.asked & subject->readers) == 0;
    pb::Document document = Make(by, fresh.readers, request);
    Link(document, pb::Reference::RELATION_RELATES_TO, *subject);
    if (Put(document, right, "release request")) Add(fresh);
  }

  void Decide() {
    Known* release = nullptr;
    for (int tries = 0; tries < 20 && (release == nullptr || release->kind != Kind::kRelease);) {
      release = Pick();
      ++tries;
    }
    if (release == nullptr || release->kind != Kind::kRelease) return;
    const unsigned owner = known_[release->subject].owner;
    const unsigned by = Below(4) == 0 ? static_cast<unsigned>(Below(4)) : owner;
    v1::ReleaseDecision decision;
    const unsigned granted = Below(2) == 0 ? release->asked : static_cast<unsigned>(Below(16));
    const bool deny = Below(4) == 0;
    for (unsigned i = 0; i < 4 && !deny; ++i) {
      if (Has(granted, i)) decision.add_states(kStates[i]);
    }
    const bool whole = granted == release->asked;
    decision.set_outcome(deny    ? v1::RELEASE_OUTCOME_DENIED
                         : whole ? v1::RELEASE_OUTCOME_GRANTED
                                 : v1::RELEASE_OUTCOME_PARTIAL);
    const bool right = by == owner && !release->decided && (deny || granted != 0) &&
                       (deny || (granted & ~release->asked) == 0) &&
                       clock_.Now() <= release->recorded + absl::Hours(24 * kLapseDays);
    pb::Document document = Make(by, release->readers, decision);
    Link(document, pb::Reference::RELATION_ANSWERS, *release);
    if (Has(release->readers, by) ? !Put(document, right, "decision")
                                  : !Put(document, false, "a stranger's decision")) {
      return;
    }
    release->decided = true;
    release->granted = deny ? 0 : granted;
    release->answers.push_back(release->readers);
    release->late.push_back(!release->open);
  }

  void Close() {
    Known* matter = Pick();
    if (matter == nullptr) return;
    const unsigned by = Below(3) == 0 ? static_cast<unsigned>(Below(4)) : matter->owner;
    v1::AlertClosure closure;
    closure.set_outcome(v1::AlertClosure::OUTCOME_WITHDRAWN);
    closure.set_explanation("simulated");
    v1::RequestClosure thanks;
    thanks.set_feedback("simulated");
    const bool alert = Below(4) == 0 ? Below(2) == 0 : matter->kind == Kind::kAlert;
    pb::Document document =
        alert ? Make(by, matter->readers, closure) : Make(by, matter->readers, thanks);
    Link(document, pb::Reference::RELATION_SUPERSEDES, *matter);
    const bool right = by == matter->owner && matter->open &&
                       matter->kind == (alert ? Kind::kAlert : Kind::kRequest);
    if (!Put(document, right, "closure")) return;
    matter->open = false;
    matter->tip = driver_.tip();
  }

  void Answer() {
    Known* matter = Pick();
    if (matter == nullptr) return;
    const auto by = static_cast<unsigned>(Below(4));
    const unsigned readers = Below(2) == 0 ? matter->readers : Some(by);
    v1::Sighting sighting;
    sighting.set_result(v1::SIGHTING_RESULT_NOT_SEEN);
    v1::RequestReply reply;
    reply.set_kind(static_cast<v1::ReplyKind>(3 + Below(4)));
    reply.set_text("simulated");
    if (reply.kind() == v1::REPLY_KIND_REFUSED) reply.set_refusal_class("LAW");
    const bool replies = matter->kind == Kind::kRequest;
    pb::Document document = replies ? Make(by, readers, reply) : Make(by, readers, sighting);
    Link(document, pb::Reference::RELATION_ANSWERS, *matter);
    const bool addressed = matter->asked == 0 ? by != matter->owner : Has(matter->asked, by);
    const bool right = Has(matter->readers, by) && matter->kind != Kind::kRelease &&
                       (readers & ~matter->readers) == 0 && Has(readers, matter->owner) &&
                       (!replies || addressed);
    if (!Put(document, right, "answer")) return;
    matter->answers.push_back(readers);
    matter->late.push_back(!matter->open);
    if (replies && readers == matter->readers) matter->replies[by] = reply.kind();
    if (replies && readers != matter->readers) matter->replies.erase(by);  // not all see the newest
    if (replies) narrow_.insert({matter->name, by});
  }

  // What each state sees is what the oracle knows.
  void Compare() {
    for (unsigned state = 0; state < 4; ++state) {
      const machine::Reader reader{.state = kStates[state], .is_partner = true};
      std::vector<std::string> listed;
      const machine::Chain* last = nullptr;
      driver_.reg().Visit(reader, "", nullptr, [&](const Matter& matter) {
        EXPECT_TRUE(last == nullptr || machine::Before(*last, *matter.chain));
        last = matter.chain;
        listed.emplace_back(matter.name());
        return true;
      });
      std::vector<std::string> expected;
      for (const Known& known : known_) {
        const Matter* matter = driver_.reg().Find(known.name, reader);
        EXPECT_EQ(matter != nullptr, Has(known.readers, state)) << known.name;
        if (matter == nullptr) continue;
        expected.push_back(known.name);
        EXPECT_EQ(matter->state == v1::MATTER_STATE_OPEN, known.open) << known.name;
        CompareAnswers(known, *matter, reader, state);
      }
      EXPECT_THAT(listed, ::testing::UnorderedElementsAreArray(expected));
    }
  }
  void CompareAnswers(const Known& known, const Matter& matter, const machine::Reader& reader,
                      unsigned state) {
    const auto visible = std::count_if(known.answers.begin(), known.answers.end(),
                                       [&](unsigned readers) { return Has(readers, state); });
    const auto answers = driver_.reg().AnswersTo(matter, reader);
    ASSERT_EQ(answers.size(), static_cast<size_t>(visible));
    int late = 0;
    for (size_t i = 0; i < known.answers.size(); ++i) {
      late += Has(known.answers[i], state) && known.late[i] ? 1 : 0;
    }
    for (const auto* answer : answers) {
      v1::MatterRuling ruling;
      late -=
          driver_.RulingOf(std::string(answer->chain->name())).UnpackTo(&ruling) && ruling.late()
              ? 1
              : 0;
    }
    EXPECT_EQ(late, 0) << known.name;
    if (known.kind == Kind::kRequest) {
      const auto statuses = driver_.reg().Addressees(matter, reader, kStates, clock_.Now());
      for (const auto& status : statuses) {
        const auto by = static_cast<unsigned>(
            std::find(kStates.begin(), kStates.end(), status.state()) - kStates.begin());
        auto it = known.replies.find(by);
        if (it != known.replies.end()) {
          EXPECT_EQ(status.reply(), it->second);
        } else if (narrow_.count({known.name, by}) == 0) {
          EXPECT_EQ(status.reply(), v1::REPLY_KIND_UNSPECIFIED);
        }
        if (status.reply() == v1::REPLY_KIND_UNSPECIFIED) {
          EXPECT_EQ(status.overdue(),
                    known.open && clock_.Now() > known.recorded + absl::Hours(24 * 10));
        }
      }
    }
    if (known.kind == Kind::kRelease) {
      std::vector<std::string> states;
      const auto outcome = driver_.reg().OutcomeOf(matter, reader, clock_.Now(), states);
      unsigned granted = 0;
      for (unsigned i = 0; i < 4; ++i) {
        if (std::find(states.begin(), states.end(), kStates[i]) != states.end()) granted |= 1u << i;
      }
      EXPECT_EQ(granted, known.granted);
      const bool past = clock_.Now() > known.recorded + absl::Hours(24 * kLapseDays);
      EXPECT_EQ(outcome == v1::RELEASE_OUTCOME_LAPSED, !known.decided && past);
    }
  }

  std::mt19937_64 random_;
  base::testing::FakeClock clock_;
  TestRegime regime_{kStates, clock_.Now()};
  RegisterDriver<MatterRegister> driver_{"iem", regime_, clock_, Profile()};
  std::vector<Known> known_;
  std::set<std::pair<std::string, unsigned>> narrow_;  // who has replied to what, to whomever
  std::string name_;
  int number_ = 0;
  int taken_ = 0;
  int refused_ = 0;
};

TEST(IemRegisterTest, EverySeedAgreesWithTheOracle) {
  const char* one = std::getenv("ENTENTE_SEED");
  const char* many = std::getenv("ENTENTE_SEEDS");
  const uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const uint64_t count = one != nullptr    ? 1
                         : many != nullptr ? std::strtoull(many, nullptr, 10)
                                           : 12;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("ENTENTE_SEED=" + std::to_string(seed));
    Play(seed).Steps(250);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace entente::iem
