// entente.sample.v1.NoticeService over the notices, and the sample group as a module of a server.
#ifndef ENTENTE_TESTS_SUPPORT_SAMPLE_NOTICE_SERVICE_H_
#define ENTENTE_TESTS_SUPPORT_SAMPLE_NOTICE_SERVICE_H_

#include "entente/sample/v1/notice_service.pb.h"
#include "services/core/rpc/host/server_host.h"
#include "tests/support/sample/notice_register.h"

namespace entente::sample {

rpc::GroupModule SampleModule();

class NoticeServiceImpl final : public rpc::Service {
 public:
  NoticeServiceImpl(rpc::Backend& backend, const NoticeRegister& reg)
      : backend_(backend), register_(reg) {}

  void AddTo(rpc::Router& router) override;

 private:
  absl::Status GetNotice(const rpc::Caller& caller, const v1::GetNoticeRequest& request,
                         v1::GetNoticeResponse& response) const;
  absl::Status ListNotices(const rpc::Caller& caller, const v1::ListNoticesRequest& request,
                           v1::ListNoticesResponse& response) const;

  rpc::Backend& backend_;
  const NoticeRegister& register_;
};

}  // namespace entente::sample

#endif  // ENTENTE_TESTS_SUPPORT_SAMPLE_NOTICE_SERVICE_H_
