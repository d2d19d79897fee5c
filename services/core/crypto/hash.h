// SHA-256, and random bytes.
#ifndef ENTENTE_SERVICES_CORE_CRYPTO_HASH_H_
#define ENTENTE_SERVICES_CORE_CRYPTO_HASH_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "services/core/base/bytes.h"

namespace entente::crypto {

// SHA-256 (FIPS 180-4) of `data`.
base::Digest Sha256(std::string_view data);
// SHA-256 of the parts one after another.
base::Digest Sha256(std::initializer_list<std::string_view> parts);
// Unpredictable bytes, of OpenSSL's generator; ends the process if it has none.
std::string RandomBytes(size_t count);

}  // namespace entente::crypto

#endif  // ENTENTE_SERVICES_CORE_CRYPTO_HASH_H_
