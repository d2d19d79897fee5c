// entente-admin fsck: offline, with no service running; every finding, not the first.
#include "clients/admin/fsck.h"

#include <filesystem>
#include <iostream>

#include "clients/admin/nouns.h"
#include "clients/cli/base/findings.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/journal/engines/open_journal.h"
#include "services/core/machine/machine.h"
#include "services/groups.h"

namespace entente::admin {
namespace {

using base::Reason;
using cli::Context;
using cli::Findings;
using cli::Progress;

struct FsckOptions {
  std::string path;
  std::string group = "leem";
  cli::DirectoryOptions directory;
};

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

absl::Status Fsck(const Context& context, const FsckOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, cli::FindDirectory(context, options.directory));
  const absl::Time began = base::SystemClock().Now();
  ENTENTE_RETURN_IF_ERROR(FsckFile(context, *directory, options.path, options.group));
  // Only beside a service's own journal, which has its lock there.
  if (std::filesystem::exists(options.path + ".lock")) NoteTime(options.path + ".verified", began);
  return absl::OkStatus();
}

}  // namespace

void NoteTime(const std::string& file, absl::Time time) {
  if (base::WriteFileAtomically(file, std::to_string(absl::ToUnixSeconds(time)) + "\n")) return;
  std::cerr << "entente-admin: cannot write " << file << "; the service will not show it\n";
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

void AddFsck(CLI::App& app, Context& context) {
  auto options = std::make_shared<FsckOptions>();
  auto* fsck = app.add_subcommand("fsck", "Re-derive everything from a journal's bytes");
  fsck->add_option("database", options->path,
                   "The journal's SQLite file, or postgres:FILE with a connection string in FILE")
      ->required();
  fsck->add_option("--group", options->group, "One of " + GroupNames());
  cli::AddDirectoryOptions(fsck, options->directory);
  context.Run(fsck, [options, &context] { return Fsck(context, *options); });
}

}  // namespace entente::admin
