// libFuzzer targets over everything that parses bytes from outside: one per parser. Compiled
// without ENTENTE_FUZZ_PARSER, the first byte chooses the parser.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "clients/cli/leem/lite_csv.h"
#include "clients/cli/tem/annex_files.h"
#include "services/core/base/calendar.h"
#include "services/core/base/status.h"
#include "services/core/crypto/certificate.h"
#include "services/core/document/batch.h"
#include "services/core/document/document.h"
#include "services/core/entry/cursor.h"
#include "services/core/entry/entry.h"
#include "services/core/feed/feed.h"
#include "services/core/identity/directory.h"
#include "services/leem/register/denial_register.h"
#include "services/leem/register/denial_rules.h"
#include "services/tem/annex/assembly.h"

namespace entente {
namespace {

void FuzzDocument(std::string_view bytes) {
  entente::exchange::v1::SignedDocument signed_document;
  signed_document.set_document(std::string(bytes));
  signed_document.add_signatures()->set_value("x");
  document::Parse(std::move(signed_document)).status().IgnoreError();
}

void FuzzContent(std::string_view bytes) {
  entente::leem::v1::DenialContent content;
  if (!content.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  static const entente::config::v1::RegimeProfile profile;
  static const entente::exchange::v1::Marking marking;
  base::FieldViolations violations;
  leem::CheckContent(content, "content", {profile, marking, {2016, 10, 21}}, violations);
  violations.ToStatus().IgnoreError();
}

void FuzzEntry(std::string_view bytes) {
  entente::exchange::v1::Entry entry;
  if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  entry::CheckEntry(entry).status().IgnoreError();
}

void FuzzNote(std::string_view bytes) {
  static const auto key = entry::NoteVerifier::FromVkey(
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  if (auto text = entry::OpenNote(bytes, std::span(&*key, 1)); text.ok()) {
    entry::Checkpoint::Parse(*text).status().IgnoreError();
  }
  entry::Checkpoint::Parse(bytes).status().IgnoreError();
  entry::NoteVerifier::FromVkey(bytes).status().IgnoreError();
}

void FuzzCursor(std::string_view bytes) {
  if (auto cursor = entry::Cursor::Decode("t/leem", bytes); cursor.ok()) {
    // What decodes encodes to the same place again.
    auto again = entry::Cursor::Decode("t/leem", cursor->Encode("t/leem"));
    ENTENTE_CHECK(again.ok() && again->next == cursor->next);
  }
}

void FuzzCsv(std::string_view bytes) {
  const std::string text = std::string(cli::kLiteHeader) + "\n" + std::string(bytes);
  if (auto file = cli::ReadLite(text, "jp"); file.ok()) {
    for (const auto& denial : file->denials) cli::WriteLite(denial.content, "jp");
  }
}

void FuzzCertificate(std::string_view bytes) {
  if (auto certificate = crypto::Certificate::FromDer(bytes); certificate.ok()) {
    crypto::CheckLeafProfile(*certificate, crypto::LeafUsage::kTlsClient).IgnoreError();
  }
  crypto::Certificate::FromPem(bytes).status().IgnoreError();
}

void FuzzFilter(std::string_view bytes) {
  static const auto* reg = new leem::DenialRegister({});
  feed::Filter::Parse(bytes, *reg).status().IgnoreError();
  base::ParseDate(bytes);
  base::AgencyName::Parse(bytes);
}

void FuzzAnnex(std::string_view bytes) {
  const std::string text(bytes);
  for (const std::string& one : {text, std::string(cli::kAnnexHeader) + "\n" + text}) {
    auto edition = cli::ReadAnnex(one);
    if (!edition.ok()) continue;
    // What reads is written to the same again.
    auto again = cli::ReadAnnexCsv(cli::WriteAnnexCsv(*edition));
    ENTENTE_CHECK(again.ok() && again->nodes_size() == edition->nodes_size());
  }
  cli::ReadCrosswalkCsv("path,jurisdiction,national_code,relation,source\n" + text)
      .status()
      .IgnoreError();
}

void FuzzChanges(std::string_view bytes) {
  static const auto* edition = [] {
    auto made = cli::ReadAnnexCsv("path,category\n1.A.1,I\n1.A.2,I\n3.C.1,II\n");
    return new tem::annex::Edition(*tem::annex::Edition::FromNodes(made->nodes(), "nodes"));
  }();
  tem::v1::Proposal proposal;
  if (!proposal.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  tem::annex::Draft draft(*edition);
  base::FieldViolations violations;
  draft.Apply(proposal.changes(), "changes", violations);
  auto changed = draft.Finish("changes");
  tem::annex::FootprintOf(*edition, proposal.changes());
  if (!changed.ok()) return;
  // What differs makes the one of the other.
  tem::annex::Draft again(*edition);
  again.Apply(tem::annex::ChangesBetween(*edition, *changed), "changes", violations);
  ENTENTE_CHECK(again.Finish("changes").ok());
}

// A place that leads to a statement leads to another one from wherever it differs.
void FuzzBatch(std::string_view bytes) {
  static const auto* header = [] {
    auto* made = new exchange::v1::Document;
    made->set_originator("partners/kr/agencies/licensing");
    made->mutable_audience()->mutable_all_partners();
    return made;
  }();
  exchange::v1::BatchPlace place;
  if (!place.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  base::FieldViolations violations;
  document::CheckPlace(place, "batch", violations);
  const auto statement = document::BatchStatement(*header, "a document", place);
  if (!violations.ToStatus().ok() || !statement.ok()) return;
  const auto differs = [&](const exchange::v1::BatchPlace& changed) {
    const auto other = document::BatchStatement(*header, "a document", changed);
    return !other.ok() || *other != *statement;
  };
  for (int i = 0; i < place.path_size(); ++i) {
    exchange::v1::BatchPlace changed = place;
    changed.mutable_path(i)->front() ^= 1;
    ENTENTE_CHECK(differs(changed));
  }
  exchange::v1::BatchPlace changed = place;
  changed.mutable_salt()->front() ^= 1;
  ENTENTE_CHECK(differs(changed));
  changed = place;
  changed.set_size(place.size() + 1);
  ENTENTE_CHECK(differs(changed));
  ENTENTE_CHECK(document::BatchStatement(*header, "another", place).value_or("") != *statement);
}

}  // namespace
}  // namespace entente

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace entente;
  constexpr void (*kParsers[])(std::string_view) = {
      FuzzDocument,    FuzzContent, FuzzEntry, FuzzNote,    FuzzCursor, FuzzCsv,
      FuzzCertificate, FuzzFilter,  FuzzAnnex, FuzzChanges, FuzzBatch};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
#ifdef ENTENTE_FUZZ_PARSER
  kParsers[ENTENTE_FUZZ_PARSER](bytes);
#else
  if (size > 0) kParsers[data[0] % std::size(kParsers)](bytes.substr(1));
#endif
  return 0;
}
