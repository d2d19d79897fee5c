// The closed list of reasons that errors carry in google.rpc.ErrorInfo; reasons.def says when.
#ifndef ENTENTE_SERVICES_CORE_BASE_REASON_H_
#define ENTENTE_SERVICES_CORE_BASE_REASON_H_

#include <array>
#include <string_view>
#include <utility>

namespace entente::base {

enum class Reason {
#define ENTENTE_REASON(constant, name, when) constant,
#include "services/core/base/reasons.def"
#undef ENTENTE_REASON
};

inline constexpr auto kReasonNames = std::to_array<std::pair<Reason, std::string_view>>({
#define ENTENTE_REASON(constant, name, when) {Reason::constant, #name},
#include "services/core/base/reasons.def"
#undef ENTENTE_REASON
});

constexpr std::string_view ReasonName(Reason reason) {
  for (const auto& [value, name] : kReasonNames) {
    if (value == reason) return name;
  }
  return "UNKNOWN";
}

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_REASON_H_
