#include "services/iem/matter_service.h"

#include <algorithm>

#include "services/core/base/status.h"
#include "services/core/feed/feed.h"
#include "services/core/rpc/list.h"
#include "services/iem/register/group.h"

namespace entente::iem {
namespace {

// Whether a matter's newest content, its state and its originator are what every clause asks for.
bool Matches(const MatterRegister& reg, const Matter& matter,
             const std::vector<std::pair<std::string, std::string>>& clauses) {
  return std::all_of(clauses.begin(), clauses.end(), [&](const auto& clause) {
    const auto& [name, value] = clause;
    if (name == "originator") return matter.originator_state() == value;
    if (name == "kind") return MatterRegister::KindOf(matter) == value;
    if (name == "iem.state") return MatterRegister::StateOf(matter) == value;
    return reg.book().Has(matter.facts, name, value);
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
  uint64_t content = 0;  // the newest

  // Of what completes it, in FillIn's order.
  std::vector<uint64_t> positions() const {
    return first == content ? std::vector{content} : std::vector{content, first};
  }
};

MatterServiceImpl::Found MatterServiceImpl::Copy(const Matter& matter,
                                                 const rpc::Caller& caller) const {
  const machine::Reader reader = caller.reader();
  const absl::Time now = backend_.clock.Now();
  const machine::Chain& chain = *matter.chain;
  Found found;
  v1::Matter& out = found.matter;
  out.set_name(std::string(chain.name()));
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

absl::Status MatterServiceImpl::FillIn(const Found& found, rpc::RecordReader& records,
                                       v1::Matter& out) {
  ENTENTE_ASSIGN_OR_RETURN(auto content, records.NextDocument());
  out = found.matter;
  *out.mutable_marking() = content.header.marking();
  out.mutable_body()->Swap(content.header.mutable_body());
  if (found.first == found.content) {
    out.set_originator(content.header.originator());
    return absl::OkStatus();
  }
  ENTENTE_ASSIGN_OR_RETURN(const auto first, records.NextDocument());
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
        rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    const Matter* matter = register_.Find(request.name(), caller.reader());
    if (matter == nullptr || matter->name() != request.name()) return rpc::NotFound(request.name());
    found = Copy(*matter, caller);
  }
  rpc::RecordReader records(backend_.journal, found.positions());
  return FillIn(found, records, *response.mutable_matter());
}

absl::Status MatterServiceImpl::ListMatters(const rpc::Caller& caller,
                                            const v1::ListMattersRequest& request,
                                            v1::ListMattersResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const auto filter, feed::Filter::Parse(request.filter(), register_));
  const auto& clauses = filter.clauses();
  const auto narrows = std::find_if(clauses.begin(), clauses.end(), [](const auto& clause) {
    return clause.first == "originator";
  });
  const std::string originator = narrows == clauses.end() ? "" : narrows->second;
  return rpc::List<Found>(
      backend_, caller.reader(), "matters " + request.filter(), request, response,
      [&](const machine::Chain* start, rpc::Page<Found>& page) {
        register_.Visit(caller.reader(), originator, start, [&](const Matter& matter) {
          if (!page.Look(matter.name())) return false;
          if (!Matches(register_, matter, clauses)) return true;
          Found copied = Copy(matter, caller);
          const auto positions = copied.positions();
          page.Add(std::move(copied), positions);
          return true;
        });
      },
      [&](const Found& found, rpc::RecordReader& records,
          auto& out) -> absl::StatusOr<const v1::Matter*> {
        v1::Matter* matter = out.add_matters();
        ENTENTE_RETURN_IF_ERROR(FillIn(found, records, *matter));
        return matter;
      });
}

void MatterServiceImpl::AddTo(rpc::Router& router) {
  router.Read("/entente.iem.v1.MatterService/GetMatter", this, &MatterServiceImpl::GetMatter);
  router.Read("/entente.iem.v1.MatterService/ListMatters", this, &MatterServiceImpl::ListMatters);
}

}  // namespace entente::iem
