// The CSV that the UK's open-source licensing system (LITE) loads denials from: one row per entity;
// rows that share regime_reg_ref are one denial. Reading and writing are inverse to each other.
#ifndef ENTENTE_CLIENTS_CLI_LEEM_LITE_CSV_H_
#define ENTENTE_CLIENTS_CLI_LEEM_LITE_CSV_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/base/csv.h"
#include "entente/leem/v1/denial.pb.h"

namespace entente::cli {

inline constexpr std::string_view kLiteHeader =
    "reference,regime_reg_ref,name,address,notifying_government,country,denial_cle,"
    "item_description,end_use,reason_for_refusal,entity_type";

// What is to be said of a row, or of one of its cells.
struct RowNote {
  int line = 0;
  std::string column;
  std::string description;
};

// One denial of the file.
struct LiteDenial {
  std::string reference;  // of the document, made from regime_reg_ref
  int line = 0;
  leem::v1::DenialContent content;
};

struct LiteFile {
  std::vector<LiteDenial> denials;
  std::vector<RowNote> faults;      // their rows' denials are left out
  std::vector<RowNote> normalized;  // cells of other rows that NormalText changed
};

// Reads a file for an agency of `state`: a row whose notifying_government is another state is a
// fault. FIELD_INVALID if the header is not kLiteHeader.
absl::StatusOr<LiteFile> ReadLite(std::string_view text, std::string_view state);
// The rows of one denial, without header.
std::string WriteLite(const leem::v1::DenialContent& content, std::string_view originator_state);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_LEEM_LITE_CSV_H_
