#include "clients/cli/groups.h"

#include "services/core/base/names.h"
#include "services/iem/register/matter_register.h"
#include "services/leem/register/denial_register.h"
#include "services/tem/register/tem_register.h"

namespace entente::cli {

const std::vector<std::string>& Groups() {
  static const auto* groups = new std::vector<std::string>{"iem", "leem", "tem"};
  return *groups;
}

std::unique_ptr<machine::Register> MakeRegister(const std::string& group) {
  const entente::config::v1::RegimeProfile profile;
  if (group == "iem") return std::make_unique<iem::MatterRegister>(profile);
  if (group == "leem") return std::make_unique<leem::DenialRegister>(profile);
  if (group == "tem") return std::make_unique<tem::TemRegister>(profile);
  return nullptr;
}

std::string GroupOfName(const std::string& name) {
  const auto parts = base::Split(name, '/');
  if (parts.size() < 4) return "";
  if (parts[2] == "denials") return "leem";
  for (const char* folder : {"alerts", "answers", "releases", "reports", "requests"}) {
    if (parts[2] == folder) return "iem";
  }
  for (const char* folder : {"approvals", "comments", "conclusions", "crosswalks", "editions",
                             "implementations", "positions", "proposals", "sponsorships"}) {
    if (parts[2] == folder) return "tem";
  }
  return "";
}

}  // namespace entente::cli
