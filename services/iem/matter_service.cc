#include "services/iem/matter_service.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/feed/feed.h"
#include "services/core/rpc/reading.h"
#include "services/iem/register/group.h"

namespace entente::iem {
namespace {

// Whether a matter's newest content, its state and its originator are what every clause asks for.
bool Matches(const Matter& matter,
             const std::vector<std::pair<std::string, std::string>>& clauses) {
  return std::all_of(clauses.begin(), clauses.end(), [&](const auto& clause) {
    const auto& [name, value] = clause;
    if (name == "originator") return matter.originator_state() == value;
    if (name == "iem.state") return MatterRegister::StateOf(matter) == value;
    return std::find(matter.facts.begin(), matter.facts.end(), name + "=" + value) !=
           matter.facts.end();
  });
}

}  // namespace

rpc::GroupModule IemModule() {
  return {.group = kIem, .make_services = [](rpc::Backend& backend, machine::Register& reg) {
            std::vector<std::unique_ptr<rpc::Service>> services;
            services.push_back(std::make_unique<MatterServiceImpl>(
                backend, static_cast<const MatterRegister&>(reg)));
            return services;
          }};
}

struct MatterServiceImpl::Found {
  v1::Matter matter;  // all but what only the documents say
  uint64_t first = 0;
  uint64_t content = 0;
};

MatterServiceImpl::Found MatterServiceImpl::Copy(const Matter& matter,
                                                 const rpc::Caller& caller) const {
  const machine::Reader reader = caller.reader();
  const absl::Time now = backend_.clock.Now();
  const machine::Chain& chain = *matter.chain;
  Found found;
  v1::Matter& out = found.matter;
  out.set_name(chain.name);
  out.set_etag(chain.tip.str());
  out.set_revision(static_cast<int>(chain.positions.size()));
  out.set_state(matter.state);
  *out.mutable_audience() = chain.audience();
  entry::SetTime(absl::FromUnixMicros(chain.recorded_micros), out.mutable_recorded_time());
  entry::SetTime(absl::FromUnixMicros(chain.updated_micros), out.mutable_updated_time());
  out.set_stale(matter.review_micros != 0 && matter.state == v1::MATTER_STATE_OPEN &&
                absl::ToUnixMicros(now) > matter.review_micros);
  if (matter.kind == MatterKind::kRequest) {
    for (auto& status : register_.Addressees(matter, reader, caller.directory->partners(), now)) {
      *out.add_addressees() = std::move(status);
    }
  }
  if (matter.kind == MatterKind::kRelease) {
    std::vector<std::string> states;
    out.set_release_outcome(register_.OutcomeOf(matter, reader, now, states));
    for (std::string& state : states) out.add_released_states(std::move(state));
  }
  if (matter.originator_state() == reader.state) {
    for (auto& owed : register_.Unacknowledged(matter, caller.directory->partners())) {
      if (owed.due < now) out.add_unacknowledged_states(std::move(owed.state));
    }
  }
  found.first = chain.positions[0];
  found.content = chain.positions[matter.content_at];
  return found;
}

absl::Status MatterServiceImpl::FillIn(const Found& found, v1::Matter& out) const {
  ENTENTE_ASSIGN_OR_RETURN(auto content, rpc::ReadDocument(backend_.journal, found.content));
  out = found.matter;
  *out.mutable_marking() = content.header.marking();
  out.mutable_body()->Swap(content.header.mutable_body());
  if (found.first == found.content) {
    out.set_originator(content.header.originator());
    return absl::OkStatus();
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto first, rpc::ReadDocument(backend_.journal, found.first));
  out.set_originator(first.header.originator());
  return absl::OkStatus();
}

absl::Status MatterServiceImpl::GetMatter(const rpc::Caller& caller,
                                          const v1::GetMatterRequest& request,
                                          v1::GetMatterResponse& response) const {
  Found found;
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(
        rpc::CheckAtLeast(backend_.machine, caller.reader(), request.at_least()));
    const Matter* matter = register_.Find(request.name(), caller.reader());
    if (matter == nullptr || matter->name() != request.name()) return rpc::NotFound(request.name());
    found = Copy(*matter, caller);
    rpc::AddHeads(backend_.machine, caller.reader(), response.mutable_heads());
  }
  return FillIn(found, *response.mutable_matter());
}

absl::Status MatterServiceImpl::ListMatters(const rpc::Caller& caller,
                                            const v1::ListMattersRequest& request,
                                            v1::ListMattersResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const auto filter,
                           feed::Filter::Parse(request.filter(), register_.FactNames()));
  ENTENTE_ASSIGN_OR_RETURN(const int limit, rpc::PageSize(request.page_size()));
  const std::string key = "matters " + request.filter();
  ENTENTE_ASSIGN_OR_RETURN(const std::string after, rpc::OpenPageToken(key, request.page_token()));
  const auto& clauses = filter.clauses();
  std::vector<Found> page;
  std::string last;
  bool more = false;
  {
    std::shared_lock lock(backend_.machine.mutex());
    const machine::Reader reader = caller.reader();
    ENTENTE_RETURN_IF_ERROR(rpc::CheckAtLeast(backend_.machine, reader, request.at_least()));
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* start,
                             rpc::OpenChainToken(backend_.machine, reader, after));
    // The first clause narrows, whichever it is: a choice by length would tell of lengths.
    const std::string fact =
        clauses.empty() ? "" : clauses.front().first + "=" + clauses.front().second;
    size_t looked = 0;
    register_.Visit(reader, fact, start, [&](const Matter& matter) {
      more = page.size() == static_cast<size_t>(limit) || looked == rpc::kLookMax;
      if (more) return false;
      ++looked;
      last = matter.name();
      if (Matches(matter, clauses)) {
        page.push_back(Copy(matter, caller));
      }
      return true;
    });
    rpc::AddHeads(backend_.machine, reader, response.mutable_heads());
  }
  if (more) response.set_next_page_token(rpc::MakePageToken(key, last));
  size_t bytes = 0;
  for (const Found& found : page) {
    v1::Matter& matter = *response.add_matters();
    ENTENTE_RETURN_IF_ERROR(FillIn(found, matter));
    bytes += matter.ByteSizeLong();
    if (bytes > rpc::kPageBytesMax && &found != &page.back()) {
      response.set_next_page_token(rpc::MakePageToken(key, found.matter.name()));
      break;
    }
  }
  return absl::OkStatus();
}

void MatterServiceImpl::AddTo(rpc::Router& router) {
  router.Read("/entente.iem.v1.MatterService/GetMatter", this, &MatterServiceImpl::GetMatter);
  router.Read("/entente.iem.v1.MatterService/ListMatters", this, &MatterServiceImpl::ListMatters);
}

}  // namespace entente::iem
