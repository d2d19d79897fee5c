// Batch signatures: cases that another implementation wrote (tests/testdata/make_batch_vectors),
// and what signs many at once. That a signature holds never means that its signer may sign.
#include "services/core/document/batch.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <set>

#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/crypto/hash.h"
#include "services/core/document/document.h"

namespace entente::document {
namespace {

using base::Reason;
using base::testing::HasReason;
using base::testing::NamesField;

// Accepts every certificate, as an officer of the state whose name begins with "partners/kr", who
// is known by the certificate.
class AcceptAll : public SignerTrust {
 public:
  absl::StatusOr<Signer> AcceptSigner(const crypto::Certificate& leaf,
                                      std::span<const crypto::Certificate>,
                                      absl::Time) const override {
    const base::Digest digest = crypto::Sha256(leaf.der());
    return Signer{*base::AgencyName::Parse("partners/kr/agencies/licensing"), digest.hex(), digest};
  }
  int SignaturesRequired(std::string_view) const override { return 1; }
};

class AcceptNone final : public AcceptAll {
 public:
  absl::StatusOr<Signer> AcceptSigner(const crypto::Certificate&,
                                      std::span<const crypto::Certificate>,
                                      absl::Time) const override {
    return base::RefuseArgument(Reason::kCertificateRevoked, "revoked");
  }
};

absl::Status Check(Verifier& verifier, const pb::SignedDocument& signed_document,
                   const SignerTrust& trust = AcceptAll()) {
  auto parsed = Parse(signed_document);
  if (!parsed.ok()) return parsed.status();
  return verifier.Verify(*parsed, trust, absl::FromUnixSeconds(1800000000)).status();
}

SigningIdentity NewSigner(crypto::KeyKind kind = crypto::KeyKind::kP256) {
  auto key = *crypto::PrivateKey::Generate(kind);
  const crypto::CertificateRequest request{.common_name = "an officer",
                                           .usage = crypto::LeafUsage::kDocumentSigning,
                                           .not_before = absl::FromUnixSeconds(1700000000),
                                           .not_after = absl::FromUnixSeconds(1900000000)};
  auto certificate = *crypto::Issue(request, key.public_key(), nullptr, key);
  return {{std::move(certificate)}, std::move(key)};
}

pb::SignedDocument Draft(int number, const std::vector<std::string>& states = {},
                         const std::string& originator = "partners/kr/agencies/licensing") {
  pb::Document document;
  document.set_originator(originator);
  document.set_reference(std::to_string(number));
  document.mutable_composed_time()->set_seconds(1477040400);
  document.mutable_audience()->mutable_all_partners();
  for (const auto& state : states) document.mutable_audience()->mutable_listed()->add_states(state);
  document.mutable_marking()->set_level(pb::Marking::LEVEL_OFFICIAL);
  document.mutable_marking()->set_tlp(pb::Marking::TLP_AMBER);
  document.mutable_body()->set_type_url("type.googleapis.com/entente.sample.v1.Nothing");
  pb::SignedDocument result;
  result.set_document(document.SerializeAsString());
  return result;
}

std::vector<pb::SignedDocument*> PointersTo(std::vector<pb::SignedDocument>& documents) {
  std::vector<pb::SignedDocument*> pointers;
  for (auto& document : documents) pointers.push_back(&document);
  return pointers;
}

std::vector<pb::SignedDocument> SignedBatch(const SigningIdentity& signer, int size) {
  std::vector<pb::SignedDocument> documents;
  for (int i = 0; i < size; ++i) documents.push_back(Draft(i));
  EXPECT_OK(AddSignatures(signer, PointersTo(documents)));
  return documents;
}

TEST(BatchTest, AgreesWithAnotherImplementation) {
  const auto text = base::ReadFile("tests/testdata/batch_signatures.json");
  ASSERT_TRUE(text.has_value());
  google::protobuf::Struct file;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*text, &file).ok());
  const auto& tests = file.fields().at("tests").list_value().values();
  ASSERT_EQ(tests.size(), static_cast<int>(file.fields().at("numberOfTests").number_value()));
  // One for all: what has held must not help what does not.
  Verifier knowing;
  int valid = 0;
  for (const auto& value : tests) {
    const auto& fields = value.struct_value().fields();
    const std::string& comment = fields.at("comment").string_value();
    pb::SignedDocument signed_document;
    ASSERT_TRUE(signed_document.ParseFromString(
        base::FromBase64(fields.at("signedDocument").string_value()).value_or("")));
    Verifier fresh;
    for (Verifier* verifier : {&fresh, &knowing}) {
      const absl::Status status = Check(*verifier, signed_document);
      if (fields.at("result").string_value() == "valid") {
        ++valid;
        EXPECT_OK(status) << comment;
        continue;
      }
      ASSERT_FALSE(status.ok()) << comment;
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << comment << ": " << status;
    }
  }
  EXPECT_GE(valid, 40);
}

TEST(BatchTest, SignsAtOnceWhatHasOneOriginatorAndOneAudience) {
  const SigningIdentity signer = NewSigner();
  std::vector<pb::SignedDocument> documents = {Draft(0),
                                               Draft(1, {"jp", "kr"}),
                                               Draft(2),
                                               Draft(3, {"kr"}),
                                               Draft(4, {"jp", "kr"}),
                                               Draft(5),
                                               Draft(6, {}, "partners/kr/agencies/customs")};
  ASSERT_OK(AddSignatures(signer, PointersTo(documents)));
  Verifier verifier;
  std::set<std::string> salts;
  for (size_t i = 0; i < documents.size(); ++i) {
    EXPECT_OK(Check(verifier, documents[i])) << i;
    salts.insert(documents[i].signatures(0).batch().salt());
  }
  EXPECT_EQ(documents[0].signatures(0).batch().size(), 3u);
  EXPECT_EQ(documents[2].signatures(0).value(), documents[5].signatures(0).value());
  EXPECT_EQ(documents[4].signatures(0).batch().size(), 2u);
  EXPECT_FALSE(documents[3].signatures(0).has_batch()) << "what is alone is signed alone";
  EXPECT_FALSE(documents[6].signatures(0).has_batch());
  EXPECT_EQ(salts.size(), 6u) << "five of their own, and none of those alone";
}

TEST(BatchTest, NoBatchIsLargerThanWhatIsAdmitted) {
  const SigningIdentity signer = NewSigner(crypto::KeyKind::kEd25519);
  const auto documents = SignedBatch(signer, kBatchSizeMax + 1);
  EXPECT_EQ(documents[0].signatures(0).batch().size(), kBatchSizeMax);
  EXPECT_FALSE(documents[kBatchSizeMax].signatures(0).has_batch());
  Verifier verifier;
  for (uint32_t i : {0u, kBatchSizeMax - 1, kBatchSizeMax}) {
    EXPECT_OK(Check(verifier, documents[i])) << i;
  }
}

TEST(BatchTest, OfficersSignOneAfterTheOther) {
  auto documents = SignedBatch(NewSigner(), 3);
  ASSERT_OK(AddSignatures(NewSigner(crypto::KeyKind::kP384), PointersTo(documents)));
  Verifier verifier;
  for (const auto& document : documents) {
    ASSERT_EQ(document.signatures_size(), 2);
    EXPECT_NE(document.signatures(0).batch().salt(), document.signatures(1).batch().salt());
    EXPECT_OK(Check(verifier, document));
  }
}

TEST(BatchTest, NothingIsSignedWhereOneDoesNotParse) {
  std::vector<pb::SignedDocument> documents = {Draft(0), Draft(1)};
  documents[1].set_document("\xff");
  EXPECT_THAT(AddSignatures(NewSigner(), PointersTo(documents)), HasReason(Reason::kFieldInvalid));
  EXPECT_EQ(documents[0].signatures_size(), 0);
}

TEST(BatchTest, EachDocumentIsJudgedThoughTheSignatureHolds) {
  const SigningIdentity signer = NewSigner();
  const auto documents = SignedBatch(signer, 2);
  Verifier verifier;
  ASSERT_OK(Check(verifier, documents[0]));
  EXPECT_THAT(Check(verifier, documents[1], AcceptNone()), HasReason(Reason::kCertificateRevoked));
  // Nothing of a batch that held helps what differs from it in one thing.
  pb::SignedDocument other = documents[1];
  *other.mutable_document() += std::string("\x12\x01x");
  EXPECT_THAT(Check(verifier, other), HasReason(Reason::kSignatureInvalid)) << "another document";
  other = documents[1];
  other.mutable_signatures(0)->set_certificate(NewSigner().chain[0].der());
  EXPECT_THAT(Check(verifier, other), HasReason(Reason::kSignatureInvalid)) << "of another signer";
  other = documents[1];
  other.mutable_signatures(0)->mutable_value()->back() ^= 1;
  EXPECT_THAT(Check(verifier, other), HasReason(Reason::kSignatureInvalid)) << "another signature";
  EXPECT_OK(Check(verifier, documents[1]));
}

TEST(BatchTest, FaultsOfAPlaceAreNamed) {
  auto document = SignedBatch(NewSigner(), 2)[0];
  auto& place = *document.mutable_signatures(0)->mutable_batch();
  place.set_size(kBatchSizeMax + 1);
  place.set_index(kBatchSizeMax + 1);
  place.set_salt("short");
  place.set_path(0, "short");
  Verifier verifier;
  const absl::Status status = Check(verifier, document);
  const std::string at = "signed_document.signatures[0].batch";
  for (const char* field : {".size", ".index", ".salt", ".path[0]"}) {
    EXPECT_THAT(status, NamesField(at + field));
  }
}

base::Digest KeyOf(int number) {
  return HeldStatements::Key("certificate", std::to_string(number), "signature");
}

TEST(HeldStatementsTest, NoStatePutsOutAnothers) {
  HeldStatements held;
  held.Add(KeyOf(-1), "kr");
  const int most = static_cast<int>(HeldStatements::kOfStateMax);
  for (int i = 0; i <= most; ++i) {
    EXPECT_FALSE(held.Holds(KeyOf(i)));
    held.Add(KeyOf(i), "jp");
    held.Add(KeyOf(i), "jp");
    EXPECT_TRUE(held.Holds(KeyOf(i)));
  }
  EXPECT_FALSE(held.Holds(KeyOf(0))) << "the oldest makes room";
  EXPECT_TRUE(held.Holds(KeyOf(1)));
  EXPECT_TRUE(held.Holds(KeyOf(-1)));
}

TEST(HeldStatementsTest, PartsDoNotRunIntoEachOther) {
  EXPECT_NE(HeldStatements::Key("ab", "c", "d"), HeldStatements::Key("a", "bc", "d"));
  EXPECT_NE(HeldStatements::Key("a", "bc", "d"), HeldStatements::Key("a", "b", "cd"));
}

}  // namespace
}  // namespace entente::document
