#include "services/core/identity/authorization.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <map>

#include "entente/exchange/v1/authorization.pb.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"

namespace entente::identity {
namespace {

namespace pb = entente::exchange::v1;

std::optional<Right> Lookup(std::string method) {
  // "/package.Service/Method" -> "package.Service.Method"
  std::replace(method.begin(), method.end(), '/', '.');
  const auto* found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      method.empty() ? method : method.substr(1));
  if (found == nullptr) return std::nullopt;
  switch (found->options().GetExtension(pb::right)) {
    case pb::RIGHT_READ:
      return Right::kRead;
    case pb::RIGHT_SUBMIT:
      return Right::kSubmit;
    case pb::RIGHT_CHAIR:
      return Right::kChair;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Right> RightFor(std::string_view method) {
  static base::Mutex mutex;
  static auto* known = new std::map<std::string, std::optional<Right>, std::less<>>();
  base::MutexLock lock(mutex);
  auto it = known->find(method);
  if (it != known->end()) return it->second;
  const auto right = Lookup(std::string(method));
  // Only methods that exist are remembered: callers choose the rest.
  if (right.has_value()) known->emplace(method, right);
  return right;
}

absl::Status Authorize(const Directory& directory, const base::AgencyName& caller,
                       std::string_view group, std::string_view method) {
  const auto right = RightFor(method);
  // A service of the regime reads, and what it reads is public.
  if (caller.state.empty() && right == Right::kRead) return absl::OkStatus();
  if (right.has_value() && directory.Has(caller, group, *right)) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kPermissionDenied, base::Reason::kCallerNotEntitled,
                      "{} has no seat for this in {}", caller.str(), group);
}

}  // namespace entente::identity
