// entente verify: offline; every finding, not the first.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <iostream>

#include "clients/cli/base/findings.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/sdk/saved_ledgers.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

namespace fs = std::filesystem;
using base::Reason;
using sdk::SavedLedger;

struct VerifyOptions {
  std::string path;
  std::string group = "leem";
};

// Lines of what was found in one ledger.
void Tell(const SavedLedger& ledger, const std::string& folder, Findings& findings) {
  for (const auto& fault : ledger.faults) findings.Add(fault.path, fault.status);
  if (!ledger.faults.empty()) return;
  const std::string path = folder + "/" + ledger.ledger;
  if (ledger.unordered > 0) findings.Waits(path, ledger.unordered);
  if (ledger.uncovered > 0) findings.Waits(path, ledger.uncovered);
  if (ledger.entries + ledger.skipped == 0) return;
  const std::string left_out =
      ledger.skipped == 0 ? "" : fmt::format(" and {} that the filter left out", ledger.skipped);
  findings.Good(fmt::format("ledger {}: {} entries{}, root {}", ledger.ledger, ledger.entries,
                            left_out, base::ToBase64(ledger.root.view())));
}

absl::Status VerifyFolder(const sdk::Agency& agency, const VerifyOptions& options,
                          Findings& findings) {
  ENTENTE_ASSIGN_OR_RETURN(
      const auto ledgers,
      sdk::SavedLedgers(options.path).Verify(agency.directory(), options.group));
  for (const SavedLedger& ledger : ledgers) Tell(ledger, options.path, findings);
  return findings.Result();
}

absl::Status VerifyFile(const sdk::Agency& agency, const VerifyOptions& options,
                        const std::string& text, Findings& findings) {
  const auto keys = agency.directory().PastLogVerifiers(options.group);
  const size_t brace = text.find_first_not_of(" \t\r\n");
  if (brace == std::string::npos || text[brace] != '{') {  // a checkpoint
    auto opened = entry::OpenNote(text, keys);
    if (!opened.ok()) {
      findings.Add(options.path, opened.status());
    } else {
      findings.Good("checkpoint: " + Printable(*opened));
    }
    return findings.Result();
  }
  // A receipt: as notify --json prints it ("receipt" inside) or by itself.
  google::protobuf::Struct json;
  exchange::v1::Receipt receipt;
  std::string receipt_json = text;
  if (google::protobuf::util::JsonStringToMessage(text, &json).ok() &&
      json.fields().count("receipt") != 0) {
    receipt_json = ToJson(json.fields().at("receipt"));
  }
  if (!google::protobuf::util::JsonStringToMessage(receipt_json, &receipt).ok()) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "{} is neither a checkpoint nor a receipt in JSON", options.path);
  }
  exchange::v1::Leaf leaf;
  leaf.ParseFromString(receipt.leaf());
  auto digest = base::Digest::From(leaf.document_digest());
  auto checked = entry::CheckReceipt(receipt, digest.value_or(base::Digest()),
                                     agency.directory().trust_domain(), options.group, keys);
  if (!checked.ok()) {
    findings.Add(options.path, checked.status());
  } else {
    findings.Good(fmt::format("receipt: {} is entry {} of ledger {}, document {}",
                              Printable(leaf.stamp().name()), leaf.stamp().index(),
                              Printable(leaf.stamp().ledger()), digest->hex()));
  }
  return findings.Result();
}

absl::Status Verify(const Context& context, const VerifyOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  Findings findings(context.json);
  if (fs::is_directory(options.path)) return VerifyFolder(*agency, options, findings);
  auto text = base::ReadFile(options.path);
  if (!text) return base::RefuseArgument(Reason::kFieldInvalid, "cannot read {}", options.path);
  return VerifyFile(*agency, options, *text, findings);
}

}  // namespace

void AddVerify(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  auto* verify =
      app.add_subcommand("verify", "Check a saved folder, receipt or checkpoint, offline");
  verify->add_option("path", options->path, "Folder of follow --save, or a file")->required();
  verify->add_option("--group", options->group, "One of " + GroupNames());
  context.Run(verify, [options, &context] { return Verify(context, *options); });
}

}  // namespace entente::cli
