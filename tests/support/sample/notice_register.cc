#include "tests/support/sample/notice_register.h"

#include <algorithm>

#include "services/core/base/names.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/machine/footprint.h"
#include "services/core/machine/succession.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/links.h"
#include "tests/support/sample/group.h"

namespace entente::sample {

using base::Reason;
using machine::Role;
using rules::Reference;
using rules::Unpack;

namespace {

void CheckBody(const document::VerifiedDocument& document, base::FieldViolations& violations) {
  constexpr size_t kTextMax = 1000;
  const std::string_view kind = document::ShortKind(document.parsed().kind);
  const auto& header = document.header();
  if (kind == "Notice") {
    const auto body = Unpack<v1::Notice>(header);
    if (!base::IsReference(body.topic())) violations.Add("body.topic", "must be a reference");
    rules::CheckText(body.text(), 1, kTextMax, "body.text", violations);
  } else if (kind == "NoticeAmendment") {
    rules::CheckText(Unpack<v1::NoticeAmendment>(header).text(), 1, kTextMax, "body.text",
                     violations);
  } else if (kind == "NoticeComment") {
    rules::CheckText(Unpack<v1::NoticeComment>(header).text(), 1, kTextMax, "body.text",
                     violations);
  } else {
    rules::CheckText(Unpack<v1::NoticeWithdrawal>(header).reason(), 1, kTextMax, "body.reason",
                     violations);
  }
}

uint64_t BytesOf(const Notice& notice) {
  constexpr uint64_t kIndexed = 16;
  return sizeof(Notice) + kIndexed + machine::HeapBytes(notice.topic) +
         machine::HeapBytes(notice.text);
}

}  // namespace

absl::Status NoticeRegister::CheckAlone(const document::VerifiedDocument& document,
                                        absl::Time now) const {
  const auto& header = document.header();
  const machine::Kind* kind = kSample.Find(document.parsed().kind);
  if (kind == nullptr) return kSample.Refuse(document.parsed().kind);
  base::FieldViolations violations;
  rules::CheckHeader(header, now, profile_.level_max(), violations);
  if (header.audience().has_public_()) {
    violations.Add("audience", "is never public here; name all_partners or listed states");
  }
  CheckBody(document, violations);
  const bool follows = kind->role == Role::kRevises || kind->role == Role::kEnds;
  if (rules::CountReferences(header, Reference::RELATION_SUPERSEDES) != (follows ? 1 : 0)) {
    violations.Add("references", "what changes a notice names it once, with SUPERSEDES");
  }
  const bool answers = kind->role == Role::kAnswers;
  if (rules::CountReferences(header, Reference::RELATION_ANSWERS) != (answers ? 1 : 0)) {
    violations.Add("references", "a comment names a notice once, with ANSWERS");
  }
  return violations.ToStatus();
}

absl::StatusOr<machine::Judgement> NoticeRegister::Validate(
    const document::VerifiedDocument& document, const machine::ValidationContext& context) const {
  ENTENTE_RETURN_IF_ERROR(CheckAlone(document, context.now));
  const machine::Kind& kind = *kSample.Find(document.parsed().kind);
  machine::Judgement judgement;
  judgement.rules_version = profile_.version();
  ENTENTE_ASSIGN_OR_RETURN(judgement.name, NameOf(document, kind));
  if (kind.role == Role::kOpens) {
    v1::NoticeRuling ruling;
    entry::SetTime(context.now + kCommentTime, ruling.mutable_comment_time());
    judgement.ruling.PackFrom(ruling);
  }
  return judgement;
}

absl::StatusOr<std::string> NoticeRegister::NameOf(const document::VerifiedDocument& document,
                                                   const machine::Kind& kind) const {
  const auto& header = document.header();
  if (kind.role == Role::kRevises || kind.role == Role::kEnds) {
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                             machine::FindSuperseded(chains(), document));
    const Notice* notice = notices_.Of(chain);
    if (notice == nullptr) return rules::NoSuch(chain->name());
    if (notice->withdrawn) {
      return rules::Forbid(Reason::kChainEnded, chain->name(), "was withdrawn; give a new one");
    }
    ENTENTE_RETURN_IF_ERROR(machine::CheckSucceeds(*chain, document, kind.role, budgets_, 1));
    return machine::NextName(*chain);
  }
  if (kind.role == Role::kAnswers) {
    const std::string& name = rules::ReferenceOf(header, Reference::RELATION_ANSWERS)->name();
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* chain,
                             machine::FindNamed(chains(), name, document));
    if (notices_.Of(chain) == nullptr) return rules::NoSuch(name);
    ENTENTE_RETURN_IF_ERROR(machine::CheckAnswers(*chain, header.audience()));
  }
  std::string name = machine::FirstName(kind, document.header());
  ENTENTE_RETURN_IF_ERROR(machine::CheckNameIsFree(chains(), name));
  return name;
}

const machine::Group& NoticeRegister::group() const { return kSample; }

void NoticeRegister::Apply(const machine::AppliedDocument& document) noexcept {
  const machine::Kind* kind = kSample.Find(document.kind);
  ENTENTE_CHECK(kind != nullptr);
  if (kind->role == Role::kAnswers) return;  // the chains keep all there is to it
  if (document.opens()) {
    notices_.Add(*document.chain);
    released_.Add(*document.chain, "");
  }
  Notice* notice = notices_.Of(document.chain);
  ENTENTE_CHECK(notice != nullptr);
  if (!document.opens()) footprint_ -= BytesOf(*notice);
  ApplyTo(document, *notice);
  footprint_ += BytesOf(*notice);
}

void NoticeRegister::ApplyTo(const machine::AppliedDocument& document, Notice& notice) {
  const Role role = kSample.Find(document.kind)->role;
  if (role == Role::kOpens) {
    notice.chain = document.chain;
    const auto body = Unpack<v1::Notice>(document.header);
    notice.topic = body.topic();
    notice.text = body.text();
    v1::NoticeRuling ruling;
    document.leaf.stamp().ruling().UnpackTo(&ruling);
    notice.comment_micros = rules::Micros(ruling.comment_time());
  } else if (role == Role::kEnds) {
    notice.withdrawn = true;
  } else {
    notice.text = Unpack<v1::NoticeAmendment>(document.header).text();
  }
}

std::unique_ptr<machine::Restatement> NoticeRegister::RestateChain(const machine::Chain& chain) {
  Notice* notice = notices_.Of(&chain);
  if (notice == nullptr) return nullptr;  // of a comment nothing is kept here
  return machine::Restate<Notice>(&NoticeRegister::ApplyTo, [this, notice](Notice&& restated) {
    footprint_ -= BytesOf(*notice);
    *notice = std::move(restated);
    footprint_ += BytesOf(*notice);
  });
}

base::Digest NoticeRegister::Fingerprint() const {
  machine::FingerprintHash hash;
  for (const Notice& notice : notices_) {
    const auto& [chain, topic, text, withdrawn, comment_micros] = notice;
    hash.Add(chain->number, topic, text, withdrawn, comment_micros);
  }
  return hash.digest();
}

std::multimap<std::string, std::string> NoticeRegister::Facts(std::string_view name) const {
  const machine::Chain* chain = chains().FindAny(name);
  // Who reads a comment reads the notice, too.
  if (chain != nullptr && chain->answered != nullptr) chain = chain->answered;
  const Notice* notice = notices_.Of(chain);
  if (notice == nullptr) return {};
  return {{"sample.topic", notice->topic}, {"sample.state", StateOf(*notice)}};
}

void NoticeRegister::Observe(const machine::Reader& reader, std::string_view,
                             const std::function<void(const machine::Observation&)>& visit) const {
  Visit(reader, nullptr, [&](const Notice& notice) {
    visit({.month = machine::MonthOf(absl::FromUnixMicros(notice.chain->recorded_micros)),
           .originator = notice.chain->originator_state(),
           .key = notice.topic});
    return true;
  });
}

std::vector<machine::Obligation> NoticeRegister::ObligationsOf(
    const machine::Chain& chain, const machine::Reader& reader,
    std::span<const std::string> partners, absl::Time) const {
  const Notice& notice = *notices_.Of(&chain);
  if (notice.withdrawn) return {};
  const auto comments = machine::Chains::AnswersTo(chain, reader);
  std::vector<machine::Obligation> owed;
  for (const std::string& state : partners) {
    const bool asked = state != chain.originator_state() && rules::Holds(chain.audience(), state);
    const bool said = std::any_of(comments.begin(), comments.end(), [&](const auto* comment) {
      return comment->originator_state() == state;
    });
    if (!asked || said) continue;
    owed.push_back({"sample.comment", state, absl::FromUnixMicros(notice.comment_micros)});
  }
  return owed;
}

}  // namespace entente::sample
