// A partner's client of one group's service.
//
//   auto agency = sdk::Agency::Load("client.textproto");          // ten lines to push
//   auto client = sdk::Client::Connect(*agency, "leem");
//   document::pb::Document d = (*client)->Compose("2016-0042", audience, marking, body);
//   auto receipt = (*client)->Submit((*client)->Sign(d).value()); // durable, proof verified
//
//   (*client)->Follow({.state_file = "leem.state"},               // and to follow
//                     [](const sdk::VerifiedEntry& e) { …; return absl::OkStatus(); });
//
// Thread-safe, but one Follow at a time per state file. Calls block.
#ifndef ENTENTE_CLIENTS_SDK_CLIENT_H_
#define ENTENTE_CLIENTS_SDK_CLIENT_H_

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clients/sdk/agency.h"
#include "clients/sdk/ledger_view.h"
#include "clients/sdk/link.h"
#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "services/core/base/mutex.h"
#include "services/core/entry/note.h"

namespace entente::sdk {

namespace pb = ::entente::exchange::v1;

// How calls are tried again when the service is unavailable or busy.
struct RetryOptions {
  int attempts_max = 8;
  absl::Duration delay_min = absl::Milliseconds(100);
  absl::Duration delay_max = absl::Seconds(10);
  // Told before each wait why, and how long: silence would look like work.
  std::function<void(const absl::Status& why, absl::Duration wait)> waiting;
};

// What Follow tells its user of the connection.
struct ConnectionChange {
  bool connected = false;  // back; else away
  absl::Time time;
  absl::Status why;  // of going away
};

struct FollowOptions {
  // Durable cursor, verified heads and the filter they were filled with; empty: nothing is kept.
  std::string state_file;
  // FAILED_PRECONDITION/FILTER_CHANGED where the state file was filled with another: what that left
  // out would never come.
  std::string filter;
  // With a filter: called with the place and leaf hash of each entry that it leaves out.
  std::function<absl::Status(const std::string& ledger, uint64_t index, const base::Digest& hash)>
      skipped;
  bool until_current = false;
  // Tell the service what is saved, signed with the TLS certificate's key: each ledger at most once
  // in an interval, and all of them at the end. Never with a filter.
  bool acknowledge = true;
  absl::Duration acknowledge_interval = absl::Minutes(1);
  const std::atomic<bool>* stop = nullptr;
  RetryOptions retry;
  // Called when the service goes away, and when it is back; never twice the same. Follow goes on
  // by itself in between.
  std::function<void(const ConnectionChange&)> connection;
  // Called at each progress mark, after the state was saved and before it is acknowledged.
  std::function<absl::Status(const entente::config::v1::FollowerState&)> marked;
};

class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Connect(std::shared_ptr<const Agency> agency,
                                                         const std::string& group);

  // The same over a channel that was made elsewhere, waiting between tries as `waiter` does; null:
  // by the clock alone, which is right within one process only (Link).
  static std::unique_ptr<Client> Over(std::shared_ptr<const Agency> agency,
                                      const std::string& group,
                                      std::shared_ptr<grpc::Channel> channel,
                                      std::shared_ptr<Waiter> waiter = nullptr);

  // A document of this agency, composed now.
  pb::Document Compose(const std::string& reference, const pb::Audience& audience,
                       const pb::Marking& marking, const google::protobuf::Message& body) const;
  // FAILED_PRECONDITION where the configuration names no signer.
  absl::StatusOr<pb::SignedDocument> Sign(const pb::Document& document) const;
  // The same for many, each signer once for all of one audience (exchange.v1.BatchPlace): readers
  // of one see how many there were, and nothing of the others. Kinds that are signed alone are
  // (signing.h).
  absl::StatusOr<std::vector<pb::SignedDocument>> SignMany(
      std::span<const pb::Document> documents) const;
  // Submits and verifies the receipt: it is for these bytes, and its proof leads to a checkpoint
  // that the service's log key signed. Safe to call again with the same bytes, which are kept until
  // they are answered (Outbox).
  absl::StatusOr<pb::Receipt> Submit(const pb::SignedDocument& document,
                                     const RetryOptions& retry = {});
  absl::StatusOr<pb::Receipt> SignAndSubmit(const pb::Document& document,
                                            const RetryOptions& retry = {});
  // Submits again what was kept, oldest first, as after a crash: what was recorded then has its
  // receipt. `done` is called once for each; the first that is not answered ends it.
  using KeptDone =
      std::function<void(const pb::SignedDocument& document, const absl::StatusOr<pb::Receipt>&)>;
  absl::Status SubmitKept(const KeptDone& done, const RetryOptions& retry = {});
  // What Submit would say now; nothing is recorded. The service's word alone: nothing of it is
  // signed, but for the receipt of what is recorded already, which is verified.
  absl::StatusOr<pb::ValidateResponse> Validate(const pb::SignedDocument& document);
  // Submits what `next` gives (false: no more) through one stream, again after a lost connection,
  // with up to 256 on the way. `done` is called once per document, in order.
  using NextDocument = std::function<bool(pb::SignedDocument&)>;
  using DocumentDone = std::function<void(uint64_t sequence, const absl::StatusOr<pb::Receipt>&)>;
  absl::Status SubmitMany(const NextDocument& next, const DocumentDone& done,
                          const RetryOptions& retry = {});
  // Calls `handle` per entry, in order, verified. State is saved after the entries of a message
  // were handled; an error from `handle`, or a crash, ends it before that, and the message's
  // entries come again: key what you keep by ledger and index. DATA_LOSS means that the service
  // contradicts itself or its signatures: keep the state file and "<state file>.evidence" beside
  // it.
  using EntryHandler = std::function<absl::Status(const VerifiedEntry&)>;
  absl::Status Follow(const FollowOptions& options, const EntryHandler& handle);

  // Takes over what the agency's files hold now: a later directory, another certificate. Follow and
  // Submit do so by themselves where what they were given does not verify or nobody answers.
  // Whether anything changed; an error where the files cannot be taken now.
  absl::StatusOr<bool> Refresh();

  // What these refer to lives as long as the client, also after Refresh.
  pb::ExchangeService::Stub& stub() const { return *session().stub; }
  const std::shared_ptr<grpc::Channel>& channel() const { return session().channel; }
  const Agency& agency() const { return *session().agency; }
  const std::string& group() const { return group_; }
  std::vector<entry::NoteVerifier> log_keys() const {
    return agency().directory().LogVerifiers(group_);
  }

 private:
  struct Session {
    std::shared_ptr<const Agency> agency;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<pb::ExchangeService::Stub> stub;
  };
  std::shared_ptr<Waiter> waiter() const {
    base::MutexLock lock(mutex_);
    return waiter_;
  }
  const Session& session() const {
    base::MutexLock lock(mutex_);
    return sessions_.back();
  }
  Client(std::shared_ptr<const Agency> agency, std::string group,
         std::shared_ptr<grpc::Channel> channel, std::shared_ptr<Waiter> waiter);
  struct FollowRun;
  class Bulk;
  bool IsExplained(const std::atomic<bool>* stop);
  absl::Status FollowOnce(const FollowOptions& options, const EntryHandler& handle, FollowRun& run);
  absl::Status Mark(const FollowOptions& options, FollowRun& run);
  absl::Status Acknowledge(const FollowOptions& options, FollowRun& run, bool last);
  absl::Status TakeOrRefresh(const pb::FollowResponse& message, const FollowOptions& options,
                             const EntryHandler& handle, FollowRun& run);
  absl::Status TakeMessage(const pb::FollowResponse& message, const FollowOptions& options,
                           const EntryHandler& handle, FollowRun& run);
  absl::Status CheckReceipt(const pb::Receipt& receipt, const pb::SignedDocument& document) const;
  absl::Status VerifyReceipt(const pb::Receipt& receipt, const pb::SignedDocument& document);
  absl::StatusOr<pb::Receipt> Send(const pb::SignedDocument& document, const RetryOptions& retry);

  const std::string group_;
  bool connected_ = false;  // by Connect, so that it can connect again
  mutable base::Mutex mutex_;
  std::list<Session> sessions_ ABSL_GUARDED_BY(mutex_);     // the last is in use; one per rotation
  std::shared_ptr<Waiter> waiter_ ABSL_GUARDED_BY(mutex_);  // of the last session
  document::Verifier verifier_;
};

// Ends a call after a minute: a service that keeps the connection and never answers is not waited
// for.
void SetCallDeadline(grpc::ClientContext& context);

// Whether a call may be tried again, and after how long: RetryInfo if given, else doubling. What no
// service has said, such as a connection that broke, may always be.
bool ShouldRetry(const absl::Status& status, const RetryOptions& retry, int attempt,
                 absl::Duration& delay);

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_CLIENT_H_
