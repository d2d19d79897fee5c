// A call as logs and the audit tell of it.
#ifndef ENTENTE_SERVICES_CORE_RPC_EDGE_CALL_RECORD_H_
#define ENTENTE_SERVICES_CORE_RPC_EDGE_CALL_RECORD_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/time/time.h"

namespace entente::rpc {

struct CallRecord {
  std::string method;
  std::string request_id;  // that the caller chose and can quote; may be empty
  std::string digest;      // SHA-256 of the request or the submitted document, hex; may be empty
  absl::Time began = absl::InfinitePast();
  std::string caller;  // empty: was not let in
  // The stream has opened and goes on: that is logged, and not yet counted as a call that ended.
  bool opened = false;
  std::string document;  // name that a submission was recorded under; else empty
  // First and last index of entries, as in "<ledger>:0-41 <ledger>:7-7": where a submission stands,
  // or what a stream gave at most.
  std::string given;
};

// The caller's "x-request-id": 1 to 64 of A-Z a-z 0-9 - _ ., else empty.
std::string RequestIdOf(const grpc::ServerContextBase& context);

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_EDGE_CALL_RECORD_H_
