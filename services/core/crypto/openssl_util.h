// RAII over OpenSSL handles. Internal to crypto/.
#ifndef ENTENTE_SERVICES_CORE_CRYPTO_OPENSSL_UTIL_H_
#define ENTENTE_SERVICES_CORE_CRYPTO_OPENSSL_UTIL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "services/core/crypto/certificate.h"
#include "services/core/crypto/keys.h"

namespace entente::crypto {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};

inline void FreeX509Stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), Deleter<FreeX509Stack>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

// Sees the handles that keys and certificates hold: no header that is installed names a type of
// OpenSSL.
struct OpensslAccess {
  static EVP_PKEY* Of(const PublicKey& key) { return static_cast<EVP_PKEY*>(key.handle_.get()); }
  static X509* Of(const Certificate& certificate) {
    return static_cast<X509*>(certificate.data_->handle.get());
  }
  // Shares the handle.
  static absl::StatusOr<PublicKey> MakeKey(EVP_PKEY* handle);
  static absl::StatusOr<Certificate> MakeCertificate(std::shared_ptr<X509> handle);
};

inline BioPtr MemoryBio(std::string_view data) {
  return BioPtr(BIO_new_mem_buf(data.data(), static_cast<int>(data.size())));
}

inline std::string Drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace entente::crypto

#endif  // ENTENTE_SERVICES_CORE_CRYPTO_OPENSSL_UTIL_H_
