#include "services/core/rpc/host/probe.h"

#include <grpcpp/generic/generic_stub.h>

#include "services/core/base/status.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/core/rpc/transport/service_credentials.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr auto kLongest = std::chrono::seconds(5);

// Where a service that listens on `listen` is reached from its own machine.
std::string Reachable(std::string listen) {
  const size_t colon = listen.rfind(':');
  const std::string host = listen.substr(0, colon);
  if (host == "0.0.0.0" || host.empty()) return "127.0.0.1" + listen.substr(colon);
  if (host == "[::]") return "[::1]" + listen.substr(colon);
  return listen;
}

// grpc.health.v1.HealthCheckResponse.status, or why there is none.
absl::StatusOr<int> AskHealth(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLongest);
  context.set_wait_for_ready(true);
  grpc::CompletionQueue queue;
  const grpc::Slice nothing;
  grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  call->Finish(&response, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return FromGrpcStatus(status);
  grpc::Slice answer;
  if (!response.DumpToSingleSlice(&answer).ok() || answer.size() != 2) return 0;
  return answer.begin()[1];
}

}  // namespace

absl::Status Probe(const Process& process, ProbeFor what) {
  const auto directory = process.directory->Get();
  for (const auto& group : process.config.groups()) {
    if (group.client_certificate_file().empty() || group.client_key_file().empty()) {
      return base::RefuseArgument(
          Reason::kConfigurationInvalid,
          "{}: a probe calls with client_certificate_file and client_key_file; name both",
          group.group());
    }
    ENTENTE_ASSIGN_OR_RETURN(const auto identity,
                             document::SigningIdentity::FromFiles(group.client_certificate_file(),
                                                                  group.client_key_file()));
    const auto channel =
        grpc::CreateChannel(Reachable(group.listen()),
                            MakeServiceCredentials(identity, directory->ServiceAuthoritiesPem(),
                                                   "spiffe://" + directory->trust_domain() +
                                                       "/services/" + group.group()));
    const auto health = AskHealth(channel);
    if (!health.ok()) return base::WithPrefix(health.status(), group.group() + " does not answer");
    if (what == ProbeFor::kReady && *health != 1) {
      return base::Refuse(absl::StatusCode::kUnavailable, Reason::kConfigurationInvalid,
                          "{} answers, and does not serve", group.group());
    }
  }
  return absl::OkStatus();
}

}  // namespace entente::rpc
