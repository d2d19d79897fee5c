// What a signed document may look like before anybody knows whether its signer is trusted: hostile
// bytes cost little, and a refusal is always small enough to be received.
#include "services/core/document/document.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/text.h"

namespace entente::document {
namespace {

using base::testing::HasReason;
using base::testing::NamesField;

pb::Document Header() {
  pb::Document document;
  document.set_originator("partners/kr/agencies/licensing");
  document.set_reference("1");
  document.mutable_composed_time()->set_seconds(1477040400);
  document.mutable_audience()->mutable_all_partners();
  document.mutable_marking()->set_level(pb::Marking::LEVEL_OFFICIAL);
  document.mutable_marking()->set_tlp(pb::Marking::TLP_AMBER);
  document.mutable_body()->set_type_url("type.googleapis.com/entente.exchange.v1.Marking");
  return document;
}

pb::SignedDocument Wrap(const std::string& bytes) {
  pb::SignedDocument signed_document;
  signed_document.set_document(bytes);
  signed_document.add_signatures()->set_value("not looked at here");
  return signed_document;
}

absl::Status ParseOf(const pb::Document& document) {
  return Parse(Wrap(document.SerializeAsString())).status();
}

size_t PayloadBytes(const absl::Status& status) {
  size_t bytes = status.message().size();
  status.ForEachPayload([&](absl::string_view, const absl::Cord& value) { bytes += value.size(); });
  return bytes;
}

TEST(DocumentTest, AWholeHeaderParses) { EXPECT_OK(ParseOf(Header())); }

// Many empty references: the refusal names the limit, not each of them, and fits into the 8 KiB
// that gRPC clients accept.
TEST(DocumentTest, AFloodOfFaultsGivesASmallRefusal) {
  std::string bytes = Header().SerializeAsString();
  for (int i = 0; i < 900; ++i) bytes += std::string("\x32\x00", 2);
  absl::Status status = Parse(Wrap(bytes)).status();
  EXPECT_THAT(status, NamesField("references"));
  EXPECT_LT(PayloadBytes(status), 6000u);
  for (int i = 0; i < 500000; ++i) bytes += std::string("\x32\x00", 2);
  status = Parse(Wrap(bytes)).status();
  EXPECT_THAT(status, HasReason(base::Reason::kDocumentMalformed)) << "it was not even built";
  pb::Document states = Header();
  for (int i = 0; i < 800; ++i) states.mutable_audience()->mutable_listed()->add_states("");
  EXPECT_LT(PayloadBytes(ParseOf(states)), 6000u);
}

// What is echoed is cut, at a character.
TEST(DocumentTest, LongTextsAreNotEchoedWhole) {
  std::string text(5000, 'a');
  text += "\xc3\xa9";
  base::Shorten(text, 100);
  EXPECT_EQ(text.size(), 100u);
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "\xc3\xa9";
  base::Shorten(accents, 100);
  EXPECT_TRUE(base::IsPlainText(accents));
}

// A reader takes the body by its type URL; one that is written otherwise would read as empty.
TEST(DocumentTest, TypeUrlsHaveOneForm) {
  for (const char* url : {"entente.exchange.v1.Marking", "http://evil/entente.exchange.v1.Marking",
                          "type.googleapis.com/a/entente.exchange.v1.Marking"}) {
    pb::Document document = Header();
    document.mutable_body()->set_type_url(url);
    EXPECT_THAT(ParseOf(document), NamesField("body.type_url")) << url;
  }
}

// Nested groups in a field nobody knows: an answer that wraps the body would be too deep to read.
TEST(DocumentTest, DeepBodiesAreRefused) {
  const auto nested = [](int depth) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) bytes += "\xa3\x06";  // start group 100
    for (int i = 0; i < depth; ++i) bytes += "\xa4\x06";  // end group 100
    return bytes;
  };
  pb::Document document = Header();
  document.mutable_body()->set_value(nested(8));
  EXPECT_OK(ParseOf(document));
  document.mutable_body()->set_value(nested(60));
  EXPECT_THAT(ParseOf(document), HasReason(base::Reason::kDocumentMalformed));
}

TEST(DocumentTest, TheEnvelopeHoldsNothingThatNobodySigned) {
  auto signed_document = Wrap(Header().SerializeAsString());
  signed_document.GetReflection()
      ->MutableUnknownFields(&signed_document)
      ->AddLengthDelimited(900, std::string(1 << 20, 'x'));
  EXPECT_THAT(Parse(signed_document), NamesField("signed_document"));
  auto with_ballast = Wrap(Header().SerializeAsString());
  with_ballast.mutable_signatures(0)->set_certificate(std::string(kSignaturesBytesMax, 'x'));
  EXPECT_THAT(Parse(with_ballast), NamesField("signed_document"));
}

}  // namespace
}  // namespace entente::document
