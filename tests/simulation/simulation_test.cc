// Sequencer, register, feed and a faulty journal in one thread, driven by a seed. Checkers:
//   - replaying the journal gives the live fingerprint;
//   - what was acknowledged is there, and a receipt's proof holds against a signed checkpoint;
//   - each follower gets its ledgers' entries in order, once, without gaps, from any resume point;
//   - no follower gets an entry whose audience leaves it out;
//   - recorded time never goes back, whatever the clock does.
// Environment: ENTENTE_SEED=n runs that seed only; ENTENTE_SEEDS=n runs so many.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/hash.h"
#include "services/core/feed/feed.h"
#include "services/core/journal/testing/faulty_journal.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/leem/register/denial_register.h"
#include "services/leem/register/denial_rules.h"
#include "tests/support/test_regime.h"

namespace entente {
namespace {

using base::testing::HasReason;
using journal::testing::Fault;
using testing::TestRegime;

const std::vector<std::string> kStates = {"au", "jp", "kr", "nz"};

// One life of a service process over a journal that outlives it.
struct Service {
  Service(journal::Journal& inner, TestRegime& regime, base::Clock& clock,
          std::function<Fault()> fault)
      : reg(testing::TestProfile()),
        machine("mtcr.example", "leem", reg),
        faulty(inner, std::move(fault)) {
    auto replayed = machine::Replay(inner, machine, {.known = regime.log_keys()});
    EXPECT_OK(replayed);
    feed.emplace(machine, inner, feed::Feed::Options{.bytes_max = 20000, .page_records = 16});
    sequencer.emplace(machine::Sequencer::Dependencies{
                          .journal = faulty,
                          .machine = machine,
                          .directory = regime.source(),
                          .verifier = verifier,
                          .signer = regime.log_signer(),
                          .clock = clock,
                          .committed = [this](auto commit) { feed->Add(*commit); },
                          .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; }},
                      machine::Sequencer::Options{.queue_max = 64, .batch_max = 8});
  }
  leem::DenialRegister reg;
  machine::Machine machine;
  journal::testing::FaultyJournal faulty;
  document::Verifier verifier;
  std::optional<feed::Feed> feed;
  std::optional<machine::Sequencer> sequencer;
};

// A partner's client: keeps its cursor over restarts and checks what it is given.
struct Partner {
  std::string state;
  std::string cursor;
  std::map<std::string, merkle::CompactRange> ledgers;
  std::set<std::string> names;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed), regime_(kStates, clock_.Now()) {
    for (const auto& state : kStates) partners_.push_back({state, "", {}, {}});
    Restart();
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (Below(10)) {
        case 0:
          clock_.Advance(absl::Seconds(static_cast<int>(Below(100000))));
          break;
        case 1:
          clock_.Advance(-absl::Seconds(static_cast<int>(Below(1000))));
          break;
        case 2:
          if (Below(4) == 0) Restart();
          break;
        case 3:
          Follow(partners_[Below(partners_.size())]);
          break;
        case 4:
          Acknowledge(partners_[Below(partners_.size())]);
          break;
        default:
          Submit();
      }
      if (Below(3) == 0) Work();
    }
    faults_ = false;
    Restart();
    while (service_->sequencer->RunOnce()) {
    }
    for (Partner& partner : partners_) Follow(partner);
    CheckEnd();
  }

 private:
  size_t Below(size_t n) { return random_() % n; }

  Fault NextFault() {
    if (!faults_ || Below(6) != 0) return Fault::kNone;
    constexpr Fault kFaults[] = {Fault::kFull, Fault::kFaultedBefore, Fault::kFaultedAfter,
                                 Fault::kHeadMoved};
    return kFaults[Below(4)];
  }

  // Crash: what is queued is lost, what is in the journal stays.
  void Restart() {
    service_ = std::make_unique<Service>(journal_, regime_, clock_, [this] { return NextFault(); });
  }

  std::vector<std::string> RandomAudience(const std::string& own) {
    if (Below(2) == 0) return {};
    std::vector<std::string> audience;
    for (const auto& state : kStates) {
      if (state == own || Below(2) == 0) audience.push_back(state);
    }
    return audience;
  }

  void Submit() {
    const std::string& state = kStates[Below(kStates.size())];
    pb_Document document;
    const auto chain = Below(2) == 0 ? PickChain(state) : std::nullopt;
    if (chain) {
      leem::v1::DenialRenewal renewal;
      leem::SetDate({2016, 10, 20}, renewal.mutable_review_date());
      leem::v1::DenialRevocation revocation;
      leem::SetDate({2016, 11, 1}, revocation.mutable_effective_date());
      revocation.set_explanation("simulated");
      const google::protobuf::Message& body =
          Below(3) == 0 ? static_cast<const google::protobuf::Message&>(revocation) : renewal;
      document = regime_.Revision(state, std::to_string(++number_), chain->first,
                                  "partners/" + state + "/denials/" + chain->first.reference(),
                                  chain->second, body);
    } else {
      document = regime_.Denial(state, std::to_string(++number_), RandomAudience(state));
    }
    auto signed_document = regime_.Sign(document);
    if (Below(10) == 0 && !sent_.empty()) signed_document = sent_[Below(sent_.size())];
    sent_.push_back(signed_document);
    auto verified = regime_.Verify(signed_document);
    ASSERT_OK(verified);
    const base::Digest digest = TestRegime::DigestOf(signed_document);
    service_->sequencer
        ->Submit(*verified, regime_.directory().serial(),
                 [this, digest](absl::StatusOr<testing::pb::Receipt> receipt) {
                   if (receipt.ok()) TakeReceipt(digest, *receipt);
                 })
        .IgnoreError();
  }
  using pb_Document = testing::pb::Document;

  // A recorded denial of a state with the digest that its next document must name.
  std::optional<std::pair<pb_Document, base::Digest>> PickChain(const std::string& state) {
    for (int tries = 0; tries < 5 && !sent_.empty(); ++tries) {
      pb_Document document;
      document.ParseFromString(sent_[Below(sent_.size())].document());
      if (document.originator().substr(9, 2) != state || document.references_size() > 0) continue;
      const auto* denial =
          service_->reg.Find("partners/" + state + "/denials/" + document.reference(),
                             {.state = state, .is_partner = true});
      if (denial != nullptr) return std::make_pair(document, denial->chain->tip);
    }
    return std::nullopt;
  }

  void TakeReceipt(const base::Digest& digest, const testing::pb::Receipt& receipt) {
    auto leaf = entry::CheckReceipt(receipt, digest, "mtcr.example", "leem", regime_.log_keys());
    ASSERT_OK(leaf);
    auto [it, fresh] = receipts_.emplace(digest, receipt.SerializeAsString());
    EXPECT_EQ(it->second, receipt.SerializeAsString()) << "the same bytes get the first receipt";
  }

  void Work() {
    while (service_->sequencer->RunOnce()) {
    }
  }

  void Acknowledge(Partner& partner) {
    if (partner.cursor.empty()) return;
    auto cursor = entry::Cursor::Decode("mtcr.example/leem", partner.cursor);
    ASSERT_OK(cursor);
    std::vector<machine::Sequencer::Acknowledged> said;
    for (const auto& [ledger, size] : cursor->next) {
      const machine::Ledger* held =
          service_->machine.Find(ledger, {.state = partner.state, .is_partner = true});
      ASSERT_NE(held, nullptr);
      if (size == 0) continue;
      const entry::Head head = {size, held->tree.RootAt(size)};
      said.push_back(
          {.ledger = ledger,
           .size = size,
           .root = head.root,
           .signed_acknowledgement = regime_.Acknowledge(partner.state, "leem", ledger, head)});
    }
    service_->sequencer
        ->Acknowledge({partner.state, "licensing"}, std::move(said), [](const absl::Status&) {})
        .IgnoreError();
  }

  void Follow(Partner& partner) {
    auto follower = feed::Follower::Create(
        *service_->feed, {.state = partner.state, .is_partner = true}, partner.cursor, {},
        {.message_bytes = 1 + Below(20000), .message_items = 1 + Below(20), .until_current = true});
    ASSERT_OK(follower);
    // Sometimes the connection breaks in the middle; the cursor of the last message is what counts.
    size_t messages_left = faults_ && Below(4) == 0 ? Below(3) : SIZE_MAX;
    feed::Follower::Message message;
    while (messages_left-- > 0) {
      const auto step = (*follower)->Pull(message);
      if (step == feed::Follower::Step::kDone) break;
      if (step == feed::Follower::Step::kNeedLoad) {
        ASSERT_OK((*follower)->Load());
        continue;
      }
      TakeMessage(partner, message);
    }
  }

  void TakeMessage(Partner& partner, const feed::Follower::Message& message) {
    std::string bytes;
    for (const auto& piece : message.pieces) {
      bytes += piece.segment->buffer.substr(piece.offset, piece.length);
    }
    exchange::v1::FollowResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes + message.trailer));
    for (const auto& delivery : response.deliveries()) {
      auto checked = entry::CheckEntry(delivery.entry());
      ASSERT_OK(checked);
      auto& range = partner.ledgers[delivery.ledger()];
      ASSERT_EQ(checked->leaf.stamp().index(), range.size()) << "a gap or a double";
      range.Append(checked->leaf_hash);
      testing::pb::SignedDocument signed_document;
      signed_document.ParseFromString(delivery.entry().signed_document());
      pb_Document document;
      document.ParseFromString(signed_document.document());
      ASSERT_TRUE(entry::Includes(document.audience(), partner.state, true))
          << partner.state << " was given what leaves it out";
      partner.names.insert(checked->leaf.stamp().name());
    }
    for (const std::string& note : response.checkpoints()) {
      const auto origin = note.substr(0, note.find('\n'));
      auto checkpoint = entry::OpenCheckpoint(note, origin, regime_.log_keys());
      ASSERT_OK(checkpoint);
      const auto& range = partner.ledgers[origin.substr(origin.rfind('/') + 1)];
      if (checkpoint->head.size == range.size()) {
        ASSERT_EQ(checkpoint->head.root, range.Root());
      } else {
        ASSERT_GT(checkpoint->head.size, range.size());
      }
    }
    partner.cursor = response.cursor();
  }

  void CheckEnd() {
    auto& live = service_->machine;
    leem::DenialRegister fresh_register(testing::TestProfile());
    machine::Machine fresh("mtcr.example", "leem", fresh_register);
    ASSERT_OK(machine::Replay(journal_, fresh,
                              {.known = regime_.log_keys(), .check_all_signatures = true}));
    EXPECT_EQ(fresh.Fingerprint(), live.Fingerprint());
    for (const auto& [digest, receipt] : receipts_) {
      EXPECT_TRUE(live.PositionOfDigest(digest).has_value()) << "acknowledged and lost";
    }
    for (const Partner& partner : partners_) {
      size_t due = 0;
      for (const auto& [id, ledger] : live.ledgers()) {
        if (!entry::Includes(ledger.audience, partner.state, true)) continue;
        due += ledger.tree.size();
        auto it = partner.ledgers.find(id);
        ASSERT_NE(it, partner.ledgers.end());
        EXPECT_EQ(it->second.Root(), ledger.tree.Root());
      }
      EXPECT_EQ(partner.names.size(), due) << partner.state;
    }
    auto records = journal_.Read(0, journal_.Head(), SIZE_MAX);
    ASSERT_OK(records);
    std::map<std::string, absl::Time> newest;  // by ledger
    for (const auto& record : *records) {
      if (record.kind != journal::RecordKind::kDocument) continue;
      testing::pb::Leaf leaf;
      leaf.ParseFromString(record.header);
      const absl::Time time = entry::GetTime(leaf.stamp().recorded_time());
      auto& last = newest.try_emplace(leaf.stamp().ledger(), time).first->second;
      EXPECT_GE(time, last) << "recorded time went back within a ledger";
      last = time;
    }
    EXPECT_GT(receipts_.size(), 5u) << "the run has done nothing";
  }

  std::mt19937_64 random_;
  base::testing::FakeClock clock_;
  TestRegime regime_;
  journal::testing::MemoryJournal journal_;
  std::unique_ptr<Service> service_;
  std::vector<Partner> partners_;
  std::vector<testing::pb::SignedDocument> sent_;
  std::map<base::Digest, std::string> receipts_;
  int number_ = 0;
  bool faults_ = true;
};

TEST(SimulationTest, EverySeedKeepsTheLaws) {
  const char* one = std::getenv("ENTENTE_SEED");
  const char* many = std::getenv("ENTENTE_SEEDS");
  const uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const uint64_t count = one != nullptr    ? 1
                         : many != nullptr ? std::strtoull(many, nullptr, 10)
                                           : 12;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("ENTENTE_SEED=" + std::to_string(seed));
    Simulation(seed).Run(220);
    if (::testing::Test::HasFailure()) return;
  }
}

// The oracle can fail: a journal that forgets what it acknowledged is noticed by the next start.
TEST(SimulationTest, ACorruptJournalIsRefusedAtStart) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr"}, clock.Now());
  journal::testing::MemoryJournal journal;
  {
    Service service(journal, regime, clock, [] { return Fault::kNone; });
    auto verified = regime.SignAndVerify(regime.Denial("kr", "1"));
    ASSERT_OK(verified);
    bool recorded = false;
    ASSERT_OK(service.sequencer->Submit(*verified, 1, [&](auto r) { recorded = r.ok(); }));
    service.sequencer->RunOnce();
    ASSERT_TRUE(recorded);
  }
  for (uint64_t position : {0u, 1u}) {
    journal.Corrupt(position, 40);
    leem::DenialRegister reg(testing::TestProfile());
    machine::Machine machine("mtcr.example", "leem", reg);
    EXPECT_THAT(machine::Replay(journal, machine, {.known = regime.log_keys()}),
                HasReason(base::Reason::kJournalCorrupt));
    journal.Corrupt(position, 40);
  }
}

// A full queue answers at once with a retry delay; nothing is lost that was taken.
TEST(SequencerTest, AFullQueueSaysWhenToTryAgain) {
  base::testing::FakeClock clock;
  TestRegime regime({"kr"}, clock.Now());
  journal::testing::MemoryJournal journal;
  Service service(journal, regime, clock, [] { return Fault::kNone; });
  int answered = 0;
  for (int i = 0; i < 64; ++i) {
    auto verified = regime.SignAndVerify(regime.Denial("kr", std::to_string(i)));
    ASSERT_OK(service.sequencer->Submit(*verified, 1, [&](auto r) { answered += r.ok() ? 1 : 0; }));
  }
  auto verified = regime.SignAndVerify(regime.Denial("kr", "65"));
  EXPECT_THAT(service.sequencer->Submit(*verified, 1, [](auto) { FAIL(); }),
              HasReason(base::Reason::kQueueFull));
  while (service.sequencer->RunOnce()) {
  }
  EXPECT_EQ(answered, 64);
}

// The directory that is in force when a document is recorded counts, not the one of its intake.
TEST(SequencerTest, ASignerRevokedBetweenIntakeAndRecordingIsRefused) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr"}, clock.Now());
  journal::testing::MemoryJournal journal;
  Service service(journal, regime, clock, [] { return Fault::kNone; });
  auto verified = regime.SignAndVerify(regime.Denial("kr", "1"));
  ASSERT_OK(verified);
  const std::string certificate = regime.officer("kr").chain[0].tbs_digest().hex();
  regime.Edit([&](config::v1::Directory& directory) {
    auto* revoked = directory.mutable_partners(1)->add_revoked_certificates();
    revoked->set_tbs_digest(certificate);
    revoked->set_serial(directory.serial() + 1);
  });
  absl::Status result;
  ASSERT_OK(service.sequencer->Submit(*verified, 1, [&](auto r) { result = r.status(); }));
  service.sequencer->RunOnce();
  EXPECT_THAT(result, HasReason(base::Reason::kCertificateRevoked));
  EXPECT_EQ(journal.Head(), 0u);
}

// Readers check certificates at the recorded time: what expires while it waits is not recorded, or
// no reader could accept it.
TEST(SequencerTest, ASignerWhoExpiresBeforeRecordingIsRefused) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr"}, clock.Now());
  journal::testing::MemoryJournal journal;
  Service service(journal, regime, clock, [] { return Fault::kNone; });
  auto verified = regime.SignAndVerify(regime.Denial("kr", "1"));
  ASSERT_OK(verified);
  clock.Advance(absl::Hours(24 * 365 * 29) + absl::Hours(1));
  absl::Status result;
  ASSERT_OK(service.sequencer->Submit(*verified, 1, [&](auto r) { result = r.status(); }));
  service.sequencer->RunOnce();
  EXPECT_THAT(result, HasReason(base::Reason::kCertificateRejected));
}

// Every audience is a line in the cursors of all its readers; one state cannot fill them for good.
TEST(SequencerTest, AStateAddressesABoundedNumberOfAudiences) {
  base::testing::FakeClock clock;
  const std::vector<std::string> states = {"au", "be", "ca", "de", "es", "fr", "gb", "jp", "kr"};
  TestRegime regime(states, clock.Now());
  journal::testing::MemoryJournal journal;
  Service service(journal, regime, clock, [] { return Fault::kNone; });
  absl::Status last;
  for (unsigned set = 0; set <= entry::kAudiencesPerStateMax; ++set) {
    std::vector<std::string> audience;
    for (unsigned i = 0; i < 8; ++i) {
      if ((set >> i & 1) != 0) audience.push_back(states[i]);
    }
    audience.push_back("kr");
    auto verified = regime.SignAndVerify(regime.Denial("kr", std::to_string(set), audience));
    ASSERT_OK(verified);
    ASSERT_OK(service.sequencer->Submit(*verified, 1, [&](auto r) { last = r.status(); }));
    service.sequencer->RunOnce();
    if (set < entry::kAudiencesPerStateMax) {
      ASSERT_OK(last);
    }
  }
  EXPECT_THAT(last, HasReason(base::Reason::kAudiencesExceeded));
  // Known audiences stay open, and other states have their own allowance.
  auto known = regime.SignAndVerify(regime.Denial("kr", "again", {"kr"}));
  ASSERT_OK(service.sequencer->Submit(*known, 1, [&](auto r) { last = r.status(); }));
  service.sequencer->RunOnce();
  EXPECT_OK(last);
  auto other = regime.SignAndVerify(regime.Denial("jp", "1", {"gb", "jp"}));
  ASSERT_OK(service.sequencer->Submit(*other, 1, [&](auto r) { last = r.status(); }));
  service.sequencer->RunOnce();
  EXPECT_OK(last);
}

// Sizes of the messages that nz gets when it catches up from the journal's pages, with this many
// records hidden from it before each document that it may see.
std::vector<size_t> MessageSizes(int hidden_before_each) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr", "nz"}, clock.Now());
  journal::testing::MemoryJournal journal;
  Service service(journal, regime, clock, [] { return Fault::kNone; });
  int number = 0;
  const auto record = [&](const std::vector<std::string>& audience) {
    auto verified = regime.SignAndVerify(regime.Denial("kr", std::to_string(++number), audience));
    EXPECT_OK(verified);
    EXPECT_OK(service.sequencer->Submit(*verified, 1, [](auto r) { EXPECT_OK(r); }));
    while (service.sequencer->RunOnce()) {
    }
  };
  for (int i = 0; i < 40; ++i) {
    for (int k = 0; k < hidden_before_each; ++k) record({"jp", "kr"});
    record({});
  }
  Service again(journal, regime, clock, [] { return Fault::kNone; });  // nothing is in its tail
  auto follower = feed::Follower::Create(*again.feed, {.state = "nz", .is_partner = true}, "", {},
                                         {.message_items = 15, .until_current = true});
  EXPECT_OK(follower);
  std::vector<size_t> sizes;
  feed::Follower::Message message;
  for (auto step = (*follower)->Pull(message); step != feed::Follower::Step::kDone;
       step = (*follower)->Pull(message)) {
    if (step == feed::Follower::Step::kNeedLoad) {
      EXPECT_OK((*follower)->Load());
    } else {
      sizes.push_back(message.items);
    }
  }
  return sizes;
}

// Law 6: were a message cut at the edge of a page, its length would count hidden records.
TEST(FeedTest, MessagesAreCutByWhatTheReaderMaySeeOnly) {
  EXPECT_EQ(MessageSizes(0), (std::vector<size_t>{15, 15, 10, 0}));
  EXPECT_EQ(MessageSizes(1), MessageSizes(0));
  EXPECT_EQ(MessageSizes(3), MessageSizes(0));
}

}  // namespace
}  // namespace entente
