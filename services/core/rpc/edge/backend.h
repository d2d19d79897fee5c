// What a group's services share to answer calls, and what is told of each call.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_BACKEND_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_BACKEND_H_

#include <memory>
#include <set>
#include <string>

#include "services/core/base/fair_pool.h"
#include "services/core/identity/directory_source.h"
#include "services/core/machine/sequencer.h"
#include "services/core/rpc/edge/acceptor.h"
#include "services/core/rpc/edge/budget.h"
#include "services/core/rpc/edge/call_record.h"
#include "services/core/rpc/edge/guard.h"
#include "services/core/rpc/edge/refusal_count.h"
#include "services/core/telemetry/audit.h"
#include "services/core/telemetry/metrics.h"

namespace entente::rpc {

class StreamHub;

// References must outlive the services.
struct Backend {
  Guard& guard;
  const identity::DirectorySource& directory;
  const base::Clock& clock;
  machine::Machine& machine;
  journal::Journal& journal;
  machine::Sequencer& sequencer;
  document::Verifier& verifier;
  StreamHub& streams;
  base::FairPool& intake;   // parses and verifies
  base::FairPool& readers;  // reads state and journal
  Budget& budget;
  const machine::Budgets& budgets;  // of states
  telemetry::Metrics& metrics;
  telemetry::AuditLog* audit = nullptr;  // null: none is kept
  Acceptor* acceptor = nullptr;          // null: connections come from elsewhere
  // What a stream's document holds of its agency's budget at least: an agency's streams then wait,
  // unread, before they have more documents in flight than its queues take.
  size_t document_bytes_min = 0;
  // Kinds that no batch may hold, by the profile.
  std::set<std::string, std::less<>> signed_alone;
  // Of those who come too often or are not let in, and of other refusals in the log.
  std::shared_ptr<RefusalCount> refusals = std::make_shared<RefusalCount>(1);
  std::shared_ptr<RefusalCount> logged = std::make_shared<RefusalCount>(10);
};

// Counts, logs and audits a call that has finished, or the opening of a stream.
void Report(Backend& backend, const CallRecord& call, const absl::Status& status);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_BACKEND_H_
