// A request id per call, sent as "x-request-id", so that a caller can quote it to an operator.
#ifndef ENTENTE_CLIENTS_SDK_REQUEST_ID_H_
#define ENTENTE_CLIENTS_SDK_REQUEST_ID_H_

#include <grpcpp/support/client_interceptor.h>

#include <memory>
#include <string>
#include <vector>

namespace entente::sdk {

// The id of this thread's last call, if that was refused by a service; empty where it was not, or
// where no service answered.
std::string RefusedRequestId();
// Makes the ids. Give them to a channel that does not come from Agency::Connect.
std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
RequestIdInterceptors();

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_REQUEST_ID_H_
