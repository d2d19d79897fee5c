// LEEM's denials, as their originators signed them.
#ifndef ENTENTE_CLIENTS_SDK_LEEM_DENIALS_H_
#define ENTENTE_CLIENTS_SDK_LEEM_DENIALS_H_

#include <functional>
#include <string>

#include "clients/sdk/chain.h"
#include "entente/leem/v1/denial_service.pb.h"
#include "services/leem/standing/standing.h"

namespace entente::sdk {

// A denial, folded from the verified documents of its chain. The fold is the service's own.
struct VerifiedDenial {
  Chain chain;
  leem::v1::DenialContent content;  // the newest; what remains of it, if that was erased
  leem::Standing standing;          // InForce, ValidUntil
  bool erased = false;              // the document with the newest content was
};

// DATA_LOSS/LEDGER_FORKED where the documents are none of a denial.
absl::StatusOr<VerifiedDenial> FoldDenial(Chain chain);
absl::StatusOr<VerifiedDenial> FetchDenial(const Client& client, const std::string& name);

// Calls `take` with each denial that a filter finds, as the service says, until it returns false.
absl::Status ForEachDenial(const Client& client, const leem::v1::DenialFilter& filter,
                           const std::function<bool(const leem::v1::Denial&)>& take);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_LEEM_DENIALS_H_
