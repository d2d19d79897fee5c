// Reading what was written gives the same edition, from seeds; faults name their line.
#include "clients/cli/tem/annex_files.h"

#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "services/tem/annex/testing/random_annex.h"

namespace entente::cli {
namespace {

using base::testing::NamesField;
namespace annex = tem::annex;

TEST(AnnexFilesTest, CsvRoundTripIsExact) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    annex::testing::RandomAnnex random(seed);
    const annex::Edition made = random.MakeEdition(180);
    tem::v1::AnnexEdition edition;
    made.AddNodesTo(edition.mutable_nodes());
    // What CSV could trip over.
    const char* const kTexts[] = {"a \"quoted\", text", "two\nlines", "=1+1", " spaces ", "企鹅"};
    for (int i = 0; i < edition.nodes_size(); ++i) {
      if (random.Below(5) == 0) {
        edition.mutable_nodes(i)->set_text(kTexts[random.Below(std::size(kTexts))]);
      }
      if (random.Below(6) == 0) {
        edition.mutable_nodes(i)->add_cross_references(edition.nodes(0).id());
        edition.mutable_nodes(i)->add_cross_references(edition.nodes(1).id());
      }
    }
    ASSERT_OK_AND_ASSIGN(const auto again, ReadAnnexCsv(WriteAnnexCsv(edition)));
    ASSERT_EQ(again.SerializeAsString(), edition.SerializeAsString());
  }
}

TEST(AnnexFilesTest, FaultsNameTheirLine) {
  const std::string header = std::string(kAnnexHeader) + "\n";
  EXPECT_THAT(ReadAnnexCsv(header + "a,1,item,II\n"), NamesField("line 2"));
  EXPECT_THAT(ReadAnnexCsv(header + "a,1,zeppelin,II,,,\n"), NamesField("line 2"));
  EXPECT_THAT(ReadAnnexCsv(header + "a,1,item,III,,,\n"), NamesField("line 2"));
  EXPECT_THAT(ReadAnnexCsv(header + "a,1,item,II,maybe,,\n"), NamesField("line 2"));
  EXPECT_THAT(ReadAnnexCsv(header + "a,1,item,II,,,b\n"), NamesField("nodes"));
  EXPECT_FALSE(ReadAnnexCsv("something else\n").ok());
  std::vector<std::string> normalized;
  ASSERT_OK_AND_ASSIGN(const auto pasted,
                       ReadAnnexCsv(header + "a,1,item,II,,Cafe\u0301,\n", &normalized));
  EXPECT_EQ(pasted.nodes(0).text(), "Caf\u00e9");
  EXPECT_EQ(normalized, std::vector<std::string>{"nodes[0].text"});
  EXPECT_THAT(ReadAnnexCsv("path,category\n1.A.1,I\n1.A.1,I\n"), NamesField("line 3"));
}

TEST(AnnexFilesTest, ABareListOfCodesGetsWhatStandsAboveThem) {
  ASSERT_OK_AND_ASSIGN(const auto edition,
                       ReadAnnexCsv("path,category,x\n1.A.2.a,I,\n3.C.1,II,\n"));
  std::vector<std::string> paths;
  for (const auto& node : edition.nodes()) paths.push_back(node.path());
  EXPECT_EQ(paths, (std::vector<std::string>{"1", "1.A", "1.A.2", "1.A.2.a", "3", "3.C", "3.C.1"}));
  EXPECT_EQ(edition.nodes(0).category(), tem::v1::CATEGORY_I);
}

}  // namespace
}  // namespace entente::cli
