// What a denial document must look like: pure checks of one body against the profile. Each fault
// names its field; all are collected.
#ifndef ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_RULES_H_
#define ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_RULES_H_

#include <string>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/exchange/v1/document.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/calendar.h"
#include "services/core/base/status.h"
#include "services/leem/register/regime_list.h"
#include "services/leem/standing/standing.h"

namespace entente::leem {

// What the checks may know.
struct RuleContext {
  const entente::config::v1::RegimeProfile& profile;
  const entente::exchange::v1::Marking& marking;  // of the document
  base::CivilDate latest_date;                    // the latest day it is anywhere on earth
  const RegimeList* regime_list = nullptr;        // null: nothing is known of it
};

// Whether the cited entries of the regime's own list were found, or could not be looked for.
v1::EntryCheck EntryCheckOf(const v1::DenialContent& content, const RuleContext& context);

void CheckContent(const v1::DenialContent& content, const std::string& path,
                  const RuleContext& context, base::FieldViolations& violations);
// A date that exists and is not in the future; empty path parts are added by the caller.
void CheckPastDate(bool present, const v1::Date& date, const std::string& path,
                   const RuleContext& context, base::FieldViolations& violations);

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_RULES_H_
