// What the groups' lists share: pages by recorded time, ledger and index, of what the reader may
// read, with limits on items, on what is looked at, and on bytes.
#ifndef ENTENTE_SERVICES_CORE_RPC_LIST_H_
#define ENTENTE_SERVICES_CORE_RPC_LIST_H_

#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/core/base/status.h"
#include "services/core/rpc/reading.h"

namespace entente::rpc {

// What is copied out of the register under the machine's lock, to be completed after it.
template <typename Found>
class Page {
 public:
  explicit Page(int limit) : limit_(static_cast<size_t>(limit)) {}

  // Whether the page has room to look at the next item, which has this name. Asked for every item
  // that the reader may read: only the one that finds no room shows that there is more.
  bool Look(std::string_view name) {
    more_ = found_.size() == limit_ || looked_ >= kLookMax;
    if (more_) return false;
    ++looked_;
    last_ = name;
    return true;
  }
  // The last item cost as much to look at as so many more.
  void Charge(size_t items) { looked_ += items; }
  // Nothing more is looked at: what was found fills the answer.
  void Close() { looked_ = kLookMax; }
  // The last item belongs in the answer, which is completed by what stands at these positions of
  // the journal.
  void Add(Found found, const std::vector<uint64_t>& positions = {}) {
    found_.emplace_back(last_, std::move(found));
    positions_.insert(positions_.end(), positions.begin(), positions.end());
  }

  bool more() const { return more_; }
  const std::string& last() const { return last_; }
  std::vector<std::pair<std::string, Found>>& found() { return found_; }
  const std::vector<uint64_t>& positions() const { return positions_; }

 private:
  const size_t limit_;
  size_t looked_ = 0;
  bool more_ = false;
  std::string last_;
  std::vector<std::pair<std::string, Found>> found_;  // with names
  std::vector<uint64_t> positions_;                   // of all that was found, in its order
};

// Answers a request for a list: `visit(start, page)` goes over the register's items after the chain
// `start` (null: from the first) while the page has room, under the machine's lock; `fill(found,
// records, response)` then adds one to the answer and gives the message that it has added; null if
// it does not belong there after all. It takes from `records` what Page::Add was told of. `key`
// tells the request from others, whose page tokens it refuses.
template <typename Found, typename Request, typename Response, typename Visit, typename Fill>
absl::Status List(const Backend& backend, const machine::Reader& reader, const std::string& key,
                  const Request& request, Response& response, const Visit& visit,
                  const Fill& fill) {
  ENTENTE_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  ENTENTE_ASSIGN_OR_RETURN(const std::string after, OpenPageToken(key, request.page_token()));
  Page<Found> page(limit);
  {
    std::shared_lock lock(backend.machine.mutex());
    ENTENTE_RETURN_IF_ERROR(AnswerAtHeads(backend.machine, reader, request, response));
    ENTENTE_ASSIGN_OR_RETURN(const machine::Chain* start,
                             OpenChainToken(backend.machine, reader, after));
    visit(start, page);
  }
  if (page.more()) response.set_next_page_token(MakePageToken(key, page.last()));
  RecordReader records(backend.journal, page.positions());
  size_t bytes = 0;
  for (auto& [name, found] : page.found()) {
    ENTENTE_ASSIGN_OR_RETURN(const google::protobuf::Message* added,
                             fill(std::move(found), records, response));
    if (added != nullptr) bytes += added->ByteSizeLong();
    if (bytes > kPageBytesMax && name != page.found().back().first) {
      response.set_next_page_token(MakePageToken(key, name));
      break;
    }
  }
  return absl::OkStatus();
}

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_LIST_H_
