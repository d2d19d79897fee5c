// Claims about CountElements: it agrees with what is built, and says no before anything is.
#include "services/core/document/shape.h"

#include <gtest/gtest.h>

#include "entente/exchange/v1/exchange_service.pb.h"
#include "entente/leem/v1/denial.pb.h"

namespace entente::document {
namespace {

std::optional<size_t> Count(const google::protobuf::Message& message, size_t most = 1000) {
  return CountElements(message.SerializeAsString(), *message.GetDescriptor(), most, 32);
}

TEST(ShapeTest, CountsMessagesAndTextsAtAnyDepth) {
  leem::v1::DenialNotification denial;
  EXPECT_EQ(Count(denial), 0u);
  auto& content = *denial.mutable_content();                     // 1
  content.mutable_authority()->set_name("Sample Office");        // 2, 3
  content.add_parties()->add_aliases()->set_name("Also Known");  // 4, 5, 6
  content.set_act(leem::v1::DENIAL_ACT_REFUSED);
  EXPECT_EQ(Count(denial), 6u);
  EXPECT_EQ(Count(denial, 6), 6u);
  EXPECT_EQ(Count(denial, 5), std::nullopt);
}

TEST(ShapeTest, ManyEmptyMessagesAreManyElements) {
  exchange::v1::SubmitRequest request;
  for (int i = 0; i < 5000; ++i) request.mutable_signed_document()->add_signatures();
  EXPECT_EQ(Count(request, 5001), 5001u);
  EXPECT_EQ(Count(request, 5000), std::nullopt);
}

TEST(ShapeTest, DepthAndUnknownFieldsAndGarbageAreBounded) {
  const auto& type = *exchange::v1::SubmitRequest::descriptor();
  EXPECT_EQ(CountElements("\x0a\x02\x12\x00", type, 10, 0), std::nullopt) << "deeper than admitted";
  EXPECT_EQ(CountElements("\x0a\x02\x12\x00", type, 10, 2).has_value(), false) << "a NUL is no tag";
  EXPECT_EQ(CountElements("\xf8\x07\x01\xf8\x07\x01", type, 10, 2), 2u) << "unknown numbers";
  EXPECT_EQ(CountElements("\x0a\x7f", type, 10, 2), std::nullopt) << "longer than it is";
  EXPECT_EQ(CountElements("\x0b\x0c", type, 10, 2), std::nullopt) << "a group of a known field";
  EXPECT_EQ(CountElements("\xa3\x06\xa3\x06\xa4\x06\xa4\x06", type, 10, 2), 2u) << "unknown groups";
  EXPECT_EQ(CountElements("\xa3\x06\xa3\x06\xa4\x06\xa4\x06", type, 10, 1), std::nullopt);
  EXPECT_EQ(CountElements("\xa3\x06", type, 10, 2), std::nullopt) << "that never ends";
}

}  // namespace
}  // namespace entente::document
