// What tests of every group need to know of one: how its documents are composed, whatever they say.
#ifndef ENTENTE_TESTS_SUPPORT_GROUP_CASE_H_
#define ENTENTE_TESTS_SUPPORT_GROUP_CASE_H_

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "services/core/machine/group.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

struct GroupCase {
  using Body = std::function<google::protobuf::Any(int n)>;  // different for each n

  const machine::Group* group = nullptr;
  entente::config::v1::RegimeProfile profile;
  Body opens;    // a chain
  Body revises;  // it
  Body answers;  // null: nothing is said to chains
  Body ends;
  std::vector<std::string> filters;  // that some of these documents match
  // Documents that come first, and a change to the regime; null: none.
  std::function<std::vector<pb::Document>(TestRegime&)> prepare;
  // Documents of other kinds that may come last, some of them hidden from nz; null: none.
  std::function<std::vector<pb::Document>(const TestRegime&)> more;

  std::string name() const { return std::string(group->name); }
};

inline void PrintTo(const GroupCase& group, std::ostream* out) { *out << group.name(); }

// Every group, and the sample group.
std::vector<GroupCase> GroupCases();

// What a state does in a world.
struct Act {
  enum class What { kOpen, kRevise, kAnswer, kEnd };
  What what = What::kOpen;
  std::string state;
  int number = 0;                     // of the act; gives the reference and varies the body
  std::string chain;                  // that it opens, revises, answers or ends
  std::vector<std::string> audience;  // sorted; empty: all partners

  std::string reference() const { return "r" + std::to_string(number); }
  bool Reaches(const std::string& state) const;
};

// So many acts, each of them admitted after those before it. Audiences hold one of two partners at
// least, or all.
std::vector<Act> RandomActs(const GroupCase& group, const std::vector<std::string>& states,
                            uint64_t seed, int count);

// Composes a group's documents, and remembers what the next ones must name.
class Composer {
 public:
  Composer(const GroupCase& group, const TestRegime& regime) : group_(group), regime_(regime) {}

  pb::Document Compose(const Act& act) const;
  // The document of this act was taken.
  void Took(const Act& act, const base::Digest& digest) {
    if (act.what != Act::What::kAnswer) tips_[act.chain] = digest;
  }

 private:
  const GroupCase& group_;
  const TestRegime& regime_;
  std::map<std::string, base::Digest> tips_;  // by chain
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_GROUP_CASE_H_
