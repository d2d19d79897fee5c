// Documents of every kind that a group takes, each of them admitted after those before it.
#ifndef ENTENTE_TESTS_SUPPORT_EVERY_KIND_H_
#define ENTENTE_TESTS_SUPPORT_EVERY_KIND_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/core/machine/group.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

struct Step {
  // What it says; `tip` is the digest of the newest document of `chain`.
  using Body = std::function<google::protobuf::Any(const base::Digest& tip)>;

  std::string state;  // that says it
  Body body;
  std::string chain = {};                  // that it is said to, or supersedes; empty: it opens one
  std::vector<std::string> audience = {};  // sorted; empty: all partners
  std::string relates_to = {};
};

// The n-th step has the reference "e" and n, from 1 on. What a group's case prepares (group_case.h)
// comes before.
std::vector<Step> EveryKind(const machine::Group& group);

// Composes the n-th step's document. `tips` has the newest digests by chain.
pb::Document Compose(const TestRegime& regime, const machine::Group& group, const Step& step,
                     size_t n, const std::map<std::string, base::Digest>& tips);

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_EVERY_KIND_H_
