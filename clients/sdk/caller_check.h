// Tells a client that a service does not take its certificate.
//
// In TLS 1.3 a client has ended its handshake before the service has looked at the client's
// certificate, and a service says no by closing the connection. To gRPC that is a connection that
// did not come about, like any other, to be tried for ever.
#ifndef ENTENTE_CLIENTS_SDK_CALLER_CHECK_H_
#define ENTENTE_CLIENTS_SDK_CALLER_CHECK_H_

#include <grpcpp/support/client_interceptor.h>

#include <memory>

#include "absl/time/time.h"
#include "services/core/base/clock.h"
#include "services/core/base/mutex.h"
#include "services/core/document/document.h"
#include "services/core/identity/directory.h"

namespace entente::sdk {

// Of one channel. Thread-safe.
class CallerCheck {
 public:
  CallerCheck(std::shared_ptr<const identity::Directory> directory,
              document::SigningIdentity identity, const base::Clock& clock)
      : directory_(std::move(directory)), identity_(std::move(identity)), clock_(clock) {}

  // The service has proven who it is: now it looks at the client.
  void Proven();
  // The service has answered a call.
  void Answered();
  // `failed`, or UNAUTHENTICATED/CALLER_NOT_ACCEPTED where it comes of a connection that the
  // service closed when it had seen the certificate. Once is enough where the agency's own
  // directory says what is wrong with it; else three times within five seconds or more, since a
  // service that ends looks the same.
  grpc::Status Judge(const grpc::Status& failed);

 private:
  const std::shared_ptr<const identity::Directory> directory_;
  const document::SigningIdentity identity_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  int unanswered_ ABSL_GUARDED_BY(mutex_) = 0;  // proven, and no answer since
  absl::Time first_ ABSL_GUARDED_BY(mutex_);    // of those
};

// Judges every call of a channel.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> CallerCheckInterceptor(
    std::shared_ptr<CallerCheck> check);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_CALLER_CHECK_H_
