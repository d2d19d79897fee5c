// Editions and what differs between them as one self-contained page, for the screen and for print.
#ifndef ENTENTE_CLIENTS_CLI_TEM_ANNEX_HTML_H_
#define ENTENTE_CLIENTS_CLI_TEM_ANNEX_HTML_H_

#include <string>

#include "entente/tem/v1/annex_service.pb.h"
#include "services/tem/annex/difference.h"

namespace entente::cli {

// A clean edition with its cover page.
std::string EditionPage(const tem::v1::AnnexEdition& edition);
// Cover page, the whole with changes tracked, and what changed side by side. `whole` as
// annex::Compare gives it with `whole`; `cover` may be empty.
std::string ComparisonPage(const std::string& title, const std::string& before,
                           const std::string& after,
                           const google::protobuf::RepeatedPtrField<tem::v1::Amendment>& cover,
                           const tem::annex::Differences& whole);
// Who applies which edition since when.
std::string ImplementationPage(const tem::v1::ListImplementationsResponse& list);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_TEM_ANNEX_HTML_H_
