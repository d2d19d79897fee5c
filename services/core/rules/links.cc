#include "services/core/rules/links.h"

#include <algorithm>

namespace entente::rules {

using base::Reason;

const Reference* ReferenceOf(const document::pb::Document& header, Reference::Relation relation) {
  for (const Reference& reference : header.references()) {
    if (reference.relation() == relation) return &reference;
  }
  return nullptr;
}

int CountReferences(const document::pb::Document& header, Reference::Relation relation) {
  return static_cast<int>(
      std::count_if(header.references().begin(), header.references().end(),
                    [&](const Reference& r) { return r.relation() == relation; }));
}

std::string_view ChainOf(std::string_view name) { return name.substr(0, name.find("/revisions/")); }

absl::Status NoSuch(std::string_view name) {
  return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                      "references: {} does not exist or is not released to you", name);
}

absl::Status Forbid(Reason reason, std::string_view name, std::string_view why) {
  return base::Refuse(absl::StatusCode::kFailedPrecondition, reason, "{}: {}", name, why);
}

absl::Status Fault(std::string field, std::string_view why) {
  base::FieldViolations violations;
  violations.Add(std::move(field), "{}", why);
  return violations.ToStatus();
}

absl::Status Moved(std::string_view name) {
  return base::Refuse(absl::StatusCode::kAborted, Reason::kChainMoved,
                      "{}: a newer document exists; read it again and use its etag", name);
}

}  // namespace entente::rules
