#include "clients/sdk/request_id.h"

#include <fmt/format.h>

#include <random>

namespace entente::sdk {
namespace {

thread_local std::string last_request_id;

class RequestIdInterceptor final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Point = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA)) {
      static thread_local std::mt19937_64 random{std::random_device()()};
      last_request_id = fmt::format("{:016x}", random());
      methods->GetSendInitialMetadata()->insert({"x-request-id", last_request_id});
    }
    methods->Proceed();
  }
};

class RequestIdFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new RequestIdInterceptor();  // gRPC owns it
  }
};

}  // namespace

std::string LastRequestId() { return last_request_id; }

std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
RequestIdInterceptors() {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<RequestIdFactory>());
  return factories;
}

}  // namespace entente::sdk
