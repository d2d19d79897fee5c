#include "services/core/rpc/edge/guard.h"

#include <grpc/grpc_security_constants.h>

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr double kBurstSeconds = 10;
constexpr size_t kParsedMax = 1024;
// A leaf and three intermediates of the largest admitted size, as PEM.
constexpr size_t kChainPemMax = size_t{4} * (12 << 10);

}  // namespace

std::string PeerChainPem(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr) return "";
  // On a server, OpenSSL's peer chain may or may not hold the leaf; a leaf that is there twice is
  // only an intermediate too many.
  std::string pem;
  for (const char* name :
       {GRPC_X509_PEM_CERT_PROPERTY_NAME, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME}) {
    for (const auto& value : auth->FindPropertyValues(name)) {
      pem.append(value.data(), value.size());
    }
  }
  return pem;
}

Guard::Chain Guard::Parsed(const base::Digest& digest) {
  base::MutexLock lock(mutex_);
  auto it = parsed_.find(digest);
  return it == parsed_.end() ? nullptr : it->second;
}

absl::StatusOr<Caller> Guard::Identify(const std::string& chain_pem) {
  if (chain_pem.empty() || chain_pem.size() > kChainPemMax) {
    return base::Refuse(absl::StatusCode::kUnauthenticated, Reason::kCallerUnidentified,
                        "connect with your agency's TLS certificate");
  }
  const base::Digest digest = crypto::Sha256(chain_pem);
  Chain chain = Parsed(digest);
  const bool fresh = chain == nullptr;
  if (fresh) {
    ENTENTE_ASSIGN_OR_RETURN(auto parsed, crypto::Certificate::FromPem(chain_pem));
    chain = std::make_shared<const std::vector<crypto::Certificate>>(std::move(parsed));
  }
  Caller caller;
  caller.directory = source_.Get();
  auto agency =
      caller.directory->AcceptCaller(chain->front(), std::span(*chain).subspan(1), clock_.Now());
  if (!agency.ok()) {
    const auto& uris = chain->front().uris();
    return base::WithMetadata(agency.status(), "caller", uris.size() == 1 ? uris[0] : "");
  }
  caller.agency = *std::move(agency);
  if (fresh) {
    base::MutexLock lock(mutex_);
    if (parsed_.size() >= kParsedMax) parsed_.clear();
    parsed_[digest] = chain;
  }
  return caller;
}

absl::StatusOr<Caller> Guard::Check(const std::string& chain_pem, std::string_view method) {
  ENTENTE_ASSIGN_OR_RETURN(Caller caller, Identify(chain_pem));
  absl::Status status = identity::Authorize(*caller.directory, caller.agency, group_, method);
  if (!status.ok()) return base::WithMetadata(status, "caller", caller.agency.str());
  base::MutexLock lock(mutex_);
  ENTENTE_RETURN_IF_ERROR(blocked_);
  return caller;
}

absl::Status Guard::blocked() const {
  base::MutexLock lock(mutex_);
  return blocked_;
}

void Guard::Block(absl::Status status) {
  base::MutexLock lock(mutex_);
  blocked_ = std::move(status);
}

absl::Status Guard::Take(Buckets& buckets, const base::AgencyName& agency, int per_second_max,
                         std::string_view what) {
  const absl::Time now = clock_.Now();
  const double burst = per_second_max * kBurstSeconds;
  base::MutexLock lock(mutex_);
  auto [it, fresh] = buckets.try_emplace(agency, Bucket{burst, now});
  Bucket& bucket = it->second;
  const double passed = std::max(0.0, absl::ToDoubleSeconds(now - bucket.filled));
  bucket.tokens = std::min(burst, bucket.tokens + passed * per_second_max);
  bucket.filled = now;
  if (bucket.tokens < 1) {
    return base::WithRetry(
        base::Refuse(absl::StatusCode::kResourceExhausted, Reason::kRateExceeded,
                     "more than {} {} a second; slow down", per_second_max, what),
        absl::Milliseconds(500));
  }
  bucket.tokens -= 1;
  return absl::OkStatus();
}

}  // namespace entente::rpc
