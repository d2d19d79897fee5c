#include "clients/cli/leem/lite_csv.h"

#include <map>
#include <set>

#include "clients/cli/base/normal_text.h"
#include "clients/cli/leem/country_names.h"
#include "services/core/base/names.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"

namespace entente::cli {
namespace {

enum Column {
  kReference,
  kRegimeRef,
  kName,
  kAddress,
  kGovernment,
  kCountry,
  kCle,
  kItem,
  kEndUse,
  kReason,
  kEntityType,
  kColumns
};
constexpr std::string_view kNotStated = "Not stated";
constexpr std::string_view kCatchAll = "catch all";
// LITE cites entries without list and edition.
constexpr std::string_view kList = "lite";
constexpr std::string_view kEdition = "not stated";

std::string_view ColumnName(int column) { return base::Split(kLiteHeader, ',')[column]; }

struct Role {
  std::string_view word;
  leem::v1::PartyRole role;
};
constexpr Role kRoles[] = {{"end_user", leem::v1::PARTY_ROLE_END_USER},
                           {"consignee", leem::v1::PARTY_ROLE_CONSIGNEE},
                           {"third_party", leem::v1::PARTY_ROLE_OTHER}};

// A document reference of the source's number: its own where that has the form, else with a digest.
std::string ToReference(const std::string& number) {
  if (base::IsReference(number)) return number;
  std::string cleaned;
  for (char c : number.substr(0, 40)) {
    cleaned += base::IsReference(std::string("x") + c) ? c : '-';
  }
  return "lite-" + cleaned + "-" + crypto::Sha256(number).hex().substr(0, 8);
}

bool SameButName(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (int i = 0; i < kColumns; ++i) {
    if (i != kName && a[i] != b[i]) return false;
  }
  return true;
}

void CheckRow(const CsvRecord& record, std::string_view state, std::vector<RowNote>& faults) {
  const auto fault = [&](int column, std::string text) {
    faults.push_back({record.line, std::string(ColumnName(column)), std::move(text)});
  };
  if (record.malformed || record.fields.size() != kColumns) {
    faults.push_back(
        {record.line, "",
         fmt::format("has {} fields; {} are needed", record.fields.size(), int{kColumns})});
    return;
  }
  const auto& f = record.fields;
  if (f[kRegimeRef].empty()) fault(kRegimeRef, "is empty");
  if (f[kName].empty()) fault(kName, "is empty");
  if (CountryCode(f[kGovernment]) != state) {
    fault(kGovernment, fmt::format("\"{}\" is not {}; a state speaks only for itself",
                                   f[kGovernment], CountryName(state)));
  }
  if (CountryCode(f[kCountry]).empty()) {
    fault(kCountry, fmt::format("\"{}\" is no country known here; use its English name or its code",
                                f[kCountry]));
  }
  bool known = false;
  for (const Role& role : kRoles) known = known || role.word == f[kEntityType];
  if (!known)
    fault(kEntityType,
          fmt::format("\"{}\" is not end_user, consignee or third_party", f[kEntityType]));
  for (int i = 0; i < kColumns; ++i) {
    if (!base::IsPlainText(f[i])) fault(i, "is not UTF-8 without control characters");
  }
}

void SetPlace(const std::string& words, leem::v1::Place& place) {
  place.set_country(CountryCode(words));
  place.set_as_written(words);
}

void StartDenial(const CsvRecord& record, LiteDenial& denial) {
  const auto& f = record.fields;
  denial.reference = ToReference(f[kRegimeRef]);
  denial.line = record.line;
  leem::v1::DenialContent& content = denial.content;
  content.set_regime_reference(f[kRegimeRef]);
  content.set_issuer_reference(f[kReference]);
  content.mutable_authority()->set_name(f[kGovernment]);
  content.mutable_authority()->set_contact_point("not stated");
  content.set_decision_date_not_stated_reason("not in the source");
  content.set_act(leem::v1::DENIAL_ACT_REFUSED);
  SetPlace(f[kCountry], *content.mutable_destination());
  if (f[kCle] == kCatchAll) {
    content.mutable_catch_all()->set_basis("CATCH_ALL");
    content.mutable_catch_all()->set_text(f[kCle]);
  } else {
    auto* entry = content.add_control_list_entries();
    entry->set_list(std::string(kList));
    entry->set_edition(std::string(kEdition));
    entry->set_entry(f[kCle]);
  }
  content.set_item_description(f[kItem]);
  content.mutable_quantity()->set_not_stated_reason("not in the source");
  auto* end_use = content.mutable_end_use();
  f[kEndUse] == kNotStated ? end_use->set_not_stated_reason(f[kEndUse])
                           : end_use->set_text(f[kEndUse]);
  auto* reason = content.add_reasons();
  reason->set_code("OTHER");
  reason->set_text(f[kReason]);
  content.set_language("en");
}

void AddParty(const CsvRecord& record, leem::v1::DenialContent& content) {
  const auto& f = record.fields;
  leem::v1::Party& party = *content.add_parties();
  for (const Role& role : kRoles) {
    if (role.word == f[kEntityType]) party.set_role(role.role);
  }
  party.set_name(f[kName]);
  party.set_address(f[kAddress]);
  SetPlace(f[kCountry], *party.mutable_place());
}

}  // namespace

namespace {

void AddHeaderFaults(const std::vector<std::string_view>& header,
                     const std::vector<std::string>& found, base::FieldViolations& violations) {
  const auto in = [](const auto& list, std::string_view one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  };
  std::vector<std::string_view> missing;
  std::vector<std::string_view> unknown;
  std::copy_if(header.begin(), header.end(), std::back_inserter(missing),
               [&](std::string_view one) { return !in(found, one); });
  std::copy_if(found.begin(), found.end(), std::back_inserter(unknown),
               [&](std::string_view one) { return !in(header, one); });
  if (!missing.empty()) {
    violations.Add("line 1", "lacks the columns {}", fmt::join(missing, ", "));
  }
  if (!unknown.empty()) {
    violations.Add("line 1", "has columns that are not known: {}", fmt::join(unknown, ", "));
  }
  violations.Add("line 1", "the header must be exactly {}", kLiteHeader);
}

}  // namespace

absl::StatusOr<LiteFile> ReadLite(std::string_view text, std::string_view state) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  auto records = ParseCsv(text);
  const auto header = base::Split(kLiteHeader, ',');
  if (records.empty() || !std::equal(header.begin(), header.end(), records[0].fields.begin(),
                                     records[0].fields.end())) {
    base::FieldViolations violations;
    AddHeaderFaults(header, records.empty() ? std::vector<std::string>() : records[0].fields,
                    violations);
    return violations.ToStatus();
  }
  LiteFile file;
  std::map<std::string, size_t> index;  // regime_reg_ref -> denial
  std::set<std::string> faulty;
  std::map<size_t, std::vector<std::string>> last;  // fields of the denial's last row
  for (size_t i = 1; i < records.size(); ++i) {
    CsvRecord& record = records[i];
    const size_t notes = file.normalized.size();
    for (size_t column = 0; column < record.fields.size(); ++column) {
      std::string normal = NormalText(record.fields[column]);
      if (normal == record.fields[column]) continue;
      record.fields[column] = std::move(normal);
      if (column >= kColumns) continue;
      file.normalized.push_back({record.line, std::string(ColumnName(static_cast<int>(column))),
                                 std::string(kNormalized)});
    }
    const size_t before = file.faults.size();
    CheckRow(record, state, file.faults);
    const bool whole = record.fields.size() == kColumns;
    if (file.faults.size() > before) {
      file.normalized.resize(notes);
      if (whole) faulty.insert(record.fields[kRegimeRef]);
      continue;
    }
    const auto [it, fresh] = index.emplace(record.fields[kRegimeRef], file.denials.size());
    if (fresh) StartDenial(record, file.denials.emplace_back());
    leem::v1::DenialContent& content = file.denials[it->second].content;
    auto& previous = last[it->second];
    if (!fresh && SameButName(previous, record.fields)) {
      content.mutable_parties(content.parties_size() - 1)
          ->add_aliases()
          ->set_name(record.fields[kName]);
    } else {
      AddParty(record, content);
    }
    previous = record.fields;
  }
  std::erase_if(file.denials, [&](const LiteDenial& denial) {
    return faulty.count(denial.content.regime_reference()) != 0;
  });
  return file;
}

std::string WriteLite(const leem::v1::DenialContent& content, std::string_view originator_state) {
  const std::string cle = content.has_catch_all() ? std::string(kCatchAll)
                          : content.control_list_entries_size() > 0
                              ? content.control_list_entries(0).entry()
                              : "";
  // The authority's name is the government only in what LITE gave.
  const std::string government = CountryCode(content.authority().name()) == originator_state
                                     ? content.authority().name()
                                     : CountryName(originator_state);
  const std::string end_use =
      content.end_use().text().empty() ? std::string(kNotStated) : content.end_use().text();
  std::string reasons;
  for (const auto& reason : content.reasons()) {
    const std::string& words =
        reason.text().empty() && reason.code() != "OTHER" ? reason.code() : reason.text();
    reasons += (reasons.empty() ? "" : "; ") + words;
  }
  std::string out;
  const auto row = [&](const leem::v1::Party& party, const std::string& name) {
    std::string_view role = "third_party";
    for (const Role& one : kRoles) {
      if (one.role == party.role()) role = one.word;
    }
    const leem::v1::Place& place = party.has_place() ? party.place() : content.destination();
    const std::string country =
        place.as_written().empty() ? CountryName(place.country()) : place.as_written();
    const std::string fields[] = {content.issuer_reference(),
                                  content.regime_reference(),
                                  name,
                                  party.address(),
                                  government,
                                  country,
                                  cle,
                                  content.item_description(),
                                  end_use,
                                  reasons,
                                  std::string(role)};
    for (size_t i = 0; i < std::size(fields); ++i) out += (i == 0 ? "" : ",") + CsvField(fields[i]);
    out += "\r\n";
  };
  for (const auto& party : content.parties()) {
    if (party.withheld() || party.same_as_consignee()) continue;
    row(party, party.name());
    for (const auto& alias : party.aliases()) row(party, alias.name());
  }
  return out;
}

}  // namespace entente::cli
