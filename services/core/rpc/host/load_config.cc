#include "services/core/rpc/host/load_config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/document/document.h"
#include "services/core/identity/directory_file.h"
#include "services/core/rpc/edge/server_credentials.h"
#include "services/core/rpc/host/log_key.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;
using telemetry::Level;
namespace field = telemetry::field;

class ErrorCollector final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    text += fmt::format("{}line {}, column {}: {}", text.empty() ? "" : "; ", line + 1, column + 1,
                        message);
  }
  std::string text;
};

void ResolvePath(const std::filesystem::path& folder, std::string* path) {
  if (!path->empty()) *path = (folder / *path).lexically_normal().string();
}

// A limit is a bound: none is negative, and 0 stands for the default.
void CheckLimits(const entente::config::v1::Limits& limits, base::FieldViolations& violations) {
  const auto* type = limits.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* one = type->field(i);
    using Field = google::protobuf::FieldDescriptor;
    const auto* reflection = limits.GetReflection();
    const bool negative = (one->cpp_type() == Field::CPPTYPE_INT32 && !one->is_repeated() &&
                           reflection->GetInt32(limits, one) < 0) ||
                          (one->cpp_type() == Field::CPPTYPE_INT64 && !one->is_repeated() &&
                           reflection->GetInt64(limits, one) < 0);
    if (negative) violations.Add("limits." + one->name(), "must not be negative");
  }
}

// "127.0.0.1:9464", "[::1]:9464" or "localhost:9464".
bool IsAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) return false;
  const std::string port = address.substr(colon + 1);
  return port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos &&
         std::stoi(port) <= 65535;
}

// A group follows those that it knows what to do with.
void CheckUpstreams(const entente::config::v1::GroupConfig& group, const GroupModule& module,
                    const std::string& path, base::FieldViolations& violations) {
  std::set<std::string> seen;
  for (int i = 0; i < group.upstreams_size(); ++i) {
    const auto& upstream = group.upstreams(i);
    const std::string at = fmt::format("{}[{}]", path, i);
    if (std::find(module.upstreams.begin(), module.upstreams.end(), upstream.group()) ==
        module.upstreams.end()) {
      violations.Add(at + ".group", "{} does not follow \"{}\"", group.group(), upstream.group());
    } else if (!seen.insert(upstream.group()).second) {
      violations.Add(at + ".group", "is named twice");
    }
    if (!IsAddress(upstream.address())) {
      violations.Add(at + ".address", "must be an address and a port, as in \"127.0.0.1:7703\"");
    }
  }
  const bool called = !group.client_certificate_file().empty() && !group.client_key_file().empty();
  if (!group.upstreams().empty() && !called) {
    violations.Add(path, "need client_certificate_file and client_key_file");
  }
}

absl::Status CheckFolderOf(const std::string& field, const std::string& file) {
  if (file.empty()) return absl::OkStatus();
  const auto folder = std::filesystem::absolute(file).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return base::RefuseArgument(Reason::kConfigurationInvalid, "{}: cannot write into {}", field,
                              folder.string());
}

// Unknown fields and bad values are errors with their line.
absl::Status ReadTextProto(const std::string& path, google::protobuf::Message* message) {
  auto text = base::ReadFile(path);
  if (!text.has_value()) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot read {}", path);
  }
  ErrorCollector errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (parser.ParseFromString(*text, message)) return absl::OkStatus();
  return base::RefuseArgument(Reason::kConfigurationInvalid, "{}: {}", path, errors.text);
}

}  // namespace

absl::Status CheckFiles(const Process& process) {
  ENTENTE_RETURN_IF_ERROR(CheckFolderOf("audit_file", process.config.audit_file()));
  const auto directory = process.directory->Get();
  for (const auto& group : process.config.groups()) {
    const std::string name = "group " + group.group();
    ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
        TlsIdentity::Open(group.tls_certificate_file(), group.tls_key_file(),
                          "spiffe://" + directory->trust_domain() + "/services/" + group.group())
            .status(),
        name));
    ENTENTE_RETURN_IF_ERROR(base::WithPrefix(
        LogKeyFile(group.log_key_file(), *process.directory, group.group()).Open().status(), name));
    if (!group.client_certificate_file().empty()) {
      ENTENTE_RETURN_IF_ERROR(
          base::WithPrefix(document::SigningIdentity::FromFiles(group.client_certificate_file(),
                                                                group.client_key_file())
                               .status(),
                           name));
    }
    ENTENTE_RETURN_IF_ERROR(CheckFolderOf(name + ": database_file", group.database_file()));
    ENTENTE_RETURN_IF_ERROR(CheckFolderOf(name + ": heads_file", group.heads_file()));
    if (!group.postgres_file().empty() && !base::ReadFile(group.postgres_file()).has_value()) {
      return base::RefuseArgument(Reason::kConfigurationInvalid, "{}: cannot read {}", name,
                                  group.postgres_file());
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> ReadableByAll(const Process& process) {
  std::vector<std::string> readable;
  for (const auto& group : process.config.groups()) {
    for (const std::string& file : {group.tls_key_file(), group.log_key_file(),
                                    group.client_key_file(), group.postgres_file()}) {
      struct stat status;
      if (!file.empty() && ::stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
        readable.push_back(file);
      }
    }
  }
  return readable;
}

absl::Status LoadConfig(const std::string& path, const std::string& listen,
                        const std::vector<GroupModule>& modules, Process& process) {
  auto& config = process.config;
  ENTENTE_RETURN_IF_ERROR(ReadTextProto(path, &config));
  const auto folder = std::filesystem::absolute(path).parent_path();
  for (std::string* file : {config.mutable_directory_file(), config.mutable_directory_key_file(),
                            config.mutable_profile_file()}) {
    ResolvePath(folder, file);
  }
  if (!config.audit_file().empty()) ResolvePath(folder, config.mutable_audit_file());
  base::FieldViolations violations;
  if (config.groups().empty()) violations.Add("groups", "name at least one group");
  for (int i = 0; i < config.groups_size(); ++i) {
    auto& group = *config.mutable_groups(i);
    for (std::string* file : {group.mutable_database_file(), group.mutable_tls_certificate_file(),
                              group.mutable_tls_key_file(), group.mutable_log_key_file()}) {
      if (file->empty()) violations.Add(fmt::format("groups[{}]", i), "needs every file");
      ResolvePath(folder, file);
    }
    for (std::string* file :
         {group.mutable_client_certificate_file(), group.mutable_client_key_file()}) {
      if (!file->empty()) ResolvePath(folder, file);
    }
    if (!group.heads_file().empty()) ResolvePath(folder, group.mutable_heads_file());
    if (!group.postgres_file().empty()) ResolvePath(folder, group.mutable_postgres_file());
    if (!listen.empty() && config.groups_size() == 1) group.set_listen(listen);
    auto it = std::find_if(modules.begin(), modules.end(),
                           [&](const GroupModule& m) { return m.group.name == group.group(); });
    if (it == modules.end()) {
      violations.Add(fmt::format("groups[{}].group", i), "\"{}\" is not served by this program",
                     group.group());
    } else {
      CheckUpstreams(group, *it, fmt::format("groups[{}].upstreams", i), violations);
      process.modules.push_back(&*it);
    }
  }
  CheckLimits(config.limits(), violations);
  if (!config.metrics_listen().empty() && !IsAddress(config.metrics_listen())) {
    violations.Add("metrics_listen", "must be an address and a port, as in \"127.0.0.1:9464\"");
  }
  if (!config.log_level().empty() && !telemetry::SetLevel(config.log_level())) {
    violations.Add("log_level", "must be debug, info, warn or error");
  }
  if (!violations.empty()) return base::WithPrefix(violations.ToStatus(), path);
  ENTENTE_RETURN_IF_ERROR(ReadTextProto(config.profile_file(), &process.profile));
  ENTENTE_ASSIGN_OR_RETURN(
      process.directory,
      identity::DirectoryFile::Open(
          {.path = config.directory_file(),
           .key_path = config.directory_key_file(),
           .problem = [](const absl::Status& status) {
             telemetry::Log(Level::kError, "directory not taken over; the old one stays in force",
                            {{field::kError, base::Text(status)}});
           }}));
  return absl::OkStatus();
}

}  // namespace entente::rpc
