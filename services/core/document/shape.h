// What a serialised message would be made of, told from its bytes before anything is built: a few
// bytes can stand for many objects.
#ifndef ENTENTE_SERVICES_CORE_DOCUMENT_SHAPE_H_
#define ENTENTE_SERVICES_CORE_DOCUMENT_SHAPE_H_

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string_view>

namespace entente::document {

// What an element costs in memory beside its own bytes, at most, on average over the kinds that are
// exchanged: an object with its place in a list.
inline constexpr size_t kElementBytes = 160;

// Counts the elements of a message of `type`: messages, texts, byte strings, unknown fields, and
// one for every sixteen bytes of packed numbers, at any depth. Nothing if there are more than
// `most`, if it is nested deeper than `depth_max`, or if the bytes are not such a message. What an
// Any holds counts as one.
std::optional<size_t> CountElements(std::string_view bytes,
                                    const google::protobuf::Descriptor& type, size_t most,
                                    int depth_max);

}  // namespace entente::document

#endif  // ENTENTE_SERVICES_CORE_DOCUMENT_SHAPE_H_
