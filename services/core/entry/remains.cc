#include "services/core/entry/remains.h"

#include <google/protobuf/util/field_mask_util.h>

#include <memory>

#include "entente/exchange/v1/document.pb.h"
#include "entente/exchange/v1/kind.pb.h"
#include "services/core/base/status.h"

namespace entente::entry {
namespace {

namespace pb = ::entente::exchange::v1;
using base::Reason;
using google::protobuf::Descriptor;
using google::protobuf::util::FieldMaskUtil;

// Null for a kind that stays whole, or is not known.
const Descriptor* ErasableKind(std::string_view kind) {
  const Descriptor* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(kind));
  return type != nullptr && type->options().HasExtension(pb::remains) ? type : nullptr;
}

absl::Status Malformed(std::string_view what) {
  return base::RefuseArgument(Reason::kDocumentMalformed, "{} cannot be read", what);
}

// The body with the fields that remain alone.
absl::StatusOr<std::string> Trim(const std::string& body, const Descriptor& kind) {
  const std::string& fields = kind.options().GetExtension(pb::remains);
  if (fields.empty()) return std::string();
  const std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&kind)->New());
  if (!message->ParseFromString(body)) return Malformed("the body");
  google::protobuf::FieldMask mask;
  FieldMaskUtil::FromString(fields, &mask);
  FieldMaskUtil::TrimMessage(mask, message.get());
  message->DiscardUnknownFields();
  return message->SerializeAsString();
}

}  // namespace

bool IsKnownKind(std::string_view kind) {
  return google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
             std::string(kind)) != nullptr;
}

bool CanBeErased(std::string_view kind) { return ErasableKind(kind) != nullptr; }

absl::StatusOr<std::string> RemainsOf(std::string_view signed_document) {
  pb::SignedDocument whole;
  pb::Document document;
  if (!whole.ParseFromArray(signed_document.data(), static_cast<int>(signed_document.size())) ||
      !document.ParseFromString(whole.document())) {
    return Malformed("the document");
  }
  const std::string& url = document.body().type_url();
  const std::string kind = url.substr(url.rfind('/') + 1);
  const Descriptor* type = ErasableKind(kind);
  if (type == nullptr) {
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kProcedureForbids,
                        "{} is a kind that stays whole; it cannot be erased", kind);
  }
  pb::Document header;
  header.set_originator(document.originator());
  header.set_reference(document.reference());
  *header.mutable_composed_time() = document.composed_time();
  *header.mutable_audience() = document.audience();
  *header.mutable_marking() = document.marking();
  *header.mutable_references() = document.references();
  header.mutable_body()->set_type_url(url);
  ENTENTE_ASSIGN_OR_RETURN(*header.mutable_body()->mutable_value(),
                           Trim(document.body().value(), *type));
  pb::SignedDocument remains;
  remains.set_document(header.SerializeAsString());
  return remains.SerializeAsString();
}

}  // namespace entente::entry
