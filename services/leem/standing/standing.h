// How a denial stands: a pure function of the documents of its chain, with the terms that the rules
// of the day gave when they were recorded.
#ifndef ENTENTE_SERVICES_LEEM_STANDING_STANDING_H_
#define ENTENTE_SERVICES_LEEM_STANDING_STANDING_H_

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "entente/exchange/v1/document.pb.h"
#include "entente/exchange/v1/ledger.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/calendar.h"

namespace entente::leem {

// Empty for an empty date.
base::CivilDate ToCivil(const v1::Date& date);
void SetDate(const base::CivilDate& date, v1::Date* out);

// A stretch of time in which a denial is in force: from, inclusive, to until, exclusive.
struct Term {
  base::CivilDate from;
  base::CivilDate until;
};
Term TermOf(const v1::DenialRuling& ruling);

struct Standing {
  absl::InlinedVector<Term, 2> terms;  // two take no more than one
  v1::DenialState state = v1::DENIAL_STATE_ACTIVE;
  v1::DenialAct act = v1::DENIAL_ACT_UNSPECIFIED;
  v1::Timeliness timeliness = v1::TIMELINESS_UNSPECIFIED;
  base::CivilDate ended;  // empty: not ended
};

// Takes the documents of a chain, in order. What of a body was lost, or erased, is not there.
void Notify(const v1::DenialContent& content, const v1::DenialRuling& ruling, Standing& standing);
void Amend(const v1::DenialContent& content, const v1::DenialRuling& ruling, Standing& standing);
void Renew(const v1::DenialRuling& ruling, Standing& standing);
void Revoke(const v1::DenialRevocation& revocation, absl::Time recorded, Standing& standing);
void Close(const v1::SuspensionClosure& closure, Standing& standing);
// The same of a document as it was recorded. INVALID_ARGUMENT/DOCUMENT_MALFORMED for one that is
// no part of a denial's chain.
absl::Status Take(const exchange::v1::Document& document, const exchange::v1::Leaf& leaf,
                  Standing& standing);

bool InForce(const Standing& standing, const base::CivilDate& date);
// When the last of its terms ends; empty where it was never known to count.
base::CivilDate ValidUntil(const Standing& standing);

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_STANDING_STANDING_H_
