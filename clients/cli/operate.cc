// entente backup, restore, status: for operators.
#include <linux/magic.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "clients/cli/verify.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/journal/engines/open_journal.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using base::Reason;
namespace fs = std::filesystem;

struct OperateOptions {
  std::string database;
  std::string out;
  std::string note;
  std::string group = "leem";
  std::string metrics = "127.0.0.1:9464";
  bool quiet = false;
  bool mine = false;
  DirectoryOptions directory;
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
absl::Status Restore(const Context& context, const OperateOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, FindDirectory(context, options.directory));
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
absl::Status Backup(const Context& context, const OperateOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto directory, FindDirectory(context, options.directory));
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
    std::cerr << "entente: " << options.out
              << " is in memory, not on a disk: the service will not count it as a backup\n";
    return absl::OkStatus();
  }
  struct stat copy = {};
  struct stat journal = {};
  if (::stat(options.out.c_str(), &copy) == 0 && ::stat(options.database.c_str(), &journal) == 0 &&
      copy.st_dev == journal.st_dev) {
    std::cerr << "entente: " << options.out
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

// The body of an HTTP answer to GET /metrics.
absl::StatusOr<std::string> FetchMetrics(const std::string& address) {
  const size_t colon = address.rfind(':');
  const auto unavailable = [&] {
    return base::Refuse(absl::StatusCode::kUnavailable, Reason::kConfigurationInvalid,
                        "nothing answers at {}; is the service up, and metrics_listen set?",
                        address);
  };
  if (colon == std::string::npos) return unavailable();
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints,
                    &found) != 0) {
    return unavailable();
  }
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{5, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const bool connected = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  std::string answer;
  const std::string request =
      "GET /metrics HTTP/1.0\r\nHost: " + address + "\r\nAccept: text/plain\r\n\r\n";
  if (connected && ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char buffer[16384];
    ssize_t got = 0;
    while ((got = ::recv(fd, buffer, sizeof buffer, 0)) > 0 && answer.size() < (16u << 20)) {
      answer.append(buffer, static_cast<size_t>(got));
    }
  }
  ::close(fd);
  const size_t body = answer.find("\r\n\r\n");
  if (answer.rfind("HTTP/1.", 0) != 0 || body == std::string::npos) return unavailable();
  return answer.substr(body + 4);
}

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// Prometheus' text format, as far as our own endpoint writes it.
std::vector<Sample> ParseMetrics(const std::string& text) {
  std::vector<Sample> samples;
  for (std::string_view line : base::Split(text, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    Sample sample;
    const size_t brace = line.find('{');
    const size_t space = line.rfind(' ');
    if (space == std::string_view::npos) continue;
    sample.name = std::string(line.substr(0, std::min(brace, space)));
    sample.value = std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
    size_t at = brace;
    while (at != std::string_view::npos && at < space) {
      const size_t equals = line.find("=\"", at);
      const size_t end = equals == std::string_view::npos ? equals : line.find('"', equals + 2);
      if (end == std::string_view::npos || end > space) break;
      sample.labels[std::string(line.substr(at + 1, equals - at - 1))] =
          std::string(line.substr(equals + 2, end - equals - 2));
      at = line.find(',', end) == end + 1 ? end + 1 : std::string_view::npos;
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::string Ago(double seconds, absl::Time now) {
  if (seconds <= 0) return "never";
  const absl::Duration past = now - absl::FromUnixSeconds(static_cast<int64_t>(seconds));
  return fmt::format("{} h ago", absl::ToInt64Hours(past));
}

std::string Of(const exchange::v1::Share& share) {
  const double percent = share.most() == 0 ? 0
                                           : 100 * static_cast<double>(share.used()) /
                                                 static_cast<double>(share.most());
  return fmt::format("{} of {} ({:.0f} %)", share.used(), share.most(), percent);
}

// How much of its budget the agency's state has used, in every group that it has an endpoint of.
absl::Status MyBudgets(const Context& context) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  Table table({"GROUP", "DOCUMENTS TODAY", "BYTES TODAY", "DOCUMENTS", "BYTES"});
  for (const auto& endpoint : agency->config().endpoints()) {
    ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(endpoint.group()));
    grpc::ClientContext call;
    exchange::v1::GetBudgetResponse budget;
    ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
        rpc::FromGrpcStatus(client->stub().GetBudget(&call, {}, &budget)), endpoint.group()));
    if (context.json) std::cout << ToJson(budget) << "\n";
    table.Add({endpoint.group(), Of(budget.documents_today()), Of(budget.bytes_today()),
               Of(budget.documents()), Of(budget.bytes())});
  }
  if (!context.json) table.Print();
  return absl::OkStatus();
}

absl::Status Status(const Context& context, const OperateOptions& options) {
  if (options.mine) return MyBudgets(context);
  ENTENTE_ASSIGN_OR_RETURN(const std::string text, FetchMetrics(options.metrics));
  const absl::Time now = base::SystemClock().Now();
  std::map<std::string, std::map<std::string, double>> groups;
  std::map<std::string, std::string> lags;
  std::map<std::string, std::string> troubles;                   // why a group does not serve
  std::map<std::string, std::pair<double, std::string>> expiry;  // the first to expire
  for (const Sample& sample : ParseMetrics(text)) {
    auto group = sample.labels.find("group");
    if (group == sample.labels.end()) continue;
    if (context.json && sample.name.rfind("entente_", 0) == 0) {
      std::cout << fmt::format("{{\"name\":\"{}\"", sample.name);
      for (const auto& [label, value] : sample.labels) {
        std::cout << fmt::format(",\"{}\":\"{}\"", label, Printable(value));
      }
      std::cout << fmt::format(",\"value\":{}}}\n", sample.value);
    }
    if (sample.name == "entente_follower_lag_entries") {
      if (sample.value > 0) {
        lags[group->second] += fmt::format(" {}:{}", sample.labels.at("state"), sample.value);
      }
    } else if (sample.name == "entente_certificate_expiry_timestamp_seconds") {
      auto [it, fresh] =
          expiry.try_emplace(group->second, sample.value, sample.labels.at("certificate"));
      if (!fresh && sample.value < it->second.first) {
        it->second = {sample.value, sample.labels.at("certificate")};
      }
    } else if (sample.name == "entente_trouble") {
      troubles[group->second] = sample.labels.at("reason");
    } else {
      groups[group->second][sample.name] = sample.value;
    }
  }
  bool well = !groups.empty();
  Table table({"GROUP", "SERVING", "RECORDS", "QUEUE", "FOLLOWERS", "BEHIND", "DISK FREE", "BACKUP",
               "VERIFIED", "FIRST TO EXPIRE"});
  for (auto& [group, values] : groups) {
    // Until the first look at them, a second after the start, none is known.
    const bool known = expiry.count(group) != 0;
    const auto days = static_cast<int64_t>(
        (expiry[group].first - static_cast<double>(absl::ToUnixSeconds(now))) / 86400);
    well = well && values["entente_serving"] == 1;
    // What expires is for a person: a health check must not take a service away for it.
    const double free_bytes = values["entente_disk_free_bytes"];
    const bool fills_up = known && free_bytes < 2e9;  // as the alert says
    if (!options.quiet) well = well && (!known || days >= 7) && !fills_up;
    table.Add({group, values["entente_serving"] == 1 ? "yes" : "NO " + troubles[group],
               fmt::format("{}", values["entente_journal_records"]),
               fmt::format("{}", values["entente_sequencer_queue_length"]),
               fmt::format("{}", values["entente_followers"]),
               lags[group].empty() ? "nobody" : lags[group].substr(1),
               fmt::format("{:.1f} GiB{}", free_bytes / (1 << 30), fills_up ? " FILLS UP" : ""),
               Ago(values["entente_backup_timestamp_seconds"], now),
               Ago(values["entente_verified_timestamp_seconds"], now),
               known ? fmt::format("{} in {} days", expiry[group].second, days) : "not yet known"});
  }
  if (!context.json && !options.quiet) table.Print();
  if (well) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kUnavailable, Reason::kConfigurationInvalid,
                      "a group does not serve, its disk has less than 2 GB left, or a certificate "
                      "expires within 7 days");
}

}  // namespace

void AddOperate(CLI::App& app, Context& context) {
  auto options = std::make_shared<OperateOptions>();
  auto* backup = app.add_subcommand(
      "backup",
      "Copy a journal while its service works; the copy counts once fsck has checked it.\n"
      "Example: entente backup leem.db backups/leem-2016-10-21.db --group leem");
  const std::string source =
      "The journal's SQLite file, or postgres:FILE with a connection string "
      "in FILE";
  backup->add_option("database", options->database, source)->required();
  backup->add_option("--note", options->note,
                     "With postgres: the service's database_file, beside which the time is noted");
  backup->add_option("out", options->out, "The copy; must not be there yet")->required();
  backup->add_option("--group", options->group, "One of " + GroupNames());
  AddDirectoryOptions(backup, options->directory);
  context.Run(backup, [options, &context] { return Backup(context, *options); });
  auto* restore = app.add_subcommand(
      "restore",
      "Check a backup and put it into an empty journal, or finish what was cut off.\n"
      "Example: entente restore leem-2016-10-21.db postgres:/run/secrets/leem_postgres");
  restore->add_option("backup", options->database, "A file that entente backup made")->required();
  restore->add_option("out", options->out, "A SQLite file, or postgres:FILE")->required();
  restore->add_option("--group", options->group, "One of " + GroupNames());
  AddDirectoryOptions(restore, options->directory);
  context.Run(restore, [options, &context] { return Restore(context, *options); });
  auto* status = app.add_subcommand(
      "status", "How a service is, from its metrics; exit code 2 if something is wrong");
  status->add_option("--metrics", options->metrics, "Its metrics_listen, as in 127.0.0.1:9464");
  status->add_flag("--mine", options->mine,
                   "How much your state has had recorded, and may; asks the services themselves");
  status->add_flag("--quiet", options->quiet,
                   "The exit code only, and by whether every group serves: for health checks");
  context.Run(status, [options, &context] { return Status(context, *options); });
}

}  // namespace entente::cli
