#include "services/core/rpc/streams/submit.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/machine/erasure.h"
#include "services/core/rpc/streams/follow.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr std::string_view kSubmitMany = "/entente.exchange.v1.ExchangeService/SubmitMany";
constexpr size_t kWindow = 256;
// What one reaction thread may verify in place: a document of this size with few signatures takes a
// fraction of a millisecond. Larger ones go to the intake threads.
constexpr size_t kInPlaceBytes = 16 << 10;
// Elements of a submission around its document: signatures, certificates, intermediates.
constexpr size_t kEnvelopeElementsMax = 256;

// So that an operator who is asked who submitted what need not match digests.
void NotePlace(const pb::Receipt& receipt, CallRecord& record) {
  pb::Leaf leaf;
  if (!leaf.ParseFromString(receipt.leaf())) return;
  const pb::Stamp& stamp = leaf.stamp();
  record.document = stamp.name();
  record.given = fmt::format("{}:{}-{}", stamp.ledger(), stamp.index(), stamp.index());
}

absl::Status Busy() {
  return base::WithRetry(base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                                      "too many documents are waiting; send it again later"),
                         absl::Milliseconds(50));
}

// One stream of documents. Documents are verified in parallel and put back in order before the
// sequencer; answers leave in order. At most kWindow documents are held.
class SubmitManyReactor final : public Stream {
 public:
  SubmitManyReactor(Backend& backend, grpc::GenericCallbackServerContext* context, Caller caller,
                    OpenCall call)
      : Stream(backend.streams, context, std::move(caller), std::move(call)), backend_(backend) {}

  void Begin() {
    request_id_ = RequestIdOf(*context_);
    if (absl::Status status = Join(); !status.ok()) return FinishOnce(status);
    // As long as it is open, not only while it is read: documents that wait for room arrive all the
    // same, and gRPC 1.51 lets in more than its window of them.
    peer_ = context_->peer();
    if (backend_.acceptor != nullptr) backend_.acceptor->Expect(peer_, kRequestBytesMax);
    bool gone = false;
    {
      base::MutexLock lock(mutex_);
      opened_ = true;
      gone = cancelled_;
      reading_ = !gone;
    }
    gone ? Advance() : ReadNext();
  }

  void OnReadDone(bool ok) override {
    if (ok && backend_.acceptor != nullptr) {
      backend_.acceptor->Explain(peer_, request_.Length(), 0);
    }
    std::shared_ptr<Slot> slot;
    bool read_more = false;
    {
      base::MutexLock lock(mutex_);
      reading_ = false;
      if (!ok || finished_) {
        reads_done_ = true;
      } else {
        slot = std::make_shared<Slot>();
        slot->request.Swap(&request_);
        slot->hold = std::move(hold_);
        slot->sequence = next_sequence_++;
        slots_.push_back(slot);
        read_more = reading_ = !draining_ && HasRoom();
      }
    }
    // What it is built into takes about as much again.
    if (slot != nullptr) {
      slot->hold.Resize(std::max(2 * slot->request.Length(), backend_.document_bytes_min));
    }
    if (slot != nullptr &&
        !backend_.intake.TryPost(party_, [self = Self(), slot] { self->Verify(*slot); })) {
      Settle(*slot, Busy());
    }
    if (read_more) ReadNext();
    Advance();
  }

  void OnWriteDone(bool ok) override {
    {
      base::MutexLock lock(mutex_);
      writing_ = false;
      if (!ok) cancelled_ = true;
    }
    Advance();
  }

  void OnCancel() override {
    {
      base::MutexLock lock(mutex_);
      cancelled_ = true;
    }
    Advance();
  }

  // A caller who is no longer accepted loses the stream. A draining service answers what it has
  // read and ends it.
  void Wake(bool, bool recheck, bool draining) override {
    if (recheck && !backend_.guard.Check(chain_pem_, kSubmitMany).ok()) return Abort();
    if (!draining) return;
    {
      base::MutexLock lock(mutex_);
      draining_ = true;
    }
    Advance();
  }

 private:
  enum class Progress { kVerifying, kVerified, kSubmitted, kSettled };
  struct Slot {
    grpc::ByteBuffer request;
    Budget::Hold hold;
    std::string digest;  // for the audit
    uint64_t sequence = 0;
    Progress progress = Progress::kVerifying;
    std::optional<document::VerifiedDocument> verified;
    uint64_t directory_serial = 0;
    pb::SubmitManyResponse response;
  };

  void Ended(const absl::Status&) override {
    const bool expected = !peer_.empty();
    if (expected && backend_.acceptor != nullptr) {
      backend_.acceptor->Unread(peer_, kRequestBytesMax);
    }
  }

  std::shared_ptr<SubmitManyReactor> Self() {
    return std::static_pointer_cast<SubmitManyReactor>(shared_from_this());
  }

  // The next document is read when there is room for it.
  void ReadNext() {
    {
      base::MutexLock lock(mutex_);
      waiting_ = true;
    }
    const auto ready = [self = Self()](std::optional<Budget::Hold> hold) {
      self->Ready(std::move(hold));
    };
    const size_t bytes = std::max(kRequestBytesMax, backend_.document_bytes_min);
    if (!backend_.budget.Take(party_, bytes, ready)) ready(std::nullopt);
  }

  void Ready(std::optional<Budget::Hold> hold) {
    bool read = false;
    {
      base::MutexLock lock(mutex_);
      // What was read is answered; nothing more is.
      if (!hold.has_value()) draining_ = true;
      read = reading_ = hold.has_value() && !draining_ && !cancelled_;
    }
    if (read) {
      hold_ = *std::move(hold);
      StartRead(&request_);
    }
    {
      // Only now may the stream end: it must not while a read begins.
      base::MutexLock lock(mutex_);
      waiting_ = false;
    }
    Advance();
  }

  void Verify(Slot& slot) {
    auto caller = backend_.guard.Check(chain_pem_, kSubmitMany);
    if (!caller.ok()) return Settle(slot, caller.status());
    if (absl::Status rate = backend_.guard.TakeSubmission(caller_.agency); !rate.ok()) {
      return Settle(slot, rate);
    }
    pb::SubmitManyRequest request;
    const absl::Status parsed = FromByteBuffer(slot.request, kEnvelopeElementsMax, request);
    slot.request.Clear();
    if (!parsed.ok()) return Settle(slot, parsed);
    auto& document = *request.mutable_signed_document();
    if (backend_.audit != nullptr) slot.digest = crypto::Sha256(document.document()).hex();
    auto verified = TakeIn(backend_, *caller, std::move(document));
    if (!verified.ok()) return Settle(slot, verified.status());
    {
      base::MutexLock lock(mutex_);
      slot.verified = *std::move(verified);
      slot.directory_serial = caller->directory->serial();
      slot.progress = Progress::kVerified;
    }
    Advance();
  }

  void Settle(Slot& slot, absl::StatusOr<pb::Receipt> result) {
    CallRecord record{.method = std::string(kSubmitMany),
                      .request_id = request_id_,
                      .digest = slot.digest,
                      .caller = party_};
    if (result.ok() && backend_.audit != nullptr) NotePlace(*result, record);
    Report(backend_, record, result.status());
    {
      base::MutexLock lock(mutex_);
      slot.response.set_sequence(slot.sequence);
      if (result.ok()) {
        *slot.response.mutable_receipt() = *std::move(result);
      } else {
        auto* error = slot.response.mutable_error();
        error->set_code(static_cast<int>(result.status().code()));
        error->set_message(TextForCaller(result.status()));
        error->set_status(ToRpcStatusBytes(result.status()));
      }
      slot.progress = Progress::kSettled;
    }
    slot.hold.Resize(0);
    Advance();
  }

  absl::Status EndStatus() {
    base::MutexLock lock(mutex_);
    if (reads_done_ || !draining_) return absl::OkStatus();
    return base::WithRetry(
        base::Refuse(absl::StatusCode::kUnavailable, Reason::kServiceDraining,
                     "the service is shutting down; send again what was not answered"),
        absl::Seconds(1));
  }

  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return slots_.size() < kWindow; }

  // Whatever can be done now: hand verified documents on in order, write the next answer, finish.
  // One thread at a time does it; others leave word.
  void Advance() {
    {
      base::MutexLock lock(mutex_);
      again_ = true;
      if (advancing_) return;
      advancing_ = true;
    }
    while (true) {
      std::shared_ptr<Slot> submit;
      std::shared_ptr<Slot> write;
      bool another = false;
      bool read = false;
      bool end = false;
      {
        base::MutexLock lock(mutex_);
        submit = NextToSubmit();
        if (submit == nullptr) {
          write = NextToWrite();
          another = !slots_.empty() && slots_.front()->progress == Progress::kSettled;
          read = !reading_ && !reads_done_ && !cancelled_ && !draining_ && opened_ && HasRoom();
          if (read) reading_ = true;
          end = Ends();
          if (write == nullptr && !read && !end && !std::exchange(again_, false)) {
            advancing_ = false;
            return;
          }
        }
      }
      if (submit != nullptr) Submit(std::move(submit));
      if (write != nullptr) {
        answer_ = ToByteBuffer(write->response);
        // What settled together leaves together: a packet for each answer costs more than the
        // answer.
        grpc::WriteOptions options;
        if (another) options.set_buffer_hint();
        StartWrite(&answer_, options);
      }
      if (read) ReadNext();
      if (end) return FinishOnce(EndStatus());  // `this` may be gone after it
    }
  }

  std::shared_ptr<Slot> NextToSubmit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& slot : slots_) {
      if (slot->progress == Progress::kVerifying) return nullptr;
      if (slot->progress != Progress::kVerified) continue;
      slot->progress = Progress::kSubmitted;
      return slot;
    }
    return nullptr;
  }

  std::shared_ptr<Slot> NextToWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || cancelled_ || finished_ || slots_.empty() ||
        slots_.front()->progress != Progress::kSettled) {
      return nullptr;
    }
    auto slot = std::move(slots_.front());
    slots_.pop_front();
    writing_ = true;
    return slot;
  }

  // Every document must have settled, so that no callback comes back to a reactor that is gone.
  bool Ends() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || !opened_ || writing_ || waiting_) return false;
    if (reading_ && !draining_) return false;
    if (!reads_done_ && !cancelled_ && !draining_) return false;
    for (const auto& slot : slots_) {
      if (slot->progress != Progress::kSettled) return false;
    }
    return cancelled_ || slots_.empty();
  }

  void Submit(std::shared_ptr<Slot> slot) {
    document::VerifiedDocument document = *std::move(slot->verified);
    slot->verified.reset();
    absl::Status status =
        backend_.sequencer.Submit(std::move(document), slot->directory_serial,
                                  [self = Self(), slot](absl::StatusOr<pb::Receipt> receipt) {
                                    self->Settle(*slot, std::move(receipt));
                                  });
    if (!status.ok()) Settle(*slot, status);
  }

  Backend& backend_;
  std::string request_id_;
  std::string peer_;          // empty: nothing is expected from there
  grpc::ByteBuffer request_;  // being read, paid for by hold_
  Budget::Hold hold_;
  grpc::ByteBuffer answer_;  // being written

  std::deque<std::shared_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool waiting_ ABSL_GUARDED_BY(mutex_) = false;  // for room to read, or about to read
  bool reads_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool advancing_ ABSL_GUARDED_BY(mutex_) = false;
  bool again_ ABSL_GUARDED_BY(mutex_) = false;
};

// Refuses batch signatures of kinds that the profile wants signed alone.
absl::Status CheckSignedAlone(const Backend& backend, const document::ParsedDocument& parsed) {
  if (!backend.signed_alone.contains(parsed.kind)) return absl::OkStatus();
  base::FieldViolations violations;
  const auto& signatures = parsed.signed_document.signatures();
  for (int i = 0; i < signatures.size(); ++i) {
    if (!signatures[i].has_batch()) continue;
    violations.Add(fmt::format("signed_document.signatures[{}].batch", i),
                   "is not admitted for a {}: sign it alone", parsed.kind);
  }
  return violations.ToStatus();
}

absl::Status CheckAlone(const Backend& backend, const document::VerifiedDocument& verified,
                        absl::Time now) {
  ENTENTE_RETURN_IF_ERROR(CheckSignedAlone(backend, verified.parsed()));
  return verified.parsed().kind == machine::kErasure.message
             ? machine::CheckErasure(verified, now)
             : backend.machine.reg().CheckAlone(verified, now);
}

}  // namespace

absl::StatusOr<document::VerifiedDocument> TakeIn(Backend& backend, const Caller& caller,
                                                  pb::SignedDocument signed_document) {
  ENTENTE_ASSIGN_OR_RETURN(auto parsed, document::Parse(std::move(signed_document)));
  if (parsed->originator != caller.agency) {
    return base::RefuseArgument(Reason::kOriginatorMismatch,
                                "originator: is {}, but you are {}; a state speaks only for itself",
                                parsed->originator.str(), caller.agency.str());
  }
  const absl::Time now = backend.clock.Now();
  ENTENTE_ASSIGN_OR_RETURN(auto verified,
                           backend.verifier.Verify(std::move(parsed), *caller.directory, now));
  if (absl::Status status = CheckAlone(backend, verified, now); !status.ok()) {
    // What is recorded already keeps its receipt, whatever today's rules say.
    std::shared_lock lock(backend.machine.mutex());
    if (!backend.machine.PositionOfDigest(verified.parsed().digest).has_value()) return status;
  }
  return verified;
}

namespace {

// The document of a call that brings one, as Request has it.
template <typename Request>
absl::StatusOr<document::VerifiedDocument> Read(Backend& backend, UnaryCall& call) {
  Request request;
  ENTENTE_RETURN_IF_ERROR(call.Parse(kEnvelopeElementsMax, request));
  auto& document = *request.mutable_signed_document();
  if (backend.audit != nullptr) {
    call.record().digest = crypto::Sha256(document.document()).hex();
  }
  return TakeIn(backend, call.caller(), std::move(document));
}

void ValidateOne(Backend& backend, UnaryCall& call) {
  machine::Sequencer::Arrival arrival(backend.sequencer);
  auto verified = Read<pb::ValidateRequest>(backend, call);
  if (!verified.ok()) return call.Refuse(verified.status());
  const absl::Status queued = backend.sequencer.Validate(
      *std::move(verified), call.caller().directory->serial(),
      [&call](absl::StatusOr<std::variant<pb::Stamp, pb::Receipt>> found) {
        if (!found.ok()) return call.Refuse(found.status());
        pb::ValidateResponse response;
        if (auto* receipt = std::get_if<pb::Receipt>(&*found)) {
          pb::Leaf leaf;
          leaf.ParseFromString(receipt->leaf());
          *response.mutable_stamp() = std::move(*leaf.mutable_stamp());
          *response.mutable_receipt() = std::move(*receipt);
        } else {
          *response.mutable_stamp() = std::get<pb::Stamp>(*std::move(found));
        }
        call.Answer(response);
      },
      std::move(arrival));
  if (!queued.ok()) call.Refuse(queued);
}

void SubmitOne(Backend& backend, UnaryCall& call) {
  machine::Sequencer::Arrival arrival(backend.sequencer);
  auto verified = Read<pb::SubmitRequest>(backend, call);
  if (!verified.ok()) return call.Refuse(verified.status());
  const absl::Status queued = backend.sequencer.Submit(
      *std::move(verified), call.caller().directory->serial(),
      [&call](absl::StatusOr<pb::Receipt> receipt) {
        if (!receipt.ok()) return call.Refuse(receipt.status());
        if (!call.record().digest.empty()) NotePlace(*receipt, call.record());
        pb::SubmitResponse response;
        *response.mutable_receipt() = *std::move(receipt);
        call.Answer(response);
      },
      std::move(arrival));
  if (!queued.ok()) call.Refuse(queued);
}

}  // namespace

void ServeSubmit(Backend& backend, UnaryCall& call) {
  // On the reaction thread on purpose (docs/adr/0005): for an ordinary document the work is bounded
  // arithmetic, and handing it to another thread costs more than it takes. Not while others wait
  // for their turn.
  if (call.request_bytes() <= kInPlaceBytes && backend.intake.queued() == 0) {
    backend.intake.Seen(call.record().caller);
    return SubmitOne(backend, call);
  }
  if (!backend.intake.TryPost(call.record().caller,
                              [&backend, &call] { SubmitOne(backend, call); })) {
    call.Refuse(Busy());
  }
}

void ServeValidate(Backend& backend, UnaryCall& call) {
  // Nobody waits for it as for a receipt.
  if (!backend.intake.TryPost(call.record().caller,
                              [&backend, &call] { ValidateOne(backend, call); })) {
    call.Refuse(Busy());
  }
}

grpc::ServerGenericBidiReactor* StartSubmitMany(Backend& backend,
                                                grpc::GenericCallbackServerContext* context,
                                                Caller caller, OpenCall call) {
  auto reactor =
      std::make_shared<SubmitManyReactor>(backend, context, std::move(caller), std::move(call));
  reactor->Begin();
  return reactor.get();
}

}  // namespace entente::rpc
