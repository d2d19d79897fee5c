// Calls that read: each ends after a minute, and so does a list that a service never ends.
//
//   auto denial = sdk::Call(client, &leem::v1::DenialService::Stub::GetDenial, request);
#ifndef ENTENTE_CLIENTS_SDK_CALLS_H_
#define ENTENTE_CLIENTS_SDK_CALLS_H_

#include "clients/sdk/client.h"
#include "services/core/base/status.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::sdk {

template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

// What a list may come to.
struct ListLimits {
  size_t pages_max = 1'000'000;  // a page may be empty though there are more
  size_t bytes_max = size_t{4} << 30;
};
// Of a list that is taken into memory whole.
inline constexpr ListLimits kListInMemory = {.bytes_max = 128 << 20};

// What a service answers, as it says: nothing of it is verified.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const Client& client, Method<Stub, Request, Response> method,
                              const Request& request) {
  Stub stub(client.channel());
  grpc::ClientContext context;
  SetCallDeadline(context);
  Response response;
  ENTENTE_RETURN_IF_ERROR(rpc::FromGrpcStatus((stub.*method)(&context, request, &response)));
  return response;
}

// Calls `take` with each page of a list, which may take what is in it, until that returns false or
// an error (absl::StatusOr<bool>). DATA_LOSS/DOCUMENT_MALFORMED where the service gives pages
// without an end.
template <typename Stub, typename Request, typename Response, typename Take>
absl::Status ForEachPage(const Client& client, Method<Stub, Request, Response> method,
                         Request request, const Take& take, const ListLimits& limits = {}) {
  size_t bytes = 0;
  for (size_t pages = 0; pages < limits.pages_max && bytes <= limits.bytes_max; ++pages) {
    ENTENTE_ASSIGN_OR_RETURN(Response page, Call(client, method, request));
    bytes += page.ByteSizeLong();
    std::string next = std::move(*page.mutable_next_page_token());
    ENTENTE_ASSIGN_OR_RETURN(const bool more, take(page));
    if (!more || next.empty()) return absl::OkStatus();
    request.set_page_token(std::move(next));
  }
  return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kDocumentMalformed,
                      "{} gives pages of a list without an end", client.group());
}

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_CALLS_H_
