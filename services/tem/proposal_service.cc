#include "services/tem/proposal_service.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/feed/feed.h"
#include "services/core/rpc/list.h"
#include "services/tem/annex_service.h"
#include "services/tem/register/group.h"

namespace entente::tem {
namespace {

// Whether a proposal has what every clause asks for.
bool Matches(const ProposalRecord& proposal, const std::multimap<std::string, std::string>& facts,
             const std::vector<std::pair<std::string, std::string>>& clauses) {
  return std::all_of(clauses.begin(), clauses.end(), [&](const auto& clause) {
    const std::string& name = clause.first;  // clang 14 captures no bindings
    const std::string& value = clause.second;
    if (name == "originator") return proposal.originator_state() == value;
    if (name == "kind") return value == "Proposal";
    const auto [begin, end] = facts.equal_range(name);
    return std::any_of(begin, end, [&](const auto& fact) { return fact.second == value; });
  });
}

}  // namespace

rpc::GroupModule TemModule() {
  return {.group = kTem, .make_services = [](rpc::Backend& backend, machine::Register& reg) {
            const auto& tem = static_cast<const TemRegister&>(reg);
            std::vector<std::unique_ptr<rpc::Service>> services;
            services.push_back(std::make_unique<ProposalServiceImpl>(backend, tem));
            services.push_back(std::make_unique<AnnexServiceImpl>(backend, tem));
            return services;
          }};
}

v1::ProposalView ProposalServiceImpl::View(const ProposalRecord& proposal,
                                           const rpc::Caller& caller, bool conflicts) const {
  const machine::Reader reader = caller.reader();
  v1::ProposalView view;
  view.set_name(std::string(proposal.name()));
  view.set_number(proposal.number);
  view.set_etag(proposal.chain->tip.str());
  view.set_revision(proposal.texts);
  view.set_state(proposal.state);
  for (const std::string& sponsor : proposal.sponsors) view.add_sponsors(sponsor);
  *view.mutable_audience() = proposal.chain->audience();
  *view.mutable_marking() = proposal.marking;
  entry::SetTime(absl::FromUnixMicros(proposal.chain->recorded_micros),
                 view.mutable_recorded_time());
  entry::SetTime(absl::FromUnixMicros(proposal.updated_micros), view.mutable_updated_time());
  *view.mutable_body() = proposal.body;
  for (const std::string& into : proposal.into) view.add_into(into);
  view.set_in_edition(proposal.in_edition);
  view.set_concluded_meeting(proposal.meeting);
  view.set_answers(
      static_cast<int>(backend_.machine.chains().AnswersTo(*proposal.chain, reader).size()));
  if (!conflicts) return view;
  for (const std::string& state : caller.directory->partners()) {
    if (!entry::Includes(proposal.chain->audience(), state, true)) continue;
    v1::StatePosition& position = *view.add_positions();
    position.set_state(state);
    auto it = proposal.stances.find(state);
    if (it == proposal.stances.end()) continue;
    position.set_kind(it->second.kind);
    position.set_text(it->second.text);
    entry::SetTime(absl::FromUnixMicros(it->second.recorded_micros),
                   position.mutable_recorded_time());
  }
  const Agreement agreement = register_.AgreementOn(proposal, caller.directory->partners());
  view.set_agreed(agreement.agreed);
  for (const std::string& why : agreement.in_the_way) view.add_in_the_way(why);
  for (v1::Conflict& one : register_.Conflicts(proposal, reader)) {
    *view.add_conflicts() = std::move(one);
  }
  const EditionState* newest = register_.FindEdition("");
  const EditionState* own = register_.FindEdition(proposal.body.edition());
  if (newest != nullptr && own != nullptr && newest != own && proposal.live()) {
    view.set_newer_edition(newest->edition);
    for (auto& one : annex::Rebase(own->content, newest->content, proposal.body.changes())) {
      *view.add_rebase_conflicts() = std::move(one);
    }
  }
  return view;
}

absl::Status ProposalServiceImpl::GetProposal(const rpc::Caller& caller,
                                              const v1::GetProposalRequest& request,
                                              v1::GetProposalResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  ENTENTE_RETURN_IF_ERROR(rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
  const ProposalRecord* proposal = register_.Find(request.name(), caller.reader());
  if (proposal == nullptr || proposal->name() != request.name())
    return rpc::NotFound(request.name());
  *response.mutable_proposal() = View(*proposal, caller, true);
  return absl::OkStatus();
}

absl::Status ProposalServiceImpl::ListProposals(const rpc::Caller& caller,
                                                const v1::ListProposalsRequest& request,
                                                v1::ListProposalsResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const auto filter, feed::Filter::Parse(request.filter(), register_));
  return rpc::List<v1::ProposalView>(
      backend_, caller.reader(), "proposals " + request.filter(), request, response,
      [&](const machine::Chain* start, rpc::Page<v1::ProposalView>& page) {
        size_t bytes = 0;
        register_.Visit(caller.reader(), start, [&](const ProposalRecord& proposal) {
          // A view is all in memory already: no more of them are made than an answer holds.
          if (bytes > rpc::kPageBytesMax) page.Close();
          if (!page.Look(proposal.name())) return false;
          if (Matches(proposal, register_.Facts(proposal.name()), filter.clauses())) {
            auto view = View(proposal, caller, false);
            bytes += view.ByteSizeLong();
            page.Add(std::move(view));
          }
          return true;
        });
      },
      [](v1::ProposalView found, rpc::RecordReader&,
         auto& out) -> absl::StatusOr<const v1::ProposalView*> {
        return &(*out.add_proposals() = std::move(found));
      });
}

void ProposalServiceImpl::AddTo(rpc::Router& router) {
  router.Read("/entente.tem.v1.ProposalService/GetProposal", this,
              &ProposalServiceImpl::GetProposal);
  router.Read("/entente.tem.v1.ProposalService/ListProposals", this,
              &ProposalServiceImpl::ListProposals);
}

}  // namespace entente::tem
