// entente.tem.v1.ProposalService over the register, and TEM as a module of a server.
#ifndef ENTENTE_SERVICES_TEM_PROPOSAL_SERVICE_H_
#define ENTENTE_SERVICES_TEM_PROPOSAL_SERVICE_H_

#include "entente/tem/v1/proposal_service.grpc.pb.h"
#include "services/core/rpc/server_host.h"
#include "services/tem/register/tem_register.h"

namespace entente::tem {

rpc::GroupModule TemModule();

class ProposalServiceImpl final : public v1::ProposalService::CallbackService {
 public:
  ProposalServiceImpl(rpc::Backend& backend, const TemRegister& reg)
      : backend_(backend), register_(reg) {}

  grpc::ServerUnaryReactor* GetProposal(grpc::CallbackServerContext* context,
                                        const v1::GetProposalRequest* request,
                                        v1::GetProposalResponse* response) override;
  grpc::ServerUnaryReactor* ListProposals(grpc::CallbackServerContext* context,
                                          const v1::ListProposalsRequest* request,
                                          v1::ListProposalsResponse* response) override;
  grpc::ServerUnaryReactor* ListProposalRevisions(
      grpc::CallbackServerContext* context, const v1::ListProposalRevisionsRequest* request,
      v1::ListProposalRevisionsResponse* response) override;
  grpc::ServerUnaryReactor* ListStatements(grpc::CallbackServerContext* context,
                                           const v1::ListStatementsRequest* request,
                                           v1::ListStatementsResponse* response) override;

 private:
  // Under the machine's lock.
  v1::ProposalView View(const ProposalState& proposal, const rpc::Caller& caller,
                        bool conflicts) const;
  absl::Status Get(const rpc::Caller& caller, const v1::GetProposalRequest& request,
                   v1::GetProposalResponse& response);
  absl::Status List(const rpc::Caller& caller, const v1::ListProposalsRequest& request,
                    v1::ListProposalsResponse& response);

  rpc::Backend& backend_;
  const TemRegister& register_;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_PROPOSAL_SERVICE_H_
