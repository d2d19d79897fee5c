#include "clients/sdk/client.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <thread>

#include "absl/time/clock.h"
#include "clients/sdk/acknowledger.h"
#include "clients/sdk/outbox.h"
#include "clients/sdk/signing.h"
#include "google/rpc/error_details.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::sdk {
namespace {

using base::Reason;

constexpr size_t kWindow = 256;
constexpr absl::Duration kCallTimeout = absl::Seconds(60);
constexpr absl::Duration kSettleTimeout = absl::Seconds(10);  // of files that do not fit each other
constexpr absl::Duration kLastWordTimeout = absl::Seconds(5);  // whoever stops does not wait long

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(timeout));
}

// A connection that broke, or that did not come about: the status carries nothing of a service's.
bool IsOfTransport(const absl::Status& status) {
  if (base::ReasonOf(status).has_value()) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

// Who calls was refused, not what.
bool IsOfCaller(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnauthenticated ||
         status.code() == absl::StatusCode::kPermissionDenied;
}

}  // namespace

bool ShouldRetry(const absl::Status& status, const RetryOptions& retry, int attempt,
                 absl::Duration& delay) {
  // RESOURCE_EXHAUSTED without a reason is a transport's that was short of memory for a moment.
  if (status.code() != absl::StatusCode::kUnavailable &&
      status.code() != absl::StatusCode::kResourceExhausted && !IsOfTransport(status)) {
    return false;
  }
  if (attempt >= retry.attempts_max) return false;
  delay = std::min(retry.delay_max, retry.delay_min * (1LL << std::min(attempt, 20)));
  auto payload = status.GetPayload("type.googleapis.com/google.rpc.RetryInfo");
  google::rpc::RetryInfo info;
  if (payload.has_value() && info.ParseFromString(std::string(*payload))) {
    const auto asked =
        absl::Seconds(info.retry_delay().seconds()) + absl::Nanoseconds(info.retry_delay().nanos());
    delay = std::max(delay, std::min(asked, retry.delay_max));
  }
  return true;
}

Client::Client(std::shared_ptr<const Agency> agency, std::string group,
               std::shared_ptr<grpc::Channel> channel, std::shared_ptr<Waiter> waiter)
    : group_(std::move(group)), waiter_(std::move(waiter)) {
  auto stub = pb::ExchangeService::NewStub(channel);
  sessions_.push_back({std::move(agency), std::move(channel), std::move(stub)});
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(std::shared_ptr<const Agency> agency,
                                                        const std::string& group) {
  ENTENTE_ASSIGN_OR_RETURN(auto channel, agency->Connect(group));
  auto link = std::make_shared<Link>(channel);
  auto client = Over(std::move(agency), group, std::move(channel), std::move(link));
  client->connected_ = true;
  return client;
}

absl::StatusOr<bool> Client::Refresh() {
  const Session& before = session();
  ENTENTE_ASSIGN_OR_RETURN(auto agency, before.agency->Newer());
  if (agency == nullptr) return false;
  auto channel = before.channel;
  std::shared_ptr<Waiter> waiter = this->waiter();
  if (connected_) {
    ENTENTE_ASSIGN_OR_RETURN(channel, agency->Connect(group_));
    waiter = std::make_shared<Link>(channel);
  }
  auto stub = pb::ExchangeService::NewStub(channel);
  base::MutexLock lock(mutex_);
  sessions_.push_back({std::move(agency), std::move(channel), std::move(stub)});
  waiter_.swap(waiter);  // the one before ends when nobody waits by it
  return true;
}

// Whether later files may explain what was refused, or was not verified, by those of before. A pair
// that is half replaced is waited for: what it would explain must not end as evidence.
bool Client::IsExplained(const std::atomic<bool>* stop) {
  constexpr absl::Duration kStep = absl::Milliseconds(100);
  absl::StatusOr<bool> changed = Refresh();
  for (absl::Duration left = kSettleTimeout; !changed.ok() && left > absl::ZeroDuration();
       left -= kStep) {
    if (stop != nullptr && *stop) break;
    waiter()->Wait(kStep, stop);
    changed = Refresh();
  }
  return changed.ok() && *changed;
}

std::unique_ptr<Client> Client::Over(std::shared_ptr<const Agency> agency, const std::string& group,
                                     std::shared_ptr<grpc::Channel> channel,
                                     std::shared_ptr<Waiter> waiter) {
  if (waiter == nullptr) waiter = MakeSleeper();
  return std::unique_ptr<Client>(
      new Client(std::move(agency), group, std::move(channel), std::move(waiter)));
}

pb::Document Client::Compose(const std::string& reference, const pb::Audience& audience,
                             const pb::Marking& marking,
                             const google::protobuf::Message& body) const {
  pb::Document document;
  document.set_originator(agency().name().str());
  document.set_reference(reference);
  entry::SetTime(base::SystemClock().Now(), document.mutable_composed_time());
  *document.mutable_audience() = audience;
  *document.mutable_marking() = marking;
  document.mutable_body()->PackFrom(body);
  return document;
}

absl::StatusOr<pb::SignedDocument> Client::Sign(const pb::Document& document) const {
  return sdk::Sign(agency(), document);
}

absl::StatusOr<std::vector<pb::SignedDocument>> Client::SignMany(
    std::span<const pb::Document> documents) const {
  std::vector<pb::SignedDocument> result(documents.size());
  std::vector<pb::SignedDocument*> to_sign;
  for (size_t i = 0; i < documents.size(); ++i) {
    result[i] = document::Unsigned(documents[i]);
    to_sign.push_back(&result[i]);
  }
  ENTENTE_RETURN_IF_ERROR(AddSignatures(agency(), to_sign));
  return result;
}

absl::Status Client::CheckReceipt(const pb::Receipt& receipt,
                                  const pb::SignedDocument& document) const {
  ENTENTE_ASSIGN_OR_RETURN(
      const auto leaf,
      entry::CheckReceipt(receipt, crypto::Sha256(document.document()),
                          agency().directory().trust_domain(), group_, log_keys()));
  pb::Document header;
  if (!header.ParseFromString(document.document()) ||
      leaf.leaf.stamp().ledger() != entry::LedgerIdOf(group_, header.audience())) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                        "the receipt is of a ledger that is not the audience's: its readers would "
                        "not see the document");
  }
  return absl::OkStatus();
}

absl::Status Client::VerifyReceipt(const pb::Receipt& receipt, const pb::SignedDocument& document) {
  const absl::Status status = CheckReceipt(receipt, document);
  // Signed by a key that a later directory lists?
  return status.ok() || !IsExplained(nullptr) ? status : CheckReceipt(receipt, document);
}

void SetCallDeadline(grpc::ClientContext& context) { SetDeadline(context, kCallTimeout); }

absl::StatusOr<pb::ValidateResponse> Client::Validate(const pb::SignedDocument& document) {
  ENTENTE_RETURN_IF_ERROR(document::CheckSizes(document));
  pb::ValidateRequest request;
  *request.mutable_signed_document() = document;
  for (int attempt = 0;; ++attempt) {
    grpc::ClientContext context;
    SetCallDeadline(context);
    pb::ValidateResponse response;
    absl::Status status = rpc::FromGrpcStatus(stub().Validate(&context, request, &response));
    if (status.ok() && response.has_receipt()) status = VerifyReceipt(response.receipt(), document);
    if (status.ok()) return response;
    absl::Duration delay;
    if (!ShouldRetry(status, {}, attempt, delay)) return status;
    waiter()->Wait(delay, nullptr);
  }
}

namespace {

// Whether the service has said of the document itself what becomes of it. Not of who calls, nor
// that it has no room now; and not what does not verify, which is evidence.
bool IsAnswer(const absl::Status& status) {
  return status.ok() || (base::ReasonOf(status).has_value() && !IsOfCaller(status) &&
                         !absl::IsUnavailable(status) && !absl::IsResourceExhausted(status) &&
                         !absl::IsDataLoss(status));
}

}  // namespace

absl::StatusOr<pb::Receipt> Client::Submit(const pb::SignedDocument& document,
                                           const RetryOptions& retry) {
  ENTENTE_RETURN_IF_ERROR(document::CheckSizes(document));
  if (agency().config().without_outbox()) return Send(document, retry);
  const Outbox outbox(agency(), group_);
  ENTENTE_RETURN_IF_ERROR(outbox.Keep(document));
  auto receipt = Send(document, retry);
  if (IsAnswer(receipt.status())) outbox.Answered(document);
  return receipt;
}

absl::StatusOr<pb::Receipt> Client::SignAndSubmit(const pb::Document& document,
                                                  const RetryOptions& retry) {
  ENTENTE_ASSIGN_OR_RETURN(const auto signed_document, Sign(document));
  return Submit(signed_document, retry);
}

absl::Status Client::SubmitKept(const KeptDone& done, const RetryOptions& retry) {
  const Outbox outbox(agency(), group_);
  ENTENTE_ASSIGN_OR_RETURN(const auto paths, outbox.Unanswered());
  for (const std::string& path : paths) {
    ENTENTE_ASSIGN_OR_RETURN(const auto document, Outbox::Read(path));
    const auto receipt = Send(document, retry);
    done(document, receipt);
    if (!IsAnswer(receipt.status())) return receipt.status();
    outbox.Answered(document);
  }
  return absl::OkStatus();
}

absl::StatusOr<pb::Receipt> Client::Send(const pb::SignedDocument& document,
                                         const RetryOptions& retry) {
  pb::SubmitRequest request;
  *request.mutable_signed_document() = document;
  for (int attempt = 0;; ++attempt) {
    grpc::ClientContext context;
    SetCallDeadline(context);
    pb::SubmitResponse response;
    absl::Status status = rpc::FromGrpcStatus(stub().Submit(&context, request, &response));
    if (status.ok()) status = VerifyReceipt(response.receipt(), document);
    if (status.ok()) return std::move(*response.mutable_receipt());
    absl::Duration delay;
    if (!ShouldRetry(status, retry, attempt, delay)) return status;
    if (retry.waiting) retry.waiting(status, delay);
    waiter()->Wait(delay, nullptr);
    Refresh().IgnoreError();
  }
}

// One bulk submission: documents that were sent and not answered are kept, to be sent again after a
// lost connection.
class Client::Bulk {
 public:
  Bulk(Client& client, const NextDocument& next, const DocumentDone& done,
       const RetryOptions& retry)
      : client_(client), next_(next), done_(done), retry_(retry) {}

  absl::Status Run() {
    for (int attempt = 0;; ++attempt) {
      progress_ = false;
      absl::Status status = RunStream(attempt);
      if (Finished()) return absl::OkStatus();
      if (status.ok()) {
        status = base::Refuse(absl::StatusCode::kUnavailable, Reason::kServiceDraining,
                              "the stream ended before every document was answered");
      }
      if (progress_) attempt = 0;
      absl::Duration delay;
      if (!ShouldRetry(status, retry_, attempt, delay)) return status;
      if (retry_.waiting) retry_.waiting(status, delay);
      client_.waiter()->Wait(delay, nullptr);
      client_.Refresh().IgnoreError();
    }
  }

 private:
  using Stream = grpc::ClientReaderWriter<pb::SubmitManyRequest, pb::SubmitManyResponse>;

  bool Finished() {
    base::MutexLock lock(mutex_);
    return exhausted_ && documents_.empty();
  }

  absl::Status RunStream(int attempt) {
    grpc::ClientContext context;
    auto stream = client_.stub().SubmitMany(&context);
    std::deque<std::pair<uint64_t, pb::SignedDocument>> again;
    {
      base::MutexLock lock(mutex_);
      again = documents_;
      broken_ = false;
    }
    absl::Status busy;  // a refusal worth another try
    std::thread reader([&] { Read(context, *stream, attempt, busy); });
    pb::SubmitManyRequest request;
    bool writing = true;
    for (auto& [number, document] : again) {
      *request.mutable_signed_document() = std::move(document);
      writing = writing && stream->Write(request);
    }
    while (writing && TakeNext(request)) writing = stream->Write(request);
    stream->WritesDone();
    reader.join();
    const absl::Status status = rpc::FromGrpcStatus(stream->Finish());
    return busy.ok() ? status : busy;
  }

  // Waits for room in the window; false when there is nothing more to write on this stream.
  bool TakeNext(pb::SubmitManyRequest& request) {
    {
      base::MutexLock lock(mutex_);
      while (documents_.size() >= kWindow && !broken_) changed_.Wait(mutex_);
      if (broken_ || exhausted_) return false;
    }
    pb::SignedDocument document;
    const bool more = next_(document);
    *request.mutable_signed_document() = document;
    base::MutexLock lock(mutex_);
    exhausted_ = !more;
    if (more) documents_.emplace_back(sequence_++, std::move(document));
    return more;
  }

  void Read(grpc::ClientContext& context, Stream& stream, int attempt, absl::Status& busy) {
    pb::SubmitManyResponse response;
    while (stream.Read(&response)) {
      absl::StatusOr<pb::Receipt> result;
      if (response.has_receipt()) {
        result = response.receipt();
      } else {
        result = rpc::FromRpcStatusBytes(response.error().code(), response.error().message(),
                                         response.error().status());
        absl::Duration delay;
        if (ShouldRetry(result.status(), retry_, attempt, delay)) {
          busy = result.status();
          context.TryCancel();
          break;
        }
      }
      std::pair<uint64_t, pb::SignedDocument> front;
      {
        base::MutexLock lock(mutex_);
        if (documents_.empty()) break;
        front = std::move(documents_.front());
        documents_.pop_front();
      }
      changed_.NotifyAll();
      progress_ = true;
      if (result.ok()) {
        if (auto status = client_.VerifyReceipt(*result, front.second); !status.ok()) {
          result = status;
        }
      }
      done_(front.first, result);
    }
    base::MutexLock lock(mutex_);
    broken_ = true;
    changed_.NotifyAll();
  }

  Client& client_;
  const NextDocument& next_;
  const DocumentDone& done_;
  const RetryOptions& retry_;
  uint64_t sequence_ = 0;
  std::atomic<bool> progress_{false};
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::pair<uint64_t, pb::SignedDocument>> documents_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool exhausted_ ABSL_GUARDED_BY(mutex_) = false;
};

absl::Status Client::SubmitMany(const NextDocument& next, const DocumentDone& done,
                                const RetryOptions& retry) {
  return Bulk(*this, next, done, retry).Run();
}

struct Client::FollowRun {
  LedgerView view;
  entente::config::v1::FollowerState state;
  Acknowledger acknowledger;
  bool progressed = false;
  bool handler_failed = false;
  bool connected = true;  // as the user was told
  absl::Time unordered_since = absl::InfiniteFuture();

  void Tell(const FollowOptions& options, bool now_connected, const absl::Status& why) {
    if (std::exchange(connected, now_connected) == now_connected || !options.connection) return;
    options.connection({now_connected, base::SystemClock().Now(), why});
  }
};

absl::Status Client::TakeMessage(const pb::FollowResponse& message, const FollowOptions& options,
                                 const EntryHandler& handle, FollowRun& run) {
  for (const auto& delivery : message.deliveries()) {
    const std::string& ledger = delivery.ledger();
    if (delivery.has_entry()) {
      ENTENTE_ASSIGN_OR_RETURN(auto verified, VerifyEntry(group_, ledger, delivery.entry(),
                                                          verifier_, agency().directory()));
      const std::string& state = agency().name().state;
      if (!entry::Includes(verified.document.audience(), state, !state.empty())) {
        return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                            "{} was served although its audience leaves you out", verified.name());
      }
      // First the place, then the handler: it must never see what contradicts what is known.
      ENTENTE_RETURN_IF_ERROR(run.view.Append(verified));
      const absl::Status handled = handle(verified);
      run.handler_failed = !handled.ok();
      ENTENTE_RETURN_IF_ERROR(handled);
    } else {
      auto hash = base::Digest::From(delivery.skipped_leaf_hash());
      if (!hash || options.filter.empty() || !entry::IsLedgerId(ledger)) {
        return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid,
                            "an entry was left out that no filter asked to leave out");
      }
      if (options.skipped) {
        ENTENTE_RETURN_IF_ERROR(options.skipped(ledger, run.view.SizeOf(ledger), *hash));
      }
      ENTENTE_RETURN_IF_ERROR(run.view.Append(ledger, run.view.SizeOf(ledger), *hash));
    }
  }
  for (const std::string& note : message.checkpoints()) {
    ENTENTE_RETURN_IF_ERROR(run.view.TakeCheckpoint(note));
  }
  if (message.progress()) ENTENTE_RETURN_IF_ERROR(run.view.CheckCovered());
  run.state.set_cursor(message.cursor());
  run.view.Save(run.state);
  if (!options.state_file.empty() &&
      !base::WriteFileAtomically(options.state_file, run.state.SerializeAsString(), 0600)) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                        "cannot write {}", options.state_file);
  }
  return absl::OkStatus();
}

// What contradicts the state is evidence; what a later directory explains is taken again.
absl::Status Client::TakeOrRefresh(const pb::FollowResponse& message, const FollowOptions& options,
                                   const EntryHandler& handle, FollowRun& run) {
  absl::Status status = TakeMessage(message, options, handle, run);
  run.progressed = run.progressed || status.ok();
  // A fork is one under every directory.
  const bool forked = base::ReasonOf(status) == std::string(ReasonName(Reason::kLedgerForked));
  if (!status.ok() && !forked && !run.handler_failed && IsExplained(options.stop)) {
    // By a key or an authority that a later directory lists? Seen again with that.
    run.progressed = true;
    status = base::Refuse(absl::StatusCode::kUnavailable, Reason::kDirectoryInvalid,
                          "the directory has changed");
  }
  if (status.code() == absl::StatusCode::kDataLoss && !options.state_file.empty()) {
    // What contradicts the state must not be lost: partners compare it.
    base::WriteFileAtomically(options.state_file + ".evidence", message.SerializeAsString(), 0600);
  }
  return status;
}

absl::Status Client::Mark(const FollowOptions& options, FollowRun& run) {
  // An order to erase is recorded before anything is erased: only a replica's lag keeps it away.
  constexpr absl::Duration kLag = absl::Minutes(10);
  const absl::Status ordered = run.view.CheckOrdered();
  const absl::Time now = base::SystemClock().Now();
  run.unordered_since = ordered.ok() ? absl::InfiniteFuture() : std::min(run.unordered_since, now);
  if (now - run.unordered_since > kLag) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked, "{}, for {}",
                        base::Text(ordered), absl::FormatDuration(kLag));
  }
  if (options.marked) ENTENTE_RETURN_IF_ERROR(options.marked(run.state));
  run.acknowledger.Mark(run.view.Heads());
  return Acknowledge(options, run, false);
}

absl::Status Client::Acknowledge(const FollowOptions& options, FollowRun& run, bool last) {
  // Through a filter not everything is had, so nothing is acknowledged.
  if (!options.acknowledge || !options.filter.empty() || !agency().tls().has_value()) {
    return absl::OkStatus();
  }
  const absl::Time now = base::SystemClock().Now();
  for (const auto& request : run.acknowledger.Due(agency(), now, last)) {
    grpc::ClientContext context;
    SetDeadline(context, last ? kLastWordTimeout : kCallTimeout);
    pb::AcknowledgeResponse ignored;
    const absl::Status status =
        rpc::FromGrpcStatus(stub().Acknowledge(&context, request, &ignored));
    // What came too often is said with the next.
    const bool often = base::ReasonOf(status) == std::string(ReasonName(Reason::kRateExceeded));
    if (!status.ok() && !often) return status;
    run.acknowledger.Done(request, now);
  }
  return absl::OkStatus();
}

namespace {

// Ends a blocking read when the caller wants to stop.
class StopWatch {
 public:
  StopWatch(const std::atomic<bool>* stop, grpc::ClientContext& context) {
    if (stop == nullptr) return;
    thread_ = std::thread([this, stop, &context] {
      base::MutexLock lock(mutex_);
      while (!finished_ && !*stop) changed_.WaitFor(mutex_, std::chrono::milliseconds(50));
      if (!finished_) context.TryCancel();
    });
  }
  ~StopWatch() {
    {
      base::MutexLock lock(mutex_);
      finished_ = true;
    }
    changed_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

absl::Status Client::FollowOnce(const FollowOptions& options, const EntryHandler& handle,
                                FollowRun& run) {
  grpc::ClientContext context;
  pb::FollowRequest request;
  request.set_cursor(run.state.cursor());
  request.set_filter(options.filter);
  request.set_until_current(options.until_current);
  // A host that was restored too far back learns of it, whether it likes it or not.
  for (const auto& ledger : run.state.ledgers()) {
    if (!ledger.verified_checkpoint().empty() && request.checkpoints_size() < 64) {
      request.add_checkpoints(ledger.verified_checkpoint());
    }
  }
  auto stream = stub().Follow(&context, request);
  const StopWatch watch(options.stop, context);
  // The service sends these when it has opened the stream.
  stream->WaitForInitialMetadata();
  absl::Status status;
  pb::FollowResponse message;
  if (context.GetServerInitialMetadata().count(rpc::kOpenedKey) != 0) {
    run.Tell(options, true, absl::OkStatus());
  }
  while (status.ok() && stream->Read(&message)) {
    run.Tell(options, true, absl::OkStatus());
    status = TakeOrRefresh(message, options, handle, run);
    // At the end of a burst the service marks progress, with checkpoints: only what those cover is
    // had for certain.
    if (status.ok() && message.progress()) status = Mark(options, run);
  }
  if (!status.ok()) context.TryCancel();
  const absl::Status ended = rpc::FromGrpcStatus(stream->Finish());
  return status.ok() ? ended : status;
}

absl::Status Client::Follow(const FollowOptions& options, const EntryHandler& handle) {
  const std::string& trust_domain = agency().directory().trust_domain();
  FollowRun run{LedgerView(trust_domain, group_, log_keys()),
                {},
                Acknowledger(trust_domain + "/" + group_, options.acknowledge_interval)};
  if (!options.state_file.empty()) {
    base::RemoveAbandoned(std::filesystem::absolute(options.state_file).parent_path().string());
    if (auto kept = base::ReadFile(options.state_file); kept.has_value()) {
      if (!run.state.ParseFromString(*kept)) {
        return base::Refuse(absl::StatusCode::kDataLoss, Reason::kCursorMalformed,
                            "{} is damaged; move it away to start over", options.state_file);
      }
      if (run.state.filter() != options.filter) {
        return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kFilterChanged,
                            "{} was filled {}; what that left out would never come: use another",
                            options.state_file,
                            run.state.filter().empty()
                                ? "without a filter"
                                : "with the filter \"" + run.state.filter() + "\"");
      }
    }
    ENTENTE_RETURN_IF_ERROR(run.view.Restore(run.state));
  }
  run.state.set_filter(options.filter);
  for (int attempt = 0;; ++attempt) {
    run.progressed = false;
    run.handler_failed = false;
    // Work from what is saved: a message that failed half way is taken again from its start.
    const entente::config::v1::FollowerState saved = run.state;
    run.view = LedgerView(agency().directory().trust_domain(), group_, log_keys());
    ENTENTE_RETURN_IF_ERROR(run.view.Restore(saved));
    absl::Status status = FollowOnce(options, handle, run);
    if (options.stop != nullptr && *options.stop) {
      // Whoever cannot be told any more is told by the next run.
      Acknowledge(options, run, true).IgnoreError();
      return absl::OkStatus();
    }
    // Erased while it was read, and the order is beyond what was current then: it comes next.
    const bool ordered = !status.ok() || run.view.CheckOrdered().ok();
    if (!ordered && options.until_current) status = run.view.CheckOrdered();
    if (status.ok() && options.until_current) status = Acknowledge(options, run, true);
    if (status.ok() && options.until_current) return status;
    if (run.progressed && ordered) attempt = 0;
    if (run.handler_failed && IsOfTransport(status) && !absl::IsUnavailable(status)) return status;
    absl::Duration delay = options.retry.delay_min;
    if (!status.ok() && !ShouldRetry(status, options.retry, attempt, delay)) {
      // Refused for a certificate that has been replaced since?
      if (!IsOfCaller(status) || !IsExplained(options.stop)) return status;
      continue;
    }
    if (!run.handler_failed) run.Tell(options, false, status);
    waiter()->Wait(delay, options.stop);
    Refresh().IgnoreError();
  }
}

}  // namespace entente::sdk
