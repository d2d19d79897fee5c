// Which right a method asks for: one row per RPC, deny by default. A test walks the descriptors and
// fails on a method without a row.
#ifndef ENTENTE_SERVICES_CORE_IDENTITY_AUTHORIZATION_H_
#define ENTENTE_SERVICES_CORE_IDENTITY_AUTHORIZATION_H_

#include <optional>
#include <string_view>

#include "services/core/identity/directory.h"

namespace entente::identity {

// The right that "/package.Service/Method" asks for; nothing for a method without a row.
std::optional<Right> RightFor(std::string_view method);

// OK, or PERMISSION_DENIED/CALLER_NOT_ENTITLED in the same words for every cause.
absl::Status Authorize(const Directory& directory, const base::AgencyName& caller,
                       std::string_view group, std::string_view method);

}  // namespace entente::identity

#endif  // ENTENTE_SERVICES_CORE_IDENTITY_AUTHORIZATION_H_
