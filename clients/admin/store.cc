// entente-admin backup, restore.
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "clients/admin/fsck.h"
#include "clients/admin/nouns.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/journal/engines/open_journal.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/groups.h"

namespace entente::admin {
namespace {

using base::Reason;
using cli::Context;
using cli::Progress;
namespace fs = std::filesystem;

struct StoreOptions {
  std::string database;
  std::string out;
  std::string note;
  std::string group = "leem";
  cli::DirectoryOptions directory;
};

// Record by record, from one engine to another: what is chained and signed is the same in each.
// What is there already must be its beginning, as after a copy that was cut off.
absl::Status CopyRecords(journal::Journal& from, journal::Journal& to) {
  constexpr size_t kBytes = 8 << 20;
  uint64_t end = from.Head();
  Progress progress("copying", end);
  bool erased = false;
  for (uint64_t next = 0; next < end;) {
    const uint64_t there = to.Head();
    ENTENTE_ASSIGN_OR_RETURN(const auto records,
                             from.Read(next, next < there ? std::min(there, end) : end, kBytes));
    if (next >= there) {
      ENTENTE_RETURN_IF_ERROR(to.Append(next, records));
      next += records.size();
    }
    for (size_t i = 0; next < there && i < records.size(); ++i, ++next) {
      ENTENTE_ASSIGN_OR_RETURN(const auto one, to.Read(next, next + 1, 1));
      if (one[0].header != records[i].header || one[0].body_digest != records[i].body_digest) {
        return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                            "it holds another journal already: record {} differs; name an empty "
                            "one",
                            next);
      }
      if (records[i].erased_at.has_value() && !one[0].erased_at.has_value()) {
        ENTENTE_RETURN_IF_ERROR(to.Erase(next, records[i].body, *records[i].erased_at));
      }
    }
    progress.Update(next);
    erased = erased || std::any_of(records.begin(), records.end(), [](const journal::Record& one) {
               return one.erased_at.has_value();
             });
    if (next < end || !erased) continue;
    // Erased while it was copied: the order was appended before, and must come along.
    ENTENTE_RETURN_IF_ERROR(from.Refresh());
    erased = false;
    end = from.Head();
  }
  if (to.Head() == end) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                      "it holds {} records already, and the source {}; a journal is never replaced",
                      to.Head(), end);
}

// While it lives, what is written is for its owner only: a backup is as secret as the journal.
class OwnersOnly {
 public:
  OwnersOnly() : before_(::umask(0077)) {}
  ~OwnersOnly() { ::umask(before_); }
  OwnersOnly(const OwnersOnly&) = delete;
  OwnersOnly& operator=(const OwnersOnly&) = delete;

 private:
  const mode_t before_;
};

absl::Status CopyJournal(const std::string& name, const std::string& service,
                         const std::string& out) {
  const OwnersOnly mask;
  if (name.rfind(journal::kPostgresPrefix, 0) == 0) {
    ENTENTE_ASSIGN_OR_RETURN(const auto from, journal::OpenToRead(name, service));
    ENTENTE_ASSIGN_OR_RETURN(const auto to, journal::OpenToFill(out, service));
    return CopyRecords(*from, *to);
  }
  std::unique_ptr<Progress> progress;
  return journal::SqliteJournal::Backup(name, out, [&](int done, int total) {
    if (progress == nullptr) {
      progress = std::make_unique<Progress>("copying", static_cast<uint64_t>(total));
    }
    progress->Update(static_cast<uint64_t>(done));
  });
}

// Checks a backup whole, and puts it into an empty journal, or into one that holds its beginning.
absl::Status Restore(const Context& context, const StoreOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, cli::FindDirectory(context, options.directory));
  ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
      FsckFile(context, *directory, options.database, options.group), options.database));
  const std::string service = directory->trust_domain() + "/" + options.group;
  const OwnersOnly mask;
  ENTENTE_ASSIGN_OR_RETURN(const auto from, journal::OpenToRead(options.database, service));
  ENTENTE_ASSIGN_OR_RETURN(const auto to, journal::OpenToFill(options.out, service));
  ENTENTE_RETURN_IF_ERROR(CopyRecords(*from, *to));
  if (!context.json) std::cout << fmt::format("ok   {} records in {}\n", to->Head(), options.out);
  return absl::OkStatus();
}

// With what SQLite and its lock left beside it.
void RemovePartial(const std::string& partial) {
  std::error_code ignored;
  for (const char* tail : {"", "-wal", "-shm", "-journal", ".lock"}) {
    fs::remove(partial + tail, ignored);
  }
}

// Copies while the service works, checks the copy whole, and only then gives it its name.
absl::Status Backup(const Context& context, const StoreOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, cli::FindDirectory(context, options.directory));
  if (fs::exists(options.out)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "{} is there already", options.out);
  }
  const std::string partial = options.out + ".partial";
  RemovePartial(partial);
  const absl::Time began = base::SystemClock().Now();
  ENTENTE_RETURN_IF_ERROR(
      CopyJournal(options.database, directory->trust_domain() + "/" + options.group, partial));
  const absl::Status checked = FsckFile(context, *directory, partial, options.group);
  if (!checked.ok()) {
    RemovePartial(partial);
    return base::WithPrefix(checked, "the copy does not verify and was removed");
  }
  fs::rename(partial, options.out);
  RemovePartial(partial);
  if (!context.json) std::cout << "ok   " << options.out << "\n";
  // A copy that ends with the machine, or with the disk, is none.
  struct statfs there = {};
  if (::statfs(options.out.c_str(), &there) == 0 && there.f_type == TMPFS_MAGIC) {
    std::cerr << "entente-admin: " << options.out
              << " is in memory, not on a disk: the service will not count it as a backup\n";
    return absl::OkStatus();
  }
  struct stat copy = {};
  struct stat journal = {};
  if (::stat(options.out.c_str(), &copy) == 0 && ::stat(options.database.c_str(), &journal) == 0 &&
      copy.st_dev == journal.st_dev) {
    std::cerr << "entente-admin: " << options.out
              << " is on the journal's own disk; copy it to another machine\n";
  }
  // The service shows the time of its newest verified backup; one with a PostgreSQL journal looks
  // beside its own files.
  const std::string beside = options.note.empty() ? options.database : options.note;
  if (beside.rfind(journal::kPostgresPrefix, 0) != 0) {
    for (const char* what : {".backup", ".verified"}) NoteTime(beside + what, began);
  }
  return absl::OkStatus();
}

}  // namespace

void AddStore(CLI::App& app, Context& context) {
  auto options = std::make_shared<StoreOptions>();
  auto* backup = app.add_subcommand(
      "backup",
      "Copy a journal while its service works; the copy counts once fsck has checked it.\n"
      "Example: entente-admin backup leem.db backups/leem-2016-10-21.db --group leem");
  const std::string source =
      "The journal's SQLite file, or postgres:FILE with a connection string "
      "in FILE";
  backup->add_option("database", options->database, source)->required();
  backup->add_option("--note", options->note,
                     "With postgres: the service's database_file, beside which the time is noted");
  backup->add_option("out", options->out, "The copy; must not be there yet")->required();
  backup->add_option("--group", options->group, "One of " + GroupNames());
  cli::AddDirectoryOptions(backup, options->directory);
  context.Run(backup, [options, &context] { return Backup(context, *options); });
  auto* restore = app.add_subcommand(
      "restore",
      "Check a backup and put it into an empty journal, or finish what was cut off.\n"
      "Example: entente-admin restore leem-2016-10-21.db postgres:/run/secrets/leem_postgres");
  restore->add_option("backup", options->database, "A file that entente-admin backup made")
      ->required();
  restore->add_option("out", options->out, "A SQLite file, or postgres:FILE")->required();
  restore->add_option("--group", options->group, "One of " + GroupNames());
  cli::AddDirectoryOptions(restore, options->directory);
  context.Run(restore, [options, &context] { return Restore(context, *options); });
}

}  // namespace entente::admin
