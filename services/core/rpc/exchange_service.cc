#include "services/core/rpc/exchange_service.h"

#include <algorithm>
#include <set>

#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/rpc/grpc_status.h"
#include "services/core/rpc/submit.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr std::string_view kService = "/entente.exchange.v1.ExchangeService/";

std::string Method(std::string_view name) { return std::string(kService) + std::string(name); }

void SetHead(const machine::Ledger& ledger, pb::Head* head) {
  head->set_ledger(ledger.id);
  head->set_size(ledger.tree.size());
  head->set_root(ledger.tree.Root().str());
}

}  // namespace

absl::Status NotFound(std::string_view what) {
  return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                      "{} does not exist or is not released to you", what);
}

std::string RequestIdOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  auto it = metadata.find("x-request-id");
  if (it == metadata.end() || it->second.size() > 64) return "";
  const std::string id(it->second.data(), it->second.size());
  return base::IsReference(id) ? id : "";
}

void Report(Backend& backend, const CallRecord& call, const absl::Status& status) {
  const std::string code(absl::StatusCodeToString(status.code()));
  if (!call.opened) backend.metrics.CountRpc(call.method, code);
  const bool submit = call.method.find("/Submit") != std::string::npos;
  if (submit && !status.ok()) backend.metrics.documents_refused.Increment();
  const std::string reason = base::ReasonOf(status).value_or("");
  if (backend.audit != nullptr) {
    backend.audit->Write({{telemetry::field::kGroup, backend.machine.group()},
                          {telemetry::field::kMethod, call.method},
                          {telemetry::field::kCaller, call.caller},
                          {telemetry::field::kCode, call.opened ? "OPENED" : code},
                          {telemetry::field::kReason, reason},
                          {telemetry::field::kRequest, call.request_id},
                          {telemetry::field::kDigest, call.digest},
                          {telemetry::field::kGiven, call.given}});
  }
  using telemetry::Level;
  const Level level = status.ok() ? Level::kDebug : Level::kInfo;
  if (!telemetry::Enabled(level)) return;
  const absl::Duration took =
      call.began == absl::InfinitePast() ? absl::ZeroDuration() : backend.clock.Now() - call.began;
  telemetry::Log(
      level, "call",
      {{telemetry::field::kGroup, backend.machine.group()},
       {telemetry::field::kMethod, call.method},
       {telemetry::field::kCaller, call.caller},
       {telemetry::field::kRequest, call.request_id},
       {telemetry::field::kCode, call.opened ? "OPENED" : code},
       {telemetry::field::kReason, reason},
       // What the journal says is for the operator; callers get a fixed text instead.
       {telemetry::field::kError, IsJournalFault(status) ? base::Text(status) : ""},
       {telemetry::field::kDurationMs, fmt::format("{:.3f}", absl::ToDoubleMilliseconds(took))}});
}

grpc::ServerUnaryReactor* ServeRead(Backend& backend, grpc::CallbackServerContext* context,
                                    std::string_view method,
                                    const google::protobuf::Message& request,
                                    std::function<absl::Status(const Caller&)> work) {
  auto* reactor = context->DefaultReactor();
  CallRecord call;
  call.method = std::string(method);
  call.began = backend.clock.Now();
  const bool posted =
      backend.readers.TryPost([&backend, context, reactor, &request, call = std::move(call),
                               work = std::move(work)]() mutable {
        call.request_id = RequestIdOf(*context);
        if (backend.audit != nullptr)
          call.digest = crypto::Sha256(request.SerializeAsString()).hex();
        auto caller = backend.guard.Check(PeerChainPem(*context), call.method);
        absl::Status status = caller.status();
        if (caller.ok()) {
          call.caller = caller->agency.str();
          status = backend.guard.TakeRead(caller->agency);
          if (status.ok()) status = work(*caller);
        }
        Report(backend, call, status);
        reactor->Finish(ToGrpcStatus(status));
      });
  if (!posted) {
    reactor->Finish(ToGrpcStatus(
        base::WithRetry(base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                                     "too many calls are waiting; try again later"),
                        absl::Milliseconds(100))));
  }
  return reactor;
}

absl::Status CheckAtLeast(const machine::Machine& machine, const machine::Reader& reader,
                          const google::protobuf::RepeatedPtrField<pb::Head>& at_least) {
  for (const pb::Head& head : at_least) {
    const machine::Ledger* ledger = machine.Find(head.ledger(), reader);
    if (ledger == nullptr) return NotFound("ledger " + head.ledger());
    if (ledger->tree.size() < head.size()) {
      return base::WithRetry(
          base::Refuse(absl::StatusCode::kUnavailable, Reason::kHeadNotReached,
                       "ledger {} has not reached size {} here yet", head.ledger(), head.size()),
          absl::Milliseconds(100));
    }
  }
  return absl::OkStatus();
}

void AddHeads(const machine::Machine& machine, const machine::Reader& reader,
              google::protobuf::RepeatedPtrField<pb::Head>* heads) {
  for (const auto& [id, ledger] : machine.ledgers()) {
    if (entry::Includes(ledger.audience, reader.state, reader.is_partner)) {
      SetHead(ledger, heads->Add());
    }
  }
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::Submit(grpc::CallbackServerContext* context,
                                                      const pb::SubmitRequest* request,
                                                      pb::SubmitResponse* response) {
  return StartSubmit(backend_, context, request, response);
}

grpc::ServerBidiReactor<pb::SubmitManyRequest, pb::SubmitManyResponse>*
ExchangeServiceImpl::SubmitMany(grpc::CallbackServerContext* context) {
  return StartSubmitMany(backend_, context);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ExchangeServiceImpl::Follow(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return backend_.follow.Start(context, request);
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::Acknowledge(grpc::CallbackServerContext* context,
                                                           const pb::AcknowledgeRequest* request,
                                                           pb::AcknowledgeResponse*) {
  auto* reactor = context->DefaultReactor();
  const std::string method = Method("Acknowledge");
  const bool posted = backend_.intake.TryPost([this, context, request, reactor, method] {
    CallRecord call{.method = method,
                    .request_id = RequestIdOf(*context),
                    .digest = crypto::Sha256(request->cursor()).hex(),
                    .began = backend_.clock.Now()};
    auto caller = backend_.guard.Check(PeerChainPem(*context), method);
    if (caller.ok()) call.caller = caller->agency.str();
    const std::string name = call.caller;
    const auto finish = [this, reactor, call](const absl::Status& status) {
      Report(backend_, call, status);
      reactor->Finish(ToGrpcStatus(status));
    };
    if (!caller.ok()) return finish(caller.status());
    if (absl::Status taken = backend_.guard.TakeRead(caller->agency); !taken.ok()) {
      return finish(taken);
    }
    if (caller->agency.state.empty()) {
      return finish(base::Refuse(absl::StatusCode::kPermissionDenied, Reason::kCallerNotEntitled,
                                 "{} reads for no state", name));
    }
    auto cursor = entry::Cursor::Decode(backend_.machine.service(), request->cursor());
    if (!cursor.ok()) return finish(cursor.status());
    const auto record = [this, finish, agency = caller->agency, sizes = cursor->next] {
      absl::Status queued = backend_.sequencer.Acknowledge(agency, sizes, finish);
      if (!queued.ok()) finish(queued);
    };
    if (CheckReached(*cursor, caller->reader()).ok()) return record();
    // Another writer may have served what is acknowledged here.
    absl::Status queued = backend_.sequencer.CatchUpNow(
        [this, finish, record, reader = caller->reader(), cursor = *cursor](absl::Status status) {
          if (status.ok()) status = CheckReached(cursor, reader);
          status.ok() ? record() : finish(status);
        });
    if (!queued.ok()) finish(queued);
  });
  if (!posted) {
    reactor->Finish(ToGrpcStatus(base::WithRetry(
        base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull, "busy"),
        absl::Milliseconds(100))));
  }
  return reactor;
}

absl::Status ExchangeServiceImpl::CheckReached(const entry::Cursor& cursor,
                                               const machine::Reader& reader) const {
  std::shared_lock lock(backend_.machine.mutex());
  for (const auto& [id, next] : cursor.next) {
    const machine::Ledger* ledger = backend_.machine.Find(id, reader);
    if (ledger != nullptr && next <= ledger->tree.size()) continue;
    return base::WithMetadata(
        base::Refuse(absl::StatusCode::kOutOfRange, Reason::kCursorAhead,
                     "the cursor is ahead of ledger {}; acknowledge what you were given", id),
        "ledger", id);
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::GetDelivery(grpc::CallbackServerContext* context,
                                                           const pb::GetDeliveryRequest* request,
                                                           pb::GetDeliveryResponse* response) {
  return ServeRead(backend_, context, Method("GetDelivery"), *request,
                   [this, request, response](const Caller& caller) -> absl::Status {
                     // A document of another state answers as one that does not exist.
                     const std::string prefix = "partners/" + caller.agency.state + "/";
                     std::optional<uint64_t> position;
                     {
                       std::shared_lock lock(backend_.machine.mutex());
                       position = backend_.machine.PositionOfName(request->name());
                     }
                     if (!position.has_value() || request->name().rfind(prefix, 0) != 0) {
                       return NotFound(request->name());
                     }
                     ENTENTE_ASSIGN_OR_RETURN(auto records,
                                              backend_.journal.Read(*position, *position + 1, 1));
                     pb::Leaf leaf;
                     ENTENTE_CHECK(leaf.ParseFromString(records[0].header));
                     response->set_name(request->name());
                     *response->mutable_recorded_time() = leaf.stamp().recorded_time();
                     std::shared_lock lock(backend_.machine.mutex());
                     const machine::Place place = backend_.machine.PlaceOf(*position);
                     std::set<std::string> states;
                     if (place.ledger->audience.has_listed()) {
                       for (const auto& state : place.ledger->audience.listed().states())
                         states.insert(state);
                     } else {
                       for (const auto& partner : caller.directory->proto().partners()) {
                         if (!partner.former()) states.insert(partner.state());
                       }
                     }
                     for (const std::string& state : states) {
                       auto* status = response->add_states();
                       status->set_state(state);
                       auto steps = place.ledger->acknowledged.find(state);
                       if (steps == place.ledger->acknowledged.end()) continue;
                       for (const auto& step : steps->second) {
                         if (step.size <= place.index) continue;
                         entry::SetTime(step.time, status->mutable_acknowledged_time());
                         break;
                       }
                     }
                     return absl::OkStatus();
                   });
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::GetEntry(grpc::CallbackServerContext* context,
                                                        const pb::GetEntryRequest* request,
                                                        pb::GetEntryResponse* response) {
  return ServeRead(
      backend_, context, Method("GetEntry"), *request,
      [this, request, response](const Caller& caller) -> absl::Status {
        uint64_t position = 0;
        {
          std::shared_lock lock(backend_.machine.mutex());
          const machine::Ledger* ledger = backend_.machine.Find(request->ledger(), caller.reader());
          if (ledger == nullptr) return NotFound("ledger " + request->ledger());
          if (request->index() >= ledger->tree.size()) {
            return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange,
                                "the ledger's size is {}; ask below it", ledger->tree.size());
          }
          position = ledger->positions[request->index()];
        }
        ENTENTE_ASSIGN_OR_RETURN(auto records, backend_.journal.Read(position, position + 1, 1));
        response->mutable_entry()->set_leaf(std::move(records[0].header));
        response->mutable_entry()->set_signed_document(std::move(records[0].body));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::ListLedgers(grpc::CallbackServerContext* context,
                                                           const pb::ListLedgersRequest* request,
                                                           pb::ListLedgersResponse* response) {
  return ServeRead(backend_, context, Method("ListLedgers"), *request,
                   [this, request, response](const Caller& caller) -> absl::Status {
                     base::FieldViolations violations;
                     if (request->page_size() < 0)
                       violations.Add("page_size", "must not be negative");
                     if (request->page_token().size() > 64)
                       violations.Add("page_token", "is malformed");
                     ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
                     const int limit =
                         request->page_size() == 0 ? 100 : std::min(request->page_size(), 1000);
                     const machine::Reader reader = caller.reader();
                     std::shared_lock lock(backend_.machine.mutex());
                     for (const auto& [id, ledger] : backend_.machine.ledgers()) {
                       if (id <= request->page_token() ||
                           !entry::Includes(ledger.audience, reader.state, reader.is_partner)) {
                         continue;
                       }
                       if (response->ledgers_size() == limit) {
                         response->set_next_page_token(response->ledgers(limit - 1).ledger());
                         break;
                       }
                       auto* info = response->add_ledgers();
                       info->set_ledger(id);
                       *info->mutable_audience() = ledger.audience;
                       SetHead(ledger, info->mutable_head());
                     }
                     return absl::OkStatus();
                   });
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::GetCheckpoint(
    grpc::CallbackServerContext* context, const pb::GetCheckpointRequest* request,
    pb::GetCheckpointResponse* response) {
  return ServeRead(backend_, context, Method("GetCheckpoint"), *request,
                   [this, request, response](const Caller& caller) -> absl::Status {
                     std::shared_lock lock(backend_.machine.mutex());
                     const machine::Ledger* ledger =
                         backend_.machine.Find(request->ledger(), caller.reader());
                     if (ledger == nullptr) return NotFound("ledger " + request->ledger());
                     response->set_checkpoint(ledger->checkpoint);
                     return absl::OkStatus();
                   });
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::ProveInclusion(
    grpc::CallbackServerContext* context, const pb::ProveInclusionRequest* request,
    pb::ProveInclusionResponse* response) {
  return ServeRead(
      backend_, context, Method("ProveInclusion"), *request,
      [this, request, response](const Caller& caller) -> absl::Status {
        std::shared_lock lock(backend_.machine.mutex());
        const machine::Ledger* ledger = backend_.machine.Find(request->ledger(), caller.reader());
        if (ledger == nullptr) return NotFound("ledger " + request->ledger());
        ENTENTE_ASSIGN_OR_RETURN(auto proof,
                                 ledger->tree.ProveInclusion(request->index(), request->size()));
        for (const auto& node : proof) response->add_hashes(node.str());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::ProveConsistency(
    grpc::CallbackServerContext* context, const pb::ProveConsistencyRequest* request,
    pb::ProveConsistencyResponse* response) {
  return ServeRead(
      backend_, context, Method("ProveConsistency"), *request,
      [this, request, response](const Caller& caller) -> absl::Status {
        std::shared_lock lock(backend_.machine.mutex());
        const machine::Ledger* ledger = backend_.machine.Find(request->ledger(), caller.reader());
        if (ledger == nullptr) return NotFound("ledger " + request->ledger());
        ENTENTE_ASSIGN_OR_RETURN(
            auto proof, ledger->tree.ProveConsistency(request->old_size(), request->new_size()));
        for (const auto& node : proof) response->add_hashes(node.str());
        return absl::OkStatus();
      });
}

}  // namespace entente::rpc
