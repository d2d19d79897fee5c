// The core with real threads, for the thread sanitizer: callers submit and acknowledge, followers
// read, one of them slower than the tail is long, all at once over SQLite.
#include <gtest/gtest.h>

#include <thread>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/feed/feed.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/leem/register/denial_register.h"
#include "tests/support/test_regime.h"

namespace entente {
namespace {

constexpr int kCallers = 3;
constexpr int kPerCaller = 60;

TEST(ThreadsTest, EverybodyGetsEverythingOnceInOrder) {
  base::testing::TempDir folder;
  base::testing::FakeClock clock;
  testing::TestRegime regime({"jp", "kr", "nz"}, clock.Now());
  auto journal =
      journal::SqliteJournal::Open({.path = folder.File("j.db"), .service = "mtcr.example/leem"});
  ASSERT_OK(journal);
  leem::DenialRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "leem", reg);
  feed::Feed feed(machine, **journal, {.bytes_max = 30000, .page_records = 16});
  document::Verifier verifier;
  machine::Sequencer sequencer({.journal = **journal,
                                .machine = machine,
                                .directory = regime.source(),
                                .verifier = verifier,
                                .signer = regime.log_signer(),
                                .clock = clock,
                                .committed = [&](auto commit) { feed.Add(*commit); },
                                .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; }},
                               {});
  // Debian's protobuf sets itself up on first use, under locks that the thread sanitizer does not
  // see.
  ASSERT_OK(regime.SignAndVerify(regime.Denial("kr", "first")));
  sequencer.Start();
  base::Mutex regime_mutex;
  const auto acknowledge = [&](const entry::Head& head) {
    base::MutexLock lock(regime_mutex);
    return regime.Acknowledge("jp", "leem", "all", head);
  };
  std::atomic<int> recorded{0};
  std::vector<std::thread> threads;
  for (int caller = 0; caller < kCallers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int i = 0; i < kPerCaller; ++i) {
        auto verified = regime.SignAndVerify(
            regime.Denial("kr", std::to_string(caller) + "-" + std::to_string(i)));
        ASSERT_OK(verified);
        ASSERT_OK(sequencer.Submit(*verified, 1, [&](auto r) { recorded += r.ok() ? 1 : 0; }));
        entry::Head head;
        {
          std::shared_lock lock(machine.mutex());
          const machine::Ledger* all = machine.Find("all", {.state = "jp", .is_partner = true});
          if (all != nullptr) head = {all->tree.size(), all->tree.Root()};
        }
        if (head.size > 0) {
          sequencer
              .Acknowledge({"jp", "licensing"},
                           {{.ledger = "all",
                             .size = head.size,
                             .root = head.root,
                             .signed_acknowledgement = acknowledge(head)}},
                           [](auto) {})
              .IgnoreError();
        }
        clock.Advance(absl::Milliseconds(1));
      }
    });
  }
  for (int reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&, reader] {
      auto follower = feed::Follower::Create(feed, {.state = "nz", .is_partner = true}, "", {},
                                             {.message_items = reader == 0 ? 1u : 50u});
      ASSERT_OK(follower);
      uint64_t next = 0;
      feed::Follower::Message message;
      while (next < kCallers * kPerCaller) {
        const auto step = (*follower)->Pull(message);
        if (step == feed::Follower::Step::kNeedLoad) {
          ASSERT_OK((*follower)->Load());
        }
        if (step == feed::Follower::Step::kIdle) std::this_thread::yield();
        if (step != feed::Follower::Step::kMessage) continue;
        std::string bytes;
        for (const auto& piece : message.pieces) {
          bytes += piece.segment->buffer.substr(piece.offset, piece.length);
        }
        entente::exchange::v1::FollowResponse response;
        ASSERT_TRUE(response.ParseFromString(bytes + message.trailer));
        for (const auto& delivery : response.deliveries()) {
          entente::exchange::v1::Leaf leaf;
          ASSERT_TRUE(leaf.ParseFromString(delivery.entry().leaf()));
          ASSERT_EQ(leaf.stamp().index(), next++);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  sequencer.Stop();
  EXPECT_EQ(recorded, kCallers * kPerCaller);
}

}  // namespace
}  // namespace entente
