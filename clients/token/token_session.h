// A key on a PKCS #11 token, from the URI that names it to its signatures.
#ifndef ENTENTE_CLIENTS_TOKEN_TOKEN_SESSION_H_
#define ENTENTE_CLIENTS_TOKEN_TOKEN_SESSION_H_

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace entente::token {

// What went wrong, for people; nothing: all is well.
using Fault = std::optional<std::string>;

// Not thread-safe.
class TokenSession {
 public:
  TokenSession() = default;
  ~TokenSession();
  TokenSession(const TokenSession&) = delete;
  TokenSession& operator=(const TokenSession&) = delete;

  // Finds the token that the URI names, and opens a session: there must be exactly one.
  Fault Open(const std::string& uri);
  // The PIN is to be given before anything else.
  bool wants_pin() const { return wants_pin_; }
  // The file that the URI names for it; empty: a person is asked.
  const std::string& pin_file() const { return pin_file_; }
  // The token's label.
  const std::string& label() const { return label_; }
  // `may_retry` tells whether another PIN may be tried.
  Fault Login(const std::string& pin, bool& may_retry);
  // After that: finds the private key that the URI names: there must be exactly one.
  Fault FindKey();
  // The certificate of the key's id, DER; empty if there is none.
  std::string Certificate();
  // By CKM_ECDSA of a digest, or CKM_EDDSA of a message.
  Fault Sign(bool eddsa, const std::string& data, std::string& signature);

 private:
  struct FreeUri {
    void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
  };
  Fault LoadModules();
  Fault FindToken();
  // Handles of objects of a class that have these attributes, 16 at most.
  std::vector<CK_OBJECT_HANDLE> Find(CK_OBJECT_CLASS of_class, std::vector<CK_ATTRIBUTE> having);
  std::string Attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

  std::unique_ptr<P11KitUri, FreeUri> uri_;
  std::vector<CK_FUNCTION_LIST*> modules_;
  CK_FUNCTION_LIST** registered_ = nullptr;  // p11-kit's own
  CK_FUNCTION_LIST* named_ = nullptr;        // by module-path
  CK_FUNCTION_LIST* module_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE key_ = 0;
  bool wants_pin_ = false;
  bool asks_each_time_ = false;  // CKA_ALWAYS_AUTHENTICATE
  std::string pin_;              // kept for that alone
  std::string pin_file_;
  std::string label_;
};

}  // namespace entente::token

#endif  // ENTENTE_CLIENTS_TOKEN_TOKEN_SESSION_H_
