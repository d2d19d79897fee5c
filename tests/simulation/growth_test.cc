// No path is quadratic: what a document costs to apply, in time and in memory, does not grow with
// how many of its kind came before. Of every kind that one state can pile up: revisions, answers,
// references, audiences, rows.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/machine/machine.h"
#include "services/iem/register/matter_register.h"
#include "services/leem/register/denial_register.h"
#include "services/tem/register/tem_register.h"
#include "tests/support/record_maker.h"
#include "tests/support/test_annex.h"

namespace entente {
namespace {

using testing::RecordMaker;
using testing::TestRegime;
namespace pb = entente::exchange::v1;

// Of this thread: a neighbour on the machine does not count.
double CpuSeconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

class GrowthTest : public ::testing::Test {
 protected:
  using Records = std::vector<journal::Record>;
  // Appends the records of `count` documents of the kind in question.
  using MakeRecords = std::function<void(RecordMaker&, int count, Records&)>;

  struct Cost {
    double seconds = 0;
    uint64_t bytes = 0;
  };
  template <typename Register>
  Cost CostOf(const std::string& group, const MakeRecords& make, int count) {
    Records records;
    RecordMaker maker(group, clock_.Now());
    make(maker, count, records);
    Cost best{1e9, 0};
    for (int i = 0; i < 3; ++i) {
      Register reg(testing::TestProfile());
      machine::Machine machine("mtcr.example", group, reg);
      const double began = CpuSeconds();
      for (const auto& record : records) {
        EXPECT_OK(machine.Apply(machine.applied(), record));
      }
      best.seconds = std::min(best.seconds, CpuSeconds() - began);
      best.bytes = machine.Footprint();
    }
    return best;
  }
  // Eight times as many take eight times as long, and sixty-four times where each looks at all that
  // came before it. In between lies what a cache forgets.
  template <typename Register>
  void ExpectLinear(const std::string& group, const MakeRecords& make, int count = 500) {
    const Cost once = CostOf<Register>(group, make, count);
    const Cost more = CostOf<Register>(group, make, 8 * count);
    EXPECT_LT(more.seconds / once.seconds, 24) << once.seconds << " s, then " << more.seconds;
    EXPECT_LT(static_cast<double>(more.bytes) / static_cast<double>(once.bytes), 9);
  }
  pb::Document Document(const std::string& state, const std::string& reference,
                        const google::protobuf::Message& body) {
    pb::Document document = regime_.Denial(state, reference);
    document.mutable_body()->PackFrom(body);
    return document;
  }
  // First document and revisions of a chain, whose bodies `body` makes.
  template <typename Body, typename Ruling>
  static MakeRecords Chain(TestRegime& regime, const std::string& name,
                           const std::function<Body(int)>& body, const Ruling& ruling) {
    return [&regime, name, body, ruling](RecordMaker& maker, int count, Records& records) {
      pb::Document first = regime.Denial("jp", "c");
      first.mutable_body()->PackFrom(body(0));
      records.push_back(maker.Make(first, name, ruling));
      for (int i = 1; i < count; ++i) {
        records.push_back(maker.Make(
            regime.Revision("jp", "c." + std::to_string(i), first, name, maker.tip(), body(i)),
            fmt::format("{}/revisions/{}", name, i + 1), ruling));
      }
    };
  }
  static leem::v1::DenialRuling DenialRuling() {
    leem::v1::DenialRuling ruling;
    for (auto* date : {ruling.mutable_in_force_from(), ruling.mutable_valid_until()}) {
      date->set_year(2019);
      date->set_month(1);
      date->set_day(1);
    }
    ruling.mutable_in_force_from()->set_year(2016);
    return ruling;
  }
  // The edition that crosswalks speak of, with its approval.
  void AddEdition(RecordMaker& maker, Records& records) {
    const tem::v1::AnnexEdition edition = testing::MiniatureEdition();
    tem::v1::EditionApproval approval;
    approval.set_edition(edition.edition());
    records.push_back(
        maker.Make(Document("jp", "a", approval), "partners/jp/approvals/a", tem::v1::TemRuling()));
    pb::Document published = Document("jp", "e", edition);
    published.mutable_audience()->mutable_public_();
    auto* link = published.add_references();
    link->set_relation(pb::Reference::RELATION_ANSWERS);
    link->set_name("partners/jp/approvals/a");
    records.push_back(
        maker.Make(published, "partners/jp/annexes/" + edition.edition(), tem::v1::TemRuling()));
  }
  static tem::v1::Crosswalk Crosswalk(int rows) {
    tem::v1::Crosswalk crosswalk;
    crosswalk.set_jurisdiction("jp");
    crosswalk.set_edition("2016-03-17");
    for (int i = 0; i < rows; ++i) {
      auto& row = *crosswalk.add_rows();
      row.set_path("3.A.1");
      row.set_code("C" + std::to_string(i));
      row.set_relation(tem::v1::CROSSWALK_RELATION_BROADER);
    }
    return crosswalk;
  }
  static iem::v1::Alert Alert(int number) {
    iem::v1::Alert alert;
    alert.add_route("jp");
    alert.add_topics("TRANSIT");
    for (int k = 0; k < 32; ++k) {
      auto* item = alert.add_items();
      item->set_list("mtcr-annex");
      item->set_entry(fmt::format("9.A.{}.{}", number, k));
    }
    return alert;
  }
  static tem::v1::Proposal Proposal(int number) {
    tem::v1::Proposal proposal;
    proposal.set_edition("2016-03-17");
    proposal.set_title("Of kites");
    auto* change = proposal.add_changes()->mutable_replace();
    change->set_node("kite");
    change->set_text(fmt::format("text {}", number));
    return proposal;
  }
  // `count` documents of one body that answer a first one.
  MakeRecords Answers(const pb::Document& first, const std::string& name,
                      const google::protobuf::Message& body, const std::string& collection,
                      const google::protobuf::Message& ruling) {
    return [=, this, &body, &ruling](RecordMaker& maker, int count, Records& records) {
      records.push_back(maker.Make(first, name, ruling));
      for (int i = 0; i < count; ++i) {
        pb::Document said = Document("kr", std::to_string(i), body);
        auto* link = said.add_references();
        link->set_relation(pb::Reference::RELATION_ANSWERS);
        link->set_name(name);
        records.push_back(
            maker.Make(said, fmt::format("partners/kr/{}/{}", collection, i), ruling));
      }
    };
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
};

TEST_F(GrowthTest, OfAmendmentsWithFreshEntries) {
  ExpectLinear<leem::DenialRegister>(
      "leem", [this](RecordMaker& maker, int count, Records& records) {
        const pb::Document first = regime_.Denial("jp", "1");
        const std::string name = "partners/jp/denials/1";
        records.push_back(maker.Make(first, name, DenialRuling()));
        for (int i = 1; i < count; ++i) {
          leem::v1::DenialAmendment amendment;
          *amendment.mutable_content() = testing::SampleContent();
          amendment.mutable_content()->mutable_control_list_entries(0)->set_entry(
              fmt::format("9.A.{}", i));
          records.push_back(maker.Make(
              regime_.Revision("jp", "1." + std::to_string(i), first, name, maker.tip(), amendment),
              fmt::format("{}/revisions/{}", name, i + 1), DenialRuling()));
        }
      });
}

TEST_F(GrowthTest, OfAudiences) {
  ExpectLinear<leem::DenialRegister>("leem", [this](RecordMaker& maker, int count,
                                                    Records& records) {
    for (int i = 0; i < count; ++i) {
      const std::string other = {static_cast<char>('a' + i / 676 % 26),
                                 static_cast<char>('a' + i / 26 % 26)};
      const std::string third = {static_cast<char>('a' + i % 26), 'z'};
      records.push_back(maker.Make(regime_.Denial("jp", std::to_string(i), {"jp", other, third}),
                                   "partners/jp/denials/" + std::to_string(i), DenialRuling()));
    }
  });
}

TEST_F(GrowthTest, OfReferencesToOneDenial) {
  const pb::Document first = regime_.Denial("jp", "first");
  ExpectLinear<leem::DenialRegister>("leem", [&](RecordMaker& maker, int count, Records& records) {
    records.push_back(maker.Make(first, "partners/jp/denials/first", DenialRuling()));
    for (int i = 0; i < count; ++i) {
      pb::Document next = regime_.Denial("jp", std::to_string(i));
      auto* link = next.add_references();
      link->set_relation(pb::Reference::RELATION_RELATES_TO);
      link->set_name("partners/jp/denials/first");
      records.push_back(
          maker.Make(next, "partners/jp/denials/" + std::to_string(i), DenialRuling()));
    }
  });
}

TEST_F(GrowthTest, OfAlertsRevisedWithFreshItems) {
  ExpectLinear<iem::MatterRegister>(
      "iem", Chain<iem::v1::Alert>(regime_, "partners/jp/alerts/1", Alert, iem::v1::Alert()));
}

TEST_F(GrowthTest, OfAnswersToOneAlert) {
  iem::v1::Sighting sighting;
  sighting.set_country("aq");
  const iem::v1::Alert none;
  ExpectLinear<iem::MatterRegister>(
      "iem",
      Answers(Document("jp", "1", Alert(1)), "partners/jp/alerts/1", sighting, "sightings", none));
}

TEST_F(GrowthTest, OfProposalsRevised) {
  ExpectLinear<tem::TemRegister>("tem", Chain<tem::v1::Proposal>(regime_, "partners/jp/proposals/1",
                                                                 Proposal, tem::v1::TemRuling()));
}

TEST_F(GrowthTest, OfProposalsOnOneNode) {
  ExpectLinear<tem::TemRegister>("tem", [this](RecordMaker& maker, int count, Records& records) {
    for (int i = 0; i < count; ++i) {
      records.push_back(maker.Make(Document("jp", std::to_string(i), Proposal(i)),
                                   fmt::format("partners/jp/proposals/{}", i),
                                   tem::v1::TemRuling()));
    }
  });
}

TEST_F(GrowthTest, OfCommentsAndPositionsOnOneProposal) {
  const tem::v1::TemRuling none;
  const pb::Document first = Document("jp", "1", Proposal(1));
  tem::v1::ProposalComment comment;
  comment.set_text("of ropes");
  ExpectLinear<tem::TemRegister>(
      "tem", Answers(first, "partners/jp/proposals/1", comment, "comments", none));
  tem::v1::ProposalPosition position;
  position.set_kind(tem::v1::POSITION_KIND_BLOCK);
  ExpectLinear<tem::TemRegister>(
      "tem", Answers(first, "partners/jp/proposals/1", position, "positions", none));
}

TEST_F(GrowthTest, OfCrosswalksRevised) {
  ExpectLinear<tem::TemRegister>("tem", [this](RecordMaker& maker, int count, Records& records) {
    AddEdition(maker, records);
    Chain<tem::v1::Crosswalk>(
        regime_, "partners/jp/crosswalks/1", [](int) { return Crosswalk(20); },
        tem::v1::TemRuling())(maker, count, records);
  });
}

// Each of many crosswalks of one node is revised once: the others' rows are not looked at.
TEST_F(GrowthTest, OfManyCrosswalksOfOneNode) {
  ExpectLinear<tem::TemRegister>(
      "tem",
      [this](RecordMaker& maker, int count, Records& records) {
        AddEdition(maker, records);
        std::vector<base::Digest> tips;
        for (int round = 0; round < 2; ++round) {
          for (int i = 0; i < count; ++i) {
            const std::string name = fmt::format("partners/jp/crosswalks/{}", i);
            const pb::Document first = Document("jp", std::to_string(i), Crosswalk(20));
            if (round == 0) {
              records.push_back(maker.Make(first, name, tem::v1::TemRuling()));
              tips.push_back(maker.tip());
            } else {
              records.push_back(
                  maker.Make(regime_.Revision("jp", fmt::format("{}.2", i), first, name,
                                              tips[static_cast<size_t>(i)], Crosswalk(20)),
                             name + "/revisions/2", tem::v1::TemRuling()));
            }
          }
        }
      },
      100);
}

}  // namespace
}  // namespace entente
