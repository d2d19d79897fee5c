#include "services/core/machine/fingerprint.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "entente/exchange/v1/document.pb.h"
#include "services/core/base/calendar.h"

namespace entente::machine {
namespace {

template <typename... Fields>
base::Digest Of(const Fields&... fields) {
  FingerprintHash hash;
  hash.Add(fields...);
  return hash.digest();
}

TEST(FingerprintTest, FieldsDoNotRunIntoEachOther) {
  EXPECT_NE(Of(1, 23), Of(12, 3));
  EXPECT_NE(Of("a", "bc"), Of("ab", "c"));
  EXPECT_NE(Of(std::vector<std::string>{"a"}, std::vector<std::string>{}),
            Of(std::vector<std::string>{}, std::vector<std::string>{"a"}));
  EXPECT_NE(Of(std::vector<std::string>{"a", "b"}), Of(std::vector<std::string>{"a\nb"}));
}

TEST(FingerprintTest, EachKindOfFieldCounts) {
  EXPECT_NE(Of(true), Of(false));
  EXPECT_NE(Of(base::CivilDate{2016, 10, 21}), Of(base::CivilDate{2016, 10, 22}));
  EXPECT_NE(Of(base::CivilDate{}), Of(base::CivilDate{2016, 10, 21}));
  EXPECT_NE(Of(base::Digest()), Of(crypto::Sha256({"one"})));
  EXPECT_NE(Of(std::map<std::string, int>{{"a", 1}}), Of(std::map<std::string, int>{{"a", 2}}));
  entente::exchange::v1::Audience all;
  all.mutable_all_partners();
  EXPECT_NE(Of(entente::exchange::v1::Audience()), Of(all));
}

TEST(FingerprintTest, OrderCounts) {
  FingerprintHash one;
  one.Add("a");
  one.Add("b");
  FingerprintHash other;
  other.Add("b");
  other.Add("a");
  EXPECT_NE(one.digest(), other.digest());
}

}  // namespace
}  // namespace entente::machine
