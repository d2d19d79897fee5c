// entente verify: offline; every finding, not the first.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "clients/cli/base/findings.h"
#include "clients/cli/exchange/chain.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/saved_entries.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

namespace fs = std::filesystem;
using base::Reason;

struct VerifyOptions {
  std::string path;
  std::string group = "leem";
};

absl::Status Damaged(std::string text) {
  return base::MakeRefusal(absl::StatusCode::kDataLoss, Reason::kProofInvalid, std::move(text));
}

// Files of a ledger's folder by index: entries, and hashes of those that a filter left out.
std::map<uint64_t, std::string> EntryFiles(const fs::path& folder) {
  std::map<uint64_t, std::string> files;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != ".entry" && file.path().extension() != ".skipped") continue;
    files[std::strtoull(file.path().stem().c_str(), nullptr, 10)] = file.path().string();
  }
  return files;
}

// The entry of a file, or nothing for one that a filter left out; its leaf hash either way.
absl::StatusOr<std::optional<sdk::VerifiedEntry>> VerifySaved(
    const std::string& path, const std::string& group, const std::string& ledger,
    const sdk::Agency& agency, document::Verifier& verifier, base::Digest& leaf_hash) {
  const auto bytes = base::ReadFile(path);
  if (!bytes) return Damaged("cannot be read");
  if (fs::path(path).extension() == ".skipped") {
    const auto hash = base::FromHex(*bytes);
    const auto digest = hash ? base::Digest::From(*hash) : std::nullopt;
    if (!digest) return Damaged("is not a leaf hash");
    leaf_hash = *digest;
    return std::optional<sdk::VerifiedEntry>();
  }
  exchange::v1::Entry entry;
  if (!entry.ParseFromString(*bytes)) return Damaged("does not parse");
  leaf_hash = merkle::LeafHash(entry.leaf());
  ENTENTE_ASSIGN_OR_RETURN(auto verified, sdk::VerifyEntry(group, ledger, std::move(entry),
                                                           verifier, agency.directory()));
  ENTENTE_RETURN_IF_ERROR(CheckRemains(group, verified));
  return std::optional<sdk::VerifiedEntry>(std::move(verified));
}

// What is wrong with one saved entry by itself.
absl::Status CheckSaved(const absl::StatusOr<std::optional<sdk::VerifiedEntry>>& entry,
                        uint64_t index, std::set<std::string>& documents) {
  if (!entry.ok() || !entry->has_value()) return entry.status();
  if ((*entry)->index() != index) {
    return Damaged(fmt::format("is entry {}, not {}", (*entry)->index(), index));
  }
  if (!documents.insert((*entry)->leaf.document_digest()).second) {
    return Damaged("is a document that the ledger holds already");
  }
  return absl::OkStatus();
}

// Notes an entry that was erased, until the one that orders it comes.
absl::Status CheckErased(const std::optional<sdk::VerifiedEntry>& entry, uint64_t index,
                         std::map<uint64_t, sdk::VerifiedEntry>& erased) {
  const auto unordered = [](const std::string& name, uint64_t by) {
    return Damaged(
        fmt::format("{} was erased, and entry {}, which must order that, does not", name, by));
  };
  if (const auto ordered = erased.find(index); ordered != erased.end()) {
    if (!entry.has_value()) {
      const std::string name = ordered->second.name();
      erased.erase(ordered);
      return unordered(name, index);
    }
    const absl::Status orders = sdk::CheckOrders(*entry, ordered->second);
    erased.erase(ordered);
    ENTENTE_RETURN_IF_ERROR(orders);
  }
  if (!entry.has_value() || !entry->erased()) return absl::OkStatus();
  if (erased.emplace(entry->entry.erased_at(), *entry).second) return absl::OkStatus();
  return unordered(entry->name(), entry->entry.erased_at());
}

// Every entry by itself, then all together against the saved checkpoint. Without one nothing is
// covered yet.
void VerifyLedger(const fs::path& folder, const sdk::Agency& agency, const std::string& group,
                  document::Verifier& verifier, Findings& findings) {
  const std::string ledger = folder.filename().string();
  const int before = findings.count();
  entry::Checkpoint checkpoint;
  if (auto note = base::ReadFile(folder.string() + "/checkpoint")) {
    auto opened = entry::OpenCheckpoint(
        *note, entry::OriginOf(agency.directory().trust_domain(), group, ledger),
        agency.directory().PastLogVerifiers(group));
    if (!opened.ok()) {
      return findings.Add(CheckpointPath(folder.parent_path(), ledger), opened.status());
    }
    checkpoint = *std::move(opened);
  }
  const uint64_t covered = checkpoint.head.size;
  merkle::CompactRange range;
  uint64_t next = 0;
  std::set<std::string> documents;
  std::map<uint64_t, sdk::VerifiedEntry> erased;  // by the index of what must order it
  size_t skipped = 0;
  for (const auto& [index, path] : EntryFiles(folder)) {
    base::Digest leaf_hash;
    const auto verified = VerifySaved(path, group, ledger, agency, verifier, leaf_hash);
    if (verified.ok() && !verified->has_value()) ++skipped;
    absl::Status status = CheckSaved(verified, index, documents);
    if (status.ok()) status = CheckErased(*verified, index, erased);
    if (!status.ok()) findings.Add(path, status);
    if (index != next) {
      findings.Add(folder.string(),
                   Damaged(fmt::format("entries {} to {} are missing", next, index - 1)));
    }
    next = index + 1;
    if (index < covered) range.Append(leaf_hash);
  }
  for (const auto& [index, entry] : erased) {
    if (index >= covered) continue;
    findings.Add(folder.string(),
                 Damaged(fmt::format("{} was erased, and entry {}, which must order "
                                     "that, is missing",
                                     entry.name(), index)));
  }
  if (next < covered) {
    findings.Add(folder.string(),
                 Damaged(fmt::format("{} entries, but the checkpoint covers {}", next, covered)));
  } else if (range.size() == covered && range.Root() != checkpoint.head.root && covered > 0) {
    findings.Add(folder.string(), Damaged("the entries do not have the checkpoint's root"));
  }
  if (findings.count() != before) return;
  if (!erased.empty()) findings.Waits(folder.string(), erased.size());
  if (next > covered) findings.Waits(folder.string(), next - covered);
  if (covered == 0) return;
  const std::string left_out =
      skipped == 0 ? "" : fmt::format(" and {} that the filter left out", skipped);
  findings.Good(fmt::format("ledger {}: {} entries{}, root {}", ledger, covered - skipped, left_out,
                            base::ToBase64(checkpoint.head.root.view())));
}

// The group that a saved ledger says it is of, in the first line of its checkpoint: whether it is
// is what verification then finds out.
std::string GroupOf(const fs::path& folder, const std::string& otherwise) {
  const std::string note = base::ReadFile(folder.string() + "/checkpoint").value_or("");
  const std::string origin = note.substr(0, note.find('\n'));
  const auto parts = base::Split(origin, '/');
  return parts.size() == 3 && FindGroup(parts[1]) != nullptr ? std::string(parts[1]) : otherwise;
}

absl::Status VerifyFolder(const sdk::Agency& agency, const VerifyOptions& options,
                          Findings& findings) {
  document::Verifier verifier;
  std::vector<fs::path> ledgers;
  for (const auto& item : fs::directory_iterator(options.path)) {
    if (item.is_directory()) ledgers.push_back(item.path());
  }
  std::sort(ledgers.begin(), ledgers.end());
  if (ledgers.empty()) {
    return base::RefuseArgument(
        Reason::kFieldInvalid, "{} holds no ledgers; name a folder of follow --save", options.path);
  }
  for (const auto& ledger : ledgers) {
    VerifyLedger(ledger, agency, GroupOf(ledger, options.group), verifier, findings);
  }
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
