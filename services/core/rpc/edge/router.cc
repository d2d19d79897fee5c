#include "services/core/rpc/edge/router.h"

#include <utility>

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/document/shape.h"
#include "services/core/rpc/edge/backend.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";
constexpr int kDepthMax = 32;

// A call that ends before it was read.
class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  RefusedCall(const grpc::Status& status, OpenCall open) : open_(std::move(open)) {
    Finish(status);
  }
  void OnDone() override { delete this; }

 private:
  const OpenCall open_;
};

// A health check's answer: it needs no request.
class HealthAnswer final : public grpc::ServerGenericBidiReactor {
 public:
  HealthAnswer(bool serving, OpenCall open) : open_(std::move(open)) {
    // grpc.health.v1.HealthCheckResponse: field 1 is the status, 1 is SERVING, 2 NOT_SERVING.
    const char bytes[] = {'\x08', serving ? '\x01' : '\x02'};
    grpc::Slice slice(bytes, sizeof bytes);
    answer_ = grpc::ByteBuffer(&slice, 1);
    StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  const OpenCall open_;
  grpc::ByteBuffer answer_;
};

absl::Status Busy() {
  return base::WithRetry(
      base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                   "too many calls of yours are waiting; try again when some have ended"),
      absl::Milliseconds(100));
}

std::string DigestOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice bytes;
  if (!buffer.DumpToSingleSlice(&bytes).ok()) return "";
  return crypto::Sha256({reinterpret_cast<const char*>(bytes.begin()), bytes.size()}).hex();
}

}  // namespace

grpc::ByteBuffer ToByteBuffer(const google::protobuf::Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  ENTENTE_CHECK(message.SerializeToArray(const_cast<uint8_t*>(slice.begin()),
                                         static_cast<int>(slice.size())));
  return {&slice, 1};
}

absl::Status FromByteBuffer(const grpc::ByteBuffer& buffer, size_t elements_max,
                            google::protobuf::Message& message) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) {
    return base::RefuseArgument(Reason::kFieldInvalid, "the request cannot be read");
  }
  const std::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
  const auto elements =
      document::CountElements(bytes, *message.GetDescriptor(), elements_max, kDepthMax);
  if (!elements.has_value() ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "the request is not a {} of at most {} elements",
                                message.GetTypeName(), elements_max);
  }
  return absl::OkStatus();
}

absl::Status UnaryCall::Parse(size_t elements_max, google::protobuf::Message& request) {
  absl::Status status = FromByteBuffer(buffer_, elements_max, request);
  buffer_.Clear();
  return status;
}

std::string UnaryCall::RequestDigest() { return DigestOf(buffer_); }

void UnaryCall::Begin(std::shared_ptr<UnaryCall> self) {
  self_ = std::move(self);
  auto& backend = router_.backend_;
  record_.method = method_.name;
  record_.began = backend.clock.Now();
  record_.request_id = RequestIdOf(*context_);
  {
    base::MutexLock lock(router_.mutex_);
    listed_ = router_.calls_.emplace(router_.calls_.end(), record_.began, this);
  }
  auto caller = backend.guard.Check(PeerChainPem(*context_), method_.name);
  if (!caller.ok()) return Refuse(caller.status());
  caller_ = *std::move(caller);
  record_.caller = caller_.agency.str();
  if (!router_.Prove(*context_, caller_)) return Refuse(Busy());
  const absl::Status rate = method_.submits ? backend.guard.TakeSubmission(caller_.agency)
                                            : backend.guard.TakeRead(caller_.agency);
  if (!rate.ok()) return Refuse(rate);
  const size_t bytes = std::max(method_.request_bytes_max, method_.answer_bytes_max);
  const bool taken =
      backend.budget.Take(record_.caller, bytes, [this](std::optional<Budget::Hold> hold) {
        if (!hold.has_value()) {
          return Refuse(
              base::WithRetry(base::Refuse(absl::StatusCode::kUnavailable, Reason::kServiceDraining,
                                           "the service is shutting down; connect again"),
                              absl::Seconds(1)));
        }
        hold_ = *std::move(hold);
        router_.Expect(*context_, method_.request_bytes_max);
        StartRead(&buffer_);
      });
  if (!taken) Refuse(Busy());
}

void UnaryCall::OnReadDone(bool ok) {
  if (Acceptor* acceptor = router_.backend_.acceptor; acceptor != nullptr) {
    ok ? acceptor->Explain(context_->peer(), buffer_.Length(), method_.request_bytes_max)
       : acceptor->Unread(context_->peer(), method_.request_bytes_max);
  }
  if (!ok) return Refuse(absl::CancelledError("the call ended without a request"));
  if (buffer_.Length() > method_.request_bytes_max) {
    return Refuse(base::RefuseArgument(Reason::kFieldInvalid,
                                       "the request has {} bytes; {} takes at most {}",
                                       buffer_.Length(), method_.name, method_.request_bytes_max));
  }
  method_.work(*this);
}

void UnaryCall::Report(const absl::Status& status) {
  rpc::Report(router_.backend_, record_, status);
}

void UnaryCall::Answer(const google::protobuf::Message& response) {
  Report(absl::OkStatus());
  buffer_ = ToByteBuffer(response);
  hold_.Resize(buffer_.Length());
  StartWriteAndFinish(&buffer_, grpc::WriteOptions(), grpc::Status::OK);
}

void UnaryCall::Refuse(const absl::Status& status) {
  Report(status);
  hold_.Resize(0);
  Finish(ToGrpcStatus(status));
}

void UnaryCall::OnCancel() {
  // It may wait in turn for its agency's room; its window is the connection's no longer.
  const OpenCall ended = std::move(open_);
}

void UnaryCall::OnDone() {
  {
    base::MutexLock lock(router_.mutex_);
    router_.calls_.erase(listed_);
  }
  hold_.Resize(0);
  auto self = std::move(self_);  // the last reference may go here
}

void Router::Add(UnaryCall::Method method) {
  // Whatever others hold, one call of everybody finds room.
  ENTENTE_CHECK(std::max(method.request_bytes_max, method.answer_bytes_max) <=
                backend_.budget.options().guaranteed_bytes);
  const std::string name = method.name;
  ENTENTE_CHECK(methods_.emplace(name, std::move(method)).second);
}

void Router::AddStream(std::string method, OpenStream open) {
  ENTENTE_CHECK(streams_.emplace(std::move(method), std::move(open)).second);
}

bool Router::Prove(const grpc::ServerContextBase& context, const Caller& caller) {
  return backend_.acceptor == nullptr ||
         backend_.acceptor->Prove(context.peer(), caller.agency.str());
}

void Router::Expect(const grpc::ServerContextBase& context, size_t bytes) {
  if (backend_.acceptor != nullptr) backend_.acceptor->Expect(context.peer(), bytes);
}

void Router::AddRead(std::string method, size_t answer_bytes_max, ReadWork work) {
  Add({.name = std::move(method),
       .answer_bytes_max = answer_bytes_max,
       .work = [this, work = std::move(work)](UnaryCall& call) {
         if (backend_.audit != nullptr) call.record().digest = call.RequestDigest();
         const bool posted = backend_.readers.TryPost(call.record().caller, [&call, &work] {
           google::protobuf::Arena arena;
           google::protobuf::Message* response = nullptr;
           const absl::Status status = work(call, arena, response);
           status.ok() ? call.Answer(*response) : call.Refuse(status);
         });
         if (!posted) call.Refuse(Busy());
       }});
}

std::vector<std::string> Router::Methods() const {
  std::vector<std::string> names;
  for (const auto& [name, method] : methods_) names.push_back(name);
  for (const auto& [name, open] : streams_) names.push_back(name);
  return names;
}

// For whoever the directory knows: a service's own certificate is enough.
grpc::ServerGenericBidiReactor* Router::Health(grpc::GenericCallbackServerContext* context,
                                               OpenCall call) {
  auto caller = backend_.guard.Identify(PeerChainPem(*context));
  if (!caller.ok()) return new RefusedCall(ToGrpcStatus(caller.status()), std::move(call));
  if (absl::Status taken = backend_.guard.TakeRead(caller->agency); !taken.ok()) {
    return new RefusedCall(ToGrpcStatus(taken), std::move(call));
  }
  if (!Prove(*context, *caller)) return new RefusedCall(ToGrpcStatus(Busy()), std::move(call));
  // From the moment when calls are refused, not from the next look.
  return new HealthAnswer(serving_ && backend_.guard.blocked().ok(), std::move(call));
}

grpc::ServerGenericBidiReactor* Router::CreateReactor(grpc::GenericCallbackServerContext* context) {
  const std::string& name = context->method();
  OpenCall open(backend_.acceptor, context->peer());
  if (auto it = methods_.find(name); it != methods_.end()) {
    auto call = std::make_shared<UnaryCall>(*this, it->second, context, std::move(open));
    UnaryCall* raw = call.get();
    raw->Begin(std::move(call));
    return raw;
  }
  if (name == kHealthCheck) return Health(context, std::move(open));
  auto it = streams_.find(name);
  if (it == streams_.end()) {
    return new RefusedCall(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method"),
                           std::move(open));
  }
  auto caller = backend_.guard.Check(PeerChainPem(*context), name);
  if (caller.ok() && !Prove(*context, *caller)) caller = Busy();
  if (caller.ok()) {
    if (absl::Status rate = backend_.guard.TakeRead(caller->agency); !rate.ok()) caller = rate;
  }
  if (caller.ok()) {
    return it->second(context, *std::move(caller), std::move(open));
  }
  CallRecord record{
      .method = name, .request_id = RequestIdOf(*context), .began = backend_.clock.Now()};
  Report(backend_, record, caller.status());
  return new RefusedCall(ToGrpcStatus(caller.status()), std::move(open));
}

void Router::Tick() {
  const absl::Time now = backend_.clock.Now();
  // Under the lock that OnDone takes first: a context is there until then.
  base::MutexLock lock(mutex_);
  for (const auto& [began, call] : calls_) {
    if (now - began < kCallLongest) break;
    call->context_->TryCancel();
  }
}

size_t Router::open() const {
  base::MutexLock lock(mutex_);
  return calls_.size();
}

}  // namespace entente::rpc
