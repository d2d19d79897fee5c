#include "clients/cli/tem/annex_files.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <functional>
#include <map>

#include "clients/cli/base/csv.h"
#include "clients/cli/base/normal_text.h"
#include "clients/cli/base/words.h"
#include "services/core/base/bytes.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/tem/annex/edition.h"

namespace entente::cli {
namespace {
using base::Reason;
using Violations = base::FieldViolations;

std::string LineOf(const CsvRecord& record) { return fmt::format("line {}", record.line); }

tem::v1::Category CategoryOf(const std::string& word, const std::string& at,
                             Violations& violations) {
  if (word == "I") return tem::v1::CATEGORY_I;
  if (word == "II") return tem::v1::CATEGORY_II;
  if (!word.empty()) violations.Add(at, "category: I, II or nothing");
  return tem::v1::CATEGORY_UNSPECIFIED;
}

// "NODE_KIND_SUB_ITEM" <-> "sub-item"
std::string KindWord(tem::v1::NodeKind kind) {
  std::string word = Word(tem::v1::NodeKind_Name(kind), 10);
  std::replace(word.begin(), word.end(), ' ', '-');
  return word;
}

// Columns by name; -1 where there is none.
int Column(const CsvRecord& header, std::string_view name) {
  const auto it = std::find(header.fields.begin(), header.fields.end(), name);
  return it == header.fields.end() ? -1 : static_cast<int>(it - header.fields.begin());
}

std::string Header(const CsvRecord& record) {
  std::string text;
  for (const std::string& field : record.fields) text += (text.empty() ? "" : ",") + field;
  return text;
}

tem::v1::AnnexEdition ReadFull(const std::vector<CsvRecord>& records, Violations& violations) {
  tem::v1::AnnexEdition edition;
  for (size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    const std::string at = LineOf(record);
    if (record.malformed || record.fields.size() != 7) {
      violations.Add(at, "has {} fields; 7 are needed", record.fields.size());
      continue;
    }
    const auto& f = record.fields;
    tem::v1::AnnexNode& node = *edition.add_nodes();
    node.set_id(f[0]);
    node.set_path(f[1]);
    auto kind = ParseWord<tem::v1::NodeKind>("NODE_KIND_", f[2], "kind");
    if (!kind.ok()) violations.Add(at, "{}", base::Text(kind.status()));
    if (kind.ok()) node.set_kind(*kind);
    node.set_category(CategoryOf(f[3], at, violations));
    if (!f[4].empty() && f[4] != "yes") violations.Add(at, "reserved: yes or nothing");
    node.set_reserved(f[4] == "yes");
    node.set_text(f[5]);
    if (f[6].empty()) continue;
    for (std::string_view id : base::Split(f[6], ';')) node.add_cross_references(std::string(id));
  }
  return edition;
}

// A tree of paths in the order in which they are first seen.
struct Branch {
  std::vector<std::string> children;
  std::string category;
};

tem::v1::AnnexEdition ReadCodes(const std::vector<CsvRecord>& records, Violations& violations) {
  const int path_column = Column(records[0], "path");
  const int category_column = Column(records[0], "category");
  std::map<std::string, Branch> branches;
  for (size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    if (record.malformed || record.fields.size() != records[0].fields.size()) {
      violations.Add(LineOf(record), "has {} fields; {} are needed", record.fields.size(),
                     records[0].fields.size());
      continue;
    }
    const std::string& path = record.fields[static_cast<size_t>(path_column)];
    if (branches.count(path) != 0 && branches[path].children.empty()) {
      violations.Add(LineOf(record), "path {} is there twice", path);
    }
    std::string above;
    for (std::string_view label : base::Split(path, '.')) {
      const std::string here =
          above.empty() ? std::string(label) : above + "." + std::string(label);
      if (branches.count(here) == 0) {
        branches[here].category = record.fields[static_cast<size_t>(category_column)];
        branches[above].children.push_back(here);
      }
      above = here;
    }
  }
  tem::v1::AnnexEdition edition;
  const std::function<void(const std::string&, int)> walk = [&](const std::string& path,
                                                                int depth) {
    if (depth > tem::annex::kDepthMax) return violations.Add("path", "{} is too deep", path);
    if (depth > 0) {
      tem::v1::AnnexNode& node = *edition.add_nodes();
      node.set_id("n" + crypto::Sha256(path).hex().substr(0, 12));
      node.set_path(path);
      node.set_kind(depth == 1   ? tem::v1::NODE_KIND_ITEM
                    : depth == 2 ? tem::v1::NODE_KIND_SUB_ITEM
                                 : tem::v1::NODE_KIND_ENTRY);
      if (depth == 1) node.set_category(CategoryOf(branches[path].category, path, violations));
    }
    for (const std::string& child : branches[path].children) walk(child, depth + 1);
  };
  walk("", 0);
  return edition;
}

// Its texts as they are signed: what is digested, approved and published is the same.
absl::StatusOr<tem::v1::AnnexEdition> Checked(tem::v1::AnnexEdition edition,
                                              std::vector<std::string>* normalized) {
  auto changed = NormalizeTexts(edition);
  if (normalized != nullptr) *normalized = std::move(changed);
  ENTENTE_RETURN_IF_ERROR(tem::annex::Edition::FromNodes(edition.nodes(), "nodes").status());
  return edition;
}

}  // namespace

absl::StatusOr<tem::v1::AnnexEdition> ReadAnnexCsv(std::string_view text,
                                                   std::vector<std::string>* normalized) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  const auto records = ParseCsv(text);
  Violations violations;
  tem::v1::AnnexEdition edition;
  if (!records.empty() && Header(records[0]) == kAnnexHeader) {
    edition = ReadFull(records, violations);
  } else if (!records.empty() && Column(records[0], "path") >= 0 &&
             Column(records[0], "category") >= 0) {
    edition = ReadCodes(records, violations);
  } else {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "the first line must be {}, or name path and category",
                                kAnnexHeader);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  return Checked(std::move(edition), normalized);
}

std::string WriteAnnexCsv(const tem::v1::AnnexEdition& edition) {
  std::string csv = std::string(kAnnexHeader) + "\n";
  for (const tem::v1::AnnexNode& node : edition.nodes()) {
    std::string references;
    for (const std::string& id : node.cross_references()) {
      references += (references.empty() ? "" : ";") + id;
    }
    csv += fmt::format("{},{},{},{},{},{},{}\n", node.id(), node.path(), KindWord(node.kind()),
                       node.category() == tem::v1::CATEGORY_I    ? "I"
                       : node.category() == tem::v1::CATEGORY_II ? "II"
                                                                 : "",
                       node.reserved() ? "yes" : "", CsvField(node.text()), references);
  }
  return csv;
}

absl::StatusOr<tem::v1::AnnexEdition> ReadAnnex(const std::string& text,
                                                std::vector<std::string>* normalized) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos || text[start] != '{') return ReadAnnexCsv(text, normalized);
  tem::v1::AnnexEdition edition;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &edition);
  if (!parsed.ok()) {
    return base::RefuseArgument(Reason::kFieldInvalid, "is no AnnexEdition as JSON: {}",
                                parsed.message().as_string());
  }
  return Checked(std::move(edition), normalized);
}

absl::StatusOr<std::vector<tem::v1::Crosswalk>> ReadCrosswalkCsv(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  const auto records = ParseCsv(text);
  const CsvRecord header = records.empty() ? CsvRecord() : records[0];
  const int path = Column(header, "path");
  const int lite = Column(header, "lite_code");
  const int code = lite >= 0 ? lite : Column(header, "national_code");
  const int jurisdiction = Column(header, "jurisdiction");
  const int relation = Column(header, "relation");
  const int source = Column(header, "source");
  if (path < 0 || code < 0 || (lite < 0 && (jurisdiction < 0 || relation < 0))) {
    return base::RefuseArgument(
        Reason::kFieldInvalid,
        "the first line must name path, jurisdiction, national_code, relation; or path, lite_code");
  }
  Violations violations;
  std::map<std::string, tem::v1::Crosswalk> found;
  for (size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    if (record.malformed || record.fields.size() != header.fields.size()) {
      violations.Add(LineOf(record), "has {} fields; {} are needed", record.fields.size(),
                     header.fields.size());
      continue;
    }
    const auto field = [&](int column) { return record.fields[static_cast<size_t>(column)]; };
    std::string whose = lite >= 0 ? "lite" : field(jurisdiction);
    for (char& c : whose) c = static_cast<char>(std::tolower(c));
    tem::v1::Crosswalk& crosswalk = found[whose];
    crosswalk.set_jurisdiction(whose);
    if (source >= 0) crosswalk.set_source(field(source));
    tem::v1::CrosswalkRow& row = *crosswalk.add_rows();
    row.set_path(field(path));
    row.set_code(field(code));
    row.set_relation(tem::v1::CROSSWALK_RELATION_EXACT);
    if (lite >= 0) continue;
    auto word =
        ParseWord<tem::v1::CrosswalkRelation>("CROSSWALK_RELATION_", field(relation), "relation");
    if (!word.ok()) violations.Add(LineOf(record), "{}", base::Text(word.status()));
    if (word.ok()) row.set_relation(*word);
  }
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  std::vector<tem::v1::Crosswalk> crosswalks;
  for (auto& [whose, crosswalk] : found) crosswalks.push_back(std::move(crosswalk));
  return crosswalks;
}

}  // namespace entente::cli
