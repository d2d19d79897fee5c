// What every group's register must keep (services/core/machine/register.h), whatever it is about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "services/core/base/testing/status_matchers.h"
#include "services/groups.h"
#include "tests/support/every_kind.h"
#include "tests/support/group_case.h"
#include "tests/support/register_driver.h"

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using testing::Act;
using testing::Composer;
using testing::GroupCase;
using What = testing::Act::What;

const std::vector<std::string> kStates = {"jp", "kr", "nz"};

machine::Reader As(const std::string& state) { return {.state = state, .is_partner = true}; }

// A group's register with what was put into it.
class World {
 public:
  explicit World(const GroupCase& group) : group_(group) {
    if (!group.prepare) return;
    for (const auto& document : group.prepare(regime_)) {
      EXPECT_OK(driver_.Put(document));
    }
  }
  absl::StatusOr<std::string> Put(const Act& act) { return Put(act, composer_.Compose(act)); }
  absl::StatusOr<std::string> Put(const Act& act, const exchange::v1::Document& document) {
    auto name = driver_.Put(document);
    if (!name.ok()) return name;
    composer_.Took(act, driver_.tip());
    names_.push_back(*name);
    return name;
  }
  // Puts a document of each kind, the n-th of them changed. False if that is refused; what then
  // is not admitted any more is left out.
  bool PutEveryKind(size_t n = 0,
                    const std::function<void(exchange::v1::Document&)>& change = nullptr) {
    std::map<std::string, base::Digest> tips;
    size_t number = 0;
    for (const testing::Step& step : testing::EveryKind(*group_.group)) {
      auto document = testing::Compose(regime_, *group_.group, step, ++number, tips);
      if (number == n) change(document);
      const auto name = driver_.Put(document);
      if (number == n && !name.ok()) return false;
      // What follows a changed document may not be admitted any more.
      if (!name.ok()) {
        EXPECT_NE(n, 0u) << number << " " << name.status();
        continue;
      }
      names_.push_back(*name);
      if (step.chain.empty() || name->rfind(step.chain + "/", 0) == 0) {
        tips[step.chain.empty() ? *name : step.chain] = driver_.tip();
      }
    }
    return true;
  }
  // Puts acts, an hour apart; of those that are left out, only the hour passes.
  void Live(
      const std::vector<Act>& acts,
      const std::function<bool(const Act&)>& happens = [](const Act&) { return true; }) {
    for (const Act& act : acts) {
      clock_.Advance(absl::Hours(1));
      if (!happens(act)) continue;
      EXPECT_OK(Put(act)) << act.chain;
    }
  }
  exchange::v1::Document Compose(const Act& act) const { return composer_.Compose(act); }
  const machine::Register& reg() const { return driver_.reg(); }
  const testing::RegisterDriver<>& driver() const { return driver_; }
  const std::vector<std::string>& names() const { return names_; }

  // All that the register answers a reader, in words.
  std::string Answers(const std::string& state, const std::vector<std::string>& names) const {
    return Answers(reg(), state, names);
  }
  // The same of another register that has the same documents.
  std::string Answers(const machine::Register& reg, const std::string& state,
                      const std::vector<std::string>& names) const {
    const machine::Reader reader = As(state);
    const auto& chains = reg.chains();
    std::string text;
    for (const std::string& name : names) {
      const machine::Chain* chain = chains.Find(name, reader);
      text += name + (chain == nullptr ? " absent\n" : " is there\n");
      if (chain == nullptr) continue;
      for (const auto& [fact, value] : reg.Facts(name)) {
        text += fmt::format("{}={}\n", fact, value);
      }
      for (const auto* answer : machine::Chains::AnswersTo(*chain, reader)) {
        text += fmt::format("answered by {}\n", answer->name());
      }
    }
    for (const auto& dimension : reg.Dimensions()) {
      reg.Observe(reader, dimension.name, [&](const machine::Observation& seen) {
        text += fmt::format("{} {} {} {} {}\n", dimension.name, seen.month, seen.originator,
                            seen.key, static_cast<int>(seen.basis));
      });
    }
    reg.VisitOwing(reader, nullptr, [&](const machine::Chain& chain) {
      text += fmt::format("may owe {}\n", chain.name());
      for (const auto& owed : Owed(reg, chain, state)) text += owed;
      return true;
    });
    return text;
  }
  std::vector<std::string> Owed(const machine::Register& reg, const machine::Chain& chain,
                                const std::string& state) const {
    std::vector<std::string> words;
    for (const auto& owed : reg.ObligationsOf(chain, As(state), kStates, clock_.Now())) {
      words.push_back(fmt::format("{} {} {}\n", owed.kind, owed.state, absl::FormatTime(owed.due)));
    }
    return words;
  }

 private:
  const GroupCase& group_;
  base::testing::FakeClock clock_;
  testing::TestRegime regime_{kStates, clock_.Now()};
  testing::RegisterDriver<> driver_{*group_.group, regime_, clock_, group_.profile};
  Composer composer_{group_, regime_};
  std::vector<std::string> names_;
};

class RegisterConformanceTest : public ::testing::TestWithParam<GroupCase> {
 protected:
  Act Opening(const std::string& reference_of = "jp",
              std::vector<std::string> audience = {}) const {
    const std::string type = group().opens(0).type_url();
    const auto* kind = group().group->Find(type.substr(type.find('/') + 1));
    return {.state = reference_of,
            .number = 1,
            .chain = "partners/" + reference_of + "/" + std::string(kind->folder) + "/r1",
            .audience = std::move(audience)};
  }
  static Act Next(What what, const Act& opening, int number, const std::string& state = "") {
    Act act = opening;
    act.what = what;
    act.number = number;
    if (!state.empty()) act.state = state;
    return act;
  }
  const GroupCase& group() const { return GetParam(); }
};

TEST_P(RegisterConformanceTest, ReplayIsWhatLivedWhateverTheRulesAre) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world(group());
    world.Live(testing::RandomActs(group(), kStates, seed, 60));
    config::v1::RegimeProfile none;
    none.set_version(99);
    // One that has withdrawn a code of each list.
    config::v1::RegimeProfile fewer = group().profile;
    auto& iem = *fewer.mutable_iem();
    if (iem.topics_size() > 0) iem.mutable_topics()->DeleteSubrange(0, 1);
    if (iem.red_flags_size() > 0) iem.mutable_red_flags()->DeleteSubrange(0, 1);
    for (const auto& rules : {none, fewer}) {
      const auto fresh = world.driver().Fresh(rules);
      world.driver().ApplyTo(*fresh);
      EXPECT_EQ(fresh->Fingerprint(), world.reg().Fingerprint());
      EXPECT_EQ(fresh->chains().Fingerprint(), world.reg().chains().Fingerprint());
      // Nothing that is answered is of the rules of today.
      for (const std::string& state : kStates) {
        EXPECT_EQ(world.Answers(*fresh, state, world.names()), world.Answers(state, world.names()));
      }
    }
    // A code that the rules know may be kept shorter.
    const auto same = world.driver().Fresh(group().profile);
    world.driver().ApplyTo(*same);
    EXPECT_EQ(same->Footprint(), world.reg().Footprint());
  }
}

TEST_P(RegisterConformanceTest, EveryKindIsTakenAndReplayed) {
  World world(group());
  ASSERT_TRUE(world.PutEveryKind());
  std::set<std::string> missing;
  for (const machine::Kind& kind : group().group->kinds) missing.emplace(kind.message);
  world.driver().ForEach([&](const exchange::v1::Document& header) {
    const std::string& url = header.body().type_url();
    missing.erase(url.substr(url.find('/') + 1));
  });
  EXPECT_THAT(missing, ::testing::IsEmpty()) << "no step of tests/support/every_kind.cc has it";
  const auto fresh = world.driver().Fresh(config::v1::RegimeProfile());
  world.driver().ApplyTo(*fresh);
  EXPECT_EQ(fresh->Fingerprint(), world.reg().Fingerprint());
  for (const std::string& state : kStates) {
    EXPECT_EQ(world.Answers(*fresh, state, world.names()), world.Answers(state, world.names()));
  }
}

TEST_P(RegisterConformanceTest, OnlyTheNextOfAChainIsTaken) {
  World world(group());
  const Act opening = Opening();
  ASSERT_OK(world.Put(opening));
  EXPECT_THAT(world.Put(opening), HasReason(Reason::kReferenceReused));
  EXPECT_THAT(world.Put(Next(What::kRevise, opening, 2, "kr")),
              HasReason(Reason::kProcedureForbids));
  auto stale = world.Compose(Next(What::kRevise, opening, 2));
  stale.mutable_references(0)->mutable_digest()->at(0) ^= 1;
  EXPECT_THAT(world.Put(opening, stale), HasReason(Reason::kChainMoved));
  Act elsewhere = Next(What::kRevise, opening, 2);
  elsewhere.audience = {"jp", "kr"};
  EXPECT_THAT(world.Put(elsewhere), HasReason(Reason::kAudienceChanged));
  ASSERT_OK(world.Put(Next(What::kRevise, opening, 2)));
  ASSERT_OK(world.Put(Next(What::kEnd, opening, 3)));
  EXPECT_THAT(world.Put(Next(What::kRevise, opening, 4)), HasReason(Reason::kChainEnded));
  EXPECT_THAT(world.Put(Next(What::kEnd, opening, 4)), HasReason(Reason::kChainEnded));
  auto foreign = world.Compose(Opening("kr"));
  foreign.mutable_body()->PackFrom(exchange::v1::Head());
  EXPECT_THAT(world.Put(Opening("kr"), foreign), HasReason(Reason::kBodyUnknown));
}

TEST_P(RegisterConformanceTest, ItsFoldersAndKindsAreThoseItDeclares) {
  World world(group());
  for (const Act& act : testing::RandomActs(group(), kStates, 7, 40)) {
    const auto document = world.Compose(act);
    auto name = world.Put(act);
    ASSERT_OK(name);
    const std::string type = document.body().type_url();
    const auto* kind = group().group->Find(type.substr(type.find('/') + 1));
    ASSERT_NE(kind, nullptr) << type;
    if (document.references().empty() || act.what == What::kAnswer) {
      EXPECT_EQ(*name, fmt::format("partners/{}/{}/{}", act.state, kind->folder, act.reference()));
    } else {
      EXPECT_EQ(name->rfind(act.chain + "/revisions/", 0), 0u) << *name;
    }
  }
}

// What is hidden changes nothing of what an outsider is answered.
TEST_P(RegisterConformanceTest, AnOutsiderCannotTellTwoWorldsApart) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const auto acts = testing::RandomActs(group(), kStates, seed, 60);
    World full(group());
    full.Live(acts);
    World without(group());
    without.Live(acts, [](const Act& act) { return act.Reaches("nz"); });
    const auto names = full.names();
    EXPECT_EQ(full.Answers("nz", names), without.Answers("nz", names)) << "seed " << seed;
    EXPECT_NE(full.Answers("jp", names), without.Answers("jp", names)) << "it could not fail";
  }
}

TEST_P(RegisterConformanceTest, RefusalsTellNothingOfWhatIsHidden) {
  World full(group());
  World without(group());
  const Act hidden = Opening("jp", {"jp", "kr"});
  ASSERT_OK(full.Put(hidden));
  for (const What what : {What::kRevise, What::kAnswer, What::kEnd}) {
    if (what == What::kAnswer && !group().answers) continue;
    Act attempt = Next(what, hidden, 2, "nz");
    attempt.audience = {"jp", "nz"};
    auto document = without.Compose(attempt);
    if (what != What::kAnswer) {
      document.mutable_references(0)->set_digest(base::Digest().str());
    }
    const auto refused = full.Put(attempt, document);
    EXPECT_THAT(refused, HasReason(Reason::kNotFound));
    EXPECT_EQ(refused.status(), without.Put(attempt, document).status());
  }
}

TEST_P(RegisterConformanceTest, FactsHaveTheNamesThatFiltersMayUse) {
  World world(group());
  world.Live(testing::RandomActs(group(), kStates, 3, 60));
  std::map<std::string, machine::FactField> declared = {{"kind", {}}, {"originator", {}}};
  for (const auto& field : world.reg().FactFields()) declared[field.name] = field;
  size_t facts = 0;
  for (const std::string& name : world.names()) {
    for (const auto& [fact, value] : world.reg().Facts(name)) {
      EXPECT_EQ(declared.count(fact), 1u) << fact;
      EXPECT_FALSE(value.empty()) << fact;
      EXPECT_EQ(declared[fact].Fault(value), "") << "a filter for it must be taken";
      ++facts;
    }
  }
  EXPECT_GT(facts, 0u);
}

TEST_P(RegisterConformanceTest, ObligationsAreFoundInOrderFromAnyChainOn) {
  World world(group());
  world.Live(testing::RandomActs(group(), kStates, 4, 60));
  const auto& chains = world.reg().chains();
  for (const std::string& state : kStates) {
    std::vector<const machine::Chain*> all;
    const auto visit = [&](const machine::Chain* after, std::vector<const machine::Chain*>& into) {
      world.reg().VisitOwing(As(state), after, [&](const machine::Chain& chain) {
        into.push_back(&chain);
        return true;
      });
    };
    visit(nullptr, all);
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(chains.Find(all[i]->name(), As(state)), all[i]) << "hidden from its reader";
      EXPECT_TRUE(i == 0 || machine::Before(*all[i - 1], *all[i]));
      std::vector<const machine::Chain*> rest;
      visit(all[i], rest);
      EXPECT_EQ(rest, std::vector<const machine::Chain*>(all.begin() + i + 1, all.end()));
    }
    const std::set<const machine::Chain*> visited(all.begin(), all.end());
    for (const std::string& name : world.names()) {
      const machine::Chain* chain = chains.Find(name, As(state));
      if (chain == nullptr || chain->answered != nullptr || visited.count(chain) != 0) continue;
      for (const std::string& owed : world.Owed(world.reg(), *chain, state)) {
        EXPECT_EQ(owed.find(" " + state + " "), std::string::npos) << owed << " of " << name;
        EXPECT_NE(chain->originator_state(), state) << owed << " of " << name;
      }
    }
  }
}

// Changes one field after another, in place, of a message and of those in it; calls `use` after
// each change, and undoes it.
void WithEachFieldChanged(google::protobuf::Message& message, const std::function<void()>& use) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    using Field = google::protobuf::FieldDescriptor;
    std::unique_ptr<google::protobuf::Message> before(message.New());
    before->CopyFrom(message);
    if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
      const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        WithEachFieldChanged(field->is_repeated()
                                 ? *reflection->MutableRepeatedMessage(&message, field, i)
                                 : *reflection->MutableMessage(&message, field),
                             use);
      }
    } else if (field->cpp_type() == Field::CPPTYPE_STRING && !field->is_repeated()) {
      // Another text, and what would do for a country, a code or an entry.
      const std::string other = reflection->GetString(message, field) + "x";
      for (const std::string& value :
           {other, std::string("kp"), std::string("OTHER"), std::string("9.A.7")}) {
        reflection->SetString(&message, field, value);
        use();
      }
    } else if (field->cpp_type() == Field::CPPTYPE_STRING) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        const std::string element = reflection->GetRepeatedString(message, field, i);
        for (const std::string& value : {element + "x", std::string("kp"), std::string("nz")}) {
          reflection->SetRepeatedString(&message, field, i, value);
          use();
        }
        reflection->SetRepeatedString(&message, field, i, element);
      }
    } else if (field->cpp_type() == Field::CPPTYPE_ENUM && !field->is_repeated()) {
      for (int value = 1; value < field->enum_type()->value_count(); ++value) {
        reflection->SetEnumValue(&message, field, value);
        use();
      }
    } else if (field->cpp_type() == Field::CPPTYPE_INT32 && !field->is_repeated()) {
      reflection->SetInt32(&message, field, reflection->GetInt32(message, field) + 1);
      use();
    } else if (field->cpp_type() == Field::CPPTYPE_INT64 && !field->is_repeated()) {
      reflection->SetInt64(&message, field, reflection->GetInt64(message, field) + 86400);
      use();
    }
    message.CopyFrom(*before);
    reflection->ClearField(&message, field);
    use();
    message.CopyFrom(*before);
  }
}

std::unique_ptr<google::protobuf::Message> BodyOf(const exchange::v1::Document& document) {
  const std::string type = document.body().type_url();
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          type.substr(type.find('/') + 1));
  std::unique_ptr<google::protobuf::Message> body(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  EXPECT_TRUE(document.body().UnpackTo(body.get()));
  return body;
}

// Register law 3: two states that answer differently have different fingerprints, whatever the
// documents of every_kind.cc say.
TEST_P(RegisterConformanceTest, TheFingerprintCoversWhatEveryKindSays) {
  World plain(group());
  ASSERT_TRUE(plain.PutEveryKind());
  const size_t steps = testing::EveryKind(*group().group).size();
  int differed = 0;
  for (size_t n = 1; n <= steps; ++n) {
    int taken = 0;
    exchange::v1::Document document;
    World first(group());
    first.PutEveryKind(n, [&](auto& it) { document = it; });
    const auto body = BodyOf(document);
    WithEachFieldChanged(*body, [&] {
      World changed(group());
      if (!changed.PutEveryKind(n, [&](auto& it) { it.mutable_body()->PackFrom(*body); })) return;
      ++taken;
      const auto& names = plain.names();
      if (changed.Answers("jp", names) == plain.Answers("jp", names)) return;
      ++differed;
      EXPECT_NE(changed.reg().Fingerprint(), plain.reg().Fingerprint()) << body->ShortDebugString();
    });
    // Those repeat what the register holds already.
    const std::string& kind = body->GetDescriptor()->name();
    EXPECT_TRUE(taken > 0 || kind == "ProposalSponsorship" || kind == "RequestDateAgreement")
        << "every change of this is refused: " << body->ShortDebugString();
  }
  EXPECT_GT(differed, 0);
}

TEST_P(RegisterConformanceTest, TheFingerprintCoversWhateverIsAnswered) {
  const Act opening = Opening();
  const Act revision = Next(What::kRevise, opening, 2);
  World before(group());
  ASSERT_OK(before.Put(opening));
  World later(group());
  ASSERT_OK(later.Put(opening));
  ASSERT_OK(later.Put(revision));
  const auto document = before.Compose(opening);
  const auto body = BodyOf(document);
  int taken = 0;
  int differed = 0;
  WithEachFieldChanged(*body, [&] {
    auto changed = document;
    changed.mutable_body()->PackFrom(*body);
    World after(group());
    if (!after.Put(opening, changed).ok()) return;
    ++taken;
    const auto compare = [&](const World& with) {
      if (after.Answers("jp", with.names()) == with.Answers("jp", with.names())) return;
      ++differed;
      EXPECT_NE(after.reg().Fingerprint(), with.reg().Fingerprint()) << body->ShortDebugString();
    };
    compare(before);
    // What a revision leaves of the text before it is answered from, too.
    if (after.Put(revision).ok()) compare(later);
  });
  EXPECT_GT(taken, 0);
  EXPECT_GT(differed, 0);
}

// Register law 2: Apply cannot fail. What was recorded stays a part of history, even if its body is
// lost.
TEST_P(RegisterConformanceTest, ABodyThatIsLostIsAppliedAllTheSame) {
  World world(group());
  world.Live(testing::RandomActs(group(), kStates, 5, 60));
  world.PutEveryKind();
  for (const size_t kept : {size_t{0}, size_t{1}, size_t{7}}) {
    const auto one = world.driver().Fresh(group().profile);
    const auto other = world.driver().Fresh(group().profile);
    const auto lose = [&](exchange::v1::Document& header) {
      std::string& value = *header.mutable_body()->mutable_value();
      value.resize(std::min(value.size(), kept));
    };
    world.driver().ApplyTo(*one, lose);
    world.driver().ApplyTo(*other, lose);
    EXPECT_EQ(one->Fingerprint(), other->Fingerprint());
    EXPECT_EQ(one->chains().Fingerprint(), world.reg().chains().Fingerprint());
    // It still answers.
    for (const std::string& name : world.names()) one->Facts(name);
    one->VisitOwing(As("jp"), nullptr, [&](const machine::Chain& chain) {
      one->ObligationsOf(chain, As("jp"), kStates, absl::InfiniteFuture());
      return true;
    });
  }
}

// A folder of names is one group's, so that a name tells its group; and every group is tested here.
TEST(GroupsConformanceTest, EveryGroupHasACaseAndFoldersOfItsOwn) {
  std::set<const machine::Group*> cases;
  std::map<std::string_view, const machine::Group*> folders;
  for (const GroupCase& one : testing::GroupCases()) {
    cases.insert(one.group);
    for (const machine::Kind& kind : one.group->kinds) {
      if (kind.folder.empty()) continue;
      EXPECT_EQ(folders.emplace(kind.folder, one.group).first->second, one.group) << kind.folder;
    }
  }
  for (const machine::Group* group : Groups()) {
    EXPECT_EQ(cases.count(group), 1u) << group->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Groups, RegisterConformanceTest,
                         ::testing::ValuesIn(testing::GroupCases()),
                         [](const auto& one) { return one.param.name(); });

}  // namespace
}  // namespace entente
