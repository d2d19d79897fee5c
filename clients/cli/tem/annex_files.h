// Editions and crosswalks as files: JSON and CSV, one row per node; reading what was written gives
// the same nodes.
#ifndef ENTENTE_CLIENTS_CLI_TEM_ANNEX_FILES_H_
#define ENTENTE_CLIENTS_CLI_TEM_ANNEX_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "entente/tem/v1/annex.pb.h"
#include "entente/tem/v1/crosswalk.pb.h"

namespace entente::cli {

inline constexpr std::string_view kAnnexHeader =
    "id,path,kind,category,reserved,text,cross_references";

// Nodes of a CSV: with kAnnexHeader, or a bare list of entry codes ("path,category" and columns
// that are left alone), to which what stands above them is added and ids are given. FIELD_INVALID
// names lines. `normalized` gets the fields whose text NormalizeTexts changed.
absl::StatusOr<tem::v1::AnnexEdition> ReadAnnexCsv(std::string_view text,
                                                   std::vector<std::string>* normalized = nullptr);
std::string WriteAnnexCsv(const tem::v1::AnnexEdition& edition);
// A CSV, or an AnnexEdition as JSON; checked as a whole.
absl::StatusOr<tem::v1::AnnexEdition> ReadAnnex(const std::string& text,
                                                std::vector<std::string>* normalized = nullptr);

// Crosswalks of a CSV, one per jurisdiction: "path,jurisdiction,national_code,relation,source", or
// a list of entry codes with a column "lite_code".
absl::StatusOr<std::vector<tem::v1::Crosswalk>> ReadCrosswalkCsv(std::string_view text);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_TEM_ANNEX_FILES_H_
