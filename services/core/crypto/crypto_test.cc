// Signatures and certificates against Wycheproof, CCTV and x509-limbo, and our own leaf profile
// against what OpenSSL lets through.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include <filesystem>

#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/certificate.h"
#include "services/core/crypto/hash.h"
#include "services/core/crypto/openssl_util.h"

namespace entente::crypto {
namespace {

using base::testing::HasReason;
using google::protobuf::Struct;

constexpr char kVectors[] = "../shared/vectors/";
// Of 208 cases, with OpenSSL 3.0 in strict mode and without CRLs.
constexpr int kLimboPathsOk = 109;

std::optional<Struct> Load(const std::string& file) {
  auto text = base::ReadFile(kVectors + file);
  Struct s;
  if (!text || !google::protobuf::util::JsonStringToMessage(*text, &s).ok()) return std::nullopt;
  return s;
}

std::string Text(const Struct& s, const std::string& name) {
  auto it = s.fields().find(name);
  return it == s.fields().end() ? "" : it->second.string_value();
}

// Runs every test of a Wycheproof signature file; returns how many there were.
int RunWycheproof(const std::string& file) {
  auto vectors = Load("wycheproof/" + file);
  if (!vectors) return -1;
  int count = 0;
  for (const auto& group : vectors->fields().at("testGroups").list_value().values()) {
    auto key = PublicKey::FromPem(Text(group.struct_value(), "publicKeyPem"));
    for (const auto& value : group.struct_value().fields().at("tests").list_value().values()) {
      const Struct& test = value.struct_value();
      ++count;
      const bool ok =
          key.ok() &&
          key->Verify(*base::FromHex(Text(test, "sig")), *base::FromHex(Text(test, "msg"))).ok();
      const std::string wanted = Text(test, "result");
      if (wanted == "acceptable") continue;
      EXPECT_EQ(ok, wanted == "valid") << file << " " << test.ShortDebugString();
    }
  }
  return count;
}

TEST(WycheproofTest, SignatureVerificationAgrees) {
  if (!std::filesystem::exists(kVectors)) GTEST_SKIP() << "no ../shared/vectors on this machine";
  EXPECT_GT(RunWycheproof("ecdsa_secp256r1_sha256_test.json"), 400);
  EXPECT_GT(RunWycheproof("ecdsa_secp384r1_sha384_test.json"), 300);
  EXPECT_GT(RunWycheproof("ed25519_test.json"), 100);
}

TEST(Ed25519Test, KeysOfSmallOrderAndNonCanonicalKeysAreRefused) {
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000080",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"}) {
    EXPECT_FALSE(PublicKey::FromEd25519(*base::FromHex(hex)).ok()) << hex;
  }
}

TEST(KeyTest, EveryKindSignsAndRefusesOtherBytes) {
  for (KeyKind kind : {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519}) {
    ASSERT_OK_AND_ASSIGN(auto key, PrivateKey::Generate(kind));
    ASSERT_OK_AND_ASSIGN(auto again, PrivateKey::FromPem(key.Pem()));
    const std::string signature = again.Sign("bytes");
    EXPECT_OK(key.public_key().Verify(signature, "bytes"));
    EXPECT_THAT(key.public_key().Verify(signature, "byteS"),
                HasReason(base::Reason::kSignatureInvalid));
    EXPECT_THAT(key.public_key().Verify("", "bytes"), HasReason(base::Reason::kSignatureInvalid));
  }
}

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    key_ = std::make_unique<PrivateKey>(*PrivateKey::Generate(KeyKind::kP256));
    CertificateRequest request{.common_name = "ca", .authority = true};
    request.not_before = now_ - absl::Hours(1);
    request.not_after = now_ + absl::Hours(1000);
    ca_ =
        std::make_unique<Certificate>(*crypto::Issue(request, key_->public_key(), nullptr, *key_));
  }
  Certificate Leaf(const std::function<void(CertificateRequest&)>& change = {}) {
    CertificateRequest request{.common_name = "leaf", .uris = {"spiffe://kr.x.example/agencies/a"}};
    request.not_before = now_ - absl::Hours(1);
    request.not_after = now_ + absl::Hours(100);
    if (change) change(request);
    auto leaf_key = *PrivateKey::Generate(KeyKind::kP256);
    return *crypto::Issue(request, leaf_key.public_key(), ca_.get(), *key_);
  }
  absl::Status Path(const Certificate& leaf, absl::Time time) {
    return CheckPath(leaf, {}, std::span(ca_.get(), 1), time);
  }
  const absl::Time now_ = absl::FromUnixSeconds(1477040400);
  std::unique_ptr<PrivateKey> key_;
  std::unique_ptr<Certificate> ca_;
};

TEST_F(ProfileTest, AcceptsWhatWeIssue) {
  EXPECT_OK(CheckLeafProfile(Leaf(), LeafUsage::kTlsClient));
  EXPECT_OK(Path(Leaf(), now_));
}

TEST_F(ProfileTest, RefusesOtherUsagesNamesAndAuthorities) {
  EXPECT_FALSE(CheckLeafProfile(Leaf(), LeafUsage::kDocumentSigning).ok());
  EXPECT_FALSE(CheckLeafProfile(*ca_, LeafUsage::kTlsClient).ok());
  EXPECT_FALSE(CheckLeafProfile(Leaf([](auto& r) {
                                  r.uris.clear();
                                  r.dns_names = {"a.example"};
                                }),
                                LeafUsage::kTlsClient)
                   .ok());
  EXPECT_FALSE(
      CheckLeafProfile(Leaf([](auto& r) { r.uris.push_back("spiffe://b"); }), LeafUsage::kTlsClient)
          .ok());
  EXPECT_FALSE(
      CheckLeafProfile(Leaf([](auto& r) { r.dns_names = {"a.example"}; }), LeafUsage::kTlsClient)
          .ok());
  EXPECT_FALSE(
      CheckLeafProfile(Leaf([](auto& r) { r.authority = true; }), LeafUsage::kTlsClient).ok());
}

TEST_F(ProfileTest, PathNeedsTheRightAuthorityAndTheRightTime) {
  const Certificate leaf = Leaf();
  EXPECT_THAT(Path(leaf, now_ + absl::Hours(200)), HasReason(base::Reason::kCertificateRejected));
  EXPECT_THAT(Path(leaf, now_ - absl::Hours(2)), HasReason(base::Reason::kCertificateRejected));
  EXPECT_FALSE(CheckPath(leaf, {}, {}, now_).ok());
}

// Whoever holds a certificate can turn its authority's ECDSA signature (r, s) into (r, n-s):
// another certificate, as valid, with another digest. Revocation must not depend on it.
TEST_F(ProfileTest, AnAlteredSignatureDoesNotChangeWhatIsRevoked) {
  const Certificate leaf = Leaf();
  X509* copy = X509_dup(OpensslAccess::Of(leaf));
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, copy);
  const unsigned char* at = signature->data;
  ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &at, signature->length);
  ASSERT_NE(parsed, nullptr);
  EC_GROUP* curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  BIGNUM* other = BN_new();
  BN_sub(other, EC_GROUP_get0_order(curve), ECDSA_SIG_get0_s(parsed));
  ECDSA_SIG_set0(parsed, BN_dup(ECDSA_SIG_get0_r(parsed)), other);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parsed, &der);
  ASN1_STRING_set(const_cast<ASN1_BIT_STRING*>(signature), der, size);
  unsigned char* whole = nullptr;
  const int whole_size = i2d_X509(copy, &whole);
  auto altered =
      Certificate::FromDer({reinterpret_cast<char*>(whole), static_cast<size_t>(whole_size)});
  ASSERT_OK(altered);
  EXPECT_OK(Path(*altered, now_)) << "the altered signature is as good";
  EXPECT_NE(altered->digest(), leaf.digest());
  EXPECT_EQ(altered->tbs_digest(), leaf.tbs_digest());
  OPENSSL_free(whole);
  OPENSSL_free(der);
  EC_GROUP_free(curve);
  ECDSA_SIG_free(parsed);
  X509_free(copy);
}

TEST(CertificateTest, HostileBytesAreRefused) {
  EXPECT_FALSE(Certificate::FromDer("").ok());
  EXPECT_FALSE(Certificate::FromDer(std::string(9000, 'x')).ok());
  EXPECT_FALSE(Certificate::FromDer(std::string("\x30\x03\x02\x01\x01", 5)).ok());
  EXPECT_FALSE(Certificate::FromPem("-----BEGIN CERTIFICATE-----\nAAAA\n").ok());
}

// x509-limbo: none of the leaves it wants refused passes our profile, whatever OpenSSL says of its
// path; and our path check, without the profile, has the pinned number of acceptances, so that an
// OpenSSL that behaves otherwise is seen.
TEST(LimboTest, NothingThatLimboRefusesPassesAndPathsAreAsPinned) {
  auto limbo = Load("limbo/limbo.json");
  if (!limbo) GTEST_SKIP() << "no ../shared/vectors on this machine";
  int judged = 0;
  int paths_ok = 0;
  int refused_leaves_with_ok_path = 0;
  for (const auto& value : limbo->fields().at("testcases").list_value().values()) {
    const Struct& test = value.struct_value();
    auto leaf = Certificate::FromPem(Text(test, "peer_certificate"));
    absl::Time time = absl::FromUnixSeconds(1704067200);
    std::string ignored;
    absl::ParseTime(absl::RFC3339_full, Text(test, "validation_time"), &time, &ignored);
    ++judged;
    if (!leaf.ok()) continue;
    const auto parse_all = [&](const std::string& name) {
      std::vector<Certificate> all;
      for (const auto& pem : test.fields().at(name).list_value().values()) {
        auto one = Certificate::FromPem(pem.string_value());
        if (one.ok()) all.push_back((*one)[0]);
      }
      return all;
    };
    const bool path = CheckPath((*leaf)[0], parse_all("untrusted_intermediates"),
                                parse_all("trusted_certs"), time)
                          .ok();
    const bool profile = CheckLeafProfile((*leaf)[0], LeafUsage::kTlsServer).ok() ||
                         CheckLeafProfile((*leaf)[0], LeafUsage::kTlsClient).ok();
    paths_ok += path ? 1 : 0;
    if (Text(test, "expected_result") == "FAILURE") {
      refused_leaves_with_ok_path += path ? 1 : 0;
      EXPECT_FALSE(path && profile) << Text(test, "id");
    }
  }
  EXPECT_EQ(judged, 208);
  EXPECT_EQ(paths_ok, kLimboPathsOk) << "OpenSSL's path check changed its mind";
  EXPECT_GT(refused_leaves_with_ok_path, 0) << "the profile would not be needed";
}

}  // namespace
}  // namespace entente::crypto
