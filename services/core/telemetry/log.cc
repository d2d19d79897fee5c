#include "services/core/telemetry/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace entente::telemetry {
namespace {

spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("entente", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view LevelName(Level level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
  return kNames[static_cast<int>(level)];
}

}  // namespace

bool SetLevel(std::string_view level) {
  for (Level one : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    if (LevelName(one) != level) continue;
    Logger().set_level(ToSpdlog(one));
    return true;
  }
  return false;
}

bool Enabled(Level level) { return Logger().should_log(ToSpdlog(level)); }

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void Log(Level level, std::string_view message,
         std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  if (!Enabled(level)) return;
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
  std::string line = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"message\":{}", time,
                                 LevelName(level), JsonString(message));
  for (const auto& [name, value] : fields) {
    line += fmt::format(",\"{}\":{}", name, JsonString(value));
  }
  Logger().log(ToSpdlog(level), "{}", line + "}");
}

}  // namespace entente::telemetry
