#include "services/core/rpc/reading.h"

#include <algorithm>
#include <map>
#include <span>

#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/rpc/edge/router.h"

namespace entente::rpc {
namespace {

using base::Reason;

constexpr size_t kKeyBytes = 16;
constexpr size_t kPageTokenMax = 1024;

std::string KeyOf(std::string_view request) {
  return crypto::Sha256(request).hex().substr(0, kKeyBytes);
}

}  // namespace

absl::StatusOr<int> PageSize(int asked, int most) {
  if (asked >= 0) return asked == 0 ? std::min(kPageDefault, most) : std::min(asked, most);
  base::FieldViolations violations;
  violations.Add("page_size", "must not be negative");
  return violations.ToStatus();
}

absl::Status BadPageToken() {
  return base::RefuseArgument(Reason::kCursorMalformed,
                              "page_token is not of this request and this service; start over");
}

std::string MakePageToken(std::string_view request, std::string_view last) {
  return base::ToBase64(KeyOf(request) + std::string(last));
}

absl::StatusOr<std::string> OpenPageToken(std::string_view request, std::string_view token) {
  if (token.empty()) return std::string();
  if (token.size() > kPageTokenMax) return BadPageToken();
  const auto bytes = base::FromBase64(token);
  if (!bytes || bytes->size() <= kKeyBytes || bytes->substr(0, kKeyBytes) != KeyOf(request)) {
    return BadPageToken();
  }
  return bytes->substr(kKeyBytes);
}

absl::StatusOr<const machine::Chain*> OpenChainToken(const machine::Machine& machine,
                                                     const machine::Reader& reader,
                                                     std::string_view last) {
  if (last.empty()) return nullptr;
  const machine::Chain* chain = machine.chains().Find(last, reader);
  if (chain == nullptr || chain->name() != last) return BadPageToken();
  return chain;
}

absl::StatusOr<journal::Record> RecordReader::Next() {
  if (next_ == ahead_.size()) {
    ENTENTE_CHECK(read_ < positions_.size());
    ENTENTE_ASSIGN_OR_RETURN(
        ahead_, journal_.ReadAt(std::span(positions_).subspan(read_), kReadAheadBytes));
    read_ += ahead_.size();
    next_ = 0;
  }
  return std::move(ahead_[next_++]);
}

absl::StatusOr<KeptDocument> RecordReader::NextDocument() {
  ENTENTE_ASSIGN_OR_RETURN(const auto record, Next());
  KeptDocument kept;
  pb::SignedDocument signed_document;
  ENTENTE_CHECK(kept.leaf.ParseFromString(record.header) &&
                signed_document.ParseFromString(record.body) &&
                kept.header.ParseFromString(signed_document.document()));
  return kept;
}

absl::Status RecordReader::NextEntry(pb::Entry& entry) {
  ENTENTE_ASSIGN_OR_RETURN(auto record, Next());
  entry.set_leaf(std::move(record.header));
  entry.set_signed_document(std::move(record.body));
  if (record.erased_at.has_value()) entry.set_erased_at(*record.erased_at);
  return absl::OkStatus();
}

void SetHead(const machine::Ledger& ledger, pb::Head* head) {
  head->set_ledger(ledger.id);
  head->set_size(ledger.tree.size());
  head->set_root(ledger.tree.Root().str());
}

absl::Status NotFound(std::string_view what) {
  return base::Refuse(absl::StatusCode::kNotFound, Reason::kNotFound,
                      "{} does not exist or is not released to you", what);
}

namespace {

// Whether what the reader may read is these heads, and nothing more.
absl::Status CheckNothingMore(const machine::Machine& machine, const machine::Reader& reader,
                              const google::protobuf::RepeatedPtrField<pb::Head>& heads) {
  std::map<std::string_view, const pb::Head*> named;
  for (const pb::Head& head : heads) named[head.ledger()] = &head;
  for (const machine::Ledger* ledger : machine.LedgersOf(reader)) {
    const uint64_t size = ledger->tree.size();
    const auto it = named.find(ledger->id);
    if (it == named.end() || it->second->size() < size) {
      auto passed = base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kHeadPassed,
                                 "ledger {} has size {} by now, and nothing older is kept; ask of "
                                 "that",
                                 ledger->id, size);
      passed = base::WithMetadata(passed, "ledger", ledger->id);
      passed = base::WithMetadata(passed, "size", std::to_string(size));
      return base::WithMetadata(passed, "root", ledger->tree.Root().hex());
    }
    const std::string& root = it->second->root();
    if (!root.empty() && root != ledger->tree.Root().view()) {
      return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kLedgerForked,
                          "ledger {} has another root at size {}; keep both as evidence",
                          ledger->id, size);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AnswerAtHeads(const machine::Machine& machine, const machine::Reader& reader,
                           const google::protobuf::RepeatedPtrField<pb::Head>& at_least,
                           bool exactly, google::protobuf::RepeatedPtrField<pb::Head>* heads) {
  for (const pb::Head& head : at_least) {
    // What is hidden is told as what is not here yet: the first document of a ledger may have been
    // recorded by another replica.
    const machine::Ledger* ledger = machine.Find(head.ledger(), reader);
    if ((ledger == nullptr ? 0 : ledger->tree.size()) < head.size()) {
      return base::WithRetry(
          base::Refuse(absl::StatusCode::kUnavailable, Reason::kHeadNotReached,
                       "ledger {} has not reached size {} here yet", head.ledger(), head.size()),
          absl::Milliseconds(100));
    }
  }
  if (exactly) ENTENTE_RETURN_IF_ERROR(CheckNothingMore(machine, reader, at_least));
  for (const machine::Ledger* ledger : machine.LedgersOf(reader)) SetHead(*ledger, heads->Add());
  return absl::OkStatus();
}

}  // namespace entente::rpc
