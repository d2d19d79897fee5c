// entente.exchange.v1.TrendService over any register that says what there is to count.
#ifndef ENTENTE_SERVICES_CORE_RPC_TREND_SERVICE_H_
#define ENTENTE_SERVICES_CORE_RPC_TREND_SERVICE_H_

#include "entente/exchange/v1/trend_service.pb.h"
#include "services/core/rpc/edge/router.h"
#include "services/core/rpc/reading.h"

namespace entente::rpc {

class TrendServiceImpl final : public Service {
 public:
  TrendServiceImpl(Backend& backend, const machine::Register& reg, int min_originators)
      : backend_(backend), register_(reg), min_originators_(min_originators) {}

  void AddTo(Router& router) override;

 private:
  absl::Status GetTrends(const Caller& caller, const pb::GetTrendsRequest& request,
                         pb::GetTrendsResponse& response) const;

  Backend& backend_;
  const machine::Register& register_;
  const int min_originators_;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_TREND_SERVICE_H_
