// An exchange service that answers as a test says, honestly or not, within the process.
#ifndef ENTENTE_CLIENTS_SDK_TESTING_SCRIPTED_EXCHANGE_H_
#define ENTENTE_CLIENTS_SDK_TESTING_SCRIPTED_EXCHANGE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "entente/exchange/v1/exchange_service.grpc.pb.h"

namespace entente::testing {

namespace pb = ::entente::exchange::v1;

// The test sets fields before it calls; nothing guards them.
class ScriptedExchange final : public pb::ExchangeService::Service {
 public:
  // What a follower is sent.
  pb::FollowResponse message;
  // What becomes of a follower's stream after its message; without it, OK. It may change the
  // message before.
  std::function<grpc::Status(pb::FollowResponse& message)> script;
  // What reads find: entries by ledger and index, chains and answers by the names in their leaves.
  std::vector<pb::Entry> entries;
  // Lists say that there are more pages, for ever.
  bool endless = false;
  pb::GetDeliveryResponse delivery;
  std::vector<pb::Obligation> obligations;
  // What a submission is answered with; without it, with `receipt`.
  std::function<grpc::Status(const pb::SignedDocument& document, pb::Receipt& receipt)> submit;
  pb::Receipt receipt;

  // What was asked of it.
  std::vector<pb::SignedDocument> submitted;
  int acknowledged = 0;
  std::vector<pb::Acknowledgement> said;  // of all requests

  grpc::Status Follow(grpc::ServerContext* context, const pb::FollowRequest* request,
                      grpc::ServerWriter<pb::FollowResponse>* writer) override;
  grpc::Status Acknowledge(grpc::ServerContext* context, const pb::AcknowledgeRequest* request,
                           pb::AcknowledgeResponse* response) override;
  grpc::Status GetDelivery(grpc::ServerContext* context, const pb::GetDeliveryRequest* request,
                           pb::GetDeliveryResponse* response) override;
  grpc::Status GetEntry(grpc::ServerContext* context, const pb::GetEntryRequest* request,
                        pb::GetEntryResponse* response) override;
  grpc::Status ListRevisions(grpc::ServerContext* context, const pb::ListRevisionsRequest* request,
                             pb::ListRevisionsResponse* response) override;
  grpc::Status ListAnswers(grpc::ServerContext* context, const pb::ListAnswersRequest* request,
                           pb::ListAnswersResponse* response) override;
  grpc::Status ListObligations(grpc::ServerContext* context,
                               const pb::ListObligationsRequest* request,
                               pb::ListObligationsResponse* response) override;
  grpc::Status Submit(grpc::ServerContext* context, const pb::SubmitRequest* request,
                      pb::SubmitResponse* response) override;
};

}  // namespace entente::testing

#endif  // ENTENTE_CLIENTS_SDK_TESTING_SCRIPTED_EXCHANGE_H_
