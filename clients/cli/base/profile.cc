#include "clients/cli/base/profile.h"

#include <google/protobuf/text_format.h>

#include "services/core/base/files.h"

namespace entente::cli {

std::optional<config::v1::RegimeProfile> ReadProfile(const sdk::Agency& agency) {
  config::v1::RegimeProfile profile;
  const std::string& path = agency.config().profile_file();
  const auto text = path.empty() ? std::nullopt : base::ReadFile(path);
  if (!text || !google::protobuf::TextFormat::ParseFromString(*text, &profile)) return std::nullopt;
  return profile;
}

CodeTexts ReadTexts(const sdk::Agency& agency) {
  const auto profile = ReadProfile(agency);
  return profile.has_value() ? TextsOf(*profile) : CodeTexts();
}

}  // namespace entente::cli
