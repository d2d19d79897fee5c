#include "services/iem/register/matter_rules.h"

#include <algorithm>

#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "entente/iem/v1/request.pb.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/entry.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"

namespace entente::iem {
namespace {

using Violations = base::FieldViolations;
using entente::config::v1::IemRules;
using rules::CheckCodes;
using rules::CheckCountry;
using rules::CheckStates;
using rules::CheckText;
using rules::CheckTexts;
using rules::TooMany;

template <typename Items>
void CheckItems(const Items& items, int most, Violations& violations) {
  if (TooMany(items, most, "body.items", violations)) return;
  for (int i = 0; i < items.size(); ++i) {
    const std::string at = fmt::format("body.items[{}]", i);
    CheckText(items[i].list(), 0, 64, at + ".list", violations);
    CheckText(items[i].entry(), 0, rules::kEntryLettersMax, at + ".entry", violations);
    if (items[i].list().empty() != items[i].entry().empty()) {
      violations.Add(at, "names a list without an entry, or an entry without a list");
    }
    CheckText(items[i].description(), items[i].entry().empty() ? 1 : 0, 1000, at + ".description",
              violations);
  }
}

void CheckActors(const v1::Alert& alert, Violations& violations) {
  if (TooMany(alert.actors(), 64, "body.actors", violations)) return;
  for (int i = 0; i < alert.actors_size(); ++i) {
    const auto& actor = alert.actors(i);
    const std::string at = fmt::format("body.actors[{}]", i);
    rules::CheckName(actor.name(), at + ".name", violations);
    CheckText(actor.role(), 1, 64, at + ".role", violations);
    CheckCountry(actor.country(), false, at + ".country", violations);
    CheckTexts(actor.identifiers(), 16, 200, at + ".identifiers", violations);
  }
}

void CheckCampaign(const std::string& campaign, Violations& violations) {
  const bool ok =
      campaign.size() <= 32 && std::all_of(campaign.begin(), campaign.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (!ok) violations.Add("body.campaign", "has at most 32 characters of A-Z 0-9 -");
}

void CheckResolutions(const v1::Alert& alert, Violations& violations) {
  if (TooMany(alert.resolutions(), 8, "body.resolutions", violations)) return;
  for (int i = 0; i < alert.resolutions_size(); ++i) {
    const std::string at = fmt::format("body.resolutions[{}]", i);
    if (alert.resolutions(i).number() < 1) violations.Add(at + ".number", "is missing");
    CheckTexts(alert.resolutions(i).paragraphs(), 8, 16, at + ".paragraphs", violations);
  }
}

void CheckAlert(const v1::Alert& alert, const IemRules& profile, Violations& violations) {
  if (alert.urgency() < v1::URGENCY_ROUTINE || alert.urgency() > v1::URGENCY_FLASH) {
    violations.Add("body.urgency", "is missing or unknown");
  }
  if (alert.kind() < v1::ALERT_KIND_PROCUREMENT_ATTEMPT || alert.kind() > v1::ALERT_KIND_TRANSIT) {
    violations.Add("body.kind", "is missing or unknown");
  }
  CheckText(alert.summary(), 1, 4000, "body.summary", violations);
  CheckText(alert.authority(), 1, 200, "body.authority", violations);
  CheckItems(alert.items(), 32, violations);
  CheckActors(alert, violations);
  if (!TooMany(alert.route(), 12, "body.route", violations)) {
    for (int i = 0; i < alert.route_size(); ++i) {
      CheckCountry(alert.route(i), true, fmt::format("body.route[{}]", i), violations);
    }
  }
  TooMany(alert.seen_times(), 16, "body.seen_times", violations);
  CheckCodes(alert.red_flags(), 32, profile.red_flags(), "body.red_flags", violations);
  CheckCodes(alert.topics(), 8, profile.topics(), "body.topics", violations);
  TooMany(alert.requested_actions(), 8, "body.requested_actions", violations);
  if (alert.source_reliability() < v1::SOURCE_RELIABILITY_A ||
      alert.source_reliability() > v1::SOURCE_RELIABILITY_X) {
    violations.Add("body.source_reliability", "is missing or unknown");
  }
  if (alert.information_credibility() < 1 || alert.information_credibility() > 4) {
    violations.Add("body.information_credibility", "must be 1 to 4");
  }
  CheckText(alert.masked_source(), 0, 500, "body.masked_source", violations);
  CheckCampaign(alert.campaign(), violations);
  CheckResolutions(alert, violations);
  CheckTexts(alert.denials(), 32, 200, "body.denials", violations);
  if (!alert.has_review_time()) violations.Add("body.review_time", "is missing");
  CheckText(alert.language(), 0, 35, "body.language", violations);
}

void CheckAttachments(const v1::TrendReport& report, const IemRules& profile,
                      Violations& violations) {
  if (TooMany(report.attachments(), 8, "body.attachments", violations)) return;
  int64_t bytes = 0;
  for (int i = 0; i < report.attachments_size(); ++i) {
    const auto& file = report.attachments(i);
    const std::string at = fmt::format("body.attachments[{}]", i);
    CheckText(file.filename(), 1, 100, at + ".filename", violations);
    if (file.filename().find_first_of("/\\") != std::string::npos || file.filename()[0] == '.') {
      violations.Add(at + ".filename", "must be a name without folders, not hidden");
    }
    const size_t slash = file.media_type().find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == file.media_type().size() ||
        file.media_type().size() > 100 || !base::IsPlainText(file.media_type())) {
      violations.Add(at + ".media_type", "is not a media type");
    }
    if (crypto::Sha256(file.content()).view() != file.digest()) {
      violations.Add(at + ".digest", "is not the SHA-256 of the content");
    }
    bytes += static_cast<int64_t>(file.content().size());
  }
  if (bytes > profile.attachment_bytes_max()) {
    violations.Add("body.attachments", "have {} bytes together; at most {}", bytes,
                   profile.attachment_bytes_max());
  }
}

void CheckReport(const v1::TrendReport& report, const IemRules& profile, Violations& violations) {
  CheckText(report.title(), 1, 200, "body.title", violations);
  if (!report.has_period_start_time() || !report.has_period_end_time() ||
      entry::GetTime(report.period_start_time()) >= entry::GetTime(report.period_end_time())) {
    violations.Add("body.period_end_time", "must come after period_start_time; both are needed");
  }
  CheckText(report.scope(), 1, 2000, "body.scope", violations);
  CheckText(report.method(), 1, 4000, "body.method", violations);
  CheckText(report.data_basis(), 1, 2000, "body.data_basis", violations);
  if (report.topics().empty()) violations.Add("body.topics", "is empty");
  CheckCodes(report.topics(), 8, profile.topics(), "body.topics", violations);
  CheckItems(report.items(), 64, violations);
  CheckTexts(report.channels(), 32, 200, "body.channels", violations);
  CheckStates(report.purchase_countries(), 0, "body.purchase_countries", violations);
  CheckStates(report.transit_countries(), 0, "body.transit_countries", violations);
  if (!TooMany(report.typologies(), 64, "body.typologies", violations)) {
    for (int i = 0; i < report.typologies_size(); ++i) {
      const std::string at = fmt::format("body.typologies[{}]", i);
      if (!rules::HasCode(profile.red_flags(), report.typologies(i).red_flag())) {
        rules::AddUnknown(report.typologies(i).red_flag(), "code", profile.red_flags(),
                          at + ".red_flag", violations);
      }
      if (report.typologies(i).count() < 1) violations.Add(at + ".count", "must be 1 or more");
    }
  }
  if (report.confidence() < v1::CONFIDENCE_LOW || report.confidence() > v1::CONFIDENCE_HIGH) {
    violations.Add("body.confidence", "is missing or unknown");
  }
  CheckText(report.gaps(), 0, 4000, "body.gaps", violations);
  CheckTexts(report.leem_recommendations(), 32, 500, "body.leem_recommendations", violations);
  CheckTexts(report.tem_recommendations(), 32, 500, "body.tem_recommendations", violations);
  CheckAttachments(report, profile, violations);
  CheckCampaign(report.campaign(), violations);
  CheckText(report.language(), 0, 35, "body.language", violations);
}

void CheckRequest(const v1::InformationRequest& request, const IemRules& profile,
                  Violations& violations) {
  CheckText(request.purpose(), 1, 1000, "body.purpose", violations);
  if (request.questions().empty()) violations.Add("body.questions", "is empty");
  if (!TooMany(request.questions(), 16, "body.questions", violations)) {
    for (int i = 0; i < request.questions_size(); ++i) {
      const auto& question = request.questions(i);
      const std::string at = fmt::format("body.questions[{}]", i);
      if (!question.code().empty() && !rules::HasCode(profile.questions(), question.code())) {
        rules::AddUnknown(question.code(), "code", profile.questions(), at + ".code", violations);
      }
      CheckText(question.text(), question.code().empty() ? 1 : 0, 2000, at + ".text", violations);
    }
  }
  CheckStates(request.addressees(), 0, "body.addressees", violations);
  if (!request.has_proposed_time()) violations.Add("body.proposed_time", "is missing");
  CheckText(request.language(), 0, 35, "body.language", violations);
}

void CheckReply(const v1::RequestReply& reply, const IemRules& profile, Violations& violations) {
  if (reply.kind() < v1::REPLY_KIND_ACCEPTED || reply.kind() > v1::REPLY_KIND_ANSWER) {
    violations.Add("body.kind", "is missing or unknown");
  }
  const bool answers =
      reply.kind() == v1::REPLY_KIND_PARTIAL_ANSWER || reply.kind() == v1::REPLY_KIND_ANSWER;
  CheckText(reply.text(), answers ? 1 : 0, 16000, "body.text", violations);
  if (reply.has_proposed_time() != (reply.kind() == v1::REPLY_KIND_DATE_PROPOSED)) {
    violations.Add("body.proposed_time", "is for, and needed with, REPLY_KIND_DATE_PROPOSED");
  }
  const bool refused = reply.kind() == v1::REPLY_KIND_REFUSED;
  if (!refused && !reply.refusal_class().empty()) {
    violations.Add("body.refusal_class", "is for REPLY_KIND_REFUSED only");
  }
  if (refused && !rules::HasCode(profile.refusal_classes(), reply.refusal_class())) {
    rules::AddUnknown(reply.refusal_class(), "class", profile.refusal_classes(),
                      "body.refusal_class", violations);
  }
}

void CheckSighting(const v1::Sighting& sighting, Violations& violations) {
  if (sighting.result() < v1::SIGHTING_RESULT_SEEN ||
      sighting.result() > v1::SIGHTING_RESULT_SEEN_AND_ACTED) {
    violations.Add("body.result", "is missing or unknown");
  }
  CheckText(sighting.text(), 0, 4000, "body.text", violations);
  CheckCountry(sighting.country(), false, "body.country", violations);
}

void CheckDecision(const v1::ReleaseDecision& decision, Violations& violations) {
  if (decision.outcome() < v1::RELEASE_OUTCOME_GRANTED ||
      decision.outcome() > v1::RELEASE_OUTCOME_DENIED) {
    violations.Add("body.outcome", "is missing, or is not for a decision");
  }
  const bool denied = decision.outcome() == v1::RELEASE_OUTCOME_DENIED;
  CheckStates(decision.states(), denied ? 0 : 1, "body.states", violations);
  if (denied && !decision.states().empty()) violations.Add("body.states", "none, when denied");
  CheckText(decision.text(), 0, 2000, "body.text", violations);
}

template <typename Body>
Body Unpack(const document::VerifiedDocument& document) {
  Body body;
  body.ParseFromString(document.header().body().value());  // intake has parsed it
  return body;
}

}  // namespace

void CheckBody(const document::VerifiedDocument& document,
               const entente::config::v1::RegimeProfile& profile, Violations& violations) {
  const std::string kind(document::ShortKind(document.parsed().kind));
  const IemRules& iem = profile.iem();
  if (kind == kAlert) {
    CheckAlert(Unpack<v1::Alert>(document), iem, violations);
  } else if (kind == kReport) {
    CheckReport(Unpack<v1::TrendReport>(document), iem, violations);
  } else if (kind == kRequest) {
    CheckRequest(Unpack<v1::InformationRequest>(document), iem, violations);
  } else if (kind == kRelease) {
    const auto body = Unpack<v1::ReleaseRequest>(document);
    CheckStates(body.states(), 1, "body.states", violations);
    CheckText(body.purpose(), 1, 2000, "body.purpose", violations);
  } else if (kind == kAlertClosure) {
    const auto body = Unpack<v1::AlertClosure>(document);
    if (body.outcome() < v1::AlertClosure::OUTCOME_CLOSED ||
        body.outcome() > v1::AlertClosure::OUTCOME_WITHDRAWN) {
      violations.Add("body.outcome", "is missing or unknown");
    }
    CheckText(body.explanation(), 1, 2000, "body.explanation", violations);
  } else if (kind == kRequestClosure) {
    CheckText(Unpack<v1::RequestClosure>(document).feedback(), 1, 4000, "body.feedback",
              violations);
  } else if (kind == kSighting) {
    CheckSighting(Unpack<v1::Sighting>(document), violations);
  } else if (kind == kAssessment) {
    const auto body = Unpack<v1::Assessment>(document);
    if (body.usefulness() < v1::Assessment::USEFULNESS_ACTED_ON ||
        body.usefulness() > v1::Assessment::USEFULNESS_NONE) {
      violations.Add("body.usefulness", "is missing or unknown");
    }
    CheckText(body.text(), 1, 4000, "body.text", violations);
  } else if (kind == kReply) {
    CheckReply(Unpack<v1::RequestReply>(document), iem, violations);
  } else if (kind == kAgreement) {
    const auto body = Unpack<v1::RequestDateAgreement>(document);
    CheckCountry(body.addressee(), true, "body.addressee", violations);
    if (!body.has_agreed_time()) violations.Add("body.agreed_time", "is missing");
  } else if (kind == kDecision) {
    CheckDecision(Unpack<v1::ReleaseDecision>(document), violations);
  }
}

}  // namespace entente::iem
