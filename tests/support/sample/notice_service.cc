#include "tests/support/sample/notice_service.h"

#include <algorithm>

#include "services/core/feed/feed.h"
#include "services/core/rpc/list.h"
#include "tests/support/sample/group.h"

namespace entente::sample {
namespace {

v1::NoticeView View(const Notice& notice) {
  v1::NoticeView view;
  view.set_name(std::string(notice.name()));
  view.set_etag(notice.chain->tip.str());
  view.set_topic(notice.topic);
  view.set_text(notice.text);
  view.set_withdrawn(notice.withdrawn);
  *view.mutable_audience() = notice.chain->audience();
  entry::SetTime(absl::FromUnixMicros(notice.comment_micros), view.mutable_comment_time());
  return view;
}

bool Matches(const Notice& notice,
             const std::vector<std::pair<std::string, std::string>>& clauses) {
  return std::all_of(clauses.begin(), clauses.end(), [&](const auto& clause) {
    const auto& [name, value] = clause;
    if (name == "originator") return notice.chain->originator_state() == value;
    if (name == "sample.topic") return notice.topic == value;
    if (name == "sample.state") return NoticeRegister::StateOf(notice) == value;
    return name == "kind" && value == "Notice";
  });
}

}  // namespace

rpc::GroupModule SampleModule() {
  return {.group = kSample, .make_services = [](rpc::Backend& backend, machine::Register& reg) {
            std::vector<std::unique_ptr<rpc::Service>> services;
            services.push_back(std::make_unique<NoticeServiceImpl>(
                backend, static_cast<const NoticeRegister&>(reg)));
            return services;
          }};
}

absl::Status NoticeServiceImpl::GetNotice(const rpc::Caller& caller,
                                          const v1::GetNoticeRequest& request,
                                          v1::GetNoticeResponse& response) const {
  std::shared_lock lock(backend_.machine.mutex());
  ENTENTE_RETURN_IF_ERROR(rpc::AnswerAtHeads(backend_.machine, caller.reader(), request, response));
  const Notice* notice = register_.Find(request.name(), caller.reader());
  if (notice == nullptr || notice->name() != request.name()) return rpc::NotFound(request.name());
  *response.mutable_notice() = View(*notice);
  return absl::OkStatus();
}

absl::Status NoticeServiceImpl::ListNotices(const rpc::Caller& caller,
                                            const v1::ListNoticesRequest& request,
                                            v1::ListNoticesResponse& response) const {
  ENTENTE_ASSIGN_OR_RETURN(const auto filter, feed::Filter::Parse(request.filter(), register_));
  return rpc::List<v1::NoticeView>(
      backend_, caller.reader(), "notices " + request.filter(), request, response,
      [&](const machine::Chain* start, rpc::Page<v1::NoticeView>& page) {
        register_.Visit(caller.reader(), start, [&](const Notice& notice) {
          if (!page.Look(notice.name())) return false;
          if (Matches(notice, filter.clauses())) page.Add(View(notice));
          return true;
        });
      },
      [](v1::NoticeView found, rpc::RecordReader&,
         auto& out) -> absl::StatusOr<const v1::NoticeView*> {
        return &(*out.add_notices() = std::move(found));
      });
}

void NoticeServiceImpl::AddTo(rpc::Router& router) {
  router.Read("/entente.sample.v1.NoticeService/GetNotice", this, &NoticeServiceImpl::GetNotice);
  router.Read("/entente.sample.v1.NoticeService/ListNotices", this,
              &NoticeServiceImpl::ListNotices);
}

}  // namespace entente::sample
