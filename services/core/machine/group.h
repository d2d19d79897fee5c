// A group as one declaration, from which servers, command line and tests learn what they need of
// it.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_GROUP_H_
#define ENTENTE_SERVICES_CORE_MACHINE_GROUP_H_

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "entente/config/v1/regime_profile.pb.h"
#include "services/core/base/status.h"
#include "services/core/machine/register.h"

namespace entente::machine {

// What a document is to a chain.
enum class Role {
  kOpens,    // its first; or, where the kind may, a later one that supersedes
  kRevises,  // a later one
  kEnds,     // the last one
  kAnswers,  // it is said to one
};

// A kind of body that a group takes.
struct Kind {
  std::string_view message;  // full name: "entente.leem.v1.DenialNotification"
  Role role = Role::kOpens;
  // Of the names that it gives: "denials". Empty for what revises and ends: that has its chain's.
  std::string_view folder;
};

struct Group {
  std::string_view name;  // "leem"
  std::span<const Kind> kinds;
  std::unique_ptr<Register> (*make_register)(const entente::config::v1::RegimeProfile& profile);

  // Null if the group does not take it.
  const Kind* Find(std::string_view message) const {
    const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const Kind& k) { return k.message == message; });
    return kind == kinds.end() ? nullptr : &*kind;
  }
  // BODY_UNKNOWN, for what it does not take.
  absl::Status Refuse(std::string_view message) const {
    return base::RefuseArgument(base::Reason::kBodyUnknown, "body: {} does not take a {}", name,
                                message);
  }
  // Whether the group gives names of this folder.
  bool Gives(std::string_view folder) const {
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](const Kind& k) { return !folder.empty() && k.folder == folder; });
  }
};

// The name that a document of this kind gets where it revises nothing.
inline std::string FirstName(const Kind& kind, const entry::pb::Document& header) {
  return fmt::format("partners/{}/{}/{}", rules::StateOf(header.originator()), kind.folder,
                     header.reference());
}

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_GROUP_H_
