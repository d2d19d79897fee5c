// What every noun of the command line shares: the configuration, output, exit codes.
#ifndef ENTENTE_CLIENTS_CLI_BASE_CONTEXT_H_
#define ENTENTE_CLIENTS_CLI_BASE_CONTEXT_H_

#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "clients/sdk/client.h"

namespace entente::leem::v1 {
class Date;
}

namespace entente::cli {

// Exit codes: 0 done; 1 usage; 2 refused or failed; 3 evidence of damage, forgery or a fork; 4 a
// saved folder that waits for a checkpoint. 5, by Context::exit_code: something is due.
int ExitCode(const absl::Status& status);

// Options before the noun, and what verbs make of them.
class Context {
 public:
  std::string config_file;
  bool json = false;
  std::string hold_file;  // what a verb would submit is kept there instead; empty: is submitted
  bool dry_run = false;   // it is validated by the service instead
  bool yes = false;       // nobody is asked

  // The agency of --config, $ENTENTE_CONFIG or ~/.config/entente/client.textproto.
  absl::StatusOr<std::shared_ptr<const sdk::Agency>> Agency() const;
  absl::StatusOr<std::unique_ptr<sdk::Client>> Connect(const std::string& group) const;
  // Keeps a verb to run once all arguments are known.
  void Run(CLI::App* command, std::function<absl::Status()> verb);
  absl::Status result;
  int exit_code = 0;  // of a verb that is done, and says something by it
};

// proto3 JSON with the fields' own names, one line or indented. What has no JSON form is given as
// {"error", "type", "bytes": base64}, so that nothing can hide in it.
std::string ToJson(const google::protobuf::Message& message, bool indent = false);
// A text as JSON, in quotes.
std::string JsonText(const std::string& text);
// proto3 JSON where lines that start with // are comments.
absl::Status FromJsonFile(const std::string& path, google::protobuf::Message& message);
// "2016-10-21T09:00:00Z".
std::string FormatTime(const google::protobuf::Timestamp& time);
std::string TimeText(absl::Time time);
// "2016-10-21".
std::string FormatDate(const leem::v1::Date& date);
bool IsTerminal(int fd);
// FIELD_INVALID with --dry-run, for a verb that acts and sends nothing a service could validate.
absl::Status RefuseDryRun(const Context& context, std::string_view verb, std::string_view instead);
// Asks the person at the terminal, if there is one: FAILED_PRECONDITION/NOT_CONFIRMED unless the
// answer is yes. OK with --yes, or where standard input or error is no terminal.
absl::Status Confirm(const Context& context, const std::string& question);
// Text without control characters, for terminals.
std::string Printable(std::string_view text);

// Columns aligned by display width; the header is bold on a terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  // What is in a row came from elsewhere: it is made printable.
  void Add(std::vector<std::string> row);
  void Print() const;
  // The same of what no signature was checked for, and says so on standard error; "denial",
  // "denials" name what a row is.
  void PrintUnverified(std::string_view one, std::string_view many) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// A line that rewrites itself on a terminal and is silent elsewhere.
class Progress {
 public:
  Progress(std::string what, uint64_t total) : what_(std::move(what)), total_(total) {}
  ~Progress();
  void Update(uint64_t done);

 private:
  const std::string what_;
  const uint64_t total_;
  int shown_ = -1;
};

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_BASE_CONTEXT_H_
