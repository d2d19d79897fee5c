#include "clients/sdk/chain.h"

#include <algorithm>
#include <set>

#include "clients/sdk/calls.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"

namespace entente::sdk {
namespace {

using base::Reason;
using Stub = pb::ExchangeService::Stub;

// Whether a document says in a reference of this relation what `is_that` looks for.
template <typename IsThat>
bool Names(const VerifiedEntry& entry, pb::Reference::Relation relation, const IsThat& is_that) {
  const auto& references = entry.document.references();
  return std::any_of(references.begin(), references.end(), [&](const auto& reference) {
    return reference.relation() == relation && is_that(reference);
  });
}

absl::Status Broken(const std::string& name, std::string_view why) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                      "the service's answer about {} is no chain of documents: {}", name, why);
}

std::string NextName(const std::string& name, const Chain& chain) {
  return chain.empty() ? name : fmt::format("{}/revisions/{}", name, chain.size() + 1);
}

// Whether a document is the next one of a chain.
absl::Status CheckNext(const std::string& name, const Chain& chain, const VerifiedEntry& next) {
  if (next.name() != NextName(name, chain)) return Broken(name, "a name is not the one asked for");
  if (chain.empty()) return absl::OkStatus();
  const bool follows = Names(next, pb::Reference::RELATION_SUPERSEDES, [&](const auto& before) {
    return before.digest() == chain.back().leaf.document_digest();
  });
  if (!follows) return Broken(name, "a document does not name the one before it");
  if (next.ledger != chain[0].ledger) return Broken(name, "its audience changes");
  return absl::OkStatus();
}

// A document of the agency, composed now, and marked as the newest of a chain is.
pb::Document Begin(const Client& client, const Chain& chain, const std::string& reference) {
  pb::Document document;
  document.set_originator(client.agency().name().str());
  document.set_reference(reference);
  entry::SetTime(base::SystemClock().Now(), document.mutable_composed_time());
  *document.mutable_marking() = chain.back().document.marking();
  return document;
}

}  // namespace

absl::StatusOr<VerifiedEntry> VerifyAlone(const Client& client, const pb::Entry& entry,
                                          document::Verifier& verifier) {
  pb::Leaf leaf;
  leaf.ParseFromString(entry.leaf());
  const std::string& ledger = leaf.stamp().ledger();
  const auto& directory = client.agency().directory();
  ENTENTE_ASSIGN_OR_RETURN(auto verified,
                           VerifyEntry(client.group(), ledger, entry, verifier, directory));
  if (!verified.erased()) return verified;
  pb::GetEntryRequest request;
  request.set_ledger(ledger);
  request.set_index(entry.erased_at());
  ENTENTE_ASSIGN_OR_RETURN(auto order, Call(client, &Stub::GetEntry, request));
  ENTENTE_ASSIGN_OR_RETURN(
      const auto erasure,
      VerifyEntry(client.group(), ledger, std::move(*order.mutable_entry()), verifier, directory));
  ENTENTE_RETURN_IF_ERROR(CheckOrders(erasure, verified));
  verified.ordered_by = erasure.agency();
  return verified;
}

absl::StatusOr<Chain> FetchChain(const Client& client, const std::string& name) {
  document::Verifier verifier;
  Chain chain;
  pb::ListRevisionsRequest request;
  request.set_name(name);
  const auto take = [&](pb::ListRevisionsResponse& page) -> absl::StatusOr<bool> {
    for (const auto& entry : page.revisions()) {
      ENTENTE_ASSIGN_OR_RETURN(auto verified, VerifyAlone(client, entry, verifier));
      ENTENTE_RETURN_IF_ERROR(CheckNext(name, chain, verified));
      chain.push_back(std::move(verified));
    }
    return true;
  };
  ENTENTE_RETURN_IF_ERROR(ForEachPage(client, &Stub::ListRevisions, request, take, kListInMemory));
  if (chain.empty()) return Broken(name, "it is empty");
  return chain;
}

bool OpensChain(const VerifiedEntry& entry) {
  return !Names(entry, pb::Reference::RELATION_SUPERSEDES, [](const auto&) { return true; });
}

std::string AnsweredName(const VerifiedEntry& entry) {
  std::string answered;
  Names(entry, pb::Reference::RELATION_ANSWERS, [&](const auto& reference) {
    answered = reference.name();
    return true;
  });
  return answered;
}

bool IsOfChain(std::string_view name, std::string_view chain) {
  constexpr std::string_view kRevisions = "/revisions/";
  return name.substr(0, chain.size()) == chain &&
         (name.size() == chain.size() ||
          name.substr(chain.size()).substr(0, kRevisions.size()) == kRevisions);
}

absl::StatusOr<Chain> ChainOf(std::vector<VerifiedEntry> entries, const std::string& name) {
  std::erase_if(entries, [&](const auto& entry) { return !IsOfChain(entry.name(), name); });
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.index() < b.index(); });
  Chain chain;
  for (VerifiedEntry& entry : entries) {
    if (entry.name() != NextName(name, chain)) {
      return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kCopyIncomplete,
                          "{} is not there, and {} is; a filter may have left it out",
                          NextName(name, chain), entry.name());
    }
    ENTENTE_RETURN_IF_ERROR(CheckNext(name, chain, entry));
    chain.push_back(std::move(entry));
  }
  if (!chain.empty()) return chain;
  return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound, "{} is not there", name);
}

absl::StatusOr<std::vector<VerifiedEntry>> FetchAnswers(const Client& client,
                                                        const std::string& name) {
  document::Verifier verifier;
  std::vector<VerifiedEntry> answers;
  std::set<std::string> said_to = {name};
  pb::ListAnswersRequest request;
  request.set_name(name);
  const auto take = [&](pb::ListAnswersResponse& page) -> absl::StatusOr<bool> {
    for (const auto& entry : page.answers()) {
      ENTENTE_ASSIGN_OR_RETURN(auto verified, VerifyAlone(client, entry, verifier));
      said_to.insert(verified.name());
      answers.push_back(std::move(verified));
    }
    return true;
  };
  ENTENTE_RETURN_IF_ERROR(ForEachPage(client, &Stub::ListAnswers, request, take, kListInMemory));
  for (const VerifiedEntry& answer : answers) {
    // What a document says counts for what it names itself. An answer to an answer may name one
    // that is not released to the reader; it says nothing of the chain then but that it was said.
    const bool about = Names(answer, pb::Reference::RELATION_ANSWERS, [&](const auto& reference) {
      return said_to.contains(reference.name()) ||
             reference.name().find("/comments/") != std::string::npos;
    });
    if (!about) {
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                          "the service answers with {}, which was not said to {}", answer.name(),
                          name);
    }
  }
  // Whatever order the service makes of it.
  std::stable_sort(answers.begin(), answers.end(), RecordedBefore);
  return answers;
}

pb::Document ComposeNext(const Client& client, const Chain& chain, const std::string& reference) {
  const std::string& name = chain[0].name();
  // With room for which it is: a reference has 64 letters.
  const std::string number = name.substr(name.rfind('/') + 1).substr(0, 58);
  pb::Document document =
      Begin(client, chain,
            reference.empty() ? fmt::format("{}.{}", number, chain.size() + 1) : reference);
  *document.mutable_audience() = chain[0].document.audience();
  auto* link = document.add_references();
  link->set_relation(pb::Reference::RELATION_SUPERSEDES);
  link->set_name(name);
  link->set_digest(chain.back().leaf.document_digest());
  return document;
}

pb::Document ComposeNext(const Client& client, const Chain& chain, const std::string& reference,
                         const google::protobuf::Message& body) {
  pb::Document document = ComposeNext(client, chain, reference);
  document.mutable_body()->PackFrom(body);
  return document;
}

pb::Document ComposeAnswer(const Client& client, const Chain& chain, const std::string& reference,
                           const google::protobuf::Message& body,
                           const std::vector<std::string>& states) {
  pb::Document document = Begin(client, chain, reference);
  std::set<std::string> readers(states.begin(), states.end());
  readers.insert(client.agency().name().state);
  readers.insert(chain[0].originator().state);
  auto* listed = document.mutable_audience()->mutable_listed();
  for (const std::string& state : readers) listed->add_states(state);
  auto* link = document.add_references();
  link->set_relation(pb::Reference::RELATION_ANSWERS);
  link->set_name(chain[0].name());
  document.mutable_body()->PackFrom(body);
  return document;
}

}  // namespace entente::sdk
