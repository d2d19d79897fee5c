// Law 6 between replicas: two writers of one journal, whose clocks and directories differ.
// What is recorded at one for others must not change an answer that an outsider gets at the other,
// nor when its documents are recorded, nor in which messages its follower is given them.
#include <gtest/gtest.h>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/feed/feed.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/leem/register/denial_register.h"
#include "tests/support/static_directory.h"
#include "tests/support/test_regime.h"

namespace entente {
namespace {

using testing::TestRegime;

class Writer {
 public:
  Writer(journal::Journal& journal, TestRegime& regime,
         std::shared_ptr<const identity::Directory> directory)
      : regime_(regime),
        directory_(std::move(directory)),
        feed_(machine_, journal, {.bytes_max = 20000, .page_records = 16}),
        sequencer_({.journal = journal,
                    .machine = machine_,
                    .directory = directory_,
                    .verifier = verifier_,
                    .signer = regime.log_signer(),
                    .clock = clock,
                    .committed = [this](auto commit) { feed_.Add(*commit); },
                    .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; }},
                   {}) {}

  // What the submitter is told: when it was recorded, or why it was not.
  std::string Submit(const testing::pb::Document& document) {
    auto verified = regime_.SignAndVerify(document);
    EXPECT_OK(verified);
    std::string told = "nothing";
    EXPECT_OK(sequencer_.Submit(
        *verified, directory_.Get()->serial(), [&](absl::StatusOr<testing::pb::Receipt> receipt) {
          testing::pb::Leaf leaf;
          if (!receipt.ok()) {
            told = receipt.status().ToString();
          } else if (leaf.ParseFromString(receipt->leaf())) {
            told = fmt::format("{} {} {} {}", leaf.stamp().ledger(), leaf.stamp().index(),
                               absl::FormatTime(entry::GetTime(leaf.stamp().recorded_time())),
                               leaf.stamp().directory_serial());
          }
        }));
    while (sequencer_.RunOnce()) {
    }
    return told;
  }
  void CatchUp() {
    EXPECT_OK(sequencer_.CatchUpNow([](const absl::Status& status) { EXPECT_OK(status); }));
    while (sequencer_.RunOnce()) {
    }
  }
  // The shape of what a follower is given from a cursor on, which moves.
  std::string Follow(const std::string& state, std::string& cursor) {
    auto follower = feed::Follower::Create(feed_, {.state = state, .is_partner = true}, cursor, {},
                                           {.until_current = true});
    EXPECT_OK(follower);
    std::string shape;
    for (int i = 0; i < 100; ++i) {
      feed::Follower::Message message;
      const auto step = (*follower)->Pull(message);
      if (step == feed::Follower::Step::kNeedLoad) {
        EXPECT_OK((*follower)->Load());
        continue;
      }
      shape += fmt::format("[{} {}]", message.items, message.trailer.size());
      if (step != feed::Follower::Step::kMessage) break;
    }
    cursor = (*follower)->cursor().Encode("mtcr.example/leem");
    return shape;
  }
  base::testing::FakeClock clock;

 private:
  TestRegime& regime_;
  testing::StaticDirectory directory_;
  leem::DenialRegister reg_{testing::TestProfile()};
  machine::Machine machine_{"mtcr.example", "leem", reg_};
  document::Verifier verifier_;
  feed::Feed feed_;
  machine::Sequencer sequencer_;
};

// All that nz is told, with hidden documents and without.
std::string Tell(bool hidden, absl::Duration ahead) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr", "nz"}, clock.Now());
  const auto old_directory = regime.source().Get();
  // The first replica has a later directory already: the serial is all that it changes.
  regime.Edit([](entente::config::v1::Directory&) {});
  journal::testing::MemoryJournal journal;
  Writer first(journal, regime, regime.source().Get());
  Writer second(journal, regime, old_directory);
  first.clock.Advance(ahead);
  std::string told;
  std::string cursor;
  for (int i = 0; i < 12; ++i) {
    if (hidden && i % 2 == 0) {
      const std::string done =
          first.Submit(regime.Denial("jp", fmt::format("h{}", i), {"jp", "kr"}));
      EXPECT_NE(done.find("x"), std::string::npos) << done;
    }
    told += second.Submit(regime.Denial("nz", std::to_string(i))) + "\n";
    second.CatchUp();
    told += second.Follow("nz", cursor) + "\n";
    first.CatchUp();
    for (Writer* writer : {&first, &second}) writer->clock.Advance(absl::Milliseconds(1));
  }
  return told;
}

TEST(ReplicaWorldsTest, WhatIsHiddenAtOneChangesNothingAtTheOther) {
  for (const absl::Duration ahead : {absl::Milliseconds(50), -absl::Seconds(3), absl::Hours(1)}) {
    const std::string without = Tell(false, ahead);
    EXPECT_EQ(without.find("nothing"), std::string::npos) << without;
    EXPECT_EQ(Tell(true, ahead), without);
  }
}

}  // namespace
}  // namespace entente
