#include "clients/cli/exchange/chain.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <set>

#include "clients/cli/exchange/sending.h"
#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/machine/erasure.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/groups.h"

namespace entente::cli {

using base::Reason;

namespace {

// Whether a document says in a reference of this relation what `is_that` looks for.
template <typename IsThat>
bool Names(const sdk::VerifiedEntry& entry, exchange::v1::Reference::Relation relation,
           const IsThat& is_that) {
  const auto& references = entry.document.references();
  return std::any_of(references.begin(), references.end(), [&](const auto& reference) {
    return reference.relation() == relation && is_that(reference);
  });
}

}  // namespace

absl::Status CheckRemains(const std::string& group, const sdk::VerifiedEntry& entry) {
  if (!entry.erased()) return absl::OkStatus();
  const machine::Group* of = FindGroup(group);
  const auto remains = of == nullptr ? absl::NotFoundError("no such group")
                                     : machine::RemainsOf(entry.entry.signed_document(), *of);
  if (remains.ok() && *remains == entry.entry.signed_document()) return absl::OkStatus();
  return base::Refuse(
      absl::StatusCode::kDataLoss, Reason::kLedgerForked,
      "{} was served as erased, with more than may remain of its kind, or is of one "
      "that stays whole; a newer release may know better",
      entry.name());
}

absl::StatusOr<sdk::VerifiedEntry> VerifyAlone(sdk::Client& client,
                                               const exchange::v1::Entry& entry,
                                               document::Verifier& verifier) {
  exchange::v1::Leaf leaf;
  leaf.ParseFromString(entry.leaf());
  const std::string& ledger = leaf.stamp().ledger();
  const auto& directory = client.agency().directory();
  ENTENTE_ASSIGN_OR_RETURN(auto verified,
                           sdk::VerifyEntry(client.group(), ledger, entry, verifier, directory));
  if (!verified.erased()) return verified;
  exchange::v1::GetEntryRequest request;
  request.set_ledger(ledger);
  request.set_index(entry.erased_at());
  grpc::ClientContext context;
  exchange::v1::GetEntryResponse order;
  ENTENTE_RETURN_IF_ERROR(rpc::FromGrpcStatus(client.stub().GetEntry(&context, request, &order)));
  ENTENTE_ASSIGN_OR_RETURN(
      const auto erasure,
      sdk::VerifyEntry(client.group(), ledger, order.entry(), verifier, directory));
  ENTENTE_RETURN_IF_ERROR(sdk::CheckOrders(erasure, verified));
  ENTENTE_RETURN_IF_ERROR(CheckRemains(client.group(), verified));
  verified.ordered_by = erasure.agency();
  return verified;
}

absl::StatusOr<std::vector<sdk::VerifiedEntry>> FetchChain(sdk::Client& client,
                                                           const std::string& name) {
  const auto broken = [&](std::string_view why) {
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                        "the service's answer about {} is no chain of documents: {}", name, why);
  };
  document::Verifier verifier;
  std::vector<sdk::VerifiedEntry> chain;
  exchange::v1::ListRevisionsRequest request;
  request.set_name(name);
  do {
    grpc::ClientContext context;
    exchange::v1::ListRevisionsResponse page;
    ENTENTE_RETURN_IF_ERROR(
        rpc::FromGrpcStatus(client.stub().ListRevisions(&context, request, &page)));
    for (const auto& entry : page.revisions()) {
      ENTENTE_ASSIGN_OR_RETURN(auto verified, VerifyAlone(client, entry, verifier));
      const std::string expected =
          chain.empty() ? name : fmt::format("{}/revisions/{}", name, chain.size() + 1);
      if (verified.name() != expected) return broken("a name is not the one asked for");
      if (!chain.empty()) {
        const bool follows =
            Names(verified, exchange::v1::Reference::RELATION_SUPERSEDES, [&](const auto& before) {
              return before.digest() == chain.back().leaf.document_digest();
            });
        if (!follows) return broken("a document does not name the one before it");
        if (verified.ledger != chain[0].ledger) return broken("its audience changes");
      }
      chain.push_back(std::move(verified));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (chain.empty()) return broken("it is empty");
  return chain;
}

absl::StatusOr<std::vector<sdk::VerifiedEntry>> FetchAnswers(sdk::Client& client,
                                                             const std::string& name) {
  document::Verifier verifier;
  std::vector<sdk::VerifiedEntry> answers;
  std::set<std::string> said_to = {name};
  exchange::v1::ListAnswersRequest request;
  request.set_name(name);
  do {
    grpc::ClientContext context;
    exchange::v1::ListAnswersResponse page;
    ENTENTE_RETURN_IF_ERROR(
        rpc::FromGrpcStatus(client.stub().ListAnswers(&context, request, &page)));
    for (const auto& entry : page.answers()) {
      ENTENTE_ASSIGN_OR_RETURN(auto verified, VerifyAlone(client, entry, verifier));
      said_to.insert(verified.name());
      answers.push_back(std::move(verified));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  for (const sdk::VerifiedEntry& answer : answers) {
    // What a document says counts for what it names itself. An answer to an answer may name one
    // that is not released to the reader; it says nothing of the chain then but that it was said.
    const bool about =
        Names(answer, exchange::v1::Reference::RELATION_ANSWERS, [&](const auto& reference) {
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
  std::stable_sort(answers.begin(), answers.end(), sdk::RecordedBefore);
  return answers;
}

exchange::v1::Document ComposeNext(const sdk::Client& client,
                                   const std::vector<sdk::VerifiedEntry>& chain,
                                   const std::string& name, const std::string& reference) {
  exchange::v1::Document document;
  document.set_originator(client.agency().name().str());
  const std::string number = name.substr(name.rfind('/') + 1);
  document.set_reference(!reference.empty()
                             ? reference
                             : fmt::format("{}.{}", number.substr(0, 58), chain.size() + 1));
  entry::SetTime(base::SystemClock().Now(), document.mutable_composed_time());
  *document.mutable_audience() = chain[0].document.audience();
  *document.mutable_marking() = chain.back().document.marking();
  auto* link = document.add_references();
  link->set_relation(exchange::v1::Reference::RELATION_SUPERSEDES);
  link->set_name(name);
  link->set_digest(chain.back().leaf.document_digest());
  return document;
}

absl::StatusOr<exchange::v1::Document> ComposeFromFile(const sdk::Client& client,
                                                       const std::vector<sdk::VerifiedEntry>& chain,
                                                       const std::string& name,
                                                       const std::string& reference,
                                                       const std::string& file) {
  exchange::v1::Document given;
  ENTENTE_RETURN_IF_ERROR(FromJsonFile(file, given));
  exchange::v1::Document document = ComposeNext(client, chain, name, reference);
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

}  // namespace entente::cli
