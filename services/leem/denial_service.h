// entente.leem.v1.DenialService: reads of the denial register.
#ifndef ENTENTE_SERVICES_LEEM_DENIAL_SERVICE_H_
#define ENTENTE_SERVICES_LEEM_DENIAL_SERVICE_H_

#include "entente/leem/v1/denial_service.pb.h"
#include "services/core/rpc/exchange_service.h"
#include "services/core/rpc/host/server_host.h"
#include "services/core/rpc/reading.h"
#include "services/leem/register/denial_register.h"

namespace entente::leem {

// LEEM as the server host takes it.
rpc::GroupModule LeemModule();

class DenialServiceImpl final : public rpc::Service {
 public:
  DenialServiceImpl(rpc::Backend& backend, const DenialRegister& denials)
      : backend_(backend), register_(denials) {}

  void AddTo(rpc::Router& router) override;

 private:
  absl::Status GetDenial(const rpc::Caller& caller, const v1::GetDenialRequest& request,
                         v1::GetDenialResponse& response) const;
  absl::Status ListDenials(const rpc::Caller& caller, const v1::ListDenialsRequest& request,
                           v1::ListDenialsResponse& response) const;
  struct Found {
    v1::Denial denial;  // all but what only the documents say
    uint64_t first = 0;
    uint64_t content = 0;       // the newest
    bool names_unsure = false;  // whether it matches must be looked up in the content

    // Of what completes it, in FillIn's order.
    std::vector<uint64_t> positions() const;
  };
  static Found Copy(const Denial& denial);
  // Fills in what the journal holds, at `first` and `content`: the newest content and both
  // documents' headers.
  static absl::Status FillIn(Found found, rpc::RecordReader& records, v1::Denial& denial);

  rpc::Backend& backend_;
  const DenialRegister& register_;
};

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_DENIAL_SERVICE_H_
