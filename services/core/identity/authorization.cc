#include "services/core/identity/authorization.h"

#include "services/core/base/status.h"

namespace entente::identity {
namespace {

struct Row {
  std::string_view method;
  Right right;
};

constexpr Row kTable[] = {
    {"/entente.exchange.v1.ExchangeService/Submit", Right::kSubmit},
    {"/entente.exchange.v1.ExchangeService/SubmitMany", Right::kSubmit},
    {"/entente.exchange.v1.ExchangeService/Follow", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/Acknowledge", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/GetDelivery", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/GetEntry", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/ListLedgers", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/GetCheckpoint", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/ProveInclusion", Right::kRead},
    {"/entente.exchange.v1.ExchangeService/ProveConsistency", Right::kRead},
    {"/entente.leem.v1.DenialService/GetDenial", Right::kRead},
    {"/entente.leem.v1.DenialService/ListDenials", Right::kRead},
    {"/entente.leem.v1.DenialService/ListDenialRevisions", Right::kRead},
};

}  // namespace

std::optional<Right> RightFor(std::string_view method) {
  for (const Row& row : kTable) {
    if (row.method == method) return row.right;
  }
  return std::nullopt;
}

absl::Status Authorize(const Directory& directory, const base::AgencyName& caller,
                       std::string_view group, std::string_view method) {
  const auto right = RightFor(method);
  if (right.has_value() && directory.Has(caller, group, *right)) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kPermissionDenied, base::Reason::kCallerNotEntitled,
                      "{} has no seat for this in {}", caller.str(), group);
}

}  // namespace entente::identity
