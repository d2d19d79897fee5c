// entente follow: receive what is released to you, verified, until stopped.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/chain.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/saved_entries.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/machine/erasure.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

std::atomic<bool> stop_requested{false};

struct FollowVerbOptions {
  std::string group;
  std::string cursor;
  std::string save;
  std::string filter;
  std::string exec;
  int exec_timeout_s = 60;
  bool until_current = false;
  bool no_acknowledge = false;
};

// Ledgers have passed verification, so they are safe as folders. What is there already is evidence.
absl::Status SaveAt(const std::string& path, const std::string& bytes) {
  if (auto there = base::ReadFile(path); there.has_value()) {
    if (*there == bytes) return absl::OkStatus();
    return base::Refuse(absl::StatusCode::kDataLoss, base::Reason::kLedgerForked,
                        "{} holds something else already; it was left as it is", path);
  }
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  if (base::WriteFileAtomically(path, bytes, 0600)) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, base::Reason::kConfigurationInvalid,
                      "cannot write {}", path);
}

// What is there of an entry with this name in its leaf and this digest; nothing if it is not.
std::optional<exchange::v1::Entry> SavedEntry(const std::string& path, const std::string& name,
                                              const std::string& digest) {
  exchange::v1::Entry saved;
  exchange::v1::Leaf leaf;
  const auto bytes = base::ReadFile(path);
  if (!bytes || !saved.ParseFromString(*bytes) || !leaf.ParseFromString(saved.leaf())) {
    return std::nullopt;
  }
  const bool is_it = leaf.stamp().name() == name && leaf.document_digest() == digest;
  return is_it ? std::optional(std::move(saved)) : std::nullopt;
}

// Carries out an order to erase, which has its place in the verified ledger, in the saved copy of
// that. What a filter left out is not there, and nothing is to be done.
absl::Status EraseSaved(const std::string& folder, const std::string& group,
                        const sdk::VerifiedEntry& order, const exchange::v1::Erasure& body) {
  if (order.document.references_size() != 1) return absl::OkStatus();  // another release's
  const auto& of = order.document.references(0);
  const std::string path = EntryPath(folder, order.ledger, body.index());
  auto saved = SavedEntry(path, of.name(), of.digest());
  const bool own = of.name().rfind("partners/" + order.originator().state + "/", 0) == 0;
  if (!saved.has_value() || saved->has_erased_at() || !own || body.index() >= order.index()) {
    return absl::OkStatus();
  }
  ENTENTE_RETURN_IF_ERROR(base::WithPrefix(entry::CheckEntry(*saved).status(), path));
  ENTENTE_ASSIGN_OR_RETURN(*saved->mutable_signed_document(),
                           machine::RemainsOf(saved->signed_document(), *FindGroup(group)));
  if (crypto::Sha256(saved->signed_document()).view() != body.remains_digest()) {
    return base::Refuse(
        absl::StatusCode::kFailedPrecondition, base::Reason::kCopyIncomplete,
        "{} is to be erased, and what remains of it is not what {} says: this "
        "release is another than the service's, or what was ordered is forged; keep "
        "both, and raise it with the Point of Contact",
        path, order.name());
  }
  saved->set_erased_at(order.index());
  if (base::WriteFileAtomically(path, saved->SerializeAsString(), 0600)) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, base::Reason::kConfigurationInvalid,
                      "cannot write {}", path);
}

absl::Status Save(const std::string& folder, const std::string& group,
                  const sdk::VerifiedEntry& entry) {
  const std::string path = EntryPath(folder, entry.ledger, entry.index());
  // Received whole before it was erased, or erased here before it is received again: the order,
  // when it comes, settles both.
  const auto saved = SavedEntry(path, entry.name(), entry.leaf.document_digest());
  const bool other_half = saved.has_value() && saved->leaf() == entry.entry.leaf() &&
                          saved->has_erased_at() != entry.erased();
  if (!other_half) ENTENTE_RETURN_IF_ERROR(SaveAt(path, entry.entry.SerializeAsString()));
  const auto erasure = sdk::AsErasure(entry);
  return erasure.has_value() ? EraseSaved(folder, group, entry, *erasure) : absl::OkStatus();
}

// Puts the newest verified checkpoints beside the entries, for verifying them offline.
absl::Status SaveCheckpoints(const std::string& folder,
                             const entente::config::v1::FollowerState& state) {
  for (const auto& ledger : state.ledgers()) {
    if (ledger.verified_checkpoint().empty()) continue;
    const std::string path = CheckpointPath(folder, ledger.ledger());
    std::error_code ignored;
    std::filesystem::create_directories(folder + "/" + ledger.ledger(), ignored);
    if (!base::WriteFileAtomically(path, ledger.verified_checkpoint(), 0600)) {
      return base::Refuse(absl::StatusCode::kFailedPrecondition,
                          base::Reason::kConfigurationInvalid, "cannot write {}", path);
    }
  }
  return absl::OkStatus();
}

// For whoever looks at the terminal, or at a log of it later.
void TellOfConnection(const std::string& group, const sdk::ConnectionChange& change) {
  std::string name = group;
  for (char& c : name) c = static_cast<char>(std::toupper(c));
  std::cerr << (change.connected
                    ? fmt::format("{} is back at {}", name, TimeText(change.time))
                    : fmt::format("{} is away since {}; trying again ({})", name,
                                  TimeText(change.time), Printable(base::Text(change.why))))
            << std::endl;
}

std::string Line(const sdk::VerifiedEntry& entry) {
  const std::string erased =
      entry.erased() ? fmt::format(",\"erased_at\":{}", entry.entry.erased_at()) : "";
  return fmt::format("{{\"leaf\":{},\"document\":{}{}}}", ToJson(entry.leaf),
                     ToJson(entry.document), erased);
}

// Writes all of `text`; false when the reader has gone, which is its right.
bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Runs the command with the document on its standard input. After a failure the document comes
// again, and what follows it waits: soon, or with --until-current at the next run.
absl::Status Execute(const FollowVerbOptions& options, const sdk::VerifiedEntry& entry) {
  int ends[2];
  if (::pipe(ends) != 0) return absl::UnavailableError("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::signal(SIGPIPE, SIG_DFL);
    ::alarm(static_cast<unsigned>(options.exec_timeout_s));  // kept over exec
    ::execl("/bin/sh", "sh", "-c", options.exec.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  if (child > 0) WriteAll(ends[1], Line(entry) + "\n");
  ::close(ends[1]);
  int status = -1;
  if (child > 0) ::waitpid(child, &status, 0);
  if (child > 0) ::kill(-child, SIGKILL);  // what it left behind in its group
  if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  const std::string how = child > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
                              ? fmt::format("took longer than {} s", options.exec_timeout_s)
                              : "failed";
  const auto code =
      options.until_current ? absl::StatusCode::kAborted : absl::StatusCode::kUnavailable;
  return base::Refuse(code, base::Reason::kCommandFailed,
                      "the command {} for {}; it will be given again", how, entry.name());
}

void Print(const sdk::VerifiedEntry& entry, bool json) {
  if (json) {
    std::cout << Line(entry) << std::endl;
    return;
  }
  const std::string by = entry.erased() ? fmt::format("erased by entry {}", entry.entry.erased_at())
                                        : "signed by " + entry.signed_by();
  std::cout << fmt::format("{}  {:<20} {}  ledger {} entry {}  {}",
                           FormatTime(entry.leaf.stamp().recorded_time()),
                           std::string(document::ShortKind(entry.document.body().type_url())),
                           Printable(entry.name()), entry.ledger, entry.index(), by)
            << std::endl;
}

absl::Status Follow(const Context& context, const FollowVerbOptions& options) {
  ::umask(0077);  // what is received is for this agency's eyes
  if (!options.save.empty()) {
    std::error_code none;
    for (const auto& ledger : std::filesystem::directory_iterator(options.save, none)) {
      if (ledger.is_directory()) base::RemoveAbandoned(ledger.path().string());
    }
  }
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(options.group));
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sdk::FollowOptions follow;
  // What is saved in a folder resumes by that folder's own cursor.
  follow.state_file = !options.cursor.empty() ? options.cursor
                      : !options.save.empty() ? options.save + "/cursor"
                                              : "";
  if (!options.save.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(options.save, ignored);
  }
  follow.filter = options.filter;
  follow.until_current = options.until_current;
  // Only what is kept may be called safely held.
  const bool handed_over = !options.exec.empty() && !options.cursor.empty();
  follow.acknowledge = (!options.save.empty() || handed_over) && !options.no_acknowledge;
  if (!options.save.empty()) {
    follow.skipped = [&](const std::string& ledger, uint64_t index, const base::Digest& hash) {
      return SaveAt(SkippedPath(options.save, ledger, index), hash.hex());
    };
  }
  follow.stop = &stop_requested;
  follow.retry.attempts_max = options.until_current ? 5 : 1 << 30;
  follow.connection = [&](const sdk::ConnectionChange& change) {
    TellOfConnection(options.group, change);
  };
  if (!options.save.empty()) {
    follow.marked = [&](const auto& state) { return SaveCheckpoints(options.save, state); };
  }
  uint64_t count = 0;
  const absl::Status status = client->Follow(follow, [&](const sdk::VerifiedEntry& entry) {
    ++count;
    ENTENTE_RETURN_IF_ERROR(CheckRemains(options.group, entry));
    if (!options.save.empty()) {
      ENTENTE_RETURN_IF_ERROR(Save(options.save, options.group, entry));
    }
    if (!options.exec.empty()) return Execute(options, entry);
    Print(entry, context.json);
    return absl::OkStatus();
  });
  ENTENTE_RETURN_IF_ERROR(status);
  if (!context.json) std::cerr << count << " received and verified\n";
  return absl::OkStatus();
}

}  // namespace

void AddFollow(CLI::App& app, Context& context) {
  auto options = std::make_shared<FollowVerbOptions>();
  auto* follow =
      app.add_subcommand("follow",
                         "Receive what is released to you: every signature and ledger verified.\n"
                         "Example: entente follow leem --to leem.destination=aq --save inbox");
  follow->add_option("group", options->group, "One of " + GroupNames())->required();
  follow->add_option("--to", options->filter, "Filter: field=value [AND field=value …]");
  follow->add_option("--cursor", options->cursor, "File that keeps how far you are");
  follow->add_option("--save", options->save, "Folder to save entries to; acknowledges them");
  follow->add_option("--exec", options->exec,
                     "Run this command per document, its JSON on standard input; with --cursor or "
                     "--save, success acknowledges");
  follow->add_option("--exec-timeout", options->exec_timeout_s, "Seconds that a command may take");
  follow->add_flag("--until-current", options->until_current, "End when everything is received");
  follow->add_flag("--no-acknowledge", options->no_acknowledge, "Do not tell the originator");
  context.Run(follow, [options, &context] {
    const absl::Status status = RefuseDryRun(context, "follow", "--no-acknowledge tells nobody");
    return status.ok() ? Follow(context, *options) : status;
  });
}

}  // namespace entente::cli
