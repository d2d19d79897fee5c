#include "clients/sdk/testing/scripted_exchange.h"

namespace entente::testing {
namespace {

pb::Leaf LeafOf(const pb::Entry& entry) {
  pb::Leaf leaf;
  leaf.ParseFromString(entry.leaf());
  return leaf;
}

pb::Document DocumentOf(const pb::Entry& entry) {
  pb::SignedDocument signed_document;
  pb::Document document;
  signed_document.ParseFromString(entry.signed_document());
  document.ParseFromString(signed_document.document());
  return document;
}

}  // namespace

grpc::Status ScriptedExchange::Follow(grpc::ServerContext* /*context*/,
                                      const pb::FollowRequest* /*request*/,
                                      grpc::ServerWriter<pb::FollowResponse>* writer) {
  if (!script) {
    writer->Write(message);
    return grpc::Status::OK;
  }
  pb::FollowResponse scripted;
  const grpc::Status status = script(scripted);
  if (scripted.ByteSizeLong() > 0) writer->Write(scripted);
  return status;
}

grpc::Status ScriptedExchange::Acknowledge(grpc::ServerContext* /*context*/,
                                           const pb::AcknowledgeRequest* request,
                                           pb::AcknowledgeResponse* /*response*/) {
  ++acknowledged;
  for (const auto& one : request->acknowledgements()) {
    if (!said.emplace_back().ParseFromString(one.acknowledgement())) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "no acknowledgement"};
    }
  }
  return grpc::Status::OK;
}

grpc::Status ScriptedExchange::GetDelivery(grpc::ServerContext* /*context*/,
                                           const pb::GetDeliveryRequest* /*request*/,
                                           pb::GetDeliveryResponse* response) {
  *response = delivery;
  return grpc::Status::OK;
}

grpc::Status ScriptedExchange::GetEntry(grpc::ServerContext* /*context*/,
                                        const pb::GetEntryRequest* request,
                                        pb::GetEntryResponse* response) {
  for (const pb::Entry& entry : entries) {
    const pb::Leaf leaf = LeafOf(entry);
    if (leaf.stamp().ledger() != request->ledger() || leaf.stamp().index() != request->index()) {
      continue;
    }
    *response->mutable_entry() = entry;
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::NOT_FOUND, "no such entry"};
}

grpc::Status ScriptedExchange::ListRevisions(grpc::ServerContext* /*context*/,
                                             const pb::ListRevisionsRequest* request,
                                             pb::ListRevisionsResponse* response) {
  for (const pb::Entry& entry : entries) {
    const std::string name = LeafOf(entry).stamp().name();
    if (name == request->name() || name.rfind(request->name() + "/revisions/", 0) == 0) {
      *response->add_revisions() = entry;
    }
  }
  if (endless) response->set_next_page_token("more");
  return grpc::Status::OK;
}

grpc::Status ScriptedExchange::ListAnswers(grpc::ServerContext* /*context*/,
                                           const pb::ListAnswersRequest* request,
                                           pb::ListAnswersResponse* response) {
  for (const pb::Entry& entry : entries) {
    const pb::Document document = DocumentOf(entry);
    for (const auto& reference : document.references()) {
      if (reference.relation() == pb::Reference::RELATION_ANSWERS &&
          reference.name() == request->name()) {
        *response->add_answers() = entry;
      }
    }
  }
  if (endless) response->set_next_page_token("more");
  return grpc::Status::OK;
}

grpc::Status ScriptedExchange::ListObligations(grpc::ServerContext* /*context*/,
                                               const pb::ListObligationsRequest* /*request*/,
                                               pb::ListObligationsResponse* response) {
  for (const auto& one : obligations) *response->add_obligations() = one;
  if (endless) response->set_next_page_token("more");
  return grpc::Status::OK;
}

grpc::Status ScriptedExchange::Submit(grpc::ServerContext* /*context*/,
                                      const pb::SubmitRequest* request,
                                      pb::SubmitResponse* response) {
  submitted.push_back(request->signed_document());
  *response->mutable_receipt() = receipt;
  return submit ? submit(request->signed_document(), *response->mutable_receipt())
                : grpc::Status::OK;
}

}  // namespace entente::testing
