#include "services/core/machine/word_set.h"

#include <gtest/gtest.h>

namespace entente::machine {
namespace {

using Words = std::vector<std::string>;

Words In(const WordSet& set) {
  Words words;
  for (const std::string_view word : set) words.emplace_back(word);
  return words;
}

TEST(WordSetTest, IsSortedAndHoldsEachOnce) {
  const WordSet set(Words{"9.A.2", "9.A.1", "9.A.2", ""});
  EXPECT_EQ(In(set), (Words{"", "9.A.1", "9.A.2"}));
  EXPECT_EQ(set.size(), 3u);
  EXPECT_TRUE(set.Contains("9.A.1"));
  EXPECT_TRUE(set.Contains(""));
  EXPECT_FALSE(set.Contains("9.A"));
  EXPECT_FALSE(WordSet().Contains(""));
  EXPECT_TRUE(WordSet().empty());
  EXPECT_FALSE(WordSet(Words{""}).empty());
}

TEST(WordSetTest, AWordWithAZeroByteIsSeveral) {
  const std::string odd("b\0a\0\0c", 6);
  EXPECT_EQ(In(WordSet(Words{odd, "a"})), (Words{"", "a", "b", "c"}));
}

TEST(WordSetTest, TakesHardlyMoreThanItsWords) {
  Words words;
  for (int i = 0; i < 1000; ++i) words.push_back("9.A." + std::to_string(i));
  size_t bytes = 0;
  for (const std::string& word : words) bytes += word.size();
  EXPECT_LT(WordSet(words).HeapBytes(), bytes * 5 / 4 + 32);
}

TEST(KeptTextTest, HoldsAnyBytes) {
  EXPECT_EQ(KeptText().view(), "");
  EXPECT_EQ(KeptText("").HeapBytes(), 0u);
  for (const size_t size : {1u, 15u, 16u, 160u, 70000u}) {
    std::string bytes(size, 'x');
    bytes[size / 2] = '\0';
    const KeptText kept(bytes);
    EXPECT_EQ(kept.view(), bytes);
    EXPECT_EQ(kept.HeapBytes(), AllocationBytes(4 + size));
  }
  KeptText first("first");
  const KeptText second(std::move(first));
  EXPECT_EQ(second.view(), "first");
}

}  // namespace
}  // namespace entente::machine
