#include "clients/cli/exchange/revision_file.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "clients/cli/base/context.h"
#include "clients/cli/exchange/sending.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"

namespace entente::cli {

using base::Reason;

absl::StatusOr<exchange::v1::Document> ComposeFromFile(const sdk::Client& client,
                                                       const sdk::Chain& chain,
                                                       const std::string& reference,
                                                       const std::string& file) {
  const std::string& name = chain[0].name();
  exchange::v1::Document given;
  ENTENTE_RETURN_IF_ERROR(FromJsonFile(file, given));
  exchange::v1::Document document = sdk::ComposeNext(client, chain, reference);
  const auto refuse = [&](std::string_view field, const std::string& text) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{}: {}: {}", file, field, text);
  };
  const std::string number = name.substr(name.rfind('/') + 1);
  if (!given.reference().empty() && given.reference() != number &&
      given.reference() != document.reference()) {
    return refuse("reference",
                  fmt::format("the file is {}, and you are revising {}; a revision's own number is "
                              "given with --reference",
                              given.reference(), name));
  }
  if (!given.originator().empty() && given.originator() != document.originator()) {
    return refuse("originator",
                  fmt::format("is {}, and you are {}", given.originator(), document.originator()));
  }
  if (given.audience().has_listed()) {
    auto& states = *given.mutable_audience()->mutable_listed()->mutable_states();
    std::sort(states.begin(), states.end());
  }
  if (given.has_audience() &&
      !google::protobuf::util::MessageDifferencer::Equals(given.audience(), document.audience())) {
    return refuse("audience",
                  fmt::format("is {}, and a chain stays with its readers, {}: end it, and send a "
                              "new one",
                              AudienceWords(given.audience()), AudienceWords(document.audience())));
  }
  for (const auto& link : given.references()) {
    if (link.relation() != exchange::v1::Reference::RELATION_SUPERSEDES) {
      *document.add_references() = link;
    } else if (link.name() != name) {
      return refuse("references",
                    fmt::format("supersedes {}, and you are revising {}", link.name(), name));
    }
  }
  if (given.has_marking()) *document.mutable_marking() = given.marking();
  *document.mutable_body() = given.body();
  return document;
}

absl::Status WriteRevisionFile(const sdk::Chain& chain, const google::protobuf::Message& body,
                               const std::string& next, const std::string& file) {
  if (std::filesystem::exists(file)) {
    return base::RefuseArgument(Reason::kFieldInvalid, "{} is there already", file);
  }
  exchange::v1::Document document;
  *document.mutable_audience() = chain[0].document.audience();
  *document.mutable_marking() = chain.back().document.marking();
  document.mutable_body()->PackFrom(body);
  const std::string text = fmt::format("// {}, as it was signed last. Change it, then: {}\n{}",
                                       chain[0].name(), next, ToJson(document, /*indent=*/true));
  if (!base::WriteFileAtomically(file, text, 0600)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", file);
  }
  std::cerr << Printable(fmt::format("{}; next: {}", file, next)) << "\n";
  return absl::OkStatus();
}

}  // namespace entente::cli
