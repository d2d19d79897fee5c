// What the groups' read services share: heads, documents by position, pages, page tokens.
#ifndef ENTENTE_SERVICES_CORE_RPC_READING_H_
#define ENTENTE_SERVICES_CORE_RPC_READING_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "entente/exchange/v1/ledger.pb.h"
#include "services/core/rpc/edge/backend.h"

namespace entente::rpc {

namespace pb = ::entente::exchange::v1;

// A page ends after the item that passes this, well below the 4 MiB that gRPC clients accept.
inline constexpr size_t kPageBytesMax = 1 << 20;
inline constexpr int kPageDefault = 50;
inline constexpr int kPageMax = 500;
inline constexpr int kChainPageMax = 100;  // of entries
// What a page looks at: a selective filter gives short pages rather than a long wait.
inline constexpr size_t kLookMax = 5000;

// The page size asked for, within limits; FIELD_INVALID if negative.
absl::StatusOr<int> PageSize(int asked, int most = kPageMax);

// A page token says where the page before it ended, and is good for the same request only:
// `request` is anything that tells requests apart. It is no secret: what it names is looked up as
// any name is.
std::string MakePageToken(std::string_view request, std::string_view last);
absl::StatusOr<std::string> OpenPageToken(std::string_view request, std::string_view token);
absl::Status BadPageToken();
// The chain after which the next page begins, by what OpenPageToken gave; null: with the first. For
// readers that hold the machine's lock.
absl::StatusOr<const machine::Chain*> OpenChainToken(const machine::Machine& machine,
                                                     const machine::Reader& reader,
                                                     std::string_view last);

// Refuses until the machine has reached the heads that a request names (read your writes); and,
// where it asks for exactly them, once a ledger of the reader's has passed them: HEAD_PASSED,
// which names the first that has, its size and its root (metadata), or LEDGER_FORKED where one of
// that size has another root. Else gives the heads of the reader's ledgers. The caller holds the
// machine's lock until it has read what it answers.
absl::Status AnswerAtHeads(const machine::Machine& machine, const machine::Reader& reader,
                           const google::protobuf::RepeatedPtrField<pb::Head>& at_least,
                           bool exactly, google::protobuf::RepeatedPtrField<pb::Head>* heads);
template <typename Request, typename Response>
absl::Status AnswerAtHeads(const machine::Machine& machine, const machine::Reader& reader,
                           const Request& request, Response& response) {
  return AnswerAtHeads(machine, reader, request.at_least(), request.exactly(),
                       response.mutable_heads());
}
void SetHead(const machine::Ledger& ledger, pb::Head* head);
// The one answer to everything that is not there for this caller.
absl::Status NotFound(std::string_view what);

// A document as it is kept. Of what was erased, what remains.
struct KeptDocument {
  pb::Leaf leaf;
  pb::Document header;
};

// Reads what an answer is made of, in its order, and many records with one query: it holds at most
// kReadAheadBytes, and one record more.
class RecordReader {
 public:
  RecordReader(journal::Journal& journal, std::vector<uint64_t> positions)
      : journal_(journal), positions_(std::move(positions)) {}

  // What stands at the next position; there must be one.
  absl::StatusOr<journal::Record> Next();
  // The same of a document.
  absl::StatusOr<KeptDocument> NextDocument();
  absl::Status NextEntry(pb::Entry& entry);

 private:
  journal::Journal& journal_;
  const std::vector<uint64_t> positions_;
  size_t read_ = 0;                     // of positions_
  std::vector<journal::Record> ahead_;  // of them, the last; those before next_ were given out
  size_t next_ = 0;
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_READING_H_
