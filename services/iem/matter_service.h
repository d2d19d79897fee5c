// entente.iem.v1.MatterService over the matter register, and IEM as a module of a server.
#ifndef ENTENTE_SERVICES_IEM_MATTER_SERVICE_H_
#define ENTENTE_SERVICES_IEM_MATTER_SERVICE_H_

#include "entente/iem/v1/matter_service.pb.h"
#include "services/core/rpc/host/server_host.h"
#include "services/core/rpc/reading.h"
#include "services/iem/register/matter_register.h"

namespace entente::iem {

rpc::GroupModule IemModule();

class MatterServiceImpl final : public rpc::Service {
 public:
  MatterServiceImpl(rpc::Backend& backend, const MatterRegister& reg)
      : backend_(backend), register_(reg) {}

  void AddTo(rpc::Router& router) override;

 private:
  struct Found;  // what is copied out of the register under its lock
  Found Copy(const Matter& matter, const rpc::Caller& caller) const;
  static absl::Status FillIn(const Found& found, rpc::RecordReader& records, v1::Matter& out);
  absl::Status GetMatter(const rpc::Caller& caller, const v1::GetMatterRequest& request,
                         v1::GetMatterResponse& response) const;
  absl::Status ListMatters(const rpc::Caller& caller, const v1::ListMattersRequest& request,
                           v1::ListMattersResponse& response) const;

  rpc::Backend& backend_;
  const MatterRegister& register_;
};

}  // namespace entente::iem

#endif  // ENTENTE_SERVICES_IEM_MATTER_SERVICE_H_
