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
  // Who was refused is known from his certificate, although he was not let in.
  const std::string caller = call.caller.empty() ? base::MetadataOf(status, "caller") : call.caller;
  if (!call.opened) backend.metrics.CountRpc(call.method, code);
  const bool submit = call.method.find("/Submit") != std::string::npos;
  if (submit && !status.ok()) backend.metrics.documents_refused.Increment();
  const std::string reason = base::ReasonOf(status).value_or("");
  // Refusals for coming too often are counted: a line for each would fill the disk.
  uint64_t count = 1;
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    count = backend.refusals->Count(caller, backend.clock.Now());
    if (count == 0) return;
  }
  if (backend.audit != nullptr) {
    backend.audit->Write({{telemetry::field::kGroup, backend.machine.group()},
                          {telemetry::field::kMethod, call.method},
                          {telemetry::field::kCaller, caller},
                          {telemetry::field::kCode, call.opened ? "OPENED" : code},
                          {telemetry::field::kReason, reason},
                          {telemetry::field::kRequest, call.request_id},
                          {telemetry::field::kDigest, call.digest},
                          {telemetry::field::kGiven, call.given},
                          {telemetry::field::kCount, std::to_string(count)}});
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
       {telemetry::field::kCaller, caller},
       {telemetry::field::kRequest, call.request_id},
       {telemetry::field::kCode, call.opened ? "OPENED" : code},
       {telemetry::field::kReason, reason},
       // What the journal says is for the operator; callers get a fixed text instead.
       {telemetry::field::kError, IsJournalFault(status) ? base::Text(status) : ""},
       // Which fields, not what was in them.
       {telemetry::field::kFields, base::FieldsOf(status)},
       {telemetry::field::kCount, std::to_string(count)},
       {telemetry::field::kDurationMs, fmt::format("{:.3f}", absl::ToDoubleMilliseconds(took))}});
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

void ExchangeServiceImpl::AddTo(Router& router) {
  const auto read = [&](std::string_view method, auto handler, size_t answer_bytes_max) {
    router.Read(Method(method), this, handler, answer_bytes_max);
  };
  constexpr size_t kSmall = 64 << 10;
  router.Add({.name = Method("Submit"),
              .request_bytes_max = kRequestBytesMax,
              .answer_bytes_max = kSmall,
              .submits = true,
              .work = [this](UnaryCall& call) { ServeSubmit(backend_, call); }});
  router.AddStream(Method("SubmitMany"), [this](auto* context, Caller caller) {
    return StartSubmitMany(backend_, context, std::move(caller));
  });
  router.AddStream(Method("Follow"), [this](auto* context, Caller caller) {
    return backend_.follow.Start(context, std::move(caller));
  });
  router.Add(
      {.name = Method("Acknowledge"),
       .request_bytes_max = entry::kCursorBytesMax + 4096,
       .answer_bytes_max = 0,
       .work = [this](UnaryCall& call) {
         if (!backend_.intake.TryPost(call.record().caller, [this, &call] { Acknowledge(call); })) {
           call.Refuse(base::WithRetry(
               base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                            "too many calls of yours are waiting"),
               absl::Milliseconds(100)));
         }
       }});
  read("GetDelivery", &ExchangeServiceImpl::GetDelivery, kSmall);
  read("GetEntry", &ExchangeServiceImpl::GetEntry, kAnswerBytesMax);
  read("ListLedgers", &ExchangeServiceImpl::ListLedgers, kAnswerBytesMax);
  read("GetCheckpoint", &ExchangeServiceImpl::GetCheckpoint, kSmall);
  read("GetBudget", &ExchangeServiceImpl::GetBudget, kSmall);
  read("ProveInclusion", &ExchangeServiceImpl::ProveInclusion, kSmall);
  read("ProveConsistency", &ExchangeServiceImpl::ProveConsistency, kSmall);
}

void ExchangeServiceImpl::Acknowledge(UnaryCall& call) {
  pb::AcknowledgeRequest request;
  if (absl::Status status = call.Parse(kReadElementsMax, request); !status.ok()) {
    return call.Refuse(status);
  }
  call.record().digest = crypto::Sha256(request.cursor()).hex();
  const Caller& caller = call.caller();
  if (caller.agency.state.empty()) {
    return call.Refuse(base::Refuse(absl::StatusCode::kPermissionDenied, Reason::kCallerNotEntitled,
                                    "{} reads for no state", caller.agency.str()));
  }
  auto cursor = entry::Cursor::Decode(backend_.machine.service(), request.cursor());
  if (!cursor.ok()) return call.Refuse(cursor.status());
  const auto finish = [&call](const absl::Status& status) {
    status.ok() ? call.Answer(pb::AcknowledgeResponse()) : call.Refuse(status);
  };
  const auto record = [this, finish, agency = caller.agency, sizes = cursor->next] {
    absl::Status queued = backend_.sequencer.Acknowledge(agency, sizes, finish);
    if (!queued.ok()) finish(queued);
  };
  if (CheckReached(*cursor, caller.reader()).ok()) return record();
  // Another writer may have served what is acknowledged here.
  absl::Status queued = backend_.sequencer.CatchUpNow(
      [this, finish, record, reader = caller.reader(), cursor = *cursor](absl::Status status) {
        if (status.ok()) status = CheckReached(cursor, reader);
        status.ok() ? record() : finish(status);
      });
  if (!queued.ok()) finish(queued);
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

absl::Status ExchangeServiceImpl::GetDelivery(const Caller& caller,
                                              const pb::GetDeliveryRequest& request,
                                              pb::GetDeliveryResponse& response) const {
  // A document of another state answers as one that does not exist.
  const std::string prefix = "partners/" + caller.agency.state + "/";
  std::optional<uint64_t> position;
  {
    std::shared_lock lock(backend_.machine.mutex());
    position = backend_.machine.PositionOfName(request.name());
  }
  if (!position.has_value() || request.name().rfind(prefix, 0) != 0) {
    return NotFound(request.name());
  }
  ENTENTE_ASSIGN_OR_RETURN(auto records, backend_.journal.Read(*position, *position + 1, 1));
  pb::Leaf leaf;
  ENTENTE_CHECK(leaf.ParseFromString(records[0].header));
  response.set_name(request.name());
  *response.mutable_recorded_time() = leaf.stamp().recorded_time();
  std::shared_lock lock(backend_.machine.mutex());
  const machine::Place place = backend_.machine.PlaceOf(*position);
  std::set<std::string> states;
  if (place.ledger->audience.has_listed()) {
    for (const auto& state : place.ledger->audience.listed().states()) states.insert(state);
  } else {
    for (const auto& partner : caller.directory->proto().partners()) {
      if (!partner.former()) states.insert(partner.state());
    }
  }
  for (const std::string& state : states) {
    auto* status = response.add_states();
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
}

absl::Status ExchangeServiceImpl::GetEntry(const Caller& caller, const pb::GetEntryRequest& request,
                                           pb::GetEntryResponse& response) const {
  uint64_t position = 0;
  {
    std::shared_lock lock(backend_.machine.mutex());
    const machine::Ledger* ledger = backend_.machine.Find(request.ledger(), caller.reader());
    if (ledger == nullptr) return NotFound("ledger " + request.ledger());
    if (request.index() >= ledger->tree.size()) {
      return base::Refuse(absl::StatusCode::kOutOfRange, Reason::kIndexOutOfRange,
                          "the ledger's size is {}; ask below it", ledger->tree.size());
    }
    position = ledger->positions[request.index()];
  }
  ENTENTE_ASSIGN_OR_RETURN(auto records, backend_.journal.Read(position, position + 1, 1));
  response.mutable_entry()->set_leaf(std::move(records[0].header));
  response.mutable_entry()->set_signed_document(std::move(records[0].body));
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::ListLedgers(const Caller& caller,
                                              const pb::ListLedgersRequest& request,
                                              pb::ListLedgersResponse& response) const {
  base::FieldViolations violations;
  if (request.page_size() < 0) violations.Add("page_size", "must not be negative");
  if (request.page_token().size() > 64) violations.Add("page_token", "is malformed");
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  const int limit = request.page_size() == 0 ? 100 : std::min(request.page_size(), 1000);
  const machine::Reader reader = caller.reader();
  std::shared_lock lock(backend_.machine.mutex());
  for (const auto& [id, ledger] : backend_.machine.ledgers()) {
    if (id <= request.page_token() ||
        !entry::Includes(ledger.audience, reader.state, reader.is_partner)) {
      continue;
    }
    if (response.ledgers_size() == limit) {
      response.set_next_page_token(response.ledgers(limit - 1).ledger());
      break;
    }
    auto* info = response.add_ledgers();
    info->set_ledger(id);
    *info->mutable_audience() = ledger.audience;
    SetHead(ledger, info->mutable_head());
  }
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::GetCheckpoint(const Caller& caller,
                                                const pb::GetCheckpointRequest& request,
                                                pb::GetCheckpointResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  const machine::Ledger* ledger = backend_.machine.Find(request.ledger(), caller.reader());
  if (ledger == nullptr) return NotFound("ledger " + request.ledger());
  response.set_checkpoint(ledger->checkpoint);
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::ProveInclusion(const Caller& caller,
                                                 const pb::ProveInclusionRequest& request,
                                                 pb::ProveInclusionResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  const machine::Ledger* ledger = backend_.machine.Find(request.ledger(), caller.reader());
  if (ledger == nullptr) return NotFound("ledger " + request.ledger());
  ENTENTE_ASSIGN_OR_RETURN(auto proof,
                           ledger->tree.ProveInclusion(request.index(), request.size()));
  for (const auto& node : proof) response.add_hashes(node.str());
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::ProveConsistency(const Caller& caller,
                                                   const pb::ProveConsistencyRequest& request,
                                                   pb::ProveConsistencyResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  const machine::Ledger* ledger = backend_.machine.Find(request.ledger(), caller.reader());
  if (ledger == nullptr) return NotFound("ledger " + request.ledger());
  ENTENTE_ASSIGN_OR_RETURN(auto proof,
                           ledger->tree.ProveConsistency(request.old_size(), request.new_size()));
  for (const auto& node : proof) response.add_hashes(node.str());
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::GetBudget(const Caller& caller, const pb::GetBudgetRequest&,
                                            pb::GetBudgetResponse& response) const {
  machine::Usage usage;
  {
    std::shared_lock lock(backend_.machine.mutex());
    usage = backend_.machine.UsageOf(caller.agency.state);
  }
  const int64_t today = machine::DayOf(backend_.clock.Now());
  const machine::Budgets& most = backend_.budgets;
  const auto set = [](pb::Share* share, uint64_t used, uint64_t limit) {
    share->set_used(used);
    share->set_most(limit);
  };
  set(response.mutable_documents_today(), usage.DocumentsOn(today), most.documents_per_day);
  set(response.mutable_bytes_today(), usage.BytesOn(today), most.bytes_per_day);
  set(response.mutable_documents(), usage.documents, most.documents);
  set(response.mutable_bytes(), usage.bytes, most.bytes);
  response.set_chain_documents_max(most.chain_documents);
  response.set_chain_facts_max(most.chain_facts);
  return absl::OkStatus();
}

}  // namespace entente::rpc
