// entente codes, entente partners: what may be written into a document, and who may read it.
#include <google/protobuf/descriptor.h>

#include <iostream>

#include "clients/cli/base/people.h"
#include "clients/cli/base/profile.h"
#include "clients/cli/base/words.h"
#include "clients/cli/exchange/nouns.h"
#include "clients/sdk/kinds.h"
#include "services/core/base/nearest.h"
#include "services/core/base/status.h"

namespace entente::cli {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;

// Where kinds of documents declare their enumerations.
constexpr const char* kFiles[] = {
    "entente/exchange/v1/document.proto", "entente/leem/v1/denial.proto",
    "entente/iem/v1/alert.proto",         "entente/iem/v1/report.proto",
    "entente/iem/v1/request.proto",       "entente/tem/v1/annex.proto",
    "entente/tem/v1/proposal.proto",      "entente/tem/v1/crosswalk.proto"};

struct Code {
  std::string list;
  std::string code;
  std::string text;
};

void AddEnum(const EnumDescriptor& type, std::vector<Code>& codes) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;  // not stated
    codes.push_back({type.name(), type.value(i)->name(), EnumWord(*type.value(i))});
  }
}

// Codes of the regime's profile, and values of enumerations as JSON has them.
std::vector<Code> AllCodes(const CodeTexts& texts) {
  std::vector<Code> codes;
  for (const auto& [key, text] : texts) codes.push_back({key.first, key.second, text});
  sdk::KnowKinds();
  for (const char* name : kFiles) {
    const auto* file = DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr) continue;
    for (int i = 0; i < file->enum_type_count(); ++i) AddEnum(*file->enum_type(i), codes);
    for (int i = 0; i < file->message_type_count(); ++i) {
      const auto* message = file->message_type(i);
      for (int k = 0; k < message->enum_type_count(); ++k) AddEnum(*message->enum_type(k), codes);
    }
  }
  return codes;
}

absl::Status Codes(const Context& context, const std::string& list) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  const CodeTexts texts = ReadTexts(*agency);
  if (texts.empty()) {
    std::cerr
        << "codes of the regime are left out: profile_file of your client.textproto names its "
           "profile\n";
  }
  const std::vector<Code> codes = AllCodes(texts);
  std::vector<std::string> lists;
  Table table({"LIST", "CODE", "TEXT"});
  for (const Code& one : codes) {
    if (lists.empty() || lists.back() != one.list) lists.push_back(one.list);
    if (!list.empty() && one.list != list) continue;
    if (context.json) {
      std::cout << fmt::format("{{\"list\":\"{}\",\"code\":\"{}\",\"text\":{}}}\n", one.list,
                               one.code, JsonText(one.text));
    }
    table.Add({one.list, one.code, one.text});
  }
  if (!list.empty() && std::find(lists.begin(), lists.end(), list) == lists.end()) {
    return base::RefuseArgument(base::Reason::kFieldInvalid,
                                "{} is no list; nearest: {}; lists: {}", list,
                                base::Nearest(list, lists), fmt::join(lists, ", "));
  }
  if (!context.json) table.Print();
  return absl::OkStatus();
}

absl::Status Partners(const Context& context) {
  ENTENTE_ASSIGN_OR_RETURN(const auto agency, context.Agency());
  const auto& directory = agency->directory();
  if (context.json) {
    for (const auto& partner : directory.proto().partners()) {
      std::cout << fmt::format("{{\"state\":\"{}\",\"former\":{},\"signatures_required\":{}}}\n",
                               partner.state(), partner.former(),
                               directory.SignaturesRequired(partner.state()));
    }
    return absl::OkStatus();
  }
  Table table({"STATE", "AGENCY", "SEATS", "SIGNATURES"});
  for (const auto& partner : directory.proto().partners()) {
    const std::string state = partner.former() ? partner.state() + " (former)" : partner.state();
    for (const auto& one : partner.agencies()) {
      std::string seats = one.revoked_serial() == 0 ? "" : "revoked";
      for (const auto& seat : one.seats()) {
        if (one.revoked_serial() != 0) break;
        seats += fmt::format("{}{}{}{}", seats.empty() ? "" : ", ", seat.group(),
                             seat.submit() ? "" : " (reads)", seat.chair() ? " (chair)" : "");
      }
      table.Add(
          {state, one.id(), seats, std::to_string(directory.SignaturesRequired(partner.state()))});
    }
    if (partner.agencies().empty()) table.Add({state, "-", "", ""});
  }
  table.Print();
  std::cerr << fmt::format("by directory {}, serial {}\n", Printable(directory.trust_domain()),
                           directory.serial());
  return absl::OkStatus();
}

}  // namespace

void AddCodes(CLI::App& app, Context& context) {
  auto list = std::make_shared<std::string>();
  auto* codes = app.add_subcommand("codes",
                                   "List what fields of documents may say: the regime's codes, and "
                                   "values of enumerations.\nExample: entente codes reason_codes");
  codes->add_option("list", *list, "One list; else all");
  context.Run(codes, [list, &context] { return Codes(context, *list); });
  auto* partners =
      app.add_subcommand("partners", "List partners, their agencies and seats, by your directory");
  context.Run(partners, [&context] { return Partners(context); });
}

}  // namespace entente::cli
