// Hashes the fields of a register's state (Register, law 3), each so that no two states give the
// same bytes: numbers end, texts and lists begin with their length.
//
// Registers take a struct apart with a structured binding, which names every field: a field that is
// added later does not compile until its fingerprint is thought of.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_FINGERPRINT_H_
#define ENTENTE_SERVICES_CORE_MACHINE_FINGERPRINT_H_

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "services/core/base/bytes.h"
#include "services/core/base/calendar.h"
#include "services/core/crypto/hash.h"

namespace entente::machine {

// Raised whenever a fingerprint covers more, or covers it otherwise. The golden journals stay; only
// the fingerprints beside them are written anew.
inline constexpr int kFingerprintVersion = 8;

class FingerprintHash {
 public:
  // One value of the state, field by field.
  template <typename... Fields>
  void Add(const Fields&... fields) {
    text_.clear();
    (Append(fields), ...);
    // Chained, so that no second copy of a large register is made.
    digest_ = crypto::Sha256({digest_.view(), text_});
  }
  base::Digest digest() const { return digest_; }

 private:
  template <typename Value>
  void Append(const Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      Append(static_cast<int64_t>(value));
    } else if constexpr (std::is_integral_v<Value>) {
      text_ += std::to_string(value);
      text_ += ';';
    } else if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
      AppendText(value);
    } else if constexpr (std::is_same_v<Value, base::Digest>) {
      AppendText(value.view());
    } else if constexpr (std::is_same_v<Value, base::CivilDate>) {
      Append(value.year), Append(value.month), Append(value.day);
    } else if constexpr (std::is_base_of_v<google::protobuf::Message, Value>) {
      AppendMessage(value);
    } else if constexpr (requires { value.begin(), value.end(), value.size(); }) {
      Append(value.size());
      for (const auto& element : value) Append(element);
    } else if constexpr (requires { value.first, value.second; }) {
      Append(value.first), Append(value.second);
    } else {
      static_assert(std::is_same_v<Value, void>, "take it apart, and add its fields");
    }
  }
  void AppendText(std::string_view text) {
    Append(text.size());
    text_ += text;
  }
  void AppendMessage(const google::protobuf::Message& message) {
    std::string bytes;
    {
      google::protobuf::io::StringOutputStream stream(&bytes);
      google::protobuf::io::CodedOutputStream coded(&stream);
      coded.SetSerializationDeterministic(true);
      message.SerializeToCodedStream(&coded);
    }
    AppendText(bytes);
  }

  base::Digest digest_;
  std::string text_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_FINGERPRINT_H_
