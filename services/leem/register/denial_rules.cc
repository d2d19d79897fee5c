#include "services/leem/register/denial_rules.h"

#include <algorithm>

#include "services/core/base/calendar.h"
#include "services/core/base/codes.h"
#include "services/core/document/document.h"
#include "services/core/rules/checks.h"

namespace entente::leem {
namespace {

using Violations = base::FieldViolations;
using rules::AtMost;
using rules::CheckName;
using rules::CheckText;
using rules::HasCode;

bool IsDecimal(const std::string& text) {
  size_t digits = 0;
  size_t dots = 0;
  for (char c : text) {
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (c == '.' && digits > 0 && dots == 0) {
      ++dots;
    } else {
      return false;
    }
  }
  return digits > 0 && text.size() <= 24 && text.back() != '.';
}

void CheckPlace(bool present, const v1::Place& place, const std::string& path,
                Violations& violations) {
  if (!present) {
    violations.Add(path, "is missing");
    return;
  }
  if (!base::IsCountry(place.country())) {
    violations.Add(path + ".country", "\"{}\" is not a lower-case ISO 3166-1 alpha-2 code",
                   place.country());
  }
  CheckText(place.as_written(), 0, 200, path + ".as_written", violations);
}

void CheckQuantity(const v1::DenialContent& content, const std::string& path,
                   Violations& violations) {
  const v1::Quantity& quantity = content.quantity();
  if (!content.has_quantity()) {
    violations.Add(path, "is missing; give amount and unit, or why it is not stated");
    return;
  }
  CheckText(quantity.not_stated_reason(), 0, 200, path + ".not_stated_reason", violations);
  const bool stated = !quantity.amount().empty() || !quantity.unit().empty();
  if (stated && !quantity.not_stated_reason().empty()) {
    violations.Add(path, "is stated and not stated at once");
  } else if (!stated && quantity.not_stated_reason().empty()) {
    violations.Add(path + ".not_stated_reason", "is needed where there is no amount");
  } else if (stated) {
    if (!IsDecimal(quantity.amount())) violations.Add(path + ".amount", "is not a decimal number");
    if (!base::IsTradeUnit(quantity.unit())) {
      violations.Add(path + ".unit",
                     "\"{}\" is not a unit of UN/ECE Rec 20 that goods are counted in; as C62 "
                     "(one), KGM, MTR",
                     quantity.unit());
    }
  }
}

// An entry of the regime's own list is in the edition that it is cited from.
void CheckCitation(const v1::ControlListEntry& entry, const std::string& path,
                   const RuleContext& context, Violations& violations) {
  if (entry.list() != context.profile.denials().regime_list() || context.regime_list == nullptr ||
      context.regime_list->empty()) {
    return;
  }
  // "not stated", and editions that the chair has not imported: taken as they are, and the ruling
  // says so.
  if (!context.regime_list->HasEdition(entry.edition())) return;
  if (!context.regime_list->HasEntry(entry.edition(), entry.entry())) {
    violations.Add(path + ".entry", "\"{}\" is not in edition {}", entry.entry(), entry.edition());
  }
}

void CheckItem(const v1::DenialContent& content, const std::string& path,
               const RuleContext& context, Violations& violations) {
  const auto& profile = context.profile.denials();
  const int entries = content.control_list_entries_size();
  if (entries > 0 && content.has_catch_all()) {
    violations.Add(path + ".catch_all",
                   "excludes control_list_entries; a denial has one or the other");
  }
  if (entries == 0 && !content.has_catch_all()) {
    violations.Add(path + ".control_list_entries",
                   "is empty, and there is no catch_all basis either");
  }
  if (entries > 32) violations.Add(path + ".control_list_entries", "at most 32 entries");
  for (int i = 0; i < std::min(entries, 32); ++i) {
    const auto& entry = content.control_list_entries(i);
    const std::string at = fmt::format("{}.control_list_entries[{}]", path, i);
    if (std::find(profile.control_lists().begin(), profile.control_lists().end(), entry.list()) ==
        profile.control_lists().end()) {
      violations.Add(at + ".list", "\"{}\" is not a control list of the profile", entry.list());
    }
    CheckText(entry.edition(), 1, 64, at + ".edition", violations);
    CheckText(entry.entry(), 1, rules::kEntryLettersMax, at + ".entry", violations);
    CheckCitation(entry, at, context, violations);
  }
  if (content.has_catch_all()) {
    if (!HasCode(profile.catch_all_bases(), content.catch_all().basis())) {
      rules::AddUnknown(content.catch_all().basis(), "basis", profile.catch_all_bases(),
                        path + ".catch_all.basis", violations);
    }
    CheckText(content.catch_all().text(), 0, 500, path + ".catch_all.text", violations);
  }
  CheckText(content.item_description(), 1, 4000, path + ".item_description", violations);
  if (content.parameters_size() > 64) violations.Add(path + ".parameters", "at most 64");
  for (int i = 0; i < std::min(content.parameters_size(), 64); ++i) {
    const auto& parameter = content.parameters(i);
    const std::string at = fmt::format("{}.parameters[{}]", path, i);
    CheckText(parameter.name(), 1, 100, at + ".name", violations);
    CheckText(parameter.value(), 1, 100, at + ".value", violations);
    if (!parameter.unit().empty() && !base::IsUnit(parameter.unit())) {
      violations.Add(at + ".unit",
                     "\"{}\" is not a unit of UN/ECE Rec 20; as B47 (kilonewton), MPA",
                     parameter.unit());
    }
  }
}

void CheckParty(const v1::Party& party, const std::string& path, Violations& violations) {
  if (party.role() < v1::PARTY_ROLE_EXPORTER || party.role() > v1::PARTY_ROLE_OTHER) {
    violations.Add(path + ".role", "is missing or unknown");
  }
  const bool anonymous = party.withheld() || party.same_as_consignee();
  if (party.same_as_consignee() && party.role() != v1::PARTY_ROLE_END_USER) {
    violations.Add(path + ".same_as_consignee", "is for end-users only");
  }
  // Whom the denial is about must be found by those who read it.
  if (party.withheld() && party.role() != v1::PARTY_ROLE_EXPORTER &&
      party.role() != v1::PARTY_ROLE_BROKER) {
    violations.Add(path + ".withheld", "is for exporters and brokers only; name this party");
  }
  if (anonymous && (!party.name().empty() || party.aliases_size() > 0 || !party.address().empty() ||
                    party.identifiers_size() > 0)) {
    violations.Add(path, "says who it is although it is withheld or the same as the consignee");
  }
  if (!anonymous) CheckName(party.name(), path + ".name", violations);
  if (party.aliases_size() > 64) violations.Add(path + ".aliases", "at most 64");
  for (int i = 0; i < std::min(party.aliases_size(), 64); ++i) {
    CheckName(party.aliases(i).name(), fmt::format("{}.aliases[{}].name", path, i), violations);
  }
  CheckText(party.address(), 0, 1000, path + ".address", violations);
  if (party.has_place()) CheckPlace(true, party.place(), path + ".place", violations);
  if (party.identifiers_size() > 16) violations.Add(path + ".identifiers", "at most 16");
  for (int i = 0; i < std::min(party.identifiers_size(), 16); ++i) {
    const std::string at = fmt::format("{}.identifiers[{}]", path, i);
    CheckText(party.identifiers(i).scheme(), 1, 50, at + ".scheme", violations);
    CheckText(party.identifiers(i).value(), 1, 100, at + ".value", violations);
  }
}

void CheckParties(const v1::DenialContent& content, const std::string& path,
                  Violations& violations) {
  if (content.parties_size() > 64) violations.Add(path, "at most 64 parties");
  bool consignee = false;
  bool user = false;
  bool refers = false;
  for (int i = 0; i < std::min(content.parties_size(), 64); ++i) {
    const v1::Party& party = content.parties(i);
    CheckParty(party, fmt::format("{}[{}]", path, i), violations);
    consignee = consignee || party.role() == v1::PARTY_ROLE_CONSIGNEE;
    user = user || party.role() == v1::PARTY_ROLE_END_USER || party.role() == v1::PARTY_ROLE_OTHER;
    refers = refers || party.same_as_consignee();
  }
  if (!consignee && !user) violations.Add(path, "need at least one consignee or end-user");
  if (refers && !consignee)
    violations.Add(path, "the end-user is the consignee, but there is none");
}

void CheckReasons(const v1::DenialContent& content, const std::string& path,
                  const RuleContext& context, Violations& violations) {
  if (content.reasons_size() < 1 || content.reasons_size() > 16) {
    violations.Add(path, "1 to 16 reasons are needed");
  }
  for (int i = 0; i < std::min(content.reasons_size(), 16); ++i) {
    const auto& reason = content.reasons(i);
    const std::string at = fmt::format("{}[{}]", path, i);
    if (!HasCode(context.profile.denials().reason_codes(), reason.code())) {
      rules::AddUnknown(reason.code(), "reason", context.profile.denials().reason_codes(),
                        at + ".code", violations);
    }
    CheckText(reason.text(), 0, 2000, at + ".text", violations);
    if (!reason.has_marking()) continue;
    document::CheckMarking(reason.marking(), at + ".marking", violations);
    if (!AtMost(reason.marking(), context.marking)) {
      violations.Add(at + ".marking", "is higher than the document's marking");
    }
  }
}

}  // namespace

void CheckPastDate(bool present, const v1::Date& date, const std::string& path,
                   const RuleContext& context, Violations& violations) {
  const base::CivilDate civil = ToCivil(date);
  if (!present) {
    violations.Add(path, "is missing");
  } else if (!civil.Valid()) {
    violations.Add(path, "is no such day");
  } else if (civil > context.latest_date) {
    violations.Add(path, "{} is in the future", civil.str());
  }
}

void CheckContent(const v1::DenialContent& content, const std::string& path,
                  const RuleContext& context, Violations& violations) {
  CheckText(content.authority().name(), 1, 200, path + ".authority.name", violations);
  CheckText(content.authority().contact_point(), 1, 200, path + ".authority.contact_point",
            violations);
  CheckText(content.decision_date_not_stated_reason(), 0, 200,
            path + ".decision_date_not_stated_reason", violations);
  if (content.decision_date_not_stated_reason().empty()) {
    CheckPastDate(content.has_decision_date(), content.decision_date(), path + ".decision_date",
                  context, violations);
  } else if (content.has_decision_date()) {
    violations.Add(path + ".decision_date", "is stated and not stated at once");
  }
  CheckText(content.issuer_reference(), 0, 200, path + ".issuer_reference", violations);
  if (content.act() < v1::DENIAL_ACT_REFUSED ||
      content.act() > v1::DENIAL_ACT_PRELIMINARY_NEGATIVE) {
    violations.Add(path + ".act", "is missing or unknown");
  }
  CheckPlace(content.has_destination(), content.destination(), path + ".destination", violations);
  if (content.other_countries_size() > 16) violations.Add(path + ".other_countries", "at most 16");
  for (int i = 0; i < std::min(content.other_countries_size(), 16); ++i) {
    const auto& other = content.other_countries(i);
    const std::string at = fmt::format("{}.other_countries[{}]", path, i);
    CheckPlace(other.has_place(), other.place(), at + ".place", violations);
    if (other.role() < v1::COUNTRY_ROLE_TRANSIT || other.role() > v1::COUNTRY_ROLE_ORIGIN) {
      violations.Add(at + ".role", "is missing or unknown");
    }
  }
  CheckItem(content, path, context, violations);
  CheckQuantity(content, path + ".quantity", violations);
  if (content.has_value()) {
    if (!IsDecimal(content.value().amount())) {
      violations.Add(path + ".value.amount", "is not a decimal number");
    }
    if (!base::IsCurrency(content.value().currency())) {
      violations.Add(path + ".value.currency", "\"{}\" is not an ISO 4217 code",
                     content.value().currency());
    }
  }
  CheckParties(content, path + ".parties", violations);
  CheckText(content.end_use().text(), 0, 2000, path + ".end_use.text", violations);
  CheckText(content.end_use().not_stated_reason(), 0, 200, path + ".end_use.not_stated_reason",
            violations);
  if (content.end_use().text().empty() == content.end_use().not_stated_reason().empty()) {
    violations.Add(path + ".end_use", "needs either a text or why it is not stated");
  }
  CheckReasons(content, path + ".reasons", context, violations);
  CheckText(content.language(), 0, 35, path + ".language", violations);
  CheckText(content.remarks(), 0, 4000, path + ".remarks", violations);
  CheckText(content.regime_reference(), 0, 64, path + ".regime_reference", violations);
}

v1::EntryCheck EntryCheckOf(const v1::DenialContent& content, const RuleContext& context) {
  const auto& entries = content.control_list_entries();
  const std::string& own = context.profile.denials().regime_list();
  const bool cited = !own.empty() && std::any_of(entries.begin(), entries.end(),
                                                 [&](const auto& e) { return e.list() == own; });
  if (!cited) return v1::ENTRY_CHECK_UNSPECIFIED;
  const bool known =
      context.regime_list != nullptr &&
      std::all_of(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.list() != own || context.regime_list->HasEdition(entry.edition());
      });
  return known ? v1::ENTRY_CHECK_FOUND : v1::ENTRY_CHECK_NO_EDITION_KNOWN;
}

}  // namespace entente::leem
