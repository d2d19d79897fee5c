// Who calls, and may they: the first thing every handler asks. Identity comes from the TLS client
// certificate, rights from the authorization table; a method without a row is refused.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_GUARD_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_GUARD_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>

#include "services/core/base/clock.h"
#include "services/core/base/mutex.h"
#include "services/core/identity/authorization.h"
#include "services/core/identity/directory.h"
#include "services/core/identity/directory_source.h"
#include "services/core/machine/machine.h"

namespace entente::rpc {

// An authenticated, authorised caller.
struct Caller {
  base::AgencyName agency;
  std::shared_ptr<const identity::Directory> directory;  // that it was checked against
  machine::Reader reader() const { return {agency.state, directory->IsPartner(agency.state)}; }
};

// The caller's certificates as TLS saw them: PEM, leaf first.
std::string PeerChainPem(const grpc::ServerContextBase& context);

// Thread-safe. Blocks only for bounded arithmetic: a caller's certificates are checked when they
// are first seen and once a minute.
class Guard {
 public:
  Guard(const identity::DirectorySource& source, const base::Clock& clock, std::string group,
        int submits_per_second_max, int reads_per_second_max)
      : source_(source),
        clock_(clock),
        group_(std::move(group)),
        submits_per_second_max_(submits_per_second_max),
        reads_per_second_max_(reads_per_second_max) {}

  // Refusals name in their metadata, "caller", whom the certificate names.
  absl::StatusOr<Caller> Check(const std::string& chain_pem, std::string_view method);
  // All whom the directory knows, whatever their rights.
  absl::StatusOr<Caller> Identify(const std::string& chain_pem);
  // Takes one submission from the agency's allowance; RESOURCE_EXHAUSTED/RATE_EXCEEDED.
  absl::Status TakeSubmission(const base::AgencyName& agency) {
    return Take(submissions_, agency, submits_per_second_max_, "submissions");
  }
  // The same for every other call.
  absl::Status TakeRead(const base::AgencyName& agency) {
    return Take(reads_, agency, reads_per_second_max_, "calls");
  }
  // From now on every call is refused with this; OK lets them in again.
  void Block(absl::Status status);
  // Why calls are not let in; OK if they are.
  absl::Status blocked() const;
  const std::string& group() const { return group_; }

 private:
  struct Bucket {
    double tokens = 0;
    absl::Time filled;
  };
  using Chain = std::shared_ptr<const std::vector<crypto::Certificate>>;
  // Null: not of a caller that was accepted before.
  Chain Parsed(const base::Digest& digest);

  const identity::DirectorySource& source_;
  const base::Clock& clock_;
  const std::string group_;
  const int submits_per_second_max_;
  const int reads_per_second_max_;
  using Buckets = std::map<base::AgencyName, Bucket>;
  absl::Status Take(Buckets& buckets, const base::AgencyName& agency, int per_second_max,
                    std::string_view what);
  mutable base::Mutex mutex_;
  std::map<base::Digest, Chain> parsed_ ABSL_GUARDED_BY(mutex_);  // by the PEM's
  Buckets submissions_;                                           // both by mutex_
  Buckets reads_;
  absl::Status blocked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_GUARD_H_
