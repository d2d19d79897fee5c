#include "clients/sdk/request_id.h"

#include <fmt/format.h>

#include <random>

namespace entente::sdk {
namespace {

thread_local std::string refused_request_id;

class RequestIdInterceptor final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Point = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA)) {
      static thread_local std::mt19937_64 random{std::random_device()()};
      id_ = fmt::format("{:016x}", random());
      methods->GetSendInitialMetadata()->insert({"x-request-id", id_});
    }
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
      // Statuses that gRPC made itself carry no details.
      const grpc::Status* status = methods->GetRecvStatus();
      const bool refused = status != nullptr && !status->error_details().empty();
      refused_request_id = refused ? id_ : "";
    }
    methods->Proceed();
  }

 private:
  std::string id_;
};

class RequestIdFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new RequestIdInterceptor();  // gRPC owns it
  }
};

}  // namespace

std::string RefusedRequestId() { return refused_request_id; }

std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
RequestIdInterceptors() {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<RequestIdFactory>());
  return factories;
}

}  // namespace entente::sdk
