#include "services/leem/denial_service.h"

#include "services/core/base/calendar.h"
#include "services/core/base/codes.h"
#include "services/core/base/status.h"
#include "services/core/rpc/list.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/fold_text.h"
#include "services/leem/annex_follower.h"
#include "services/leem/register/denial_rules.h"
#include "services/leem/register/group.h"

namespace entente::leem {
namespace {

// To read a document and look for a name in it costs a page as much as looking at so many denials.
constexpr size_t kReadCost = 100;

// What tells one filter from another.
std::string FilterKey(const v1::DenialFilter& filter) {
  return fmt::format("denials\n{}\n{}\n{}\n{}\n{}\n{}", filter.originator_state(),
                     filter.destination(), filter.entry_prefix(), filter.party_contains(),
                     static_cast<int>(filter.act()), ToCivil(filter.in_force_date()).str());
}

absl::StatusOr<DenialFilter> ToDenialFilter(const v1::DenialFilter& filter) {
  base::FieldViolations violations;
  if (!filter.originator_state().empty() && !base::IsCountry(filter.originator_state())) {
    violations.Add("filter.originator_state", "is not a lower-case ISO 3166-1 alpha-2 code");
  }
  if (!filter.destination().empty() && !base::IsCountry(filter.destination())) {
    violations.Add("filter.destination", "is not a lower-case ISO 3166-1 alpha-2 code");
  }
  rules::CheckText(filter.entry_prefix(), 0, rules::kEntryLettersMax, "filter.entry_prefix",
                   violations);
  rules::CheckText(filter.party_contains(), 0, 100, "filter.party_contains", violations);
  if (filter.has_in_force_date() && !ToCivil(filter.in_force_date()).Valid()) {
    violations.Add("filter.in_force_date", "is no such day");
  }
  if (!v1::DenialAct_IsValid(filter.act())) violations.Add("filter.act", "is unknown");
  ENTENTE_RETURN_IF_ERROR(violations.ToStatus());
  DenialFilter result{filter.originator_state(), filter.destination(), filter.entry_prefix(),
                      filter.party_contains(),   filter.act(),         {}};
  if (filter.has_in_force_date()) result.in_force_date = ToCivil(filter.in_force_date());
  return result;
}

// What queries answer from the register itself, under the machine's lock; a denial's names and
// facts, which may be many, stay where they are.
void CopyDenial(const Denial& denial, v1::Denial& out) {
  const machine::Chain& chain = *denial.chain;
  out.set_name(std::string(chain.name()));
  out.set_etag(chain.tip.str());
  out.set_revision(static_cast<int>(chain.positions.size()));
  out.set_state(denial.standing.state);
  out.set_act(denial.standing.act);
  out.set_timeliness(denial.standing.timeliness);
  const base::CivilDate until = ValidUntil(denial.standing);
  if (!until.empty()) SetDate(until, out.mutable_valid_until());
  if (!denial.standing.ended.empty()) SetDate(denial.standing.ended, out.mutable_ended_date());
  *out.mutable_audience() = chain.audience();
  entry::SetTime(absl::FromUnixMicros(chain.updated_micros), out.mutable_updated_time());
}

}  // namespace

rpc::GroupModule LeemModule() {
  return {.group = kLeem,
          .make_services =
              [](rpc::Backend& backend, machine::Register& reg) {
                std::vector<std::unique_ptr<rpc::Service>> services;
                services.push_back(std::make_unique<DenialServiceImpl>(
                    backend, static_cast<const DenialRegister&>(reg)));
                return services;
              },
          .upstreams = {"tem"},
          .follow = [](const auto& config, const auto& upstream, const auto& directory,
                       machine::Register& reg) -> absl::StatusOr<std::shared_ptr<void>> {
            ENTENTE_ASSIGN_OR_RETURN(auto annex, AnnexFollower::Start(config, upstream, directory));
            static_cast<DenialRegister&>(reg).Consult(annex.get());
            return std::shared_ptr<AnnexFollower>(std::move(annex));
          }};
}

DenialServiceImpl::Found DenialServiceImpl::Copy(const Denial& denial) {
  const auto& positions = denial.chain->positions;
  Found found{.first = positions[0], .content = positions[denial.content_at]};
  CopyDenial(denial, found.denial);
  return found;
}

std::vector<uint64_t> DenialServiceImpl::Found::positions() const {
  return first == content ? std::vector{first} : std::vector{first, content};
}

absl::Status DenialServiceImpl::FillIn(Found found, rpc::RecordReader& records,
                                       v1::Denial& denial) {
  ENTENTE_ASSIGN_OR_RETURN(const auto first, records.NextDocument());
  denial.Swap(&found.denial);
  denial.set_originator(first.header.originator());
  *denial.mutable_composed_time() = first.header.composed_time();
  *denial.mutable_recorded_time() = first.leaf.stamp().recorded_time();
  const bool one = found.content == found.first;
  rpc::KeptDocument other;
  if (!one) {
    ENTENTE_ASSIGN_OR_RETURN(other, records.NextDocument());
  }
  const exchange::v1::Document& newest = one ? first.header : other.header;
  *denial.mutable_marking() = newest.marking();
  v1::DenialNotification notification;
  v1::DenialAmendment amendment;
  if (one && newest.body().UnpackTo(&notification)) {
    denial.mutable_content()->Swap(notification.mutable_content());
  } else if (newest.body().UnpackTo(&amendment)) {
    denial.mutable_content()->Swap(amendment.mutable_content());
  }
  return absl::OkStatus();
}

absl::Status DenialServiceImpl::GetDenial(const rpc::Caller& caller,
                                          const v1::GetDenialRequest& request,
                                          v1::GetDenialResponse& response) const {
  Found found;
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(
        rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    const Denial* denial = register_.Find(request.name(), caller.reader());
    if (denial == nullptr || denial->name() != request.name()) {
      return rpc::NotFound(request.name());
    }
    found = Copy(*denial);
  }
  rpc::RecordReader records(backend_.journal, found.positions());
  return FillIn(std::move(found), records, *response.mutable_denial());
}

absl::Status DenialServiceImpl::ListDenials(const rpc::Caller& caller,
                                            const v1::ListDenialsRequest& request,
                                            v1::ListDenialsResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const DenialFilter filter, ToDenialFilter(request.filter()));
  const std::string searched = rules::FoldText(filter.party_contains);
  return rpc::List<Found>(
      backend_, caller.reader(), FilterKey(request.filter()), request, response,
      [&](const machine::Chain* start, rpc::Page<Found>& page) {
        register_.Visit(filter, caller.reader(), start, [&](const Denial& denial, Match match) {
          if (!page.Look(denial.name())) return false;
          if (match == Match::kNo) return true;
          Found found = Copy(denial);
          found.names_unsure = match == Match::kMaybe;
          if (found.names_unsure) page.Charge(kReadCost);
          const auto positions = found.positions();
          page.Add(std::move(found), positions);
          return true;
        });
      },
      [&](Found found, rpc::RecordReader& records, auto& out) -> absl::StatusOr<const v1::Denial*> {
        const bool unsure = found.names_unsure;
        v1::Denial* denial = out.add_denials();
        ENTENTE_RETURN_IF_ERROR(FillIn(std::move(found), records, *denial));
        if (!unsure || FoldNames(denial->content()).find(searched) != std::string::npos) {
          return denial;
        }
        out.mutable_denials()->RemoveLast();
        return nullptr;
      });
}

void DenialServiceImpl::AddTo(rpc::Router& router) {
  router.Read("/entente.leem.v1.DenialService/GetDenial", this, &DenialServiceImpl::GetDenial);
  router.Read("/entente.leem.v1.DenialService/ListDenials", this, &DenialServiceImpl::ListDenials);
}

}  // namespace entente::leem
