// What an agency has signed and has no answer to yet. It is kept before it is sent, so that after a
// crash or an outage the same bytes are sent again: the service knows them by their digest, and
// what it recorded then is the answer.
//
//   <state_dir>/outbox/<group>/<SHA-256 of the document, hex>.signed   a serialised SignedDocument
#ifndef ENTENTE_CLIENTS_SDK_OUTBOX_H_
#define ENTENTE_CLIENTS_SDK_OUTBOX_H_

#include <string>
#include <vector>

#include "clients/sdk/agency.h"

namespace entente::sdk {

// Of one group. Several processes of an agency may use it at once: a file is of one document.
class Outbox {
 public:
  // What is kept and no more is refused: FAILED_PRECONDITION/BUDGET_EXCEEDED.
  static constexpr size_t kDocumentsMax = 10'000;

  Outbox(const Agency& agency, const std::string& group);

  // FAILED_PRECONDITION/CONFIGURATION_INVALID where it cannot be written: then nothing is sent.
  absl::Status Keep(const document::pb::SignedDocument& document) const;
  // It was answered: it is recorded, or refused for what it is.
  void Answered(const document::pb::SignedDocument& document) const;
  // Paths of what is kept, oldest first, by when it was composed. DATA_LOSS/DOCUMENT_MALFORMED
  // where a file holds no document.
  absl::StatusOr<std::vector<std::string>> Unanswered() const;
  // What one of them holds.
  static absl::StatusOr<document::pb::SignedDocument> Read(const std::string& path);

 private:
  std::string PathOf(const document::pb::SignedDocument& document) const;

  const std::string folder_;
};

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_OUTBOX_H_
