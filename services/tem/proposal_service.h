// entente.tem.v1.ProposalService over the register, and TEM as a module of a server.
#ifndef ENTENTE_SERVICES_TEM_PROPOSAL_SERVICE_H_
#define ENTENTE_SERVICES_TEM_PROPOSAL_SERVICE_H_

#include "entente/tem/v1/proposal_service.pb.h"
#include "services/core/rpc/host/server_host.h"
#include "services/tem/register/tem_register.h"

namespace entente::tem {

rpc::GroupModule TemModule();

class ProposalServiceImpl final : public rpc::Service {
 public:
  ProposalServiceImpl(rpc::Backend& backend, const TemRegister& reg)
      : backend_(backend), register_(reg) {}

  void AddTo(rpc::Router& router) override;

 private:
  // Under the machine's lock.
  v1::ProposalView View(const ProposalRecord& proposal, const rpc::Caller& caller,
                        bool conflicts) const;
  absl::Status GetProposal(const rpc::Caller& caller, const v1::GetProposalRequest& request,
                           v1::GetProposalResponse& response) const;
  absl::Status ListProposals(const rpc::Caller& caller, const v1::ListProposalsRequest& request,
                             v1::ListProposalsResponse& response) const;

  rpc::Backend& backend_;
  const TemRegister& register_;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_PROPOSAL_SERVICE_H_
