// Chains, and what was said to them, verified before anything is shown of them or built on them:
// what a service answers is nobody's word but its own. And the next document of one.
//
//   auto chain = sdk::FetchChain(client, "partners/kr/denials/2016-0042");
//   auto next = sdk::ComposeNext(client, *chain, "2016-0042.2", renewal);
//   auto receipt = client.Submit(client.Sign(next).value());
//
// That a service leaves out a chain's newest documents shows only beside what was followed
// (SavedLedgers).
#ifndef ENTENTE_CLIENTS_SDK_CHAIN_H_
#define ENTENTE_CLIENTS_SDK_CHAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "clients/sdk/client.h"

namespace entente::sdk {

// A document and those that supersede it, one after another. Never empty; its name is the first
// one's.
using Chain = std::vector<VerifiedEntry>;

// The newest body of this type in a chain, of what was not erased, and which document it is of.
template <typename Body>
struct NewestBody {
  Body body;
  const VerifiedEntry* entry;
};
template <typename Body>
std::optional<NewestBody<Body>> FindNewest(const Chain& chain) {
  for (auto entry = chain.rbegin(); entry != chain.rend(); ++entry) {
    NewestBody<Body> newest{{}, &*entry};
    if (!entry->erased() && entry->document.body().UnpackTo(&newest.body)) return newest;
  }
  return std::nullopt;
}

// Verifies an entry in the ledger that its own stamp names; of one that was erased, fetches the
// Erasure, and verifies that it orders that.
absl::StatusOr<VerifiedEntry> VerifyAlone(const Client& client, const pb::Entry& entry,
                                          document::Verifier& verifier);

// The documents of a chain as the service has them, each verified, and that they are a chain: one
// name, one originating state, one audience, each naming the one before it by its digest. Else
// DATA_LOSS/LEDGER_FORKED.
absl::StatusOr<Chain> FetchChain(const Client& client, const std::string& name);

// Whether a document begins a chain, and is no later one of it.
bool OpensChain(const VerifiedEntry& entry);
// The name of what a document is said to; empty where it is no answer.
std::string AnsweredName(const VerifiedEntry& entry);
// Whether a name is that of a document of this chain: itself, or "X/revisions/2".
bool IsOfChain(std::string_view name, std::string_view chain);
// The chain of this name among entries that were verified, in any order, such as saved ones
// (SavedLedgers::Read with IsOfChain). NOT_FOUND if none of it is there; COPY_INCOMPLETE if one is
// missing before another, as a filter may leave it out; DATA_LOSS/LEDGER_FORKED if they are no
// chain.
absl::StatusOr<Chain> ChainOf(std::vector<VerifiedEntry> entries, const std::string& name);

// What was said to a chain, and to what was said to it, each verified, in order of recording.
// DATA_LOSS/LEDGER_FORKED where something was said to another.
absl::StatusOr<std::vector<VerifiedEntry>> FetchAnswers(const Client& client,
                                                        const std::string& name);

// The next document of a chain: its audience, and the marking of its newest. It supersedes what was
// verified, never what a service says. `reference` empty: the chain's number and which it is, as in
// "2016-0042.2".
pb::Document ComposeNext(const Client& client, const Chain& chain, const std::string& reference,
                         const google::protobuf::Message& body);
// The same without a body.
pb::Document ComposeNext(const Client& client, const Chain& chain, const std::string& reference);

// What is said to a chain, to its originator's state and one's own, or to `states` beside them, and
// marked as its newest document is.
pb::Document ComposeAnswer(const Client& client, const Chain& chain, const std::string& reference,
                           const google::protobuf::Message& body,
                           const std::vector<std::string>& states = {});

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_CHAIN_H_
