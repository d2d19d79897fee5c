// entente status: how a service is, and how much of its budget a state has used.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>

#include "clients/cli/operate/nouns.h"
#include "clients/sdk/calls.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"

namespace entente::cli {
namespace {

using base::Reason;

struct StatusOptions {
  std::string metrics = "127.0.0.1:9464";
  bool quiet = false;
  bool mine = false;
};

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
    const auto budget = sdk::Call(*client, &exchange::v1::ExchangeService::Stub::GetBudget,
                                  exchange::v1::GetBudgetRequest());
    if (!budget.ok()) return base::WithPrefix(budget.status(), endpoint.group());
    if (context.json) std::cout << ToJson(*budget) << "\n";
    table.Add({endpoint.group(), Of(budget->documents_today()), Of(budget->bytes_today()),
               Of(budget->documents()), Of(budget->bytes())});
  }
  if (!context.json) table.Print();
  return absl::OkStatus();
}

absl::Status Status(const Context& context, const StatusOptions& options) {
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

void AddStatus(CLI::App& app, Context& context) {
  auto options = std::make_shared<StatusOptions>();
  auto* status = app.add_subcommand(
      "status", "How a service is, from its metrics; exit code 2 if something is wrong");
  status->add_option("--metrics", options->metrics, "Its metrics_listen, as in 127.0.0.1:9464")
      ->envname("ENTENTE_METRICS");
  status->add_flag("--mine", options->mine,
                   "How much your state has had recorded, and may; asks the services themselves");
  status->add_flag("--quiet", options->quiet,
                   "The exit code only, and by whether every group serves: for health checks");
  context.Run(status, [options, &context] { return Status(context, *options); });
}

}  // namespace entente::cli
