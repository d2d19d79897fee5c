// Everything that came back from a server, byte by byte, for comparing two worlds.
#ifndef ENTENTE_TESTS_INTEGRATION_TRANSCRIPT_H_
#define ENTENTE_TESTS_INTEGRATION_TRANSCRIPT_H_

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <string>

#include "services/core/base/bytes.h"
#include "tests/integration/live_server.h"

namespace entente::testing {

class Transcript {
 public:
  // Calls and writes down status, details and answer.
  template <typename Stub, typename Request, typename Response>
  Response Call(Stub& stub,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    text_ +=
        fmt::format("{} {} {} {}\n", static_cast<int>(status.error_code()), status.error_message(),
                    base::ToHex(status.error_details()), base::ToHex(response.SerializeAsString()));
    return response;
  }
  const std::string& text() const { return text_; }
  void Clear() { text_.clear(); }

 private:
  std::string text_;
};

// Submits as a state's agency; the document must be taken.
inline void SubmitAs(LiveServer& server, const std::string& state,
                     const pb::SignedDocument& document) {
  auto stub = pb::ExchangeService::NewStub(server.ConnectAs(state));
  pb::SubmitRequest request;
  *request.mutable_signed_document() = document;
  grpc::ClientContext context;
  pb::SubmitResponse response;
  ASSERT_OK(rpc::FromGrpcStatus(stub->Submit(&context, request, &response)));
}

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_INTEGRATION_TRANSCRIPT_H_
