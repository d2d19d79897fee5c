// Structured logs: one JSON object per line on standard error. Never document contents; digests
// only.
#ifndef ENTENTE_SERVICES_CORE_TELEMETRY_LOG_H_
#define ENTENTE_SERVICES_CORE_TELEMETRY_LOG_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace entente::telemetry {

// Names of fields, so that they are spelled one way.
namespace field {
inline constexpr std::string_view kGroup = "group";
inline constexpr std::string_view kMethod = "method";
inline constexpr std::string_view kCaller = "caller";
inline constexpr std::string_view kCode = "code";
inline constexpr std::string_view kReason = "reason";
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kDurationMs = "duration_ms";
inline constexpr std::string_view kPeer = "peer";
inline constexpr std::string_view kRequest = "request";
inline constexpr std::string_view kDigest = "sha256";
inline constexpr std::string_view kDocument = "document";
inline constexpr std::string_view kGiven = "given";
inline constexpr std::string_view kCount = "count";    // calls that a line stands for
inline constexpr std::string_view kFields = "fields";  // that a refusal names
}  // namespace field

enum class Level { kDebug, kInfo, kWarn, kError };

// Sets the lowest level that is written: debug, info, warn or error; false for another word.
bool SetLevel(std::string_view level);
bool Enabled(Level level);
// Writes a line. Thread-safe.
void Log(Level level, std::string_view message,
         std::initializer_list<std::pair<std::string_view, std::string>> fields = {});
// `text` as a JSON string with quotes.
std::string JsonString(std::string_view text);

}  // namespace entente::telemetry

#endif  // ENTENTE_SERVICES_CORE_TELEMETRY_LOG_H_
