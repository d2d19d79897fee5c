#include "clients/sdk/tem/proposals.h"

#include <algorithm>
#include <deque>
#include <map>

#include "clients/sdk/calls.h"
#include "clients/sdk/tem/editions.h"
#include "entente/tem/v1/proposal_service.grpc.pb.h"
#include "services/core/base/status.h"
#include "services/tem/agreement/agreement.h"
#include "services/tem/annex/assembly.h"

namespace entente::sdk {
namespace {

using base::Reason;
using Stub = tem::v1::ProposalService::Stub;

constexpr int kPageSize = 500;

absl::Status Forged(const std::string& what, std::string_view why) {
  return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked, "{}: {}", what, why);
}

absl::Status NotAgreed(const std::string& text) {
  return base::MakeRefusal(absl::StatusCode::kFailedPrecondition, Reason::kProcedureForbids, text);
}

bool Contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// By number, each once.
absl::StatusOr<std::vector<tem::v1::ProposalView>> ViewsOf(const Client& client,
                                                           const std::vector<std::string>& names) {
  std::vector<tem::v1::ProposalView> views;
  for (const std::string& name : names) {
    ENTENTE_ASSIGN_OR_RETURN(auto view, FetchProposalView(client, name));
    views.push_back(std::move(view));
  }
  if (names.empty()) {
    ENTENTE_RETURN_IF_ERROR(ForEachProposal(client, "tem.state=agreed", [&](const auto& view) {
      views.push_back(view);
      return true;
    }));
  }
  std::sort(views.begin(), views.end(),
            [](const auto& a, const auto& b) { return a.number() < b.number(); });
  return views;
}

}  // namespace

absl::StatusOr<VerifiedProposal> FetchProposal(const Client& client, const std::string& name) {
  VerifiedProposal result;
  result.name = name;
  ENTENTE_ASSIGN_OR_RETURN(result.chain, FetchChain(client, name));
  auto newest = FindNewest<tem::v1::Proposal>(result.chain);
  if (!newest.has_value()) return Forged(name, "has no text");
  result.body = std::move(newest->body);
  result.text_digest = newest->entry->leaf.document_digest();
  return result;
}

absl::StatusOr<tem::v1::ProposalView> FetchProposalView(const Client& client,
                                                        const std::string& name) {
  tem::v1::GetProposalRequest request;
  request.set_name(name);
  ENTENTE_ASSIGN_OR_RETURN(auto response, Call(client, &Stub::GetProposal, request));
  if (response.proposal().name() != name) return Forged(name, "the service answers with another");
  return std::move(*response.mutable_proposal());
}

absl::Status ForEachProposal(const Client& client, const std::string& filter,
                             const std::function<bool(const tem::v1::ProposalView&)>& take) {
  tem::v1::ListProposalsRequest request;
  request.set_filter(filter);
  request.set_page_size(kPageSize);
  return ForEachPage(client, &Stub::ListProposals, request,
                     [&](tem::v1::ListProposalsResponse& page) -> absl::StatusOr<bool> {
                       for (const auto& view : page.proposals()) {
                         if (!take(view)) return false;
                       }
                       return true;
                     });
}

absl::StatusOr<std::string> MeetingThatAgreed(const Client& client,
                                              const VerifiedProposal& proposal,
                                              const AgreementRules& rules) {
  const auto& directory = client.agency().directory();
  ENTENTE_ASSIGN_OR_RETURN(const auto answers, FetchAnswers(client, proposal.name));
  const TextStanding standing = StandingOf(
      answers, proposal.chain[0].originator().state, proposal.text_digest,
      [&](const VerifiedEntry& entry) {
        return directory.ChairedAt(entry.agency(), "tem", entry.leaf.stamp().directory_serial());
      });
  // The agreement again, by the partners that the service noted in its stamp then. That is the
  // host's word: whom it leaves out would have no say.
  for (const std::string& state : directory.partners()) {
    if (standing.meeting.empty() || Contains(standing.partners, state) ||
        Contains(rules.joined_later, state)) {
      continue;
    }
    return NotAgreed(fmt::format(
        "{} was concluded without {}, a partner by your directory; if it joined later, say so with "
        "--joined-later {}",
        proposal.name, state, state));
  }
  const auto agreement =
      tem::Agree(standing.positions, standing.sponsors, standing.partners, rules.tem);
  if (agreement.agreed && !standing.meeting.empty()) return standing.meeting;
  return NotAgreed(fmt::format("{} is not agreed by what its readers have signed", proposal.name));
}

absl::StatusOr<EditionDraft> AssembleEdition(const Client& client, const std::string& edition,
                                             const std::vector<std::string>& proposals,
                                             const AgreementRules& rules) {
  ENTENTE_ASSIGN_OR_RETURN(const auto base, FetchEdition(client, ""));
  ENTENTE_ASSIGN_OR_RETURN(const auto views, ViewsOf(client, proposals));
  if (views.empty()) return NotAgreed("no agreed proposal waits for an edition");
  EditionDraft draft;
  std::deque<VerifiedProposal> kept;  // the parts point into them
  std::map<std::string, VerifiedEdition> editions;
  std::vector<tem::annex::Part> parts;
  for (const tem::v1::ProposalView& view : views) {
    ENTENTE_ASSIGN_OR_RETURN(auto fetched, FetchProposal(client, view.name()));
    const VerifiedProposal& proposal = kept.emplace_back(std::move(fetched));
    ENTENTE_ASSIGN_OR_RETURN(const std::string meeting, MeetingThatAgreed(client, proposal, rules));
    const std::string& written_for = proposal.body.edition();
    const tem::annex::Edition* content = &base.content;
    if (written_for != base.proto.edition()) {
      if (!editions.contains(written_for)) {
        ENTENTE_ASSIGN_OR_RETURN(auto older, FetchEdition(client, written_for));
        editions.emplace(written_for, std::move(older));
      }
      content = &editions.at(written_for).content;
    }
    parts.push_back({proposal.name, view.number(), meeting, &proposal.body, content});
    auto& named = *draft.approval.add_proposals();
    named.set_name(proposal.name);
    named.set_digest(proposal.text_digest);
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto assembly,
                           tem::annex::Assemble(base.content, parts, "proposals"));
  draft.edition.set_edition(edition);
  draft.edition.set_title(base.proto.title());
  draft.edition.set_base(base.proto.edition());
  draft.edition.set_language(base.proto.language());
  assembly.edition.AddNodesTo(draft.edition.mutable_nodes());
  for (const auto& line : assembly.amendments) *draft.edition.add_amendments() = line;
  draft.approval.set_edition(edition);
  draft.approval.set_base(draft.edition.base());
  draft.approval.set_content_digest(tem::annex::ContentDigest(draft.edition).str());
  return draft;
}

}  // namespace entente::sdk
