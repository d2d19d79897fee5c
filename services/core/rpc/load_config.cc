#include "services/core/rpc/load_config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>

#include "services/core/base/status.h"
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

}  // namespace

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
      if (file->empty() && !group.tem_address().empty()) {
        violations.Add(fmt::format("groups[{}].tem_address", i),
                       "needs client_certificate_file and client_key_file");
      }
      if (!file->empty()) ResolvePath(folder, file);
    }
    if (!group.heads_file().empty()) ResolvePath(folder, group.mutable_heads_file());
    if (!group.postgres_file().empty()) ResolvePath(folder, group.mutable_postgres_file());
    if (!listen.empty() && config.groups_size() == 1) group.set_listen(listen);
    auto it = std::find_if(modules.begin(), modules.end(),
                           [&](const GroupModule& m) { return m.group == group.group(); });
    if (it == modules.end()) {
      violations.Add(fmt::format("groups[{}].group", i), "\"{}\" is not served by this program",
                     group.group());
    } else {
      process.modules.push_back(&*it);
    }
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
