// entente verify, entente fsck: offline, with no service running; every finding, not the first.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "clients/cli/chain.h"
#include "clients/cli/cli.h"
#include "clients/cli/saved_entries.h"
#include "clients/cli/verify.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/identity/directory_file.h"
#include "services/core/journal/engines/open_journal.h"
#include "services/core/machine/machine.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

namespace fs = std::filesystem;
using base::Reason;

struct VerifyOptions {
  std::string path;
  std::string group = "leem";
  DirectoryOptions directory;
};

class Findings {
 public:
  explicit Findings(bool json) : json_(json) {}
  void Add(const std::string& where, const absl::Status& status) {
    ++count_;
    if (json_) {
      google::protobuf::Value where_value;
      where_value.set_string_value(where);
      google::protobuf::Value text;
      text.set_string_value(base::Text(status));
      std::cout << fmt::format("{{\"where\":{},\"reason\":\"{}\",\"finding\":{}}}\n",
                               ToJson(where_value), base::ReasonOf(status).value_or(""),
                               ToJson(text));
      return;
    }
    std::cout << "BAD  " << Printable(where) << ": " << Printable(base::Text(status)) << "\n";
  }
  // Entries that no saved checkpoint covers yet: nothing wrong with them, and no evidence either.
  void Waits(const std::string& where, uint64_t entries) {
    waiting_ += entries;
    if (!json_) std::cout << "wait " << where << ": " << entries << " not covered yet\n";
  }
  int count() const { return count_; }
  void Good(const std::string& text) const {
    if (!json_) std::cout << "ok   " << text << "\n";
  }
  absl::Status Result() const {
    if (count_ > 0) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "{} finding{}",
                          count_, count_ == 1 ? "" : "s");
    }
    if (waiting_ == 0) return absl::OkStatus();
    return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kCopyIncomplete,
                        "{} entries wait for the checkpoint that covers them, or for the order to "
                        "erase them; a running follow saves it within seconds, else run follow "
                        "again",
                        waiting_);
  }

 private:
  const bool json_;
  int count_ = 0;
  uint64_t waiting_ = 0;
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
    if (absl::Status status = CheckSaved(verified, index, documents); !status.ok()) {
      findings.Add(path, status);
    } else if (status = CheckErased(*verified, index, erased); !status.ok()) {
      findings.Add(path, status);
    }
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

// Checks every document's own signatures, beyond what a start checks. What was erased has none;
// that it was ordered the replay has checked.
void VerifyDocuments(journal::Journal& journal, const std::string& group,
                     const identity::Directory& directory, Findings& findings) {
  document::Verifier verifier;
  const uint64_t total = journal.Head();
  Progress progress("checking signatures", total);
  uint64_t next = 0;
  while (next < total) {
    auto records = journal.Read(next, std::min(total, next + 1024), 8 << 20);
    if (!records.ok()) return findings.Add(fmt::format("record {}", next), records.status());
    for (auto& record : *records) {
      if (record.kind == journal::RecordKind::kDocument && !record.erased_at.has_value()) {
        exchange::v1::Entry entry;
        exchange::v1::Leaf leaf;
        entry.set_leaf(record.header);
        entry.set_signed_document(record.body);
        leaf.ParseFromString(record.header);
        auto verified = sdk::VerifyEntry(group, leaf.stamp().ledger(), entry, verifier, directory);
        if (!verified.ok()) findings.Add(fmt::format("record {}", next), verified.status());
      }
      progress.Update(++next);
    }
  }
}

absl::Status Fsck(const Context& context, const VerifyOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, FindDirectory(context, options.directory));
  const absl::Time began = base::SystemClock().Now();
  ENTENTE_RETURN_IF_ERROR(FsckFile(context, *directory, options.path, options.group));
  // Only beside a service's own journal, which has its lock there.
  if (fs::exists(options.path + ".lock")) NoteTime(options.path + ".verified", began);
  return absl::OkStatus();
}

}  // namespace

void AddDirectoryOptions(CLI::App* command, DirectoryOptions& options) {
  command->add_option("--directory", options.file,
                      "The signed directory; else that of your configuration");
  command->add_option("--directory-key", options.key_file, "PEM public key that verifies it");
}

absl::StatusOr<std::shared_ptr<const identity::Directory>> FindDirectory(
    const Context& context, const DirectoryOptions& options) {
  if (options.file.empty()) {
    auto agency = context.Agency();
    if (!agency.ok()) {
      return base::WithPrefix(agency.status(),
                              "name --directory and --directory-key, or a client configuration");
    }
    const auto* directory = &(*agency)->directory();
    return std::shared_ptr<const identity::Directory>(*std::move(agency), directory);
  }
  const auto text = base::ReadFile(options.file);
  const auto signature = base::ReadFile(options.file + ".sig");
  const auto pem = base::ReadFile(options.key_file);
  if (!text.has_value() || !signature.has_value() || !pem.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "cannot read {}, its .sig, or --directory-key {}", options.file,
                                options.key_file);
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto key, crypto::PublicKey::FromPem(*pem));
  return identity::OpenDirectory(*text, *signature, key);
}

void NoteTime(const std::string& file, absl::Time time) {
  if (base::WriteFileAtomically(file, std::to_string(absl::ToUnixSeconds(time)) + "\n")) return;
  std::cerr << "entente: cannot write " << file << "; the service will not show it\n";
}

absl::Status FsckFile(const Context& context, const identity::Directory& directory,
                      const std::string& path, const std::string& group) {
  Findings findings(context.json);
  const machine::Group* served = FindGroup(group);
  if (served == nullptr) {
    return base::RefuseArgument(Reason::kFieldInvalid, "--group: \"{}\" is none of {}", group,
                                GroupNames());
  }
  const auto reg = served->make_register({});  // whose rules a replay never asks
  auto opened = journal::OpenToRead(path, directory.trust_domain() + "/" + group);
  if (!opened.ok()) {
    if (opened.status().code() != absl::StatusCode::kDataLoss) return opened.status();
    findings.Add(path, opened.status());
    return findings.Result();
  }
  machine::Machine machine(directory.trust_domain(), group, *reg);
  const absl::Status replayed =
      machine::Replay(**opened, machine,
                      {.known = directory.PastLogVerifiers(group), .check_all_signatures = true});
  if (!replayed.ok()) findings.Add(path, replayed);
  VerifyDocuments(**opened, group, directory, findings);
  if (findings.Result().ok()) {
    if (const size_t due = machine.erasures_due().size(); due > 0) {
      findings.Good(
          fmt::format("{} documents were ordered erased and are there still; the service "
                      "erases them when it starts",
                      due));
    }
    findings.Good(
        fmt::format("{} records in {} ledgers", machine.applied(), machine.ledgers().size()));
    const std::string fingerprint = machine.Fingerprint().hex();
    std::cout << (context.json ? "{\"fingerprint\":\"" + fingerprint + "\"}"
                               : "fingerprint " + fingerprint)
              << "\n";
  }
  return findings.Result();
}

void AddVerify(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  auto* verify =
      app.add_subcommand("verify", "Check a saved folder, receipt or checkpoint, offline");
  verify->add_option("path", options->path, "Folder of follow --save, or a file")->required();
  verify->add_option("--group", options->group, "One of " + GroupNames());
  context.Run(verify, [options, &context] { return Verify(context, *options); });
  auto* fsck = app.add_subcommand("fsck", "Re-derive everything from a journal's bytes");
  fsck->add_option("database", options->path,
                   "The journal's SQLite file, or postgres:FILE with a connection string in FILE")
      ->required();
  fsck->add_option("--group", options->group, "One of " + GroupNames());
  AddDirectoryOptions(fsck, options->directory);
  context.Run(fsck, [options, &context] { return Fsck(context, *options); });
}

}  // namespace entente::cli
