// entente todo: what is owed, in every group, by when.
#include <algorithm>
#include <iostream>
#include <map>
#include <tuple>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/icalendar.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/sdk/obligations.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/groups.h"

namespace entente::cli {
namespace {

using base::Reason;

struct TodoOptions {
  std::string due = "30d";
  std::string role;
  std::string group;
  std::string calendar_file;
  bool all = false;
  bool quiet = false;
};

constexpr int kExitDue = 5;
// What is late by more than this is counted, and listed with --all.
constexpr absl::Duration kLateShown = absl::Hours(24 * 365);

struct Owed {
  std::string group;
  exchange::v1::Obligation obligation;
  absl::Time due;
};

// In words for people; other kinds say their name.
const std::map<std::string, std::string, std::less<>> kWords = {
    {"leem.renewal", "renew, amend or revoke"},
    {"iem.review", "review"},
    {"iem.reply", "reply"},
    {"iem.decision", "decide"},
    {"iem.acknowledgement", "receive (follow), which acknowledges"},
};

std::string WordsOf(const std::string& kind) {
  const auto words = kWords.find(kind);
  return words == kWords.end() ? kind : words->second;
}

// "30d", "12h", "0d".
absl::StatusOr<absl::Duration> ParseDays(const std::string& text) {
  const char unit = text.empty() ? '\0' : text.back();
  const std::string digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  if ((unit != 'd' && unit != 'h') || digits.empty() || digits.size() > 5 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "--due: \"{}\" is no time; write days or hours, as in 30d or 12h",
                                text);
  }
  return absl::Hours(std::stoi(digits) * (unit == 'd' ? 24 : 1));
}

// Which kinds a role has in the configuration; it takes them all where none is named.
absl::StatusOr<std::vector<std::string>> KindsOf(const sdk::Agency& agency,
                                                 const std::string& role) {
  if (role.empty()) return std::vector<std::string>();
  std::string roles;
  for (const auto& one : agency.config().roles()) {
    roles += (roles.empty() ? "" : ", ") + one.role();
    if (one.role() != role) continue;
    // A role that means nothing would say that nothing is due.
    for (const std::string& kind : one.obligations()) {
      const std::string group = kind.substr(0, kind.find('.'));
      const bool known = kind == group || kWords.find(kind) != kWords.end();
      if (FindGroup(group) != nullptr && known) continue;
      return base::RefuseArgument(Reason::kConfigurationInvalid,
                                  "role {} has \"{}\", which is no kind of obligation and no group",
                                  role, kind);
    }
    if (!one.obligations().empty()) {
      return std::vector<std::string>(one.obligations().begin(), one.obligations().end());
    }
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "role {} has no obligations; name kinds or groups", role);
  }
  return base::RefuseArgument(
      Reason::kFieldInvalid, "--role: \"{}\" is no role of your configuration; {}", role,
      roles.empty() ? "it has none: add roles { role: \"licensing\" obligations: \"leem\" }"
                    : "it has " + roles);
}

bool IsOf(const std::vector<std::string>& kinds, const std::string& kind) {
  return kinds.empty() || std::any_of(kinds.begin(), kinds.end(), [&](const std::string& one) {
           return kind == one || kind.rfind(one + ".", 0) == 0;
         });
}

std::string When(absl::Time due, absl::Time now) {
  const absl::Duration left = due - now;
  const auto minutes = absl::ToInt64Minutes(absl::AbsDuration(left));
  const auto hours = minutes / 60;
  const std::string span = hours > 72  ? fmt::format("{} days", hours / 24)
                           : hours > 1 ? fmt::format("{} hours", hours)
                                       : fmt::format("{} minutes", minutes);
  return left < absl::ZeroDuration() ? "LATE by " + span : "in " + span;
}

// Whether a calendar can say it, and a service that is honest would.
bool IsOfOurTimes(absl::Time time) {
  return time >= absl::UnixEpoch() && time < absl::FromUnixSeconds(253402300800);  // year 10000
}

absl::Status WriteCalendar(const std::string& file, const std::vector<Owed>& owed, absl::Time now,
                           bool quiet) {
  std::vector<CalendarEvent> events;
  for (const Owed& one : owed) {
    if (!IsOfOurTimes(one.due)) continue;
    const auto& [kind, name, state] =
        std::tie(one.obligation.kind(), one.obligation.name(), one.obligation.state());
    const std::string uid = crypto::Sha256({kind, "\n", name, "\n", state}).hex();
    events.push_back({uid.substr(0, 32) + "@entente", one.due,
                      Printable(fmt::format("{}: {} {}", state, WordsOf(kind), name)), kind,
                      one.group});
  }
  const std::string text = CalendarText(events, now);
  if (file == "-") {
    std::cout << text;
    return absl::OkStatus();
  }
  if (!base::WriteFileAtomically(file, text)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", file);
  }
  if (!quiet) std::cerr << fmt::format("wrote {}: {} events\n", file, events.size());
  return absl::OkStatus();
}

void Print(const Context& context, const std::vector<Owed>& owed, absl::Time now) {
  Table table({"DUE", "", "WHO", "WHAT", "OF", "KIND"});
  for (const Owed& one : owed) {
    if (context.json) std::cout << ToJson(one.obligation) << "\n";
    table.Add({TimeText(one.due), When(one.due, now), one.obligation.state(),
               WordsOf(one.obligation.kind()), one.obligation.name(), one.obligation.kind()});
  }
  if (!context.json) table.PrintUnverified("matter", "matters");
}

// Whether something is due.
absl::StatusOr<bool> Todo(const Context& context, const TodoOptions& options) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  ENTENTE_ASSIGN_OR_RETURN(const absl::Duration within, ParseDays(options.due));
  ENTENTE_ASSIGN_OR_RETURN(const auto kinds, KindsOf(*agency, options.role));
  const absl::Time now = base::SystemClock().Now();
  std::vector<Owed> owed;
  size_t long_late = 0;
  absl::Status unasked;
  size_t asked = 0;
  for (const auto& endpoint : agency->config().endpoints()) {
    if (!options.group.empty() && endpoint.group() != options.group) continue;
    ++asked;
    auto client = context.Connect(endpoint.group());
    auto obligations = client.ok()
                           ? sdk::FetchObligations(**client)
                           : absl::StatusOr<std::vector<exchange::v1::Obligation>>(client.status());
    if (!obligations.ok()) {
      // The others are shown all the same.
      unasked.Update(base::WithPrefix(obligations.status(), endpoint.group()));
      continue;
    }
    for (auto& obligation : *obligations) {
      const absl::Time due = entry::GetTime(obligation.due_time());
      const bool mine = obligation.state() == agency->name().state;
      if ((!mine && !options.all) || due > now + within || !IsOf(kinds, obligation.kind())) {
        continue;
      }
      if (!options.all && due < now - kLateShown) {
        ++long_late;
        continue;
      }
      owed.push_back({endpoint.group(), std::move(obligation), due});
    }
  }
  if (asked == 0) {
    return base::RefuseArgument(Reason::kConfigurationInvalid,
                                "your configuration has no endpoint{}; nobody was asked",
                                options.group.empty() ? "" : " of " + options.group);
  }
  std::stable_sort(owed.begin(), owed.end(),
                   [](const Owed& a, const Owed& b) { return a.due < b.due; });
  // A calendar without what is owed in a group that is away would take it out of people's own.
  if (!options.calendar_file.empty() && unasked.ok()) {
    ENTENTE_RETURN_IF_ERROR(WriteCalendar(options.calendar_file, owed, now, options.quiet));
  } else if (!options.quiet) {
    Print(context, owed, now);
  }
  if (long_late > 0 && !options.quiet) {
    std::cerr << fmt::format("{} more are late by over a year; --all lists them\n", long_late);
  }
  if (!unasked.ok()) return unasked;
  return !owed.empty() || long_late > 0;
}

}  // namespace

void AddTodo(CLI::App& app, Context& context) {
  auto options = std::make_shared<TodoOptions>();
  auto* todo = app.add_subcommand(
      "todo",
      "What your state owes, in every group, the first to be due first.\n"
      "Examples:\n"
      "  entente todo                        what is late, or due within 30 days\n"
      "  entente todo --due 7d --role desk   of a role of your configuration\n"
      "  entente todo --all --group iem      also what others owe you\n"
      "  entente todo --ics todo.ics         a calendar to import (RFC 5545)\n"
      "Exit code 5 if something is due, 0 if nothing is.");
  todo->add_option("--due", options->due, "Due within, as in 30d or 12h; 0d: what is late");
  todo->add_option("--role", options->role, "A role of your configuration");
  todo->add_option("--group", options->group, "That group alone");
  todo->add_option("--ics", options->calendar_file, "Write a calendar there instead; -: print it");
  todo->add_flag("--all", options->all,
                 "Also what others owe you, and what is late by over a year");
  todo->add_flag("--quiet", options->quiet, "The exit code only");
  context.Run(todo, [options, &context] {
    const auto due = Todo(context, *options);
    if (due.ok() && *due) context.exit_code = kExitDue;
    return due.status();
  });
}

}  // namespace entente::cli
