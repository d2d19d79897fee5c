#include "services/leem/standing/standing.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/entry/entry.h"

namespace entente::leem {

base::CivilDate ToCivil(const v1::Date& date) { return {date.year(), date.month(), date.day()}; }

void SetDate(const base::CivilDate& date, v1::Date* out) {
  out->set_year(date.year);
  out->set_month(date.month);
  out->set_day(date.day);
}

Term TermOf(const v1::DenialRuling& ruling) {
  return {ToCivil(ruling.in_force_from()), ToCivil(ruling.valid_until())};
}

void Notify(const v1::DenialContent& content, const v1::DenialRuling& ruling, Standing& standing) {
  standing.terms.push_back(TermOf(ruling));
  standing.timeliness = ruling.timeliness();
  standing.act = content.act();
  if (standing.act == v1::DENIAL_ACT_SUSPENDED) standing.state = v1::DENIAL_STATE_SUSPENSION_OPEN;
}

void Amend(const v1::DenialContent& content, const v1::DenialRuling& ruling, Standing& standing) {
  standing.act = content.act();
  // Its first term follows the decision; a renewal's follows the review.
  if (standing.terms.size() == 1) standing.terms[0] = TermOf(ruling);
}

void Renew(const v1::DenialRuling& ruling, Standing& standing) {
  standing.terms.push_back(TermOf(ruling));
}

void Revoke(const v1::DenialRevocation& revocation, absl::Time recorded, Standing& standing) {
  standing.state = v1::DENIAL_STATE_REVOKED;
  standing.ended = ToCivil(revocation.effective_date());
  // Without its body it ended when it was recorded.
  if (standing.ended.empty()) standing.ended = base::DateOf(recorded);
}

void Close(const v1::SuspensionClosure& closure, Standing& standing) {
  const bool denied = closure.outcome() == v1::SuspensionClosure::OUTCOME_DENIED;
  standing.state = denied ? v1::DENIAL_STATE_ACTIVE : v1::DENIAL_STATE_LIFTED;
  if (denied) standing.act = closure.act();
  if (!denied) standing.ended = ToCivil(closure.closed_date());
}

absl::Status Take(const exchange::v1::Document& document, const exchange::v1::Leaf& leaf,
                  Standing& standing) {
  const auto& body = document.body();
  v1::DenialRuling ruling;
  v1::DenialNotification notification;
  v1::DenialAmendment amendment;
  v1::DenialRenewal renewal;
  v1::DenialRevocation revocation;
  v1::SuspensionClosure closure;
  const bool ruled = leaf.stamp().ruling().UnpackTo(&ruling);
  if (ruled && body.UnpackTo(&notification) && standing.terms.empty()) {
    Notify(notification.content(), ruling, standing);
  } else if (ruled && body.UnpackTo(&amendment) && !standing.terms.empty()) {
    Amend(amendment.content(), ruling, standing);
  } else if (ruled && body.UnpackTo(&renewal) && !standing.terms.empty()) {
    Renew(ruling, standing);
  } else if (body.UnpackTo(&revocation) && !standing.terms.empty()) {
    Revoke(revocation, entry::GetTime(leaf.stamp().recorded_time()), standing);
  } else if (body.UnpackTo(&closure) && !standing.terms.empty()) {
    Close(closure, standing);
  } else {
    return base::RefuseArgument(base::Reason::kDocumentMalformed,
                                "{} is no document of a denial, or out of order",
                                leaf.stamp().name());
  }
  return absl::OkStatus();
}

bool InForce(const Standing& standing, const base::CivilDate& date) {
  if (!standing.ended.empty() && date >= standing.ended) return false;
  return std::any_of(standing.terms.begin(), standing.terms.end(),
                     [&](const Term& term) { return term.from <= date && date < term.until; });
}

base::CivilDate ValidUntil(const Standing& standing) {
  base::CivilDate until;
  for (const Term& term : standing.terms) {
    if (term.from < term.until) until = std::max(until, term.until);
  }
  return until;
}

}  // namespace entente::leem
