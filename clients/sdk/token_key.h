// A signing key on a PKCS #11 token. The token's module runs in a process of its own,
// entente-token, which is started at the first signature.
#ifndef ENTENTE_CLIENTS_SDK_TOKEN_KEY_H_
#define ENTENTE_CLIENTS_SDK_TOKEN_KEY_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "services/core/base/mutex.h"
#include "services/core/crypto/certificate.h"

namespace entente::sdk {

// Asks a person for the PIN of the token of this name. `told` says why he is asked again; empty the
// first time. An error ends the attempt.
using PinPrompt =
    std::function<absl::StatusOr<std::string>(const std::string& token, const std::string& told)>;

// Thread-safe; one signature at a time.
class TokenKey final : public crypto::Signer {
 public:
  // The key that the URI (RFC 7512) names must be `certificate`'s. `ask` may be null: then only a
  // token that needs no PIN, or a URI with pin-source, signs.
  TokenKey(std::string uri, crypto::Certificate certificate, PinPrompt ask);
  ~TokenKey() override;

  const crypto::PublicKey& public_key() const override { return certificate_.public_key(); }
  // Verified before it is given. FAILED_PRECONDITION/SIGNING_FAILED says what the token, or its
  // module, has against it.
  absl::StatusOr<std::string> Sign(std::string_view message) const override;

 private:
  class Helper;
  absl::StatusOr<std::unique_ptr<Helper>> Open() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::string> SignOnce(std::string_view message) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string uri_;
  const crypto::Certificate certificate_;
  const PinPrompt ask_;
  mutable base::Mutex mutex_;
  mutable std::unique_ptr<Helper> helper_ ABSL_GUARDED_BY(mutex_);  // null: not open
  mutable absl::Status given_up_ ABSL_GUARDED_BY(mutex_);           // why no PIN is tried any more
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_TOKEN_KEY_H_
