#include "services/core/machine/erasure.h"

#include <climits>
#include <memory>

#include "entente/exchange/v1/erasure.pb.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/remains.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/links.h"

namespace entente::machine {

using base::Reason;
using rules::Fault;
using rules::Forbid;
using rules::Reference;

bool IsErasure(std::string_view name) {
  const auto parts = base::Split(name, '/');
  return parts.size() == 4 && parts[2] == kErasure.folder;
}

absl::Status CheckErasure(const document::VerifiedDocument& document, absl::Time now) {
  const auto body = rules::Unpack<exchange::v1::Erasure>(document.header());
  base::FieldViolations violations;
  rules::CheckHeader(document.header(), now, INT_MAX, violations);
  if (document.header().references_size() != 1 ||
      document.header().references(0).relation() != Reference::RELATION_ERASES) {
    violations.Add("references", "must name the document, once, with ERASES, and nothing else");
  }
  rules::CheckText(body.authority(), 1, 200, "body.authority", violations);
  rules::CheckText(body.legal_basis(), 1, 1000, "body.legal_basis", violations);
  rules::CheckText(body.explanation(), 0, 2000, "body.explanation", violations);
  if (body.remains_digest().size() != 32) {
    violations.Add("body.remains_digest", "must be the SHA-256 of what remains, 32 bytes");
  }
  return violations.ToStatus();
}

namespace {

// Whether the order is as wide as what it erases, and marked no higher: whoever read that learns of
// it.
absl::Status CheckReaders(const pb::Document& header, const pb::Document& target,
                          const std::string& name) {
  if (entry::LedgerIdOf("", header.audience()) != entry::LedgerIdOf("", target.audience())) {
    return base::RefuseArgument(Reason::kAudienceChanged,
                                "audience: must be that of {}, whose readers must learn of it",
                                name);
  }
  if (header.marking().level() > target.marking().level() ||
      header.marking().tlp() > target.marking().tlp()) {
    return Fault("marking", "is above that of what is erased, whose readers must learn of it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Judgement> JudgeErasure(const document::VerifiedDocument& document, absl::Time now,
                                       const Machine& machine, journal::Journal& journal) {
  ENTENTE_RETURN_IF_ERROR(CheckErasure(document, now));
  const Reference& reference = document.header().references(0);
  const std::string& state = document.parsed().originator.state;
  const Chain* chain = machine.chains().Find(reference.name(), {state, true});
  const auto position = machine.chains().PositionOf(reference.name());
  if (chain == nullptr || !position.has_value()) return rules::NoSuch(reference.name());
  if (chain->originator_state() != state) {
    return Forbid(Reason::kProcedureForbids, reference.name(),
                  "only its originator's state may have it erased");
  }
  if (machine.ErasedAt(*position).has_value()) {
    return Forbid(Reason::kProcedureForbids, reference.name(), "is erased already");
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto records, journal.Read(*position, *position + 1, 1));
  pb::Leaf leaf;
  pb::SignedDocument signed_document;
  pb::Document target;
  ENTENTE_CHECK(leaf.ParseFromString(records[0].header) &&
                signed_document.ParseFromString(records[0].body) &&
                target.ParseFromString(signed_document.document()));
  if (reference.digest() != leaf.document_digest()) {
    return Fault("references[0].digest", "is not that of " + reference.name());
  }
  const auto order = rules::Unpack<exchange::v1::Erasure>(document.header());
  if (order.index() != leaf.stamp().index()) {
    return Fault("body.index",
                 fmt::format("{} has the index {}", reference.name(), leaf.stamp().index()));
  }
  ENTENTE_RETURN_IF_ERROR(CheckReaders(document.header(), target, reference.name()));
  ENTENTE_ASSIGN_OR_RETURN(const std::string remains, entry::RemainsOf(records[0].body));
  const base::Digest digest = crypto::Sha256(remains);
  if (order.remains_digest() != digest.view()) {
    return Fault("body.remains_digest", fmt::format("of {} remains what has the digest {}",
                                                    reference.name(), digest.hex()));
  }
  Judgement judgement;
  judgement.name = FirstName(kErasure, document.header());
  if (machine.chains().FindAny(judgement.name) != nullptr) {
    return base::Refuse(absl::StatusCode::kAlreadyExists, Reason::kReferenceReused,
                        "reference: {} exists already; use a new one", judgement.name);
  }
  return judgement;
}

namespace {

absl::Status CarryOut(const Machine::DueErasure& due, Machine& machine, journal::Journal& journal) {
  ENTENTE_ASSIGN_OR_RETURN(const auto records, journal.Read(due.position, due.position + 1, 1));
  std::string remains = records[0].body;
  if (!records[0].erased_at.has_value()) {
    ENTENTE_ASSIGN_OR_RETURN(remains, entry::RemainsOf(records[0].body));
  }
  if (crypto::Sha256(remains) != due.remains) {
    // Nothing is written over: the journal would never start again.
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kJournalFormat,
                        "record {}: what remains of it by this release is not what was ordered; "
                        "start the release that recorded the order",
                        due.position);
  }
  // Also where another writer was first, or this one was killed: it does what was left undone.
  ENTENTE_RETURN_IF_ERROR(journal.Erase(due.position, remains, due.erased_at));
  return machine.Forget(due.position, journal);
}

}  // namespace

absl::Status CarryOutErasures(Machine& machine, journal::Journal& journal) {
  absl::Status status;
  const std::vector<Machine::DueErasure> due = machine.erasures_due();
  for (const Machine::DueErasure& one : due) {
    const absl::Status done = CarryOut(one, machine, journal);
    if (done.code() == absl::StatusCode::kDataLoss) return done;
    status.Update(done);
  }
  return status;
}

}  // namespace entente::machine
