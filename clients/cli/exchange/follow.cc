// entente follow: receive what is released to you, verified, until stopped.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/cli/exchange/saved_reading.h"
#include "clients/sdk/saved_ledgers.h"
#include "services/core/base/status.h"
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
  if (child > 0) WriteAll(ends[1], EntryLine(entry) + "\n");
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
    std::cout << EntryLine(entry) << std::endl;
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
  const bool saves = !options.save.empty();
  sdk::SavedLedgers saved(options.save);
  ENTENTE_ASSIGN_OR_RETURN(auto client, context.Connect(options.group));
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sdk::FollowOptions follow;
  follow.state_file = options.cursor;  // empty: what is saved in a folder resumes by its own
  follow.filter = options.filter;
  follow.until_current = options.until_current;
  // Only what is kept may be called safely held.
  const bool handed_over = !options.exec.empty() && !options.cursor.empty();
  follow.acknowledge = (saves || handed_over) && !options.no_acknowledge;
  follow.stop = &stop_requested;
  follow.retry.attempts_max = options.until_current ? 5 : 1 << 30;
  follow.connection = [&](const sdk::ConnectionChange& change) {
    TellOfConnection(options.group, change);
  };
  uint64_t count = 0;
  const auto handle = [&](const sdk::VerifiedEntry& entry) {
    ++count;
    if (!options.exec.empty()) return Execute(options, entry);
    Print(entry, context.json);
    return absl::OkStatus();
  };
  ENTENTE_RETURN_IF_ERROR(saves ? saved.Follow(*client, follow, handle)
                                : client->Follow(follow, handle));
  if (!context.json) std::cerr << count << " received and verified\n";
  return absl::OkStatus();
}

}  // namespace

void AddFollow(CLI::App& app, Context& context) {
  auto options = std::make_shared<FollowVerbOptions>();
  auto* follow =
      app.add_subcommand("follow",
                         "Receive what is released to you: every signature and ledger verified.\n"
                         "Example: entente follow leem --filter leem.destination=aq --save inbox");
  follow->add_option("group", options->group, "One of " + GroupNames())->required();
  follow->add_option("--filter", options->filter, "field=value [AND field=value …]");
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
