// A sample group: an invented one, built as a real one is (docs/ADDING-A-GROUP.md). States give
// notice of something, and those who read that owe a comment. For tests only.
#ifndef ENTENTE_TESTS_SUPPORT_SAMPLE_GROUP_H_
#define ENTENTE_TESTS_SUPPORT_SAMPLE_GROUP_H_

#include "services/core/machine/group.h"

namespace entente::sample {

extern const machine::Group kSample;

}  // namespace entente::sample

#endif  // ENTENTE_TESTS_SUPPORT_SAMPLE_GROUP_H_
