// Every call of a service comes in here, by its headers alone: who calls, is that allowed, is there
// room? Only then is the request read, within its method's limit, counted, and only then is it
// built.
//
// The life of a unary call: headers -> Guard -> rate -> Budget (waits in turn) -> read -> size ->
// the method's work, on whatever thread it chooses -> answer. Streams take care of themselves after
// the Guard.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_ROUTER_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_ROUTER_H_

#include <google/protobuf/arena.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "services/core/rpc/edge/acceptor.h"
#include "services/core/rpc/edge/budget.h"
#include "services/core/rpc/edge/call_record.h"
#include "services/core/rpc/edge/guard.h"

namespace entente::rpc {

struct Backend;
class Router;

// Largest request that the transport takes: a document, its signatures, and what surrounds them. A
// larger one ends in gRPC, without details, before it is in memory.
inline constexpr size_t kRequestBytesMax = (1 << 20) + (256 << 10);
// Largest request of a read.
inline constexpr size_t kReadBytesMax = 64 << 10;
// Elements of a read's request (document::CountElements).
inline constexpr size_t kReadElementsMax = 4096;
// What is read of the journal ahead of what an answer holds (rpc::RecordReader).
inline constexpr size_t kReadAheadBytes = 256 << 10;
// What the answer to a read may come to, with that: a page, and the item that passes its limit.
inline constexpr size_t kAnswerBytesMax = (1 << 20) + kReadAheadBytes + kRequestBytesMax;
// How long a unary call may be open: whoever does not take the answer by then loses it.
inline constexpr absl::Duration kCallLongest = absl::Seconds(60);

// A unary call whose request has been read. Ends itself with exactly one Answer or Refuse, from any
// thread; nothing of it may be touched afterwards.
class UnaryCall final : public grpc::ServerGenericBidiReactor {
 public:
  using Work = std::function<void(UnaryCall&)>;
  struct Method {
    std::string name;
    size_t request_bytes_max = kReadBytesMax;
    size_t answer_bytes_max = kAnswerBytesMax;
    bool submits = false;  // is counted as a submission, not as a read
    Work work;
  };
  UnaryCall(Router& router, const Method& method, grpc::GenericCallbackServerContext* context,
            OpenCall open)
      : router_(router), method_(method), context_(context), open_(std::move(open)) {}

  const Caller& caller() const { return caller_; }
  CallRecord& record() { return record_; }
  size_t request_bytes() const { return buffer_.Length(); }
  // Builds the request; FIELD_INVALID where it is made of more elements than admitted or is none.
  absl::Status Parse(size_t elements_max, google::protobuf::Message& request);
  // SHA-256 of the request, for the audit.
  std::string RequestDigest();
  void Answer(const google::protobuf::Message& response);
  void Refuse(const absl::Status& status);

 private:
  friend class Router;
  void Begin(std::shared_ptr<UnaryCall> self);
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Report(const absl::Status& status);

  Router& router_;
  const Method& method_;
  grpc::GenericCallbackServerContext* const context_;
  std::shared_ptr<UnaryCall> self_;  // until OnDone
  OpenCall open_;
  std::list<std::pair<absl::Time, UnaryCall*>>::iterator listed_;
  Caller caller_;
  CallRecord record_;
  grpc::ByteBuffer buffer_;  // the request, then the answer
  Budget::Hold hold_;
};

class Router final : public grpc::CallbackGenericService {
 public:
  using OpenStream = std::function<grpc::ServerGenericBidiReactor*(
      grpc::GenericCallbackServerContext* context, Caller caller, OpenCall call)>;
  explicit Router(Backend& backend) : backend_(backend) {}

  // Before it serves.
  void Add(UnaryCall::Method method);
  void AddStream(std::string method, OpenStream open);
  // A read: `work` runs on the readers' threads, the caller's in turn with others'.
  template <typename Request, typename Response>
  void Read(std::string method,
            std::function<absl::Status(const Caller&, const Request&, Response&)> work,
            size_t answer_bytes_max = kAnswerBytesMax) {
    AddRead(std::move(method), answer_bytes_max,
            [work = std::move(work)](UnaryCall& call, google::protobuf::Arena& arena,
                                     google::protobuf::Message*& response) -> absl::Status {
              auto* request = google::protobuf::Arena::CreateMessage<Request>(&arena);
              auto* answer = google::protobuf::Arena::CreateMessage<Response>(&arena);
              response = answer;
              absl::Status status = call.Parse(kReadElementsMax, *request);
              return status.ok() ? work(call.caller(), *request, *answer) : status;
            });
  }
  template <typename T, typename Request, typename Response>
  void Read(std::string method, const T* service,
            absl::Status (T::*handler)(const Caller&, const Request&, Response&) const,
            size_t answer_bytes_max = kAnswerBytesMax) {
    Read<Request, Response>(
        std::move(method),
        [service, handler](const Caller& caller, const Request& request, Response& response) {
          return (service->*handler)(caller, request, response);
        },
        answer_bytes_max);
  }
  // Names of all methods that are served.
  std::vector<std::string> Methods() const;
  // Tells whoever watches connections that a call of the caller was let in over this one. False if
  // the agency has too many connections.
  bool Prove(const grpc::ServerContextBase& context, const Caller& caller);
  void Expect(const grpc::ServerContextBase& context, size_t bytes);
  // Whether health checks are told that calls are answered.
  void SetServing(bool serving) { serving_ = serving; }
  // About once a second: ends calls whose answers are not taken.
  void Tick();
  // Calls whose end is not reached yet.
  size_t open() const;

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  friend class UnaryCall;
  using ReadWork = std::function<absl::Status(UnaryCall&, google::protobuf::Arena&,
                                              google::protobuf::Message*& response)>;
  void AddRead(std::string method, size_t answer_bytes_max, ReadWork work);
  grpc::ServerGenericBidiReactor* Health(grpc::GenericCallbackServerContext* context,
                                         OpenCall call);

  Backend& backend_;
  std::map<std::string, UnaryCall::Method, std::less<>> methods_;
  std::map<std::string, OpenStream, std::less<>> streams_;
  std::atomic<bool> serving_{false};
  mutable base::Mutex mutex_;
  std::list<std::pair<absl::Time, UnaryCall*>> calls_ ABSL_GUARDED_BY(mutex_);  // oldest first
};

// Part of a group's API.
class Service {
 public:
  virtual ~Service() = default;
  virtual void AddTo(Router& router) = 0;
};

// The bytes of a message. Never fails: there is room for what may be answered.
grpc::ByteBuffer ToByteBuffer(const google::protobuf::Message& message);
// FIELD_INVALID where the bytes are made of more elements than admitted, or are no such message.
absl::Status FromByteBuffer(const grpc::ByteBuffer& buffer, size_t elements_max,
                            google::protobuf::Message& message);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_ROUTER_H_
