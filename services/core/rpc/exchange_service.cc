#include "services/core/rpc/exchange_service.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "services/core/base/status.h"
#include "services/core/identity/acknowledgement.h"
#include "services/core/rpc/reading.h"
#include "services/core/rpc/streams/follow.h"
#include "services/core/rpc/streams/submit.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr size_t kAcknowledgeBytesMax =
    identity::kAcknowledgementsMax *
    (identity::kAcknowledgementCertificatesBytesMax + identity::kAcknowledgementBytesMax + 512);

constexpr std::string_view kService = "/entente.exchange.v1.ExchangeService/";

std::string Method(std::string_view name) { return std::string(kService) + std::string(name); }

// The states that a ledger is for, sorted.
std::set<std::string> ReadersOf(const machine::Ledger& ledger, const identity::Directory& now) {
  if (ledger.audience.has_listed()) {
    const auto& states = ledger.audience.listed().states();
    return {states.begin(), states.end()};
  }
  std::set<std::string> states;
  for (const auto& partner : now.proto().partners()) {
    if (!partner.former()) states.insert(partner.state());
  }
  return states;
}

}  // namespace

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
  router.Add({.name = Method("Validate"),
              .request_bytes_max = kRequestBytesMax,
              .answer_bytes_max = kSmall,
              .submits = true,
              .work = [this](UnaryCall& call) { ServeValidate(backend_, call); }});
  router.AddStream(Method("SubmitMany"), [this](auto* context, Caller caller, OpenCall call) {
    return StartSubmitMany(backend_, context, std::move(caller), std::move(call));
  });
  router.AddStream(Method("Follow"), [this](auto* context, Caller caller, OpenCall call) {
    return backend_.streams.Start(context, std::move(caller), std::move(call));
  });
  router.Add(
      {.name = Method("Acknowledge"),
       .request_bytes_max = kAcknowledgeBytesMax,
       .answer_bytes_max = 0,
       .work = [this](UnaryCall& call) {
         if (!backend_.intake.TryPost(call.record().caller, [this, &call] { Acknowledge(call); })) {
           call.Refuse(base::WithRetry(
               base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kQueueFull,
                            "too many calls of yours are waiting"),
               absl::Milliseconds(100)));
         }
       }});
  read("GetDelivery", &ExchangeServiceImpl::GetDelivery, kAnswerBytesMax);
  read("GetEntry", &ExchangeServiceImpl::GetEntry, kAnswerBytesMax);
  read("ListRevisions", &ExchangeServiceImpl::ListRevisions, kAnswerBytesMax);
  read("ListAnswers", &ExchangeServiceImpl::ListAnswers, kAnswerBytesMax);
  read("ListObligations", &ExchangeServiceImpl::ListObligations, kAnswerBytesMax);
  read("ListLedgers", &ExchangeServiceImpl::ListLedgers, kAnswerBytesMax);
  read("GetCheckpoint", &ExchangeServiceImpl::GetCheckpoint, kSmall);
  read("GetBudget", &ExchangeServiceImpl::GetBudget, kSmall);
  read("ProveInclusion", &ExchangeServiceImpl::ProveInclusion, kSmall);
  read("ProveConsistency", &ExchangeServiceImpl::ProveConsistency, kSmall);
}

void ExchangeServiceImpl::Acknowledge(UnaryCall& call) {
  call.record().digest = call.RequestDigest();
  pb::AcknowledgeRequest request;
  if (absl::Status status = call.Parse(kReadElementsMax, request); !status.ok()) {
    return call.Refuse(status);
  }
  auto said = VerifyAcknowledgements(call.caller(), request);
  if (!said.ok()) return call.Refuse(said.status());
  const auto finish = [&call](const absl::Status& status) {
    status.ok() ? call.Answer(pb::AcknowledgeResponse()) : call.Refuse(status);
  };
  const auto record = [this, finish, agency = call.caller().agency, said = *said] {
    absl::Status queued = backend_.sequencer.Acknowledge(agency, said, finish);
    if (!queued.ok()) finish(queued);
  };
  const absl::Status reached = CheckReached(*said, call.caller().reader());
  if (reached.ok()) return record();
  if (!absl::IsOutOfRange(reached)) return finish(reached);
  // Another writer may have served what is acknowledged here.
  absl::Status queued = backend_.sequencer.CatchUpNow(
      [this, finish, record, reader = call.caller().reader(), said = *said](absl::Status status) {
        if (status.ok()) status = CheckReached(said, reader);
        status.ok() ? record() : finish(status);
      });
  if (!queued.ok()) finish(queued);
}

absl::StatusOr<std::vector<machine::Sequencer::Acknowledged>>
ExchangeServiceImpl::VerifyAcknowledgements(const Caller& caller,
                                            const pb::AcknowledgeRequest& request) const {
  if (caller.agency.state.empty()) {
    return base::Refuse(absl::StatusCode::kPermissionDenied, Reason::kCallerNotEntitled,
                        "{} reads for no state", caller.agency.str());
  }
  base::FieldViolations violations;
  if (request.acknowledgements().empty() ||
      request.acknowledgements_size() > identity::kAcknowledgementsMax) {
    violations.Add("acknowledgements", "1 to {}", identity::kAcknowledgementsMax);
    return violations.ToStatus();
  }
  const absl::Time now = backend_.clock.Now();
  std::vector<machine::Sequencer::Acknowledged> result;
  for (const auto& signed_acknowledgement : request.acknowledgements()) {
    const std::string field = fmt::format("acknowledgements[{}].", result.size());
    ENTENTE_ASSIGN_OR_RETURN(const auto said,
                             identity::ReadAcknowledgement(signed_acknowledgement, field));
    if (said.service() != backend_.machine.service()) {
      violations.Add(field + "service", "is not {}", backend_.machine.service());
    }
    if (said.agency() != caller.agency.str()) {
      violations.Add(field + "agency", "is not the caller's");
    }
    if (entry::GetTime(said.acknowledged_time()) > now + identity::kAcknowledgementSkewMax) {
      violations.Add(field + "acknowledged_time", "is in the future; set your clock");
    }
    ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
    if (!Known(caller.agency.state, said)) {
      // A signature costs as much as a read.
      ENTENTE_RETURN_IF_ERROR(backend_.guard.TakeRead(caller.agency));
      ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
          identity::VerifyAcknowledgement(signed_acknowledgement, said, *caller.directory, now),
          field + "signature"));
    }
    result.push_back({.ledger = said.ledger(),
                      .size = said.size(),
                      .root = *base::Digest::From(said.root()),
                      .signed_acknowledgement = signed_acknowledgement,
                      .directory_serial = caller.directory->serial()});
  }
  return result;
}

bool ExchangeServiceImpl::Known(const std::string& state, const pb::Acknowledgement& said) const {
  std::shared_lock lock(backend_.machine.mutex());
  auto ledger = backend_.machine.ledgers().find(said.ledger());
  if (ledger == backend_.machine.ledgers().end()) return false;
  auto steps = ledger->second.acknowledged.find(state);
  return steps != ledger->second.acknowledged.end() && steps->second.back().size >= said.size();
}

absl::Status ExchangeServiceImpl::CheckReached(
    const std::vector<machine::Sequencer::Acknowledged>& acknowledged,
    const machine::Reader& reader) const {
  std::shared_lock lock(backend_.machine.mutex());
  for (const auto& said : acknowledged) {
    const machine::Ledger* ledger = backend_.machine.Find(said.ledger, reader);
    if (ledger == nullptr || said.size > ledger->tree.size()) {
      return base::WithMetadata(
          base::Refuse(absl::StatusCode::kOutOfRange, Reason::kCursorAhead,
                       "ledger {} does not reach so far; acknowledge what you were given",
                       said.ledger),
          "ledger", said.ledger);
    }
    if (ledger->tree.RootAt(said.size) != said.root) {
      return base::WithMetadata(
          base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kLedgerForked,
                       "you hold other entries of ledger {} than this service; keep them, and "
                       "compare checkpoints with another partner",
                       said.ledger),
          "ledger", said.ledger);
    }
  }
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::GetDelivery(const Caller& caller,
                                              const pb::GetDeliveryRequest& request,
                                              pb::GetDeliveryResponse& response) const {
  // A document of another state answers as one that does not exist.
  const std::string prefix = "partners/" + caller.agency.state + "/";
  std::vector<uint64_t> positions;                // of the document, and of acknowledgements of it
  std::vector<pb::DeliveryStatus*> acknowledged;  // where those go
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    const auto position = backend_.machine.chains().PositionOf(request.name());
    if (!position.has_value() || request.name().rfind(prefix, 0) != 0) {
      return NotFound(request.name());
    }
    positions.push_back(*position);
    const machine::Place place = backend_.machine.PlaceOf(*position);
    for (const std::string& state : ReadersOf(*place.ledger, *caller.directory)) {
      auto* status = response.add_states();
      status->set_state(state);
      auto steps = place.ledger->acknowledged.find(state);
      if (steps == place.ledger->acknowledged.end()) continue;
      const auto step = std::find_if(steps->second.begin(), steps->second.end(),
                                     [&](const auto& one) { return one.size > place.index; });
      if (step == steps->second.end()) continue;
      positions.push_back(step->position);
      acknowledged.push_back(status);
      ENTENTE_ASSIGN_OR_RETURN(const auto proof,
                               place.ledger->tree.ProveInclusion(place.index, step->size));
      for (const auto& node : proof) status->add_inclusion_proof(node.str());
    }
  }
  RecordReader records(backend_.journal, std::move(positions));
  ENTENTE_ASSIGN_OR_RETURN(const auto document, records.Next());
  pb::Leaf leaf;
  ENTENTE_CHECK(leaf.ParseFromString(document.header));
  response.set_name(request.name());
  *response.mutable_recorded_time() = leaf.stamp().recorded_time();
  response.set_ledger(leaf.stamp().ledger());
  response.set_index(leaf.stamp().index());
  for (auto* status : acknowledged) {
    ENTENTE_ASSIGN_OR_RETURN(const auto said, records.Next());
    ENTENTE_CHECK(status->mutable_acknowledgement()->ParseFromString(said.header));
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
  return RecordReader(backend_.journal, {position}).NextEntry(*response.mutable_entry());
}

absl::Status ExchangeServiceImpl::ListRevisions(const Caller& caller,
                                                const pb::ListRevisionsRequest& request,
                                                pb::ListRevisionsResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size(), kChainPageMax));
  const std::string key = "revisions " + request.name();
  ENTENTE_ASSIGN_OR_RETURN(const std::string after, OpenPageToken(key, request.page_token()));
  size_t next = 0;  // of the chain's documents
  const char* end = after.data() + after.size();
  if (!after.empty()) {
    const auto [at, error] = std::from_chars(after.data(), end, next);
    if (error != std::errc() || at != end) return BadPageToken();
  }
  std::vector<uint64_t> positions;
  {
    std::shared_lock lock(backend_.machine.mutex());
    const machine::Reader reader = caller.reader();
    ENTENTE_RETURN_IF_ERROR(AnswerAtHeads(backend_.machine, reader, request, response));
    const machine::Chain* chain = backend_.machine.chains().Find(request.name(), reader);
    if (chain == nullptr || chain->name() != request.name()) return NotFound(request.name());
    if (next > chain->positions.size()) return BadPageToken();
    // One more than a page: there is another.
    const size_t count = std::min(chain->positions.size() - next, static_cast<size_t>(limit) + 1);
    const auto begin = chain->positions.begin() + static_cast<int64_t>(next);
    positions.assign(begin, begin + static_cast<int64_t>(count));
  }
  RecordReader records(backend_.journal, positions);
  size_t bytes = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (response.revisions_size() == limit || bytes > kPageBytesMax) {
      response.set_next_page_token(MakePageToken(key, std::to_string(next)));
      break;
    }
    pb::Entry& entry = *response.add_revisions();
    ENTENTE_RETURN_IF_ERROR(records.NextEntry(entry));
    bytes += entry.ByteSizeLong();
    ++next;
  }
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::ListAnswers(const Caller& caller,
                                              const pb::ListAnswersRequest& request,
                                              pb::ListAnswersResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size(), kChainPageMax));
  const std::string key = "answers " + request.name();
  ENTENTE_ASSIGN_OR_RETURN(const std::string after, OpenPageToken(key, request.page_token()));
  std::vector<std::string> names;
  std::vector<uint64_t> positions;
  {
    std::shared_lock lock(backend_.machine.mutex());
    const machine::Reader reader = caller.reader();
    ENTENTE_RETURN_IF_ERROR(AnswerAtHeads(backend_.machine, reader, request, response));
    const machine::Chain* chain = backend_.machine.chains().Find(request.name(), reader);
    if (chain == nullptr || chain->name() != request.name()) return NotFound(request.name());
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* last,
                             OpenChainToken(backend_.machine, reader, after));
    // One more than a page: there is another.
    for (const machine::Chain* answer :
         machine::Chains::AnswersTo(*chain, reader, last, static_cast<size_t>(limit) + 1)) {
      names.emplace_back(answer->name());
      positions.push_back(answer->positions[0]);
    }
  }
  RecordReader records(backend_.journal, std::move(positions));
  size_t bytes = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i == static_cast<size_t>(limit) || bytes > kPageBytesMax) {
      response.set_next_page_token(MakePageToken(key, names[i - 1]));
      break;
    }
    pb::Entry& entry = *response.add_answers();
    ENTENTE_RETURN_IF_ERROR(records.NextEntry(entry));
    bytes += entry.ByteSizeLong();
  }
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::ListObligations(const Caller& caller,
                                                  const pb::ListObligationsRequest& request,
                                                  pb::ListObligationsResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  const std::string key = "obligations";
  ENTENTE_ASSIGN_OR_RETURN(const std::string after, OpenPageToken(key, request.page_token()));
  const absl::Time now = backend_.clock.Now();
  std::shared_lock lock(backend_.machine.mutex());
  const machine::Reader reader = caller.reader();
  ENTENTE_RETURN_IF_ERROR(AnswerAtHeads(backend_.machine, reader, request, response));
  ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* start,
                           OpenChainToken(backend_.machine, reader, after));
  const machine::Register& reg = backend_.machine.reg();
  size_t looked = 0;
  const machine::Chain* last = nullptr;
  reg.VisitOwing(reader, start, [&](const machine::Chain& chain) {
    if (response.obligations_size() >= limit || looked == kLookMax) {
      response.set_next_page_token(MakePageToken(key, std::string(last->name())));
      return false;
    }
    ++looked;
    last = &chain;
    for (const auto& owed : reg.ObligationsOf(chain, reader, caller.directory->partners(), now)) {
      // What third states owe each other is theirs.
      if (owed.state != reader.state && chain.originator_state() != reader.state) continue;
      pb::Obligation& out = *response.add_obligations();
      out.set_kind(owed.kind);
      out.set_name(std::string(chain.name()));
      out.set_state(owed.state);
      entry::SetTime(owed.due, out.mutable_due_time());
    }
    return true;
  });
  return absl::OkStatus();
}

absl::Status ExchangeServiceImpl::ListLedgers(const Caller& caller,
                                              const pb::ListLedgersRequest& request,
                                              pb::ListLedgersResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  const std::string key = "ledgers";
  ENTENTE_ASSIGN_OR_RETURN(const std::string after, OpenPageToken(key, request.page_token()));
  const machine::Reader reader = caller.reader();
  std::shared_lock lock(backend_.machine.mutex());
  for (const machine::Ledger* ledger : backend_.machine.LedgersOf(reader)) {
    if (ledger->id <= after) continue;
    if (response.ledgers_size() == limit) {
      response.set_next_page_token(MakePageToken(key, response.ledgers(limit - 1).ledger()));
      break;
    }
    auto* info = response.add_ledgers();
    info->set_ledger(ledger->id);
    *info->mutable_audience() = ledger->audience;
    SetHead(*ledger, info->mutable_head());
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
