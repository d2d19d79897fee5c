// entente.tem.v1.AnnexService over the register.
#ifndef ENTENTE_SERVICES_TEM_ANNEX_SERVICE_H_
#define ENTENTE_SERVICES_TEM_ANNEX_SERVICE_H_

#include "entente/tem/v1/annex_service.pb.h"
#include "services/core/rpc/exchange_service.h"
#include "services/tem/register/tem_register.h"

namespace entente::tem {

class AnnexServiceImpl final : public rpc::Service {
 public:
  AnnexServiceImpl(rpc::Backend& backend, const TemRegister& reg)
      : backend_(backend), register_(reg) {}

  void AddTo(rpc::Router& router) override;

 private:
  absl::Status ListEditions(const rpc::Caller& caller, const v1::ListEditionsRequest& request,
                            v1::ListEditionsResponse& response) const;
  absl::Status GetEdition(const rpc::Caller& caller, const v1::GetEditionRequest& request,
                          v1::GetEditionResponse& response) const;
  absl::Status GetNode(const rpc::Caller& caller, const v1::GetNodeRequest& request,
                       v1::GetNodeResponse& response) const;
  absl::Status DiffEditions(const rpc::Caller& caller, const v1::DiffEditionsRequest& request,
                            v1::DiffEditionsResponse& response) const;
  // Under the machine's lock. Editions are never changed nor let go: what is found stays good
  // without it.
  absl::StatusOr<const EditionState*> Edition(const std::string& edition) const;
  // Those that are asked for, in no order. Under the machine's lock.
  absl::StatusOr<std::vector<v1::CodeRelation>> Relations(const machine::Reader& reader,
                                                          const v1::FindCodesRequest& request,
                                                          const EditionState& state) const;
  absl::Status FindCodes(const rpc::Caller& caller, const v1::FindCodesRequest& request,
                         v1::FindCodesResponse& response) const;
  absl::Status ListImplementations(const rpc::Caller& caller,
                                   const v1::ListImplementationsRequest& request,
                                   v1::ListImplementationsResponse& response) const;

  rpc::Backend& backend_;
  const TemRegister& register_;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_ANNEX_SERVICE_H_
