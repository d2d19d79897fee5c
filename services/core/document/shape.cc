#include "services/core/document/shape.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace entente::document {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

class Counter {
 public:
  explicit Counter(size_t most) : left_(most) {}
  size_t left() const { return left_; }

  bool Count(std::string_view bytes, const Descriptor& type, int depth) {
    if (depth < 0) return false;
    google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                              static_cast<int>(bytes.size()));
    while (const uint32_t tag = in.ReadTag()) {
      const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      if (!CountField(bytes, in, tag, field, depth)) return false;
    }
    return in.ConsumedEntireMessage();
  }

 private:
  bool CountField(std::string_view bytes, google::protobuf::io::CodedInputStream& in, uint32_t tag,
                  const FieldDescriptor* field, int depth) {
    // What has another wire type than its field goes where unknown fields go.
    const bool alone = field != nullptr && !field->is_repeated() &&
                       WireFormatLite::GetTagWireType(tag) ==
                           WireFormatLite::WireTypeForFieldType(
                               static_cast<WireFormatLite::FieldType>(field->type()));
    uint64_t number = 0;
    uint32_t word = 0;
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_VARINT:
        return in.ReadVarint64(&number) && (alone || Take(1));
      case WireFormatLite::WIRETYPE_FIXED64:
        return in.ReadLittleEndian64(&number) && (alone || Take(1));
      case WireFormatLite::WIRETYPE_FIXED32:
        return in.ReadLittleEndian32(&word) && (alone || Take(1));
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
        break;
      case WireFormatLite::WIRETYPE_START_GROUP:  // of unknown fields only: proto3 has none
        return field == nullptr && Take(1) && CountGroup(bytes, in, tag, depth - 1);
      default:
        return false;
    }
    uint32_t length = 0;
    if (!in.ReadVarint32(&length)) return false;
    const auto at = static_cast<size_t>(in.CurrentPosition());
    if (length > bytes.size() - at || !in.Skip(static_cast<int>(length))) return false;
    if (field == nullptr || field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return Take(1);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return Take(1 + length / 16);
    return Take(1) && Count(bytes.substr(at, length), *field->message_type(), depth - 1);
  }

  bool CountGroup(std::string_view bytes, google::protobuf::io::CodedInputStream& in,
                  uint32_t start, int depth) {
    if (depth < 0) return false;
    while (const uint32_t tag = in.ReadTag()) {
      if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_END_GROUP) {
        return WireFormatLite::GetTagFieldNumber(tag) == WireFormatLite::GetTagFieldNumber(start);
      }
      if (!CountField(bytes, in, tag, nullptr, depth)) return false;
    }
    return false;
  }

  bool Take(size_t elements) {
    if (elements > left_) return false;
    left_ -= elements;
    return true;
  }

  size_t left_;
};

}  // namespace

std::optional<size_t> CountElements(std::string_view bytes, const Descriptor& type, size_t most,
                                    int depth_max) {
  Counter counter(most);
  if (!counter.Count(bytes, type, depth_max)) return std::nullopt;
  return most - counter.left();
}

}  // namespace entente::document
