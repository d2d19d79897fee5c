// Sequencer, register, feed and a faulty journal in one thread, driven by a seed, for every group.
// Checkers:
//   - replaying the journal gives the live fingerprint;
//   - what was acknowledged is there, and a receipt's proof holds against a signed checkpoint;
//   - each follower gets its ledgers' entries in order, once, without gaps, from any resume point;
//   - no follower gets an entry whose audience leaves it out;
//   - recorded time never goes back, whatever the clock does.
// Environment: ENTENTE_SEED=n runs that seed only; ENTENTE_SEEDS=n runs so many.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "entente/exchange/v1/erasure.pb.h"
#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/cursor.h"
#include "services/core/entry/remains.h"
#include "services/core/feed/feed.h"
#include "services/core/journal/testing/faulty_journal.h"
#include "services/core/journal/testing/memory_journal.h"
#include "services/core/machine/erasure.h"
#include "services/core/machine/sequencer.h"
#include "tests/support/group_case.h"

namespace entente {
namespace {

using base::testing::HasReason;
using journal::testing::Fault;
using testing::Act;
using testing::GroupCase;
using testing::TestRegime;

const std::vector<std::string> kStates = {"au", "jp", "kr", "nz"};

const GroupCase& Leem() {
  static const GroupCase leem = testing::GroupCases()[0];
  return leem;
}

// One life of a service process over a journal that outlives it.
struct Service {
  Service(journal::Journal& inner, TestRegime& regime, base::Clock& clock,
          std::function<Fault()> fault, const GroupCase& group = Leem())
      : reg(group.group->make_register(group.profile)),
        machine("mtcr.example", group.name(), *reg),
        faulty(inner, std::move(fault)) {
    auto replayed = machine::Replay(inner, machine, {.known = regime.log_keys(group.name())});
    EXPECT_OK(replayed);
    if (!machine.erasures_due().empty()) {
      EXPECT_OK(machine::CarryOutErasures(machine, inner));
    }
    feed.emplace(machine, inner, feed::Feed::Options{.bytes_max = 20000, .page_records = 16});
    sequencer.emplace(
        machine::Sequencer::Dependencies{.journal = faulty,
                                         .machine = machine,
                                         .directory = regime.source(),
                                         .verifier = verifier,
                                         .signer = regime.log_signer(group.name()),
                                         .clock = clock,
                                         .committed = [this](auto commit) { feed->Add(*commit); },
                                         .fatal = [](const absl::Status& s) { ADD_FAILURE() << s; },
                                         .erased =
                                             [this](const absl::Status&, size_t done) {
                                               if (done > 0) feed->Forget();
                                             }},
        machine::Sequencer::Options{.queue_max = 64, .batch_max = 8});
  }
  const std::unique_ptr<machine::Register> reg;
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
  // By name: the digest of what remains of what came erased, and that which an order vouches for.
  std::map<std::string, std::string> erased;
  std::map<std::string, std::string> orders;
};

class Simulation {
 public:
  Simulation(const GroupCase& group, uint64_t seed)
      : group_(group), random_(seed), regime_(kStates, clock_.Now()) {
    for (const auto& state : kStates) partners_.push_back({state, "", {}, {}});
    const auto first = group.prepare ? group.prepare(regime_) : std::vector<pb_Document>();
    Restart();
    faults_ = false;
    for (const auto& document : first) {
      Send(regime_.Sign(document));
      Work();
    }
    faults_ = true;
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (Below(11)) {
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
        case 10:
          if (Below(3) == 0) Erase();
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
    service_ = std::make_unique<Service>(
        journal_, regime_, clock_, [this] { return NextFault(); }, group_);
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
    Act act{.state = kStates[Below(kStates.size())], .number = ++number_};
    const machine::Chain* chain = Below(2) == 0 ? PickChain(act.state) : nullptr;
    if (chain == nullptr) {
      act.audience = RandomAudience(act.state);
    } else {
      const bool own = chain->originator_state() == act.state;
      if (!own && !group_.answers) return;
      act.what = !own ? Act::What::kAnswer : Below(3) == 0 ? Act::What::kEnd : Act::What::kRevise;
      act.chain = chain->name();
      const auto& states = chain->audience().listed().states();
      act.audience.assign(states.begin(), states.end());
      composer_.Took({.what = Act::What::kOpen, .chain = std::string(chain->name())}, chain->tip);
    }
    auto signed_document = regime_.Sign(composer_.Compose(act));
    if (Below(10) == 0 && !sent_.empty()) signed_document = sent_[Below(sent_.size())];
    Send(signed_document);
  }
  // Has a document of a chain erased, if it is the state's own; it may be erased already, or of a
  // kind that stays whole.
  void Erase() {
    const std::string& state = kStates[Below(kStates.size())];
    const machine::Chain* chain = PickChain(state);
    if (chain == nullptr || chain->originator_state() != state) return;
    const uint64_t position = chain->positions[Below(chain->positions.size())];
    const journal::Record record = journal_.Read(position, position + 1, 1).value()[0];
    testing::pb::Leaf leaf;
    ASSERT_TRUE(leaf.ParseFromString(record.header));
    const auto remains = entry::RemainsOf(record.body);
    const auto& states = chain->audience().listed().states();
    Send(regime_.Sign(regime_.Erasure(
        fmt::format("e{}", ++number_),
        regime_.Denial(state, "x", std::vector<std::string>(states.begin(), states.end())),
        leaf.stamp().name(), *base::Digest::From(leaf.document_digest()), leaf.stamp().index(),
        crypto::Sha256(remains.value_or("")))));
  }
  void Send(const testing::pb::SignedDocument& signed_document) {
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

  // A chain that the state may read, of the kind that the group's documents are about.
  const machine::Chain* PickChain(const std::string& state) {
    const auto& chains = service_->reg->chains();
    const std::string type = group_.opens(0).type_url();
    const std::string folder =
        fmt::format("/{}/", group_.group->Find(type.substr(type.find('/') + 1))->folder);
    for (int tries = 0; tries < 5 && chains.size() > 0; ++tries) {
      const machine::Chain& chain = chains[static_cast<uint32_t>(Below(chains.size()))];
      if (chain.name().find(folder) == std::string::npos) continue;
      if (entry::Includes(chain.audience(), state, true)) return &chain;
    }
    return nullptr;
  }

  void TakeReceipt(const base::Digest& digest, const testing::pb::Receipt& receipt) {
    auto leaf = entry::CheckReceipt(receipt, digest, "mtcr.example", group_.name(),
                                    regime_.log_keys(group_.name()));
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
    auto cursor = entry::Cursor::Decode("mtcr.example/" + group_.name(), partner.cursor);
    ASSERT_OK(cursor);
    std::vector<machine::Sequencer::Acknowledged> said;
    for (const auto& [ledger, size] : cursor->next) {
      const machine::Ledger* held =
          service_->machine.Find(ledger, {.state = partner.state, .is_partner = true});
      ASSERT_NE(held, nullptr);
      if (size == 0) continue;
      const entry::Head head = {size, held->tree.RootAt(size)};
      said.push_back({.ledger = ledger,
                      .size = size,
                      .root = head.root,
                      .signed_acknowledgement =
                          regime_.Acknowledge(partner.state, group_.name(), ledger, head)});
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
      testing::pb::Leaf leaf;
      ASSERT_TRUE(leaf.ParseFromString(delivery.entry().leaf()));
      auto& range = partner.ledgers[delivery.ledger()];
      ASSERT_EQ(leaf.stamp().index(), range.size()) << "a gap or a double";
      range.Append(merkle::LeafHash(delivery.entry().leaf()));
      partner.names.insert(leaf.stamp().name());
      if (delivery.entry().has_erased_at()) {
        const auto remains = crypto::Sha256(delivery.entry().signed_document());
        partner.erased[leaf.stamp().name()] = remains.str();
        continue;
      }
      ASSERT_OK(entry::CheckEntry(delivery.entry()));
      testing::pb::SignedDocument signed_document;
      signed_document.ParseFromString(delivery.entry().signed_document());
      pb_Document document;
      document.ParseFromString(signed_document.document());
      ASSERT_TRUE(entry::Includes(document.audience(), partner.state, true))
          << partner.state << " was given what leaves it out";
      exchange::v1::Erasure order;
      if (document.body().UnpackTo(&order)) {
        partner.orders[document.references(0).name()] = order.remains_digest();
      }
    }
    for (const std::string& note : response.checkpoints()) {
      const auto origin = note.substr(0, note.find('\n'));
      auto checkpoint = entry::OpenCheckpoint(note, origin, regime_.log_keys(group_.name()));
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
    const auto fresh_register = group_.group->make_register(group_.profile);
    machine::Machine fresh("mtcr.example", group_.name(), *fresh_register);
    ASSERT_OK(machine::Replay(
        journal_, fresh, {.known = regime_.log_keys(group_.name()), .check_all_signatures = true}));
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
      for (const auto& [name, remains] : partner.erased) {
        EXPECT_TRUE(partner.orders.contains(name) && partner.orders.at(name) == remains)
            << name << " is withheld";
      }
    }
    auto records = journal_.Read(0, journal_.Head(), SIZE_MAX);
    ASSERT_OK(records);
    std::map<std::string, absl::Time> newest;  // by ledger
    for (size_t i = 0; i < records->size(); ++i) {
      const auto& record = (*records)[i];
      EXPECT_EQ(record.erased_at, live.ErasedAt(i)) << "record " << i;
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

  const GroupCase group_;
  std::mt19937_64 random_;
  base::testing::FakeClock clock_;
  TestRegime regime_;
  testing::Composer composer_{group_, regime_};
  journal::testing::MemoryJournal journal_;
  std::unique_ptr<Service> service_;
  std::vector<Partner> partners_;
  std::vector<testing::pb::SignedDocument> sent_;
  std::map<base::Digest, std::string> receipts_;
  int number_ = 0;
  bool faults_ = true;
};

class SimulationTest : public ::testing::TestWithParam<GroupCase> {};

TEST_P(SimulationTest, EverySeedKeepsTheLaws) {
  const char* one = std::getenv("ENTENTE_SEED");
  const char* many = std::getenv("ENTENTE_SEEDS");
  const uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const uint64_t count = one != nullptr    ? 1
                         : many != nullptr ? std::strtoull(many, nullptr, 10)
                                           : 8;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("ENTENTE_SEED=" + std::to_string(seed));
    Simulation(GetParam(), seed).Run(220);
    if (::testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Groups, SimulationTest, ::testing::ValuesIn(testing::GroupCases()),
                         [](const auto& one) { return one.param.name(); });

// The oracle can fail: a journal that forgets what it acknowledged is noticed by the next start.
TEST(ReplayTest, ACorruptJournalIsRefusedAtStart) {
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
    const auto reg = Leem().group->make_register(Leem().profile);
    machine::Machine machine("mtcr.example", "leem", *reg);
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

// Whoever lists a state that is no partner is told. One that leaves stays where it was listed: a
// chain keeps its audience.
TEST(SequencerTest, AnAudienceIsOfPartners) {
  base::testing::FakeClock clock;
  TestRegime regime({"jp", "kr", "nz"}, clock.Now());
  journal::testing::MemoryJournal journal;
  Service service(journal, regime, clock, [] { return Fault::kNone; });
  const auto send = [&](const std::string& reference, const std::vector<std::string>& audience) {
    absl::Status last = absl::UnknownError("");
    auto verified = regime.SignAndVerify(regime.Denial("kr", reference, audience));
    EXPECT_OK(verified);
    EXPECT_OK(service.sequencer->Submit(*verified, regime.directory().serial(),
                                        [&](auto r) { last = r.status(); }));
    service.sequencer->RunOnce();
    return last;
  };
  const absl::Status refused = send("1", {"ee", "kr", "nz"});
  EXPECT_THAT(refused, HasReason(base::Reason::kFieldInvalid));
  EXPECT_NE(std::string(refused.message()).find("audience.listed.states[0]"), std::string::npos)
      << refused;
  EXPECT_OK(send("2", {"kr", "nz"}));
  regime.SetFormer("nz", true);
  EXPECT_OK(send("3", {"kr", "nz"}));
  EXPECT_THAT(send("4", {"jp", "kr", "nz"}), HasReason(base::Reason::kFieldInvalid));
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
