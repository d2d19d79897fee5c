// Rules for the contents of IEM's documents by themselves: every fault in every field.
#ifndef ENTENTE_SERVICES_IEM_REGISTER_MATTER_RULES_H_
#define ENTENTE_SERVICES_IEM_REGISTER_MATTER_RULES_H_

#include <string>

#include "entente/config/v1/regime_profile.pb.h"
#include "services/core/document/document.h"

namespace entente::iem {

// Short kinds of IEM's documents.
inline constexpr char kAlert[] = "Alert";
inline constexpr char kAlertClosure[] = "AlertClosure";
inline constexpr char kReport[] = "TrendReport";
inline constexpr char kRequest[] = "InformationRequest";
inline constexpr char kRequestClosure[] = "RequestClosure";
inline constexpr char kRelease[] = "ReleaseRequest";
inline constexpr char kSighting[] = "Sighting";
inline constexpr char kAssessment[] = "Assessment";
inline constexpr char kReply[] = "RequestReply";
inline constexpr char kAgreement[] = "RequestDateAgreement";
inline constexpr char kDecision[] = "ReleaseDecision";

// Adds every fault of a document's body, as far as it can be judged by itself.
void CheckBody(const document::VerifiedDocument& document,
               const entente::config::v1::RegimeProfile& profile,
               base::FieldViolations& violations);

}  // namespace entente::iem

#endif  // ENTENTE_SERVICES_IEM_REGISTER_MATTER_RULES_H_
