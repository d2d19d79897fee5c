#include "clients/sdk/caller_check.h"

#include "services/core/base/status.h"
#include "services/core/rpc/transport/grpc_status.h"

namespace entente::sdk {
namespace {

constexpr int kTimes = 3;
constexpr absl::Duration kWithin = absl::Seconds(5);
// What this gRPC says of a channel whose connection did not come about.
constexpr std::string_view kNoConnection = "failed to connect";

class CallerInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit CallerInterceptor(std::shared_ptr<CallerCheck> check) : check_(std::move(check)) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Point = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_INITIAL_METADATA)) {
      const auto* metadata = methods->GetRecvInitialMetadata();
      if (metadata != nullptr && !metadata->empty()) check_->Answered();
    }
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
      grpc::Status& status = *methods->GetRecvStatus();
      status = check_->Judge(status);
    }
    methods->Proceed();
  }

 private:
  const std::shared_ptr<CallerCheck> check_;
};

class CallerInterceptorFactory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit CallerInterceptorFactory(std::shared_ptr<CallerCheck> check)
      : check_(std::move(check)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new CallerInterceptor(check_);  // gRPC owns it
  }

 private:
  const std::shared_ptr<CallerCheck> check_;
};

}  // namespace

void CallerCheck::Proven() {
  base::MutexLock lock(mutex_);
  if (unanswered_++ == 0) first_ = clock_.Now();
}

void CallerCheck::Answered() {
  base::MutexLock lock(mutex_);
  unanswered_ = 0;
}

grpc::Status CallerCheck::Judge(const grpc::Status& failed) {
  if (failed.ok() || base::ReasonOf(rpc::FromGrpcStatus(failed)).has_value()) {
    Answered();
    return failed;
  }
  if (failed.error_message().rfind(kNoConnection, 0) != 0) return failed;
  const absl::Time now = clock_.Now();
  bool often;
  {
    base::MutexLock lock(mutex_);
    if (unanswered_ == 0) return failed;
    // The newest handshake may go on while an earlier connection's failure is told.
    often = unanswered_ > kTimes && now - first_ >= kWithin;
  }
  const auto accepted =
      directory_->AcceptCaller(identity_.chain.front(), std::span(identity_.chain).subspan(1), now);
  if (accepted.ok() && !often) return failed;
  return rpc::ToGrpcStatus(base::Refuse(
      absl::StatusCode::kUnauthenticated, base::Reason::kCallerNotAccepted,
      "the service closes the connection when it has seen this agency's certificate: {}",
      accepted.ok()
          ? fmt::format("your directory, serial {}, accepts it, so the service has another "
                        "directory or another time; ask its operator",
                        directory_->serial())
          : fmt::format("{} ({})", base::Text(accepted.status()),
                        base::ReasonOf(accepted.status()).value_or(""))));
}

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> CallerCheckInterceptor(
    std::shared_ptr<CallerCheck> check) {
  return std::make_unique<CallerInterceptorFactory>(std::move(check));
}

}  // namespace entente::sdk
