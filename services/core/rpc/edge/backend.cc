#include "services/core/rpc/edge/backend.h"

#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {

std::string RequestIdOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  auto it = metadata.find("x-request-id");
  if (it == metadata.end() || it->second.size() > 64) return "";
  const std::string id(it->second.data(), it->second.size());
  return base::IsReference(id) ? id : "";
}

void Report(Backend& backend, const CallRecord& call, const absl::Status& status) {
  const std::string code(absl::StatusCodeToString(status.code()));
  // Who was refused is known from the certificate, although the call was not let in.
  const std::string caller = call.caller.empty() ? base::MetadataOf(status, "caller") : call.caller;
  if (!call.opened) backend.metrics.CountRpc(call.method, code);
  const bool submit = call.method.find("/Submit") != std::string::npos;
  if (submit && !status.ok()) backend.metrics.documents_refused.Increment();
  const std::string reason = base::ReasonOf(status).value_or("");
  // Refusals for coming too often are counted: a line for each would fill the disk. So are those of
  // callers who are not let in at all, whatever they call themselves.
  uint64_t count = 1;
  const bool unknown = status.code() == absl::StatusCode::kUnauthenticated;
  const bool counted = unknown || status.code() == absl::StatusCode::kResourceExhausted;
  if (counted) {
    count = backend.refusals->Count(unknown ? "" : caller, backend.clock.Now());
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
                          {telemetry::field::kDocument, call.document},
                          {telemetry::field::kGiven, call.given},
                          {telemetry::field::kCount, std::to_string(count)}});
  }
  using telemetry::Level;
  const Level level = status.ok() ? Level::kDebug : Level::kInfo;
  if (!telemetry::Enabled(level)) return;
  // The audit has a line of each, and a size of its own; the log may have neither.
  if (!status.ok() && !counted) count = backend.logged->Count(caller, backend.clock.Now());
  if (count == 0) return;
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

}  // namespace entente::rpc
