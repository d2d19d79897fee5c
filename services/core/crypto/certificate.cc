#include "services/core/crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/crypto/openssl_util.h"

namespace entente::crypto {
namespace {

using base::Reason;

constexpr size_t kCertificateBytesMax = 8192;
constexpr char kDocumentSigningOid[] = "1.3.6.1.5.5.7.3.36";

absl::Status Reject(std::string_view check) {
  return base::WithMetadata(
      base::Refuse(absl::StatusCode::kUnauthenticated, Reason::kCertificateRejected,
                   "certificate refused: {}", check),
      "check", check);
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return absl::InfinitePast();
  return absl::FromTM(tm, absl::UTCTimeZone());
}

std::vector<std::string> NamesOfType(X509* handle, int type, int* others) {
  std::vector<std::string> names;
  auto* all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(handle, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == type) {
      const ASN1_STRING* text = name->d.ia5;
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                         static_cast<size_t>(ASN1_STRING_length(text)));
    } else if (others != nullptr) {
      ++*others;
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string UsageOid(LeafUsage usage) {
  switch (usage) {
    case LeafUsage::kTlsClient:
      return "1.3.6.1.5.5.7.3.2";
    case LeafUsage::kTlsServer:
      return "1.3.6.1.5.5.7.3.1";
    case LeafUsage::kDocumentSigning:
      return kDocumentSigningOid;
  }
  return "";
}

absl::Status CheckExtendedKeyUsage(X509* handle, LeafUsage usage) {
  auto* oids = static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(handle, NID_ext_key_usage, nullptr, nullptr));
  const int count = oids == nullptr ? 0 : sk_ASN1_OBJECT_num(oids);
  char text[80] = {};
  if (count == 1) OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(oids, 0), 1);
  EXTENDED_KEY_USAGE_free(oids);
  if (count != 1 || UsageOid(usage) != text) {
    return Reject(fmt::format("extended key usage must be exactly {}", UsageOid(usage)));
  }
  return absl::OkStatus();
}

absl::Status CheckSerial(X509* handle) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(handle);
  const int length = ASN1_STRING_length(serial);
  const bool zero = length == 0 || (length == 1 && ASN1_STRING_get0_data(serial)[0] == 0);
  if (zero || ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || length > 20) {
    return Reject("serial number must be positive and of at most 20 octets");
  }
  return absl::OkStatus();
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool AddExtensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
  std::string names;
  for (const std::string& uri : request.uris) names += (names.empty() ? "URI:" : ",URI:") + uri;
  for (const std::string& dns : request.dns_names) {
    names += (names.empty() ? "DNS:" : ",DNS:") + dns;
  }
  bool ok = AddExtension(certificate, issuer, NID_basic_constraints,
                         request.authority ? "critical,CA:TRUE,pathlen:1" : "critical,CA:FALSE");
  ok = ok && AddExtension(
                 certificate, issuer, NID_key_usage,
                 request.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  ok = ok && AddExtension(certificate, issuer, NID_subject_key_identifier, "hash");
  if (!request.authority) {
    ok = ok && AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    ok = ok && AddExtension(certificate, issuer, NID_ext_key_usage, UsageOid(request.usage));
  }
  if (!names.empty()) ok = ok && AddExtension(certificate, issuer, NID_subject_alt_name, names);
  return ok;
}

absl::Status CheckSignatureDigest(X509* handle) {
  int digest = NID_undef;
  OBJ_find_sigid_algs(X509_get_signature_nid(handle), &digest, nullptr);
  if (digest == NID_sha1 || digest == NID_md5) return Reject("signed with a broken digest");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Certificate> OpensslAccess::MakeCertificate(std::shared_ptr<X509> handle) {
  auto data = std::make_shared<Certificate::Data>();
  data->handle = std::move(handle);
  X509* x509 = static_cast<X509*>(data->handle.get());
  unsigned char* der = nullptr;
  const int size = i2d_X509(x509, &der);
  if (size <= 0 || static_cast<size_t>(size) > kCertificateBytesMax) {
    OPENSSL_free(der);
    return Reject("larger than 8 KiB");
  }
  data->der.assign(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  data->digest = Sha256(data->der);
  unsigned char* tbs = nullptr;
  const int tbs_size = i2d_re_X509_tbs(x509, &tbs);
  if (tbs_size <= 0) return Reject("its signed part cannot be encoded");
  data->tbs_digest = Sha256({reinterpret_cast<char*>(tbs), static_cast<size_t>(tbs_size)});
  OPENSSL_free(tbs);
  data->uris = NamesOfType(x509, GEN_URI, nullptr);
  data->not_before = ToTime(X509_get0_notBefore(x509));
  data->not_after = ToTime(X509_get0_notAfter(x509));
  auto key = OpensslAccess::MakeKey(X509_get0_pubkey(x509));
  ERR_clear_error();
  if (!key.ok()) return Reject(base::Text(key.status()));
  data->public_key = std::make_shared<PublicKey>(*std::move(key));
  return Certificate(std::move(data));
}

absl::StatusOr<Certificate> Certificate::FromDer(std::string_view der) {
  if (der.size() > kCertificateBytesMax) return Reject("larger than 8 KiB");
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* at = begin;
  X509* handle = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  ERR_clear_error();
  if (handle == nullptr) return Reject("not an X.509 certificate in DER");
  std::shared_ptr<X509> shared(handle, X509_free);
  if (at != begin + der.size()) return Reject("bytes after the certificate");
  ENTENTE_ASSIGN_OR_RETURN(Certificate result, OpensslAccess::MakeCertificate(std::move(shared)));
  // The caller's bytes are what its digest is about.
  if (result.der() != der) return Reject("not canonical DER");
  return result;
}

absl::StatusOr<std::vector<Certificate>> Certificate::FromPem(std::string_view pem) {
  std::vector<Certificate> result;
  BioPtr in = MemoryBio(pem);
  while (X509* handle = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    auto one = OpensslAccess::MakeCertificate(std::shared_ptr<X509>(handle, X509_free));
    if (!one.ok() && !result.empty()) {
      return base::WithPrefix(
          one.status(), fmt::format("number {} of the file, above {}; leave out what is above a "
                                    "registered authority",
                                    result.size() + 1, result.back().Subject()));
    }
    ENTENTE_RETURN_IF_ERROR(one.status());
    result.push_back(*std::move(one));
    if (result.size() > 64) return Reject("more than 64 certificates in one PEM text");
  }
  ERR_clear_error();
  if (result.empty()) return Reject("no certificate in the PEM text");
  return result;
}

std::string Certificate::Pem() const {
  BioPtr out(BIO_new(BIO_s_mem()));
  ENTENTE_CHECK(PEM_write_bio_X509(out.get(), OpensslAccess::Of(*this)) == 1);
  return Drain(out.get());
}

std::string Certificate::Subject() const {
  BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(OpensslAccess::Of(*this)), 0,
                     XN_FLAG_RFC2253);
  return Drain(out.get());
}

std::string Certificate::SerialHex() const {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(OpensslAccess::Of(*this));
  return base::ToHex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                      static_cast<size_t>(ASN1_STRING_length(serial))});
}

absl::Status CheckPath(const Certificate& leaf, std::span<const Certificate> intermediates,
                       std::span<const Certificate> roots, absl::Time time) {
  X509StorePtr store(X509_STORE_new());
  for (const Certificate& root : roots) X509_STORE_add_cert(store.get(), OpensslAccess::Of(root));
  X509StackPtr chain(sk_X509_new_null());
  for (const Certificate& one : intermediates) {
    X509_up_ref(OpensslAccess::Of(one));
    sk_X509_push(chain.get(), OpensslAccess::Of(one));
  }
  X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), OpensslAccess::Of(leaf), chain.get()) != 1) {
    return Reject("path check could not start");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, absl::ToTimeT(time));
  X509_VERIFY_PARAM_set_depth(param, 3);
  // A registered authority is trusted by itself, also where another has signed it: a national root
  // of another kind of key need not be known.
  X509_VERIFY_PARAM_set_flags(
      param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE | X509_V_FLAG_PARTIAL_CHAIN);
  const int verified = X509_verify_cert(context.get());
  ERR_clear_error();
  if (verified == 1) return absl::OkStatus();
  return Reject(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

absl::Status CheckLeafProfile(const Certificate& leaf, LeafUsage usage) {
  X509* handle = OpensslAccess::Of(leaf);
  if (X509_get_version(handle) != X509_VERSION_3) return Reject("not an X.509 v3 certificate");
  if ((X509_get_extension_flags(handle) & (EXFLAG_CA | EXFLAG_BCONS)) != EXFLAG_BCONS) {
    return Reject("basic constraints must say CA:FALSE");
  }
  ENTENTE_RETURN_IF_ERROR(CheckSerial(handle));
  ENTENTE_RETURN_IF_ERROR(CheckExtendedKeyUsage(handle, usage));
  const uint32_t key_usage = X509_get_key_usage(handle);
  if (key_usage == UINT32_MAX || (key_usage & X509v3_KU_DIGITAL_SIGNATURE) == 0 ||
      (key_usage & (X509v3_KU_KEY_CERT_SIGN | X509v3_KU_CRL_SIGN)) != 0) {
    return Reject("key usage must hold digitalSignature and nothing of an authority");
  }
  if (X509_get_ext_by_NID(handle, NID_name_constraints, -1) >= 0) {
    return Reject("name constraints on a leaf");
  }
  int other_names = 0;
  const size_t uris = NamesOfType(handle, GEN_URI, &other_names).size();
  if (uris != 1) return Reject("exactly one URI among the subject alternative names is needed");
  if (usage != LeafUsage::kTlsServer && other_names != 0) {
    return Reject("no subject alternative name but the URI is admitted");
  }
  return CheckSignatureDigest(handle);
}

bool IsAuthority(const Certificate& certificate) {
  return (X509_get_extension_flags(OpensslAccess::Of(certificate)) & EXFLAG_CA) != 0;
}

absl::Status CheckAuthorityProfile(const Certificate& authority) {
  X509* handle = OpensslAccess::Of(authority);
  if (X509_get_version(handle) != X509_VERSION_3) return Reject("not an X.509 v3 certificate");
  if (!IsAuthority(authority)) return Reject("basic constraints must say CA:TRUE");
  ENTENTE_RETURN_IF_ERROR(CheckSerial(handle));
  const uint32_t key_usage = X509_get_key_usage(handle);
  if (key_usage == UINT32_MAX || (key_usage & X509v3_KU_KEY_CERT_SIGN) == 0) {
    return Reject("key usage must hold keyCertSign");
  }
  return CheckSignatureDigest(handle);
}

absl::StatusOr<Certificate> Issue(const CertificateRequest& request, const PublicKey& subject_key,
                                  const Certificate* issuer, const PrivateKey& issuer_key) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[16];
  RAND_bytes(serial, sizeof serial);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(request.not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(request.not_after));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.common_name.c_str()),
                             -1, -1, 0);
  X509* authority = issuer == nullptr ? certificate.get() : OpensslAccess::Of(*issuer);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority));
  X509_set_pubkey(certificate.get(), OpensslAccess::Of(subject_key));
  const KeyKind kind = issuer_key.public_key().kind();
  const EVP_MD* digest = kind == KeyKind::kEd25519 ? nullptr
                         : kind == KeyKind::kP256  ? EVP_sha256()
                                                   : EVP_sha384();
  if (!AddExtensions(certificate.get(), authority, request) ||
      X509_sign(certificate.get(), OpensslAccess::Of(issuer_key.public_key()), digest) <= 0) {
    ERR_clear_error();
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot issue a certificate for {}",
                                request.common_name);
  }
  return OpensslAccess::MakeCertificate(std::shared_ptr<X509>(certificate.release(), X509_free));
}

}  // namespace entente::crypto
