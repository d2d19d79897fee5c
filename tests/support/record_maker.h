// Records as a sequencer makes them, without its work: for tests of what applying them takes.
// Signatures are nobody's business here.
#ifndef ENTENTE_TESTS_SUPPORT_RECORD_MAKER_H_
#define ENTENTE_TESTS_SUPPORT_RECORD_MAKER_H_

#include <map>
#include <string>
#include <utility>

#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/entry.h"
#include "services/core/journal/journal.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

class RecordMaker {
 public:
  RecordMaker(std::string group, absl::Time now) : group_(std::move(group)), now_(now) {}

  journal::Record Make(const pb::Document& document, const std::string& name,
                       const google::protobuf::Message& ruling) {
    pb::SignedDocument signed_document;
    signed_document.set_document(document.SerializeAsString());
    return Make(signed_document, document, name, ruling);
  }
  // With whatever signatures it has.
  journal::Record Make(const pb::SignedDocument& signed_document, const pb::Document& document,
                       const std::string& name, const google::protobuf::Message& ruling) {
    journal::Record record;
    record.body = signed_document.SerializeAsString();
    record.body_digest = crypto::Sha256(record.body);
    pb::Leaf leaf;
    tip_ = crypto::Sha256(signed_document.document());
    leaf.set_document_digest(tip_.str());
    leaf.set_envelope_digest(record.body_digest.str());
    auto& stamp = *leaf.mutable_stamp();
    stamp.set_ledger(entry::LedgerIdOf(group_, document.audience()));
    stamp.set_index(index_[stamp.ledger()]++);
    stamp.set_name(name);
    stamp.mutable_ruling()->PackFrom(ruling);
    entry::SetTime(now_, stamp.mutable_recorded_time());
    record.header = leaf.SerializeAsString();
    return record;
  }
  // Digest of the document that was made last.
  const base::Digest& tip() const { return tip_; }

 private:
  std::string group_;
  absl::Time now_;
  std::map<std::string, uint64_t> index_;  // next of each ledger
  base::Digest tip_;
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_RECORD_MAKER_H_
