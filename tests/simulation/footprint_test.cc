// What a service says that its state takes is what it takes: each term of the formula against the
// allocator, with registers of every kind, and in revisions as in documents.
#include <gtest/gtest.h>
#include <malloc.h>

#include <filesystem>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/iem/register/matter_register.h"
#include "services/leem/register/denial_register.h"
#include "services/tem/register/tem_register.h"
#include "tests/support/record_maker.h"
#include "tests/support/test_regime.h"

namespace entente {
namespace {

using testing::TestRegime;
namespace pb = entente::exchange::v1;

uint64_t Allocated() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

bool Measurable() {
#if defined(ENTENTE_SANITIZED)
  return false;
#else
  return true;
#endif
}

class FootprintTest : public ::testing::Test {
 protected:
  journal::Record Record(const pb::Document& document, const std::string& name,
                         const google::protobuf::Message& ruling) {
    return maker_.Make(document, name, ruling);
  }
  void Apply(machine::Machine& machine, const journal::Record& record) {
    ASSERT_OK(machine.Apply(machine.applied(), record));
  }
  static leem::v1::DenialRuling Ruling() {
    leem::v1::DenialRuling ruling;
    ruling.mutable_in_force_from()->set_year(2016);
    ruling.mutable_in_force_from()->set_month(1);
    ruling.mutable_in_force_from()->set_day(1);
    ruling.mutable_valid_until()->set_year(2019);
    ruling.mutable_valid_until()->set_month(1);
    ruling.mutable_valid_until()->set_day(1);
    return ruling;
  }
  // What was taken is at most what is said, and not much less.
  static void ExpectHonest(uint64_t taken, uint64_t said, const std::string& of) {
    EXPECT_LE(taken, said + said / 10) << of;
    EXPECT_GE(taken, said / 2) << of;
  }

  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr", "nz"}, clock_.Now()};
  testing::RecordMaker maker_{"leem", clock_.Now()};
};

TEST_F(FootprintTest, OfDenials) {
  if (!Measurable()) GTEST_SKIP() << "a sanitizer has an allocator of its own";
  leem::DenialRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "leem", reg);
  constexpr int kMany = 30000;
  const uint64_t before = Allocated();
  for (int i = 0; i < kMany; ++i) {
    const std::string reference = fmt::format("2016-{:05}", i);
    Apply(machine,
          Record(regime_.Denial("jp", reference), "partners/jp/denials/" + reference, Ruling()));
  }
  const uint64_t taken = Allocated() - before;
  ExpectHonest(taken, machine.Footprint(), "denials");
  RecordProperty("bytes_a_denial", static_cast<int>(taken / kMany));
  std::cout << "bytes a denial: " << taken / kMany << " taken, " << machine.Footprint() / kMany
            << " said\n";
  // docs/OPERATING.md says how many 512 MiB hold.
  EXPECT_LE(machine.Footprint() / kMany, 526u);
}

TEST_F(FootprintTest, OfRevisionsGrowsWithThem) {
  leem::DenialRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "leem", reg);
  const pb::Document first = regime_.Denial("jp", "1");
  const std::string name = "partners/jp/denials/1";
  Apply(machine, Record(first, name, Ruling()));
  std::vector<uint64_t> sizes;
  for (int i = 1; i <= 400; ++i) {
    leem::v1::DenialAmendment amendment;
    *amendment.mutable_content() = testing::SampleContent();
    amendment.mutable_content()->mutable_control_list_entries(0)->set_entry(
        fmt::format("9.A.{}", i));
    const pb::Document next =
        regime_.Revision("jp", "1." + std::to_string(i), first, name, maker_.tip(), amendment);
    Apply(machine, Record(next, fmt::format("{}/revisions/{}", name, i + 1), Ruling()));
    if (i == 100 || i == 200 || i == 400) sizes.push_back(machine.Footprint());
  }
  // Twice as many take twice as much, at most.
  EXPECT_LE(sizes[1], 2 * sizes[0] + sizes[0] / 10);
  EXPECT_LE(sizes[2], 2 * sizes[1] + sizes[1] / 10);
}

TEST_F(FootprintTest, OfAlertsAndWhatIsSaidToThem) {
  if (!Measurable()) GTEST_SKIP() << "a sanitizer has an allocator of its own";
  maker_ = testing::RecordMaker("iem", clock_.Now());
  iem::MatterRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "iem", reg);
  const uint64_t before = Allocated();
  for (int i = 0; i < 5000; ++i) {
    const std::string name = fmt::format("partners/jp/alerts/2016-{:05}", i);
    iem::v1::Alert alert;
    alert.add_route("jp");
    alert.add_route("aq");
    alert.add_topics("TRANSIT");
    alert.add_red_flags("FRONT_COMPANY");
    for (int k = 0; k < 3; ++k) {
      auto* item = alert.add_items();
      item->set_list("mtcr-annex");
      item->set_entry(fmt::format("9.A.{}", k));
    }
    pb::Document document = regime_.Denial("jp", std::to_string(i));
    document.mutable_body()->PackFrom(alert);
    Apply(machine, Record(document, name, iem::v1::Alert()));
    for (int k = 0; k < 3; ++k) {
      iem::v1::Sighting sighting;
      sighting.set_country("aq");
      pb::Document said = regime_.Denial("kr", fmt::format("{}.{}", i, k));
      auto* link = said.add_references();
      link->set_relation(pb::Reference::RELATION_ANSWERS);
      link->set_name(name);
      said.mutable_body()->PackFrom(sighting);
      Apply(machine,
            Record(said, fmt::format("partners/kr/sightings/{}.{}", i, k), iem::v1::Sighting()));
    }
  }
  ExpectHonest(Allocated() - before, machine.Footprint(), "alerts");
}

TEST_F(FootprintTest, OfProposals) {
  if (!Measurable()) GTEST_SKIP() << "a sanitizer has an allocator of its own";
  maker_ = testing::RecordMaker("tem", clock_.Now());
  tem::TemRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "tem", reg);
  const uint64_t before = Allocated();
  for (int i = 0; i < 3000; ++i) {
    tem::v1::Proposal proposal;
    proposal.set_title("Of kites and their ropes");
    proposal.set_rationale(std::string(400, 'r'));
    auto* change = proposal.add_changes()->mutable_replace();
    change->set_node(fmt::format("node-{}", i));
    change->set_text(std::string(600, 't'));
    pb::Document document = regime_.Denial("jp", std::to_string(i));
    document.mutable_body()->PackFrom(proposal);
    Apply(machine,
          Record(document, fmt::format("partners/jp/proposals/{}", i), tem::v1::Proposal()));
  }
  const uint64_t taken = Allocated() - before;
  EXPECT_LE(taken, machine.Footprint()) << "of texts it is a bound";
}

// What a journal takes in memory for each of its bytes on disk, whatever is in it
// (docs/OPERATING.md).
class WorstDocumentTest : public FootprintTest {
 protected:
  // Of a gigabyte 0.4 of it and 100 MiB, of which a service without documents takes 30.
  static constexpr double kMost = 0.4 + 70.0 / 1024;
  // Alerts by the entries that they name, which filters and trends ask for: little else is in them.
  static constexpr double kMostOfItems = 0.58;

  // Records many such documents of one state, each made by `make(i)`.
  template <typename Register, typename Make>
  void ExpectBounded(double most, const std::string& group, const std::string& folder,
                     const Make& make, const google::protobuf::Message& ruling) {
    constexpr int kMany = 4000;
    constexpr size_t kBatch = 200;  // as a service records them when they come in floods
    maker_ = testing::RecordMaker(group, clock_.Now());
    Register reg(profile_);
    machine::Machine machine("mtcr.example", group, reg);
    base::testing::TempDir home;
    const std::string path = home.File("j.db");
    auto journal = journal::SqliteJournal::Open({.path = path, .service = group});
    ASSERT_OK(journal);
    std::vector<journal::Record> batch;
    for (int i = 0; i < kMany; ++i) {
      const pb::Document document = make(i);
      batch.push_back(maker_.Make(regime_.Sign(document), document,
                                  fmt::format("partners/jp/{}/{:05}", folder, i), ruling));
      Apply(machine, batch.back());
      if (batch.size() < kBatch) continue;
      ASSERT_OK((*journal)->Append(static_cast<uint64_t>(i + 1) - batch.size(), batch));
      batch.clear();
    }
    journal->reset();
    const uint64_t bytes = std::filesystem::file_size(path);
    const double ratio = static_cast<double>(machine.Footprint()) / static_cast<double>(bytes);
    std::cout << bytes / kMany << " bytes a document, " << machine.Footprint() / kMany
              << " in memory: " << fmt::format("{:.3f}", ratio) << "\n";
    EXPECT_LE(ratio, most);
  }
  config::v1::RegimeProfile profile_ = testing::TestProfile();

  // A denial with this content.
  pb::Document Denial(int i, const leem::v1::DenialContent& content) {
    pb::Document document = regime_.Denial("jp", fmt::format("{:05}", i));
    leem::v1::DenialNotification body;
    *body.mutable_content() = content;
    document.mutable_body()->PackFrom(body);
    return document;
  }
};

TEST_F(WorstDocumentTest, NamesThatGrowWhenTheyAreFolded) {
  ExpectBounded<leem::DenialRegister>(
      kMost, "leem", "denials",
      [&](int i) {
        leem::v1::DenialContent content = testing::SampleContent();
        std::string name = std::to_string(i);
        for (int k = 0; k < 160; ++k) name += "\uFDFA";  // one letter, 18 when it is folded
        for (int k = 0; k < 3; ++k) content.mutable_parties(1)->add_aliases()->set_name(name);
        return Denial(i, content);
      },
      Ruling());
}

TEST_F(WorstDocumentTest, NamesOfThreeLetters) {
  ExpectBounded<leem::DenialRegister>(
      kMost, "leem", "denials",
      [&](int i) {
        leem::v1::DenialContent content = testing::SampleContent();
        for (int k = 0; k < 42; ++k) {
          content.mutable_parties(1)->add_aliases()->set_name(fmt::format("{}", 100 + i % 9 + k));
        }
        return Denial(i, content);
      },
      Ruling());
}

TEST_F(WorstDocumentTest, ManyEntries) {
  ExpectBounded<leem::DenialRegister>(
      kMost, "leem", "denials",
      [&](int i) {
        leem::v1::DenialContent content = testing::SampleContent();
        content.clear_control_list_entries();
        for (int k = 0; k < 32; ++k) {
          content.add_control_list_entries()->set_entry(fmt::format("{}.A.{}", i % 9, k));
        }
        return Denial(i, content);
      },
      Ruling());
}

// What entries say is kept whole, for filters and trends.
TEST_F(WorstDocumentTest, LongEntries) {
  ExpectBounded<leem::DenialRegister>(
      kMost, "leem", "denials",
      [&](int i) {
        leem::v1::DenialContent content = testing::SampleContent();
        content.clear_control_list_entries();
        for (int k = 0; k < 32; ++k) {
          auto* entry = content.add_control_list_entries();
          entry->set_list("mtcr-annex");
          entry->set_edition("1");
          entry->set_entry(fmt::format("{:020}", i + k));
        }
        return Denial(i, content);
      },
      Ruling());
}

TEST_F(WorstDocumentTest, LittleDenials) {
  ExpectBounded<leem::DenialRegister>(
      kMost, "leem", "denials",
      [&](int i) {
        leem::v1::DenialContent content;
        content.mutable_destination()->set_country("aq");
        content.set_act(leem::v1::DENIAL_ACT_REFUSED);
        content.set_item_description("Rope");
        return Denial(i, content);
      },
      Ruling());
}

TEST_F(WorstDocumentTest, AlertsWithManyFacts) {
  for (const char* topic : {"ADDITIVE", "BROKERING", "CATCH_ALL", "CLOUD", "KEY_TECHNOLOGY",
                            "SERVICES", "TRANSIT", "UAV"}) {
    profile_.mutable_iem()->add_topics()->set_code(topic);
  }
  for (const char* flag : {"FALSE_END_USE", "FORWARDER", "FRONT_COMPANY", "NAME_RESEMBLES",
                           "ODD_ROUTE", "OVERPRICE", "PACKAGING", "PHONE_ABROAD", "REFUSES_DETAILS",
                           "REFUSES_SERVICE", "SPLIT_ORDERS", "UNKNOWN"}) {
    profile_.mutable_iem()->add_red_flags()->set_code(flag);
  }
  ExpectBounded<iem::MatterRegister>(
      kMost, "iem", "alerts",
      [&](int i) {
        // As many as rules let through.
        iem::v1::Alert alert;
        for (const auto& topic : profile_.iem().topics()) alert.add_topics(topic.code());
        for (const auto& flag : profile_.iem().red_flags()) alert.add_red_flags(flag.code());
        for (int k = 0; k < 12; ++k) {
          alert.add_route(fmt::format("{}q", static_cast<char>('a' + k)));
        }
        for (int k = 0; k < 32; ++k) {
          alert.add_items()->set_list("l");
          alert.mutable_items(k)->set_entry(fmt::format("{}{}", i % 9, k));
        }
        pb::Document document = regime_.Denial("jp", fmt::format("{:05}", i));
        document.mutable_body()->PackFrom(alert);
        return document;
      },
      iem::v1::Alert());
}

TEST_F(WorstDocumentTest, LittleFlashes) {
  iem::v1::MatterRuling ruling;
  entry::SetTime(clock_.Now() + absl::Hours(2), ruling.mutable_acknowledge_time());
  for (const int items : {0, 1, 8, 32}) {
    ExpectBounded<iem::MatterRegister>(
        items == 0 ? kMost : kMostOfItems, "iem", "alerts",
        [&](int i) {
          iem::v1::Alert alert;  // with what every alert must have
          alert.set_urgency(iem::v1::URGENCY_FLASH);
          alert.set_kind(iem::v1::ALERT_KIND_TRANSIT);
          alert.set_summary("s");
          alert.set_authority("a");
          alert.set_source_reliability(iem::v1::SOURCE_RELIABILITY_A);
          alert.set_information_credibility(1);
          entry::SetTime(clock_.Now(), alert.mutable_review_time());
          for (int k = 0; k < items; ++k) {
            alert.add_items()->set_list("l");
            alert.mutable_items(k)->set_entry(fmt::format("{:020}", i + k));
          }
          pb::Document document = regime_.Denial("jp", fmt::format("{:05}", i));
          document.mutable_body()->PackFrom(alert);
          return document;
        },
        ruling);
  }
}

TEST_F(WorstDocumentTest, LittleRequests) {
  ExpectBounded<iem::MatterRegister>(
      kMost, "iem", "requests",
      [&](int i) {
        pb::Document document = regime_.Denial("jp", fmt::format("{:05}", i));
        iem::v1::InformationRequest request;
        request.set_purpose("p");
        request.add_questions()->set_text("q");
        entry::SetTime(clock_.Now(), request.mutable_proposed_time());
        document.mutable_body()->PackFrom(request);
        return document;
      },
      iem::v1::MatterRuling());
}

// From nine tenths on nothing new is taken from anybody, and everything that is there is served and
// replayed, whatever the limit is by then.
TEST_F(FootprintTest, FullMemoryTakesNothingNewAndLosesNothing) {
  journal::testing::MemoryJournal journal;
  leem::DenialRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "leem", reg);
  document::Verifier verifier;
  constexpr uint64_t kMost = 64 << 10;
  machine::Sequencer sequencer({.journal = journal,
                                .machine = machine,
                                .directory = regime_.source(),
                                .verifier = verifier,
                                .signer = regime_.log_signer(),
                                .clock = clock_,
                                .committed = [](auto) {},
                                .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; }},
                               {.state_bytes_max = kMost});
  const auto submit = [&](const std::string& state, const std::string& reference) {
    absl::Status told = absl::UnknownError("nobody answered");
    auto verified = regime_.SignAndVerify(regime_.Denial(state, reference));
    EXPECT_OK(verified);
    EXPECT_OK(
        sequencer.Submit(*verified, 1, [&](const auto& receipt) { told = receipt.status(); }));
    while (sequencer.RunOnce()) {
    }
    return told;
  };
  int recorded = 0;
  while (submit("jp", std::to_string(recorded)).ok()) ASSERT_LT(++recorded, 1000);
  EXPECT_GT(recorded, 10);
  EXPECT_LE(machine.Footprint(), kMost);
  EXPECT_THAT(submit("jp", "more"), base::testing::HasReason(base::Reason::kStateFull));
  EXPECT_THAT(submit("kr", "first"), base::testing::HasReason(base::Reason::kStateFull));
  EXPECT_THAT(sequencer.CheckState(), base::testing::HasReason(base::Reason::kStateFull));
  EXPECT_OK(submit("jp", "0")) << "what is recorded has its receipt";
  leem::DenialRegister again(testing::TestProfile());
  machine::Machine fresh("mtcr.example", "leem", again);
  ASSERT_OK(machine::Replay(journal, fresh, {.known = regime_.log_keys()}));
  EXPECT_EQ(fresh.Fingerprint(), machine.Fingerprint());
}

}  // namespace
}  // namespace entente
