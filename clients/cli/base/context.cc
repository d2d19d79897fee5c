#include "clients/cli/base/context.h"

#include <fcntl.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "clients/cli/base/json_text.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/calendar.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"

namespace entente::cli {

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  if (base::ReasonOf(status) == std::string(ReasonName(base::Reason::kCopyIncomplete))) return 4;
  return status.code() == absl::StatusCode::kDataLoss ? 3 : 2;
}

namespace {

constexpr char kTerminal[] = "/dev/tty";

bool HasTerminal() {
  const int terminal = ::open(kTerminal, O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) ::close(terminal);
  return terminal >= 0;
}

void Say(int terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(terminal, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

// What is typed up to the end of a line. Empty if it is broken off: by Ctrl-C, Ctrl-D, or a
// terminal that goes away.
std::string TypedLine(int terminal) {
  constexpr char kInterrupt = 3, kEnd = 4, kBackspace = 8, kKill = 21, kWord = 23, kDelete = 127;
  std::string line;
  line.reserve(1024);
  char c = 0;
  while (::read(terminal, &c, 1) == 1 && c != kInterrupt && c != kEnd) {
    if (c == '\n' || c == '\r') return line;
    if (c == kKill || c == kWord) {
      line.clear();
    } else if (c == kBackspace || c == kDelete) {
      // Of a letter of UTF-8, all bytes.
      while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80)
        line.pop_back();
      if (!line.empty()) line.pop_back();
    } else if (static_cast<unsigned char>(c) >= ' ') {
      line += c;
    }
  }
  return "";
}

// At the terminal, whatever standard input is, and without showing what is typed.
absl::StatusOr<std::string> AskForPin(const std::string& token, const std::string& told) {
  const int terminal = ::open(kTerminal, O_RDWR | O_CLOEXEC | O_NOCTTY);
  const std::string question = fmt::format("{}{}PIN of token {}: ", Printable(told),
                                           told.empty() ? "" : "\n", Printable(token));
  termios shown{};
  if (terminal < 0 || ::tcgetattr(terminal, &shown) != 0) {
    if (terminal >= 0) ::close(terminal);
    return base::Refuse(absl::StatusCode::kFailedPrecondition, base::Reason::kSigningFailed,
                        "there is no terminal to ask for a PIN at");
  }
  termios hidden = shown;
  // Character by character, Ctrl-C too, which would leave the terminal silent. Before the question:
  // what is typed earlier is dropped.
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
  ::tcsetattr(terminal, TCSAFLUSH, &hidden);
  Say(terminal, question);
  const std::string pin = TypedLine(terminal);
  ::tcsetattr(terminal, TCSAFLUSH, &shown);
  Say(terminal, "\n");
  ::close(terminal);
  if (!pin.empty()) return pin;
  return base::Refuse(absl::StatusCode::kCancelled, base::Reason::kSigningFailed,
                      "no PIN: nothing was signed");
}

}  // namespace

absl::StatusOr<std::shared_ptr<const sdk::Agency>> Context::Agency() const {
  std::string path = config_file;
  if (path.empty()) {
    const char* home = std::getenv("HOME");
    path = std::string(home == nullptr ? "" : home) + "/.config/entente/client.textproto";
  }
  auto agency = sdk::Agency::Load(path, HasTerminal() ? sdk::PinPrompt(AskForPin) : nullptr);
  if (!agency.ok()) {
    return base::WithPrefix(agency.status(), "--config or $ENTENTE_CONFIG names your agency");
  }
  return agency;
}

absl::StatusOr<std::unique_ptr<sdk::Client>> Context::Connect(const std::string& group) const {
  ENTENTE_ASSIGN_OR_RETURN(auto agency, Agency());
  return sdk::Client::Connect(std::move(agency), group);
}

void Context::Run(CLI::App* command, std::function<absl::Status()> verb) {
  command->callback([this, verb = std::move(verb)] { result = verb(); });
}

std::string ToJson(const google::protobuf::Message& message, bool indent) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = indent;
  options.preserve_proto_field_names = true;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  if (status.ok()) return out;
  // Such as a time in the year 36 billion: whoever reads this must have the document all the same.
  return fmt::format("{{\"error\":\"has no JSON form\",\"type\":\"{}\",\"bytes\":\"{}\"}}",
                     message.GetTypeName(), base::ToBase64(message.SerializeAsString()));
}

std::string JsonText(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return ToJson(value);
}

absl::Status FromJsonFile(const std::string& path, google::protobuf::Message& message) {
  auto text = base::ReadFile(path);
  if (!text.has_value()) {
    return base::RefuseArgument(base::Reason::kFieldInvalid, "cannot read {}", path);
  }
  const absl::Status status = FromJson(*text, message);
  return status.ok()
             ? status
             : base::RefuseArgument(base::Reason::kFieldInvalid, "{}:{}", path, base::Text(status));
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  return TimeText(entry::GetTime(time));
}

std::string FormatDate(const leem::v1::Date& date) {
  return date.year() == 0 ? "" : base::CivilDate{date.year(), date.month(), date.day()}.str();
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::Status RefuseDryRun(const Context& context, std::string_view verb, std::string_view instead) {
  if (!context.dry_run) return absl::OkStatus();
  return base::RefuseArgument(
      base::Reason::kFieldInvalid,
      "--dry-run: is for verbs that send, and {} would act all the same; {}", verb, instead);
}

absl::Status Confirm(const Context& context, const std::string& question) {
  if (context.yes || !IsTerminal(STDIN_FILENO) || !IsTerminal(STDERR_FILENO)) {
    return absl::OkStatus();
  }
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, base::Reason::kNotConfirmed,
                      "nothing was sent; --yes sends without a question");
}

bool IsTerminal(int fd) { return ::isatty(fd) == 1; }

std::string Printable(std::string_view text) {
  if (!base::IsPlainText(text)) return "(not printable)";
  // Marks that turn the direction of writing round would let a name pass for another.
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    const auto within = [&](const char* two, char first, char last) {
      return three.substr(0, 2) == two && three.back() >= first && three.back() <= last;
    };
    if (three.size() == 3 &&
        (within("\xe2\x80", '\xaa', '\xae') || within("\xe2\x80", '\x8e', '\x8f') ||
         within("\xe2\x81", '\xa6', '\xa9'))) {
      i += 2;
    } else {
      out += text[i];
    }
  }
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

void Table::Add(std::vector<std::string> row) {
  for (std::string& field : row) field = Printable(field);
  rows_.push_back(std::move(row));
}

void Table::Print() const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], base::CodePoints(row[i]));
    }
  }
  const bool colour = IsTerminal(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
  for (size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows_[r].size(); ++i) {
      line += rows_[r][i];
      if (i + 1 == rows_[r].size()) break;
      line += std::string(widths[i] - base::CodePoints(rows_[r][i]) + 2, ' ');
    }
    std::cout << (r == 0 && colour ? "\033[1m" + line + "\033[0m" : line) << "\n";
  }
}

void Table::PrintUnverified(std::string_view one, std::string_view many) const {
  Print();
  const size_t count = rows_.size() - 1;
  std::cerr << count << " " << (count == 1 ? one : many)
            << ", as the service says; follow --save keeps what is verified\n";
}

void Progress::Update(uint64_t done) {
  if (total_ == 0 || !IsTerminal(STDERR_FILENO)) return;
  const int percent = static_cast<int>(done * 100 / total_);
  if (percent == shown_) return;
  shown_ = percent;
  std::cerr << fmt::format("\r{} [{:<40}] {}/{}", what_,
                           std::string(static_cast<size_t>(percent * 40 / 100), '#'), done, total_)
            << std::flush;
}

Progress::~Progress() {
  if (shown_ >= 0) std::cerr << "\r\033[K" << std::flush;
}

}  // namespace entente::cli
