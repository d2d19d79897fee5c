#include "services/core/base/status.h"

#include <cstdio>
#include <cstdlib>

#include "google/rpc/error_details.pb.h"

namespace entente::base {
namespace {

constexpr size_t kTextBytesMax = 1024;  // what callers sent may be echoed, never at their length

template <typename M>
std::string TypeUrl() {
  return "type.googleapis.com/" + M::descriptor()->full_name();
}

template <typename M>
std::optional<M> GetDetail(const absl::Status& status) {
  auto payload = status.GetPayload(TypeUrl<M>());
  M message;
  if (!payload.has_value() || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

template <typename M>
void SetDetail(absl::Status& status, const M& message) {
  status.SetPayload(TypeUrl<M>(), absl::Cord(message.SerializeAsString()));
}

}  // namespace

void Shorten(std::string& text, size_t bytes_max) {
  constexpr std::string_view kEllipsis = "\xe2\x80\xa6";
  if (text.size() <= bytes_max) return;
  size_t end = bytes_max - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += kEllipsis;
}

absl::Status MakeRefusal(absl::StatusCode code, Reason reason, std::string text) {
  Shorten(text, kTextBytesMax);
  absl::Status status(code, text);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(reason)));
  info.set_domain(std::string(kErrorDomain));
  SetDetail(status, info);
  return status;
}

absl::Status WithMetadata(absl::Status status, std::string_view key, std::string_view value) {
  auto info = GetDetail<google::rpc::ErrorInfo>(status);
  ENTENTE_CHECK(info.has_value());
  (*info->mutable_metadata())[std::string(key)] = std::string(value);
  SetDetail(status, *info);
  return status;
}

absl::Status WithRetry(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay / absl::Seconds(1));
  retry.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>((delay % absl::Seconds(1)) / absl::Nanoseconds(1)));
  SetDetail(status, retry);
  return status;
}

absl::Status WithPrefix(const absl::Status& status, std::string_view prefix) {
  absl::Status result(status.code(), fmt::format("{}: {}", prefix, Text(status)));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& value) { result.SetPayload(url, value); });
  return result;
}

std::optional<std::string> ReasonOf(const absl::Status& status) {
  auto info = GetDetail<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return std::nullopt;
  return info->reason();
}

std::string MetadataOf(const absl::Status& status, std::string_view key) {
  auto info = GetDetail<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return "";
  auto it = info->metadata().find(std::string(key));
  return it == info->metadata().end() ? "" : it->second;
}

absl::Status FieldViolations::ToStatus() const {
  if (violations_.empty()) return absl::OkStatus();
  google::rpc::BadRequest bad_request;
  std::string text;
  for (const FieldViolation& violation : violations_) {
    auto* out = bad_request.add_field_violations();
    out->set_field(violation.field);
    out->set_description(violation.description);
    if (!text.empty()) text += "; ";
    text += violation.field + ": " + violation.description;
  }
  if (count_ > kMax) text = fmt::format("{} more faults; {}", count_ - kMax, text);
  absl::Status status =
      MakeRefusal(absl::StatusCode::kInvalidArgument, Reason::kFieldInvalid, text);
  SetDetail(status, bad_request);
  return status;
}

std::vector<FieldViolation> ViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> result;
  if (auto detail = GetDetail<google::rpc::BadRequest>(status)) {
    for (const auto& v : detail->field_violations()) result.push_back({v.field(), v.description()});
  }
  return result;
}

std::string FieldsOf(const absl::Status& status) {
  std::string fields;
  for (const FieldViolation& violation : ViolationsOf(status)) {
    fields += (fields.empty() ? "" : ",") + violation.field;
  }
  return fields;
}

void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "entente: check failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace entente::base
