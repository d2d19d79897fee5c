#include "services/core/rpc/streams/follow.h"

#include <optional>
#include <utility>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/cursor.h"
#include "services/core/rpc/edge/router.h"
#include "services/core/rpc/streams/rollback.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kMethod = "/entente.exchange.v1.ExchangeService/Follow";

// A slice that keeps its segment alive instead of copying it.
grpc::Slice ShareSlice(const feed::Piece& piece) {
  auto* keep = new std::shared_ptr<const feed::Segment>(piece.segment);
  void* data = const_cast<char*>(piece.segment->buffer.data() + piece.offset);
  return grpc::Slice(
      data, piece.length,
      [](void* user) { delete static_cast<std::shared_ptr<const feed::Segment>*>(user); }, keep);
}

grpc::ByteBuffer ShareMessage(const feed::Follower::Message& message) {
  std::vector<grpc::Slice> slices;
  slices.reserve(message.pieces.size() + 1);
  for (const feed::Piece& piece : message.pieces) slices.push_back(ShareSlice(piece));
  if (!message.trailer.empty()) slices.emplace_back(message.trailer);
  return {slices.data(), slices.size()};
}

// A cursor, a filter, and the checkpoints that a follower shows.
constexpr size_t kFollowRequestBytesMax = entry::kCursorBytesMax + kShownMax * entry::kNoteBytesMax;
constexpr size_t kFollowElementsMax = 2 + kShownMax;
// What an open stream holds: the message that is being written, and the next one.
constexpr size_t kStreamBytes = 256 << 10;

absl::Status TooManyCalls() {
  return base::WithRetry(base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                                      "too many calls of yours are waiting"),
                         absl::Milliseconds(100));
}

absl::Status Draining() {
  return base::WithRetry(base::Refuse(absl::StatusCode::kUnavailable, Reason::kServiceDraining,
                                      "the service is shutting down; follow again from the cursor"),
                         absl::Seconds(1));
}

}  // namespace

class FollowReactor final : public Stream {
 public:
  FollowReactor(StreamHub& hub, grpc::GenericCallbackServerContext* context, Caller caller,
                OpenCall call)
      : Stream(hub, context, std::move(caller), std::move(call)) {}

  // The stream is opened on a reader's thread once its request is read.
  void Begin() {
    record_.request_id = RequestIdOf(*context_);
    record_.caller = party_;
    if (absl::Status status = Join(); !status.ok()) return FinishOnce(status);
    const bool taken = hub_.budget_.Take(record_.caller, kFollowRequestBytesMax,
                                         [this](std::optional<Budget::Hold> hold) {
                                           if (!hold.has_value()) return FinishOnce(Draining());
                                           hold_ = *std::move(hold);
                                           Expect(0, kFollowRequestBytesMax);
                                           StartRead(&buffer_);
                                         });
    if (!taken) FinishOnce(TooManyCalls());
  }

  void OnReadDone(bool ok) override {
    {
      base::MutexLock lock(mutex_);
      reading_ = false;
    }
    Expect(kFollowRequestBytesMax, ok ? buffer_.Length() : 0);
    if (!ok) return FinishOnce(absl::CancelledError("the call ended without a request"));
    if (!hub_.readers_.TryPost(record_.caller, [this] { Open(); })) FinishOnce(TooManyCalls());
  }

  void Wake(bool tick, bool recheck, bool draining) override {
    {
      base::MutexLock lock(mutex_);
      if (tick) ticked_ = true;
      if (draining && !end_.has_value()) end_ = Draining();
      // Who opens a stream and then says nothing does not keep it.
      const auto waited = Clock::now() - last_write_;
      if (done_) return;
      if (reading_ && (draining || waited > hub_.options_.stall_timeout)) context_->TryCancel();
      if (recheck && !end_.has_value() && opened_) recheck_ = true;
      woken_ = true;
      if (state_ == State::kWriting && Clock::now() - write_began_ > hub_.options_.stall_timeout) {
        context_->TryCancel();
      }
      if (state_ != State::kIdle) return;
      state_ = State::kPumping;
    }
    Pump(false);
  }

  void OnWriteDone(bool ok) override {
    {
      base::MutexLock lock(mutex_);
      if (!ok) cancelled_ = true;
      state_ = State::kPumping;
    }
    Pump(false);
  }

  void OnCancel() override {
    {
      base::MutexLock lock(mutex_);
      cancelled_ = true;
      if (state_ != State::kIdle) return;
      state_ = State::kPumping;
    }
    Pump(false);
  }

 private:
  enum class State { kPumping, kWriting, kIdle };

  // Bytes of the request that are expected no longer, or from now on, and what they came to.
  void Expect(size_t before, size_t now) {
    if (hub_.options_.explain) hub_.options_.explain(context_->peer(), before, now);
  }

  void Open() {
    auto status = TryOpen();
    buffer_.Clear();
    hold_.Resize(kStreamBytes);
    if (!status.ok()) return FinishOnce(status);
    record_.opened = true;
    hub_.report_(record_, status);
    record_.opened = false;
    first_ = follower_->cursor();
    {
      base::MutexLock lock(mutex_);
      opened_ = true;
      last_write_ = Clock::now();
    }
    context_->AddInitialMetadata(kOpenedKey, "1");
    StartSendInitialMetadata();
    Pump(true);
  }

  void Ended(const absl::Status& status) override {
    if (follower_ != nullptr) {
      for (const auto& [ledger, next] : follower_->cursor().next) {
        auto it = first_.next.find(ledger);
        const uint64_t first = it == first_.next.end() ? 0 : it->second;
        if (next == first) continue;
        record_.given +=
            fmt::format("{}{}:{}-{}", record_.given.empty() ? "" : " ", ledger, first, next - 1);
      }
    }
    hub_.report_(record_, status);
    hold_.Resize(0);
  }

  // Every call is refused once the store is known to have been rolled back.
  absl::Status LookAt(const exchange::v1::FollowRequest& request) {
    if (request.checkpoints_size() > kShownMax) {
      return base::RefuseArgument(Reason::kFieldInvalid, "checkpoints: has {}; at most {}",
                                  request.checkpoints_size(), kShownMax);
    }
    for (const std::string& note : request.checkpoints()) {
      if (note.size() > entry::kNoteBytesMax) {
        return base::RefuseArgument(Reason::kFieldInvalid,
                                    "checkpoints: one has {} bytes; at most {}", note.size(),
                                    entry::kNoteBytesMax);
      }
      if (hub_.shown_ == nullptr) break;
      const absl::Status proof = hub_.shown_(note);
      if (!proof.ok() &&
          base::ReasonOf(proof) != std::string(ReasonName(Reason::kJournalRolledBack))) {
        return proof;
      }
      if (!proof.ok()) {
        // The log has the proof; callers get words that are the same for all (TextForCaller).
        const absl::Status status =
            base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kJournalRolledBack,
                         "the store is older than what the service has signed");
        hub_.guard_.Block(status);
        hub_.DirectoryChanged();  // open streams are checked again, and end
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status TryOpen() {
    grpc::Slice bytes;
    if (buffer_.DumpToSingleSlice(&bytes).ok()) {
      record_.digest =
          crypto::Sha256({reinterpret_cast<const char*>(bytes.begin()), bytes.size()}).hex();
    }
    if (bytes.size() > kFollowRequestBytesMax) {
      return base::RefuseArgument(Reason::kFieldInvalid, "the request has {} bytes; at most {}",
                                  bytes.size(), kFollowRequestBytesMax);
    }
    exchange::v1::FollowRequest request;
    ENTENTE_RETURN_IF_ERROR(FromByteBuffer(buffer_, kFollowElementsMax, request));
    ENTENTE_RETURN_IF_ERROR(LookAt(request));
    ENTENTE_ASSIGN_OR_RETURN(auto filter,
                             feed::Filter::Parse(request.filter(), hub_.feed_.machine().reg()));
    const auto create = [&] {
      return feed::Follower::Create(hub_.feed_, caller_.reader(), request.cursor(), filter,
                                    {.until_current = request.until_current()});
    };
    auto created = create();
    if (created.status().code() == absl::StatusCode::kOutOfRange && hub_.catch_up_ != nullptr) {
      // Another writer may have served what this cursor stands behind.
      ENTENTE_RETURN_IF_ERROR(hub_.catch_up_());
      created = create();
    }
    ENTENTE_ASSIGN_OR_RETURN(follower_, std::move(created));
    return absl::OkStatus();
  }

  // The owner's loop: goes on until it has started a write, finished, or become idle.
  void Pump(bool may_block) {
    while (true) {
      if (auto end = Ending()) return FinishOnce(*end);
      feed::Follower::Message message;
      const auto step = follower_->Pull(message);
      if (step == feed::Follower::Step::kMessage) return Write(message);
      if (step == feed::Follower::Step::kDone) return FinishOnce(absl::OkStatus());
      if (step == feed::Follower::Step::kNeedLoad) {
        if (!may_block) return PumpOnReader();
        if (absl::Status status = follower_->Load(); !status.ok()) return FinishOnce(status);
        continue;
      }
      if (MarkDue()) {
        message = follower_->Mark();
        return Write(message);
      }
      base::MutexLock lock(mutex_);
      if (woken_ || cancelled_) {
        woken_ = false;
        continue;
      }
      state_ = State::kIdle;
      return;
    }
  }

  // Only on a tick: marks and heartbeats at the moment of a commit would tell of what is hidden.
  bool MarkDue() {
    {
      base::MutexLock lock(mutex_);
      if (!std::exchange(ticked_, false)) return false;
    }
    const auto due = follower_->mark_due() ? hub_.options_.mark_interval : hub_.options_.heartbeat;
    base::MutexLock lock(mutex_);
    return Clock::now() - last_write_ >= due;
  }

  void PumpOnReader() {
    if (hub_.readers_.TryPost(record_.caller, [this] { Pump(true); })) return;
    // The readers are busy; the hub's next tick tries again. Nothing is lost: nothing was taken.
    base::MutexLock lock(mutex_);
    state_ = State::kIdle;
  }

  // Why the stream must end now, if it must.
  std::optional<absl::Status> Ending() {
    bool recheck = false;
    {
      base::MutexLock lock(mutex_);
      woken_ = false;
      if (cancelled_) return absl::CancelledError("the caller went away");
      if (end_.has_value()) return end_;
      std::swap(recheck, recheck_);
    }
    if (!recheck) return std::nullopt;
    auto caller = hub_.guard_.Check(chain_pem_, kMethod);
    if (caller.ok()) return std::nullopt;
    telemetry::Log(telemetry::Level::kWarn, "stream ended: caller no longer accepted",
                   {{telemetry::field::kCaller, caller_.agency.str()},
                    {telemetry::field::kError, base::Text(caller.status())}});
    return caller.status();
  }

  void Write(const feed::Follower::Message& message) {
    buffer_ = ShareMessage(message);
    {
      base::MutexLock lock(mutex_);
      state_ = State::kWriting;
      last_write_ = write_began_ = Clock::now();
    }
    StartWrite(&buffer_);
  }

  // Owner's only.
  Budget::Hold hold_;
  std::unique_ptr<feed::Follower> follower_;
  grpc::ByteBuffer buffer_;
  CallRecord record_{.method = std::string(kMethod)};
  entry::Cursor first_;  // where it went on from

  Clock::time_point last_write_ ABSL_GUARDED_BY(mutex_) = Clock::now();
  State state_ ABSL_GUARDED_BY(mutex_) = State::kPumping;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;  // the request
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool ticked_ ABSL_GUARDED_BY(mutex_) = false;
  bool recheck_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point write_began_ ABSL_GUARDED_BY(mutex_);
};

StreamHub::StreamHub(feed::Feed& feed, Guard& guard, base::FairPool& readers, Budget& budget,
                     Options options, Shown shown, Reporter report, CatchUp catch_up)
    : feed_(feed),
      guard_(guard),
      readers_(readers),
      budget_(budget),
      options_(options),
      shown_(std::move(shown)),
      report_(std::move(report)),
      catch_up_(std::move(catch_up)) {
  thread_ = std::thread([this] { Run(); });
}

StreamHub::~StreamHub() {
  Drain(std::chrono::milliseconds(0));
  {
    base::MutexLock lock(mutex_);
    stopped_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
}

grpc::ServerGenericBidiReactor* StreamHub::Start(grpc::GenericCallbackServerContext* context,
                                                 Caller caller, OpenCall call) {
  auto reactor =
      std::make_shared<FollowReactor>(*this, context, std::move(caller), std::move(call));
  reactor->Begin();
  return reactor.get();
}

absl::Status StreamHub::Enter(const base::AgencyName& agency) {
  base::MutexLock lock(mutex_);
  if (draining_) return Draining();
  if (per_agency_[agency] >= options_.streams_per_agency_max) {
    return base::WithRetry(
        base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kStreamsExceeded,
                     "{} has {} open streams; close one first", agency.str(),
                     options_.streams_per_agency_max),
        absl::Seconds(5));
  }
  ++per_agency_[agency];
  return absl::OkStatus();
}

void StreamHub::Leave(const base::AgencyName& agency) {
  base::MutexLock lock(mutex_);
  if (--per_agency_[agency] == 0) per_agency_.erase(agency);
}

void StreamHub::Add(const std::shared_ptr<Stream>& stream) {
  base::MutexLock lock(mutex_);
  streams_[stream.get()] = stream;
}

void StreamHub::Remove(Stream* stream) {
  base::MutexLock lock(mutex_);
  streams_.erase(stream);
  wake_.NotifyAll();
}

void StreamHub::Published() {
  {
    base::MutexLock lock(mutex_);
    if (streams_.empty()) return;  // nobody to wake
    published_ = true;
  }
  wake_.NotifyAll();
}

void StreamHub::Drain(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  base::MutexLock lock(mutex_);
  draining_ = true;
  published_ = true;
  wake_.NotifyAll();
  while (!streams_.empty()) {
    wake_.WaitFor(mutex_, options_.tick);
    if (Clock::now() < deadline) continue;
    const auto streams = LockedStreams();
    mutex_.Unlock();
    for (const auto& stream : streams) stream->Abort();
    mutex_.Lock();
  }
}

size_t StreamHub::streams() const {
  base::MutexLock lock(mutex_);
  return streams_.size();
}

std::vector<std::shared_ptr<Stream>> StreamHub::LockedStreams() const {
  std::vector<std::shared_ptr<Stream>> streams;
  for (const auto& [raw, weak] : streams_) {
    if (auto stream = weak.lock()) streams.push_back(std::move(stream));
  }
  return streams;
}

// Ticks come at their own times, whatever was published in between.
void StreamHub::Run() {
  auto next_tick = Clock::now() + options_.tick;
  while (true) {
    std::vector<std::shared_ptr<Stream>> streams;
    bool draining = false;
    {
      base::MutexLock lock(mutex_);
      const auto left = next_tick - Clock::now();
      if (!published_ && !stopped_ && left > left.zero()) wake_.WaitFor(mutex_, left);
      if (stopped_) return;
      published_ = false;
      draining = draining_;
      streams = LockedStreams();
    }
    const auto now = Clock::now();
    const bool tick = now >= next_tick;
    while (next_tick <= now) next_tick += options_.tick;
    const bool recheck = recheck_.exchange(false);
    for (const auto& stream : streams) stream->Wake(tick, recheck, draining);
  }
}

}  // namespace entente::rpc
