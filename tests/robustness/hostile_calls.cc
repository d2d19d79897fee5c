#include <grpcpp/generic/generic_stub.h>
#include <poll.h>

#include <functional>
#include <iostream>
#include <random>
#include <thread>

#include "clients/sdk/client.h"
#include "entente/exchange/v1/trend_service.pb.h"
#include "entente/leem/v1/denial_service.pb.h"
#include "services/core/base/clock.h"
#include "services/core/crypto/hash.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "tests/robustness/hostile.h"
#include "tests/support/test_regime.h"

namespace entente::robustness {
namespace {

namespace pb = entente::exchange::v1;
namespace leempb = entente::leem::v1;

constexpr char kExchange[] = "/entente.exchange.v1.ExchangeService/";

absl::Time Now() { return base::SystemClock().Now(); }

// The partner, and what became of its calls.
class Attacker {
 public:
  explicit Attacker(const HostileOptions& options)
      : end_(Now() + options.longest), agency_(*sdk::Agency::Load(options.config)) {}

  bool over() const { return Now() >= end_; }
  const sdk::Agency& agency() const { return *agency_; }
  std::unique_ptr<sdk::Client> Connect() const {
    auto client = sdk::Client::Connect(agency_, "leem");
    ENTENTE_CHECK(client.ok());
    return *std::move(client);
  }
  static void Pause(int milliseconds) { ::poll(nullptr, 0, milliseconds); }
  void Count(const absl::Status& status) { status.ok() ? ++answered_ : ++refused_; }
  // A call with these bytes, whatever they are.
  absl::Status Call(sdk::Client& client, const std::string& method, const std::string& bytes,
                    int seconds = 30) {
    grpc::GenericStub stub(client.channel());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    const grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    grpc::CompletionQueue queue;
    auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    const absl::Status result = rpc::FromGrpcStatus(status);
    Count(result);
    return result;
  }
  // A denial to himself alone.
  pb::SignedDocument Denial(sdk::Client& client,
                            const std::function<void(leempb::DenialContent&)>& change) {
    pb::Audience audience;
    audience.mutable_listed()->add_states(agency_->name().state);
    pb::Marking marking;
    marking.set_level(pb::Marking::LEVEL_OFFICIAL);
    marking.set_tlp(pb::Marking::TLP_AMBER);
    leempb::DenialNotification body;
    *body.mutable_content() = testing::SampleContent();
    change(*body.mutable_content());
    const std::string reference = fmt::format("h{}.{}", absl::ToUnixMicros(Now()), number_++);
    auto document = client.Sign(client.Compose(reference, audience, marking, body));
    ENTENTE_CHECK(document.ok());
    return *document;
  }
  void Report() const {
    std::cout << "hostile calls: " << answered_ << " answered, " << refused_ << " refused\n";
  }

 private:
  const absl::Time end_;
  const std::shared_ptr<const sdk::Agency> agency_;
  std::atomic<uint64_t> number_{0};
  std::atomic<uint64_t> answered_{0};
  std::atomic<uint64_t> refused_{0};
};

// U+FDFA: eleven times as long once it is folded.
void FatNames(Attacker& attacker) {
  auto client = attacker.Connect();
  std::string name;
  for (int i = 0; i < 500; ++i) name += "\xEF\xB7\xBA";
  while (!attacker.over()) {
    const auto document = attacker.Denial(*client, [&](leempb::DenialContent& content) {
      content.clear_parties();
      for (int i = 0; i < 10; ++i) {
        auto* party = content.add_parties();
        party->set_role(leempb::PARTY_ROLE_CONSIGNEE);
        party->set_name(name);
        for (int k = 0; k < 64; ++k) party->add_aliases()->set_name(name);
      }
    });
    attacker.Count(client->Submit(document, {.attempts_max = 0}).status());
    Attacker::Pause(20);
  }
}

std::string Varint(size_t number) {
  std::string out;
  for (; number > 127; number >>= 7) out += static_cast<char>((number & 127) | 128);
  return out + static_cast<char>(number);
}

// Millions of empty messages, as large as a request may be and larger.
void Bombs(Attacker& attacker) {
  auto client = attacker.Connect();
  const auto empties = [](size_t bytes, char tag) {
    std::string out;
    for (size_t i = 0; i < bytes / 2; ++i) out += {tag, '\0'};
    return out;
  };
  while (!attacker.over()) {
    for (const size_t bytes : {size_t{1} << 20, size_t{8} << 20}) {
      const std::string inner = empties(bytes, '\x12');
      attacker
          .Call(*client, std::string(kExchange) + "Submit", "\x0a" + Varint(inner.size()) + inner)
          .IgnoreError();
      attacker.Call(*client, "/entente.leem.v1.DenialService/GetDenial", empties(bytes, '\x12'))
          .IgnoreError();
    }
    // A document whose body is half a million parties of nothing.
    auto document = attacker.Denial(*client, [](auto&) {});
    pb::Document header;
    ENTENTE_CHECK(header.ParseFromString(document.document()));
    const std::string parties = empties(1040000, '\x62');
    header.mutable_body()->set_value("\x0a" + Varint(parties.size()) + parties);
    auto bomb = client->Sign(header);
    attacker.Count(client->Submit(*bomb, {.attempts_max = 0}).status());
    Attacker::Pause(20);
  }
}

// One chain, revised again and again, each time about other items.
void EndlessChain(Attacker& attacker) {
  auto client = attacker.Connect();
  const auto digest = [](const pb::SignedDocument& document) {
    return crypto::Sha256(document.document());
  };
  while (!attacker.over()) {
    const auto first = attacker.Denial(*client, [](auto&) {});
    attacker.Count(client->Submit(first, {.attempts_max = 0}).status());
    pb::Document header;
    ENTENTE_CHECK(header.ParseFromString(first.document()));
    const std::string name =
        "partners/" + attacker.agency().name().state + "/denials/" + header.reference();
    base::Digest tip = digest(first);
    for (int i = 0; i < 400 && !attacker.over(); ++i) {
      leempb::DenialAmendment amendment;
      *amendment.mutable_content() = testing::SampleContent();
      for (int k = 0; k < 31; ++k) {
        auto* entry = amendment.mutable_content()->add_control_list_entries();
        entry->set_list("lite");
        entry->set_edition("x");
        entry->set_entry(fmt::format("{:06}.{:02}.{}", i, k, std::string(40, 'x')));
      }
      pb::Document next = header;
      next.set_reference(fmt::format("{}.{}", header.reference(), i));
      auto* link = next.add_references();
      link->set_relation(pb::Reference::RELATION_SUPERSEDES);
      link->set_name(name);
      link->set_digest(tip.str());
      next.mutable_body()->PackFrom(amendment);
      auto document = client->Sign(next);
      const absl::Status status = client->Submit(*document, {.attempts_max = 0}).status();
      attacker.Count(status);
      if (status.ok()) tip = digest(*document);
      Attacker::Pause(2);
    }
  }
}

// Everything that a read may ask for, as often as it may be asked.
void HeavyReads(Attacker& attacker) {
  auto client = attacker.Connect();
  leempb::ListDenialsRequest list;
  list.set_page_size(500);
  pb::GetTrendsRequest trends;
  trends.set_dimension("item");
  trends.set_first_month("2012-01");
  trends.set_last_month("2026-12");
  pb::ListLedgersRequest ledgers;
  ledgers.set_page_size(1000);
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"/entente.leem.v1.DenialService/ListDenials", list.SerializeAsString()},
      {"/entente.exchange.v1.TrendService/GetTrends", trends.SerializeAsString()},
      {std::string(kExchange) + "ListLedgers", ledgers.SerializeAsString()}};
  for (size_t i = 0; !attacker.over(); ++i) {
    const auto& [method, request] = calls[i % calls.size()];
    attacker.Call(*client, method, request).IgnoreError();
  }
}

// The largest documents through one of its streams, without reading an answer before the end.
void FullStream(Attacker& attacker) {
  auto client = attacker.Connect();
  while (!attacker.over()) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    auto stream = client->stub().SubmitMany(&context);
    for (int i = 0; i < 24 && !attacker.over(); ++i) {
      pb::SubmitManyRequest request;
      *request.mutable_signed_document() =
          attacker.Denial(*client, [](leempb::DenialContent& content) {
            content.clear_parties();
            for (int k = 0; k < 60; ++k) {
              auto* party = content.add_parties();
              party->set_role(leempb::PARTY_ROLE_CONSIGNEE);
              party->set_name(std::string(400, 'n'));
              for (int a = 0; a < 20; ++a) party->add_aliases()->set_name(std::string(400, 'a'));
            }
          });
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    pb::SubmitManyResponse answer;
    while (stream->Read(&answer)) attacker.Count(absl::OkStatus());
    attacker.Count(rpc::FromGrpcStatus(stream->Finish()));
    Attacker::Pause(50);
  }
}

// The same good signature four thousand times.
void ManySignatures(Attacker& attacker) {
  auto client = attacker.Connect();
  while (!attacker.over()) {
    grpc::ClientContext asking;
    asking.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    pb::GetCheckpointRequest request;
    request.set_ledger("all");
    pb::GetCheckpointResponse response;
    if (!client->stub().GetCheckpoint(&asking, request, &response).ok()) {
      Attacker::Pause(200);
      continue;
    }
    const std::string& note = response.checkpoint();
    const size_t end = note.find("\n\n") + 2;
    std::string fat = note.substr(0, end);
    for (int i = 0; i < 64; ++i) fat += note.substr(end);
    pb::FollowRequest follow;
    follow.set_until_current(true);
    for (int i = 0; i < 64; ++i) follow.add_checkpoints(fat);
    for (int i = 0; i < 50 && !attacker.over(); ++i) {
      for (int notes : {64, 1}) {
        while (follow.checkpoints_size() > notes) follow.mutable_checkpoints()->RemoveLast();
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
        auto reader = client->stub().Follow(&context, follow);
        pb::FollowResponse message;
        while (reader->Read(&message)) {
        }
        attacker.Count(rpc::FromGrpcStatus(reader->Finish()));
      }
    }
  }
}

}  // namespace

int RunCalls(const HostileOptions& options, const std::string& kind) {
  struct Player {
    const char* name;
    void (*play)(Attacker&);
    int times;
  };
  static constexpr Player kPlayers[] = {
      {"names", FatNames, 2},   {"bombs", Bombs, 2},        {"chain", EndlessChain, 1},
      {"reads", HeavyReads, 8}, {"streams", FullStream, 8}, {"signatures", ManySignatures, 2},
  };
  Attacker attacker(options);
  std::vector<std::thread> threads;
  for (const Player& player : kPlayers) {
    if (kind != "calls" && kind != player.name) continue;
    for (int i = 0; i < player.times; ++i) {
      threads.emplace_back([&attacker, &player] { player.play(attacker); });
    }
  }
  if (threads.empty()) {
    std::cerr << "no such hostile player: " << kind << "\n";
    return 2;
  }
  for (auto& thread : threads) thread.join();
  attacker.Report();
  return 0;
}

}  // namespace entente::robustness
