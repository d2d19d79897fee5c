#include "tests/robustness/players.h"

#include <poll.h>

#include "clients/sdk/delivery.h"
#include "entente/leem/v1/denial_service.grpc.pb.h"
#include "services/core/base/clock.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "tests/support/test_regime.h"

namespace entente::robustness {
namespace {

namespace pb = entente::exchange::v1;
namespace leempb = entente::leem::v1;

const sdk::RetryOptions kOnce = {.attempts_max = 0};

void SetDeadline(grpc::ClientContext& context, int seconds = 20) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
}

pb::Audience AudienceOf(const std::vector<std::string>& states) {
  pb::Audience audience;
  if (states.empty()) {
    audience.mutable_all_partners();
  } else {
    for (const std::string& one : states) audience.mutable_listed()->add_states(one);
  }
  return audience;
}

pb::Document Compose(const sdk::Client& client, const std::string& reference,
                     const std::vector<std::string>& audience) {
  pb::Marking marking;
  marking.set_level(pb::Marking::LEVEL_OFFICIAL);
  marking.set_tlp(pb::Marking::TLP_AMBER);
  leempb::DenialNotification body;
  *body.mutable_content() = testing::SampleContent();
  return client.Compose(reference, AudienceOf(audience), marking, body);
}

// One try, as it will be judged.
Submission TrySubmit(Stage& stage, sdk::Client& client, const std::string& state,
                     const pb::SignedDocument& document, const std::string& ledger,
                     const std::string& name, absl::Status* status = nullptr) {
  Submission result;
  result.state = state;
  result.ledger = ledger;
  result.digest = crypto::Sha256(document.document());
  result.name = name;
  result.span.begin = Now();
  auto receipt = client.Submit(document, kOnce);
  result.span.end = Now();
  if (status != nullptr) *status = receipt.status();
  if (receipt.ok()) {
    pb::Leaf leaf;
    ENTENTE_CHECK(leaf.ParseFromString(receipt->leaf()));
    result.outcome = Outcome::kRecorded;
    result.index = leaf.stamp().index();
    result.leaf_hash = merkle::LeafHash(receipt->leaf());
    if (auto checkpoint = entry::ReadKeptCheckpoint(receipt->checkpoint()); checkpoint.ok()) {
      stage.recorder.Add(&History::seen, {ledger, checkpoint->head.size, checkpoint->head.root});
    }
  } else {
    stage.Judge(state, receipt.status());
    // Only a refusal of what was sent says that it is not recorded.
    if (receipt.status().code() == absl::StatusCode::kInvalidArgument) {
      result.outcome = Outcome::kRefused;
    }
  }
  stage.recorder.Add(&History::submissions, result);
  return result;
}

// What an answer says, without the name that was asked for.
std::string Wording(const grpc::Status& status, const std::string& asked) {
  std::string text = base::Text(rpc::FromGrpcStatus(status));
  for (size_t at = text.find(asked); at != std::string::npos; at = text.find(asked)) {
    text.replace(at, asked.size(), "*");
  }
  return fmt::format("{} {}", static_cast<int>(status.error_code()), text);
}

}  // namespace

absl::Time Now() { return base::SystemClock().Now(); }

std::shared_ptr<const sdk::Agency> Stage::AgencyOf(const std::string& state) const {
  auto agency = sdk::Agency::Load(work + "/pki/agencies/" + state + "/licensing/client.textproto");
  ENTENTE_CHECK(agency.ok());
  return *std::move(agency);
}

std::unique_ptr<sdk::Client> Stage::Connect(const std::string& state) const {
  auto client = sdk::Client::Connect(AgencyOf(state), "leem");
  ENTENTE_CHECK(client.ok());
  return *std::move(client);
}

void Stage::Wait(absl::Duration longest) const {
  for (absl::Time end = Now() + longest; !stop && Now() < end;) {
    // The end may come between two looks at the clock; a negative time would be for ever.
    const int64_t left = absl::ToInt64Milliseconds(end - Now()) + 1;
    ::poll(nullptr, 0, static_cast<int>(std::clamp<int64_t>(left, 0, 100)));
  }
}

void Stage::Judge(const std::string& who, const absl::Status& status) {
  if (status.code() != absl::StatusCode::kDataLoss) return;
  recorder.Add(&History::evidence, who + ": " + base::Text(status));
}

void Submit(Stage& stage, const std::string& state, int number) {
  static const std::vector<std::vector<std::string>> kAudiences = {
      {}, {"jp", "kr"}, {"jp", "kr", "nz"}};
  std::mt19937_64 random(stage.seed * 1000 + static_cast<uint64_t>(number));
  auto client = stage.Connect(state);
  const absl::Duration pace =
      absl::Seconds(static_cast<double>(kStates.size()) / stage.documents_per_second);
  struct Sent {
    pb::SignedDocument document;
    std::string ledger;
    std::string name;
  };
  std::optional<Sent> last;
  const std::string prefix = absl::FormatTime("%H%M%S", Now(), absl::UTCTimeZone());
  for (int i = 0; !stage.stop; ++i) {
    const absl::Time began = Now();
    Sent sent;
    if (last.has_value() && random() % 16 == 0) {
      sent = *last;
    } else {
      auto audience = kAudiences[random() % kAudiences.size()];
      if (state == "au" || (state == "nz" && audience.size() == 2)) audience.clear();
      const std::string reference = fmt::format("r{}.{}.{}", prefix, number, i);
      const pb::Document document = Compose(*client, reference, audience);
      auto signed_document = client->Sign(document);
      ENTENTE_CHECK(signed_document.ok());
      sent = {*signed_document, entry::LedgerIdOf("leem", document.audience()),
              fmt::format("partners/{}/denials/{}", state, reference)};
    }
    // The same bytes until there is an answer.
    while (TrySubmit(stage, *client, state, sent.document, sent.ledger, sent.name).outcome ==
               Outcome::kUnknown &&
           !stage.stop) {
      stage.Wait(absl::Milliseconds(20));
      client->Refresh().IgnoreError();
    }
    last = std::move(sent);
    stage.Wait(pace - (Now() - began));
  }
}

namespace {

absl::Status FollowOnce(Stage& stage, sdk::Client& client, const std::string& state,
                        const std::atomic<bool>* stop, bool until_current,
                        std::mt19937_64& random) {
  sdk::FollowOptions options;
  options.state_file = stage.work + "/follow." + state;
  options.until_current = until_current;
  options.stop = stop;
  options.acknowledge_interval = absl::Seconds(5);
  options.retry.attempts_max = until_current ? 20 : 1 << 30;
  options.retry.delay_max = absl::Seconds(2);
  options.marked = [&](const auto&) {
    stage.recorder.Add(&History::marks, {state, Now()});
    return absl::OkStatus();
  };
  return client.Follow(options, [&](const sdk::VerifiedEntry& entry) -> absl::Status {
    stage.recorder.Add(&History::delivered, {state, entry.ledger, entry.index(),
                                             *base::Digest::From(entry.leaf.document_digest()),
                                             merkle::LeafHash(entry.entry.leaf())});
    // The machine that it runs on fails now and then, in the middle of a message.
    if (!until_current && random() % 4096 == 0) return absl::AbortedError("the follower failed");
    return absl::OkStatus();
  });
}

}  // namespace

void Follow(Stage& stage, const std::string& state) {
  std::mt19937_64 random(stage.seed * 1000 + crypto::Sha256(state).view()[0]);
  while (!stage.stop) {
    auto client = stage.Connect(state);
    std::atomic<bool> stop{false};
    std::thread timer([&] {
      stage.Wait(absl::Seconds(10 + static_cast<int>(random() % 50)));
      stop = true;
    });
    const absl::Status status = FollowOnce(stage, *client, state, &stop, false, random);
    stage.Judge("follower " + state, status);
    stop = true;
    timer.join();
  }
}

absl::Status FollowToTheEnd(Stage& stage, const std::string& state) {
  auto client = stage.Connect(state);
  std::mt19937_64 random(1);
  const absl::Status status = FollowOnce(stage, *client, state, nullptr, true, random);
  stage.Judge("follower " + state, status);
  return status;
}

void Look(Stage& stage, const std::string& state) {
  std::mt19937_64 random(stage.seed * 1000 + 500 + crypto::Sha256(state).view()[0]);
  auto client = stage.Connect(state);
  auto stub = leempb::DenialService::NewStub(client->channel());
  while (!stage.stop) {
    stage.Wait(absl::Milliseconds(100));
    // Recent ones: there what is in question is whether it is there yet.
    const Submission one = stage.recorder.Ask([&](const History& history) {
      const auto& all = history.submissions;
      return all.empty() ? Submission()
                         : all[all.size() - 1 - random() % std::min<size_t>(all.size(), 50)];
    });
    if (one.name.empty()) continue;
    grpc::ClientContext context;
    SetDeadline(context);
    leempb::GetDenialRequest request;
    request.set_name(one.name);
    if (one.outcome == Outcome::kRecorded) {
      // Whatever replica answers must have what was acknowledged.
      auto* head = request.add_at_least();
      head->set_ledger(one.ledger);
      head->set_size(one.index + 1);
    }
    leempb::GetDenialResponse response;
    Looked looked{state, one.name, {Now(), {}}, false};
    const absl::Status status = rpc::FromGrpcStatus(stub->GetDenial(&context, request, &response));
    looked.span.end = Now();
    looked.found = status.ok();
    // Without the size to wait for, a replica may answer from before.
    const bool asked = one.outcome == Outcome::kRecorded;
    if (status.ok() || (asked && status.code() == absl::StatusCode::kNotFound)) {
      stage.recorder.Add(&History::looked, looked);
    }
    // Whoever sent it asks who has it, and believes only what is signed.
    if (one.outcome == Outcome::kRecorded && one.state == state) {
      stage.Judge("delivery " + state, sdk::FetchDelivery(*client, one.name).status());
    }
  }
}

void LookFromOutside(Stage& stage) {
  auto client = stage.Connect("au");
  auto stub = leempb::DenialService::NewStub(client->channel());
  uint64_t number = 0;
  while (!stage.stop) {
    stage.Wait(absl::Milliseconds(100));
    const Submission hidden = stage.recorder.Ask([&](const History& history) {
      for (size_t i = history.submissions.size(); i-- > 0;) {
        const Submission& one = history.submissions[i];
        if (one.ledger != "all" && one.outcome == Outcome::kRecorded) return one;
      }
      return Submission();
    });
    if (hidden.name.empty()) continue;
    const std::string state = "partners/" + hidden.state;
    const std::string absent = fmt::format("{}/denials/absent.{}", state, ++number);
    const std::string no_ledger =
        fmt::format("x{}", crypto::Sha256(std::to_string(number)).hex().substr(0, 32));
    const auto ask = [&](const std::string& about, const auto& question) {
      const auto told = [&](const std::string& name) {
        grpc::ClientContext context;
        SetDeadline(context);
        return question(context, name);
      };
      const bool ledger = about == "entry" || about == "checkpoint";
      const std::string& there = ledger ? hidden.ledger : hidden.name;
      const std::string& not_there = ledger ? no_ledger : absent;
      const grpc::Status of_hidden = told(there);
      const grpc::Status of_absent = told(not_there);
      const auto of_service = [](const grpc::Status& status) {
        return status.ok() || base::ReasonOf(rpc::FromGrpcStatus(status)).has_value();
      };
      if (!of_service(of_hidden) || !of_service(of_absent)) return;  // a fault's
      if (of_hidden.error_code() != of_absent.error_code() &&
          (of_hidden.error_code() == grpc::StatusCode::UNAVAILABLE ||
           of_absent.error_code() == grpc::StatusCode::UNAVAILABLE)) {
        return;  // the service went away between the two
      }
      stage.recorder.Add(&History::twins,
                         {about, Wording(of_hidden, there), Wording(of_absent, not_there)});
    };
    ask("denial", [&](grpc::ClientContext& context, const std::string& name) {
      leempb::GetDenialRequest request;
      request.set_name(name);
      leempb::GetDenialResponse ignored;
      return stub->GetDenial(&context, request, &ignored);
    });
    ask("revisions", [&](grpc::ClientContext& context, const std::string& name) {
      pb::ListRevisionsRequest request;
      request.set_name(name);
      pb::ListRevisionsResponse ignored;
      return client->stub().ListRevisions(&context, request, &ignored);
    });
    ask("delivery", [&](grpc::ClientContext& context, const std::string& name) {
      pb::GetDeliveryRequest request;
      request.set_name(name);
      pb::GetDeliveryResponse ignored;
      return client->stub().GetDelivery(&context, request, &ignored);
    });
    ask("entry", [&](grpc::ClientContext& context, const std::string& ledger) {
      pb::GetEntryRequest request;
      request.set_ledger(ledger);
      pb::GetEntryResponse ignored;
      return client->stub().GetEntry(&context, request, &ignored);
    });
    ask("checkpoint", [&](grpc::ClientContext& context, const std::string& ledger) {
      pb::GetCheckpointRequest request;
      request.set_ledger(ledger);
      pb::GetCheckpointResponse ignored;
      return client->stub().GetCheckpoint(&context, request, &ignored);
    });
  }
}

void Probe(Stage& stage, const std::string& state) {
  auto client = stage.Connect(state);
  const std::string prefix = absl::FormatTime("%H%M%S", Now(), absl::UTCTimeZone());
  const auto timed = [&](const std::string& kind, const auto& call) {
    Call one{kind, {Now(), {}}, ""};
    const absl::Status status = call();
    one.span.end = Now();
    if (!status.ok()) one.failed = base::ReasonOf(status).value_or("") + " " + base::Text(status);
    stage.recorder.Add(&History::calls, one);
  };
  for (int i = 0; !stage.stop; ++i) {
    const absl::Time began = Now();
    timed("read", [&] {
      grpc::ClientContext context;
      SetDeadline(context);
      pb::ListLedgersResponse ignored;
      return rpc::FromGrpcStatus(client->stub().ListLedgers(&context, {}, &ignored));
    });
    const std::string reference = fmt::format("p{}.{}", prefix, i);
    auto document = client->Sign(Compose(*client, reference, {}));
    ENTENTE_CHECK(document.ok());
    timed("submit", [&] {
      absl::Status status;
      TrySubmit(stage, *client, state, *document, "all",
                fmt::format("partners/{}/denials/{}", state, reference), &status);
      return status;
    });
    if (i % 10 == 0) {
      auto fresh = stage.Connect(state);  // a channel of its own, from the handshake on
      timed("connect", [&] {
        grpc::ClientContext context;
        SetDeadline(context);
        context.set_wait_for_ready(true);
        pb::ListLedgersResponse ignored;
        return rpc::FromGrpcStatus(fresh->stub().ListLedgers(&context, {}, &ignored));
      });
    }
    stage.Wait(absl::Milliseconds(100) - (Now() - began));
  }
}

absl::Status ReadTheEnd(Stage& stage) {
  // jp is in every audience there is.
  auto client = stage.Connect("jp");
  sdk::FollowOptions options;
  options.until_current = true;
  options.acknowledge = false;
  std::map<std::string, std::vector<Final>> final;
  const absl::Status status =
      client->Follow(options, [&](const sdk::VerifiedEntry& entry) -> absl::Status {
        final[entry.ledger].push_back({*base::Digest::From(entry.leaf.document_digest()),
                                       merkle::LeafHash(entry.entry.leaf()), entry.name(),
                                       entry::GetTime(entry.leaf.stamp().recorded_time())});
        return absl::OkStatus();
      });
  stage.Judge("the last reader", status);
  stage.recorder.Edit([&](History& history) { history.final = std::move(final); });
  return status;
}

}  // namespace entente::robustness
