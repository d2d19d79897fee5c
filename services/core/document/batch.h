// Batch signatures: one signature over many documents of one originator to one audience, each of
// which proves its place by itself (exchange.v1.BatchPlace; docs/VERIFYING.md).
#ifndef ENTENTE_SERVICES_CORE_DOCUMENT_BATCH_H_
#define ENTENTE_SERVICES_CORE_DOCUMENT_BATCH_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "entente/exchange/v1/document.pb.h"
#include "services/core/base/bytes.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"

namespace entente::document {

namespace pb = ::entente::exchange::v1;

struct DocumentSigner;

inline constexpr std::string_view kBatchMediaType = "application/vnd.entente.batch.v1+text";
inline constexpr uint32_t kBatchSizeMax = 4096;
inline constexpr size_t kBatchSaltBytes = 16;

// Adds what is wrong with a place's form: its numbers, its lengths, fields that nobody knows.
void CheckPlace(const pb::BatchPlace& place, const std::string& path,
                base::FieldViolations& violations);
// The statement that the signature of a document with this place is over. `document` are the bytes
// that `header` was parsed from. SIGNATURE_INVALID where the path has another length than index and
// size give it.
absl::StatusOr<std::string> BatchStatement(const pb::Document& header, std::string_view document,
                                           const pb::BatchPlace& place);

// Signs all of them, beside the signatures that are there: at once what has one originator and one
// audience, up to kBatchSizeMax, and alone what is alone in that. FIELD_INVALID if one of several
// does not parse; nothing is signed then. Where the key fails, some may be signed.
absl::Status AddSignatures(const DocumentSigner& signer,
                           std::span<pb::SignedDocument* const> documents);

// Statements of batches whose signatures were verified, so that of a thousand documents one costs a
// verification. That the arithmetic held is all it knows: who signed, and whether he may, is judged
// for each document. It keeps as many of each state as kOfStateMax, so that no state's batches put
// out another's. Thread-safe.
class HeldStatements {
 public:
  static constexpr size_t kOfStateMax = 64;

  // What a signature is known by: its certificate, what it is over, and itself.
  static base::Digest Key(std::string_view certificate, std::string_view statement,
                          std::string_view signature);
  bool Holds(const base::Digest& key) const;
  // Of a signature that has verified, by an accepted signer of the state.
  void Add(const base::Digest& key, const std::string& state);

 private:
  mutable base::Mutex mutex_;
  absl::flat_hash_set<base::Digest> all_ ABSL_GUARDED_BY(mutex_);
  // By state, in a ring: the oldest is replaced.
  struct OfState {
    std::vector<base::Digest> keys;
    size_t next = 0;
  };
  absl::flat_hash_map<std::string, OfState> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace entente::document

#endif  // ENTENTE_SERVICES_CORE_DOCUMENT_BATCH_H_
