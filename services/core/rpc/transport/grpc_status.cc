#include "services/core/rpc/transport/grpc_status.h"

#include <map>

#include "google/rpc/status.pb.h"
#include "services/core/base/status.h"

namespace entente::rpc {

using base::Reason;
using base::ReasonName;

bool IsJournalFault(const absl::Status& status) {
  return base::ReasonOf(status).value_or("").rfind("JOURNAL_", 0) == 0;
}

std::string TextForCaller(const absl::Status& status) {
  if (!IsJournalFault(status)) return base::Text(status);
  // The proof names a ledger and its size, which not every caller may know of (law 6).
  if (base::ReasonOf(status) == ReasonName(Reason::kJournalRolledBack)) {
    return "this service was restored to an older state than it has signed, and answers nothing; "
           "keep what you have and tell its operator";
  }
  return "the service's journal cannot do this now; its operator's log says why";
}

std::string ToRpcStatusBytes(const absl::Status& status) {
  google::rpc::Status result;
  result.set_code(static_cast<int>(status.code()));
  result.set_message(TextForCaller(status));
  // Abseil visits payloads in an order of its own each time; the same refusal has the same bytes.
  std::map<std::string, std::string> payloads;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    payloads[std::string(url)] = std::string(value);
  });
  for (const auto& [url, value] : payloads) {
    auto* detail = result.add_details();
    detail->set_type_url(url);
    detail->set_value(value);
  }
  return result.SerializeAsString();
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), TextForCaller(status),
          ToRpcStatusBytes(status)};
}

absl::Status FromRpcStatusBytes(int code, const std::string& message, const std::string& bytes) {
  absl::Status result(static_cast<absl::StatusCode>(code), message);
  google::rpc::Status details;
  if (!details.ParseFromString(bytes)) return result;
  for (const auto& detail : details.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return FromRpcStatusBytes(status.error_code(), status.error_message(), status.error_details());
}

}  // namespace entente::rpc
