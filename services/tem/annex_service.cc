#include "services/tem/annex_service.h"

#include <algorithm>
#include <tuple>

#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/entry/audience.h"
#include "services/core/rpc/reading.h"

namespace entente::tem {
namespace {

constexpr size_t kRelationsMax = 20000;  // looked at for one question

std::string Today(const base::Clock& clock) {
  return absl::FormatTime("%Y-%m-%d", clock.Now(), absl::UTCTimeZone());
}

// The order of an answer's relations; of a crosswalk's rows no two have the same.
using Rank =
    std::tuple<int, std::string_view, std::string_view, std::string_view, std::string_view>;

Rank RankOf(const v1::CodeRelation& one, const annex::Edition& edition) {
  return {edition.Find(one.node()), one.jurisdiction(), one.code(), one.crosswalk(),
          one.valid_from_date()};
}

// In a page token; no text that was recorded holds it.
constexpr char kSeparator = '\x1f';

// A page token's words: the relation that ended the page.
std::string WordsOf(const v1::CodeRelation& one) {
  return fmt::format("{1}{0}{2}{0}{3}{0}{4}{0}{5}", kSeparator, one.node(), one.jurisdiction(),
                     one.code(), one.crosswalk(), one.valid_from_date());
}

}  // namespace

absl::StatusOr<const EditionState*> AnnexServiceImpl::Edition(const std::string& edition) const {
  const EditionState* found = register_.FindEdition(edition);
  if (found == nullptr) return rpc::NotFound(edition.empty() ? "an edition" : edition);
  return found;
}

absl::Status AnnexServiceImpl::ListEditions(const rpc::Caller& caller,
                                            const v1::ListEditionsRequest& request,
                                            v1::ListEditionsResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  ENTENTE_RETURN_IF_ERROR(rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
  const auto& editions = register_.editions();
  for (auto it = editions.rbegin(); it != editions.rend(); ++it) {
    const EditionState& state = *it->second;
    v1::EditionSummary& out = *response.add_editions();
    out.set_edition(state.edition);
    out.set_title(state.title);
    out.set_base(state.base);
    out.set_nodes(static_cast<int>(state.content.size()));
    out.set_name(std::string(state.chain->name()));
    entry::SetTime(absl::FromUnixMicros(state.chain->recorded_micros), out.mutable_recorded_time());
  }
  return absl::OkStatus();
}

absl::Status AnnexServiceImpl::GetEdition(const rpc::Caller& caller,
                                          const v1::GetEditionRequest& request,
                                          v1::GetEditionResponse& response) const {
  uint64_t position = 0;
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(
        rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    ENTENTE_ASSIGN_OR_RETURN(const EditionState* state, Edition(request.edition()));
    position = state->chain->positions[0];
  }
  return rpc::RecordReader(backend_.journal, {position}).NextEntry(*response.mutable_entry());
}

absl::Status AnnexServiceImpl::GetNode(const rpc::Caller& caller, const v1::GetNodeRequest& request,
                                       v1::GetNodeResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  ENTENTE_RETURN_IF_ERROR(rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
  std::string id = request.id();
  if (id.empty()) {
    ENTENTE_ASSIGN_OR_RETURN(const EditionState* edition, Edition(request.edition()));
    const int at = edition->content.FindPath(request.path());
    if (at < 0) return rpc::NotFound(edition->edition + " " + request.path());
    id = edition->content[at].node->id;
  }
  for (const auto& [name, state] : register_.editions()) {
    const int at = state->content.Find(id);
    if (at < 0) continue;
    const auto& place = state->content[at];
    v1::NodeAt& out = *response.add_places();
    out.set_edition(name);
    v1::AnnexNode& node = *out.mutable_node();
    node.set_id(id);
    node.set_path(place.path);
    node.set_kind(place.node->kind);
    node.set_category(place.node->category);
    node.set_reserved(place.node->reserved);
    node.set_text(place.node->text);
    for (const std::string& one : place.node->cross_references) node.add_cross_references(one);
  }
  if (response.places().empty()) return rpc::NotFound(id);
  response.set_id(id);
  return absl::OkStatus();
}

absl::Status AnnexServiceImpl::DiffEditions(const rpc::Caller& caller,
                                            const v1::DiffEditionsRequest& request,
                                            v1::DiffEditionsResponse& response) const {
  if (request.old_edition().empty() || request.new_edition().empty()) {
    return base::RefuseArgument(base::Reason::kFieldInvalid, "old_edition, new_edition: name both");
  }
  const EditionState* before = nullptr;
  const EditionState* after = nullptr;
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(
        rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    ENTENTE_ASSIGN_OR_RETURN(before, Edition(request.old_edition()));
    ENTENTE_ASSIGN_OR_RETURN(after, Edition(request.new_edition()));
  }
  for (auto& difference : annex::Compare(before->content, after->content)) {
    *response.add_differences() = std::move(difference);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::CodeRelation>> AnnexServiceImpl::Relations(
    const machine::Reader& reader, const v1::FindCodesRequest& request,
    const EditionState& state) const {
  const annex::Edition& edition = state.content;
  std::vector<v1::CodeRelation> found;
  const auto take = [&](const CrosswalkRecord& crosswalk, const CrosswalkRecord::Row& row) {
    if ((!request.jurisdiction().empty() && crosswalk.jurisdiction != request.jurisdiction()) ||
        !CrosswalkRecord::ValidAt(row, request.date()) || found.size() >= kRelationsMax) {
      return;
    }
    v1::CodeRelation& out = found.emplace_back();
    out.set_node(row.node);
    const int at = edition.Find(row.node);
    if (at >= 0) out.set_path(edition[at].path);
    out.set_jurisdiction(crosswalk.jurisdiction);
    out.set_code(row.code);
    out.set_national_edition(crosswalk.national_edition);
    out.set_relation(row.relation);
    out.set_valid_from_date(row.valid_from);
    out.set_valid_until_date(row.valid_until);
    out.set_source(crosswalk.source);
    out.set_crosswalk(std::string(crosswalk.chain->name()));
  };
  if (!request.code().empty()) {
    register_.crosswalks().OfCode(reader, request.code(), take);
  } else {
    const int at = edition.FindPath(request.path());
    if (at < 0) return rpc::NotFound(state.edition + " " + request.path());
    for (int i = at; i < edition[at].end; ++i) {
      register_.crosswalks().OfNode(reader, edition[i].node->id, take);
    }
  }
  if (found.size() < kRelationsMax) return found;
  return base::RefuseArgument(base::Reason::kFieldInvalid,
                              "path: gives {} relations or more; ask for less of the list, or for "
                              "one jurisdiction",
                              kRelationsMax);
}

absl::Status AnnexServiceImpl::FindCodes(const rpc::Caller& caller,
                                         const v1::FindCodesRequest& request,
                                         v1::FindCodesResponse& response) const {
  if (request.path().empty() == request.code().empty()) {
    return base::RefuseArgument(base::Reason::kFieldInvalid, "path, code: name one of them");
  }
  ENTENTE_ASSIGN_OR_RETURN(const int limit, rpc::PageSize(request.page_size()));
  const EditionState* state = nullptr;
  std::vector<v1::CodeRelation> found;
  {
    std::shared_lock lock(backend_.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(
        rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
    ENTENTE_ASSIGN_OR_RETURN(state, Edition(request.edition()));
    ENTENTE_ASSIGN_OR_RETURN(found, Relations(caller.reader(), request, *state));
  }
  const annex::Edition& edition = state->content;
  std::sort(found.begin(), found.end(),
            [&](const auto& a, const auto& b) { return RankOf(a, edition) < RankOf(b, edition); });
  const std::string key = fmt::format("codes {} {} {} {} {}", request.path(), request.code(),
                                      state->edition, request.jurisdiction(), request.date());
  ENTENTE_ASSIGN_OR_RETURN(const std::string last, rpc::OpenPageToken(key, request.page_token()));
  auto next = found.begin();
  if (!last.empty()) {
    const auto words = base::Split(last, kSeparator);
    if (words.size() != 5) return rpc::BadPageToken();
    const Rank ended{edition.Find(std::string(words[0])), words[1], words[2], words[3], words[4]};
    next = std::upper_bound(next, found.end(), ended, [&](const Rank& rank, const auto& one) {
      return rank < RankOf(one, edition);
    });
  }
  for (; next != found.end() && response.relations_size() < limit; ++next) {
    *response.add_relations() = std::move(*next);
  }
  if (next != found.end()) {
    response.set_next_page_token(
        rpc::MakePageToken(key, WordsOf(response.relations(response.relations_size() - 1))));
  }
  return absl::OkStatus();
}

absl::Status AnnexServiceImpl::ListImplementations(
    const rpc::Caller& caller, const v1::ListImplementationsRequest& request,
    v1::ListImplementationsResponse& response) const {
  const std::string today = Today(backend_.clock);
  const machine::Reader reader = caller.reader();
  std::shared_lock lock(backend_.machine.mutex());
  ENTENTE_RETURN_IF_ERROR(rpc::AnswerAtHeads(backend_.machine, reader, request, response));
  if (!request.edition().empty() && register_.FindEdition(request.edition()) == nullptr) {
    return rpc::NotFound(request.edition());
  }
  const auto& editions = register_.editions();
  for (auto it = editions.rbegin(); it != editions.rend(); ++it) {
    if (!request.edition().empty() && it->first != request.edition()) continue;
    for (const std::string& state : caller.directory->partners()) {
      v1::Implementation& out = *response.add_implementations();
      out.set_edition(it->first);
      out.set_state(state);
      auto said = register_.implementations().find({it->first, state});
      if (said == register_.implementations().end()) continue;
      const ImplementationState* newest = nullptr;
      for (const ImplementationState& one : said->second) {
        if (!entry::Includes(one.chain->audience(), reader.state, reader.is_partner)) continue;
        if (newest == nullptr || machine::Before(*newest->chain, *one.chain)) newest = &one;
      }
      if (newest == nullptr) continue;
      *out.mutable_status() = newest->status;
      entry::SetTime(absl::FromUnixMicros(newest->chain->recorded_micros),
                     out.mutable_recorded_time());
      out.set_in_force(newest->status.state() == v1::IMPLEMENTATION_STATE_IN_FORCE &&
                       newest->status.in_force_date() <= today);
    }
  }
  return absl::OkStatus();
}

void AnnexServiceImpl::AddTo(rpc::Router& router) {
  router.Read("/entente.tem.v1.AnnexService/ListEditions", this, &AnnexServiceImpl::ListEditions);
  router.Read("/entente.tem.v1.AnnexService/GetEdition", this, &AnnexServiceImpl::GetEdition);
  router.Read("/entente.tem.v1.AnnexService/GetNode", this, &AnnexServiceImpl::GetNode);
  router.Read("/entente.tem.v1.AnnexService/DiffEditions", this, &AnnexServiceImpl::DiffEditions);
  router.Read("/entente.tem.v1.AnnexService/FindCodes", this, &AnnexServiceImpl::FindCodes);
  router.Read("/entente.tem.v1.AnnexService/ListImplementations", this,
              &AnnexServiceImpl::ListImplementations);
}

}  // namespace entente::tem
