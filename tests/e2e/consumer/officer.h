// What an officer's program does: it follows IEM into a folder, verifies what is kept there,
// answers each alert of others that it has not answered yet, and updates one of its own. With the
// main of officer.cc these are forty lines; tests/integration holds them against a hostile host.
#ifndef ENTENTE_TESTS_E2E_CONSUMER_OFFICER_H_
#define ENTENTE_TESTS_E2E_CONSUMER_OFFICER_H_

#include <set>

#include "clients/sdk/iem/matters.h"
#include "clients/sdk/saved_ledgers.h"
#include "entente/iem/v1/alert.pb.h"

namespace consumer {
namespace sdk = entente::sdk;
namespace iem = entente::iem::v1;

inline absl::Status Work(sdk::Client& client, const std::string& folder, const std::string& own) {
  sdk::SavedLedgers saved(folder);
  ENTENTE_RETURN_IF_ERROR(saved.Follow(client, {.until_current = true}));
  ENTENTE_ASSIGN_OR_RETURN(const auto kept, saved.Read(client.agency().directory(), "iem"));
  std::set<std::string> open;
  for (const sdk::VerifiedEntry& entry : kept) {
    const bool ours = entry.originator().state == client.agency().name().state;
    const auto& body = entry.document.body();
    if (body.Is<iem::Alert>() && !ours && sdk::OpensChain(entry)) open.insert(entry.name());
    if (body.Is<iem::Sighting>() && ours) open.erase(sdk::AnsweredName(entry));
  }
  for (const std::string& name : open) {
    ENTENTE_ASSIGN_OR_RETURN(const auto alert, sdk::FetchMatter(client, name));
    if (alert.state != iem::MATTER_STATE_OPEN || alert.erased) continue;
    iem::Sighting seen;
    seen.set_result(iem::SIGHTING_RESULT_NOT_SEEN);
    const std::string number = "on-" + name.substr(9, 2) + name.substr(name.rfind('/') + 1);
    const auto answer = sdk::ComposeAnswer(client, alert.chain, number, seen);
    ENTENTE_RETURN_IF_ERROR(client.SignAndSubmit(answer).status());
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto mine, sdk::FetchMatter(client, own));
  iem::Alert next;
  mine.body.UnpackTo(&next);
  next.set_summary(next.summary() + " Still looked for.");
  return client.SignAndSubmit(sdk::ComposeNext(client, mine.chain, "", next)).status();
}
}  // namespace consumer

#endif  // ENTENTE_TESTS_E2E_CONSUMER_OFFICER_H_
