#include "services/core/rpc/host/server_host.h"

#include <prometheus/registry.h>

#include <filesystem>

#include "absl/synchronization/notification.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/mutex.h"
#include "services/core/base/status.h"
#include "services/core/entry/audience.h"
#include "services/core/identity/directory_source.h"
#include "services/core/machine/erasure.h"
#include "services/core/rpc/edge/memory_plan.h"
#include "services/core/rpc/edge/server_credentials.h"
#include "services/core/rpc/host/expiry_watch.h"
#include "services/core/rpc/host/log_key.h"
#include "services/core/rpc/streams/follow.h"
#include "services/core/rpc/streams/rollback.h"
#include "services/core/rpc/trend_service.h"
#include "services/core/telemetry/log.h"

namespace entente::rpc {
namespace {

using base::Reason;
using telemetry::Level;
namespace field = telemetry::field;

// Two for whoever has much to do, and one that is left for others (FairPool).
constexpr int kThreads = 3;
// Calls of one agency that may wait for a thread.
constexpr size_t kWaitingCallsMax = 1024;
constexpr int kMinOriginators = 3;  // where the profile does not say

// CONFIGURATION_INVALID where the profile names what is no kind's full name, or a kind as this
// group's that the group has not. Other groups' kinds are theirs to know.
absl::Status CheckSignedAlone(const entente::config::v1::RegimeProfile& profile,
                              const machine::Group& group) {
  const std::string own = fmt::format("entente.{}.", group.name);
  for (const std::string& kind : profile.signing().signed_alone()) {
    const bool full = kind.rfind("entente.", 0) == 0 && kind.find(".v1.") != std::string::npos;
    if (full && (kind.rfind(own, 0) != 0 || group.Find(kind) != nullptr)) continue;
    return base::Refuse(absl::StatusCode::kInvalidArgument, Reason::kConfigurationInvalid,
                        "profile: signing.signed_alone: {} has no kind {}", group.name, kind);
  }
  return absl::OkStatus();
}

template <typename T>
T OrDefault(T value, T fallback) {
  return value == 0 ? fallback : value;
}

}  // namespace

struct GroupServer::Impl {
  Options options;
  const identity::DirectorySource* directory = nullptr;
  std::unique_ptr<machine::Register> reg;
  std::vector<std::shared_ptr<void>> following;  // upstreams
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<machine::Machine> machine;
  std::unique_ptr<LogKeyFile> log_key;
  const entry::NoteSigner* signer = nullptr;  // the first; the sequencer may have another by now
  document::Verifier verifier;
  std::unique_ptr<telemetry::Metrics> metrics;
  std::unique_ptr<feed::Feed> feed;
  std::unique_ptr<base::FairPool> intake;
  std::unique_ptr<base::FairPool> readers;
  std::unique_ptr<Guard> guard;
  std::unique_ptr<Budget> budget;
  machine::Budgets budgets;  // of states, by the profile
  MemoryPlan memory;
  std::unique_ptr<RollbackWatch> rollback;
  std::unique_ptr<ExpiryWatch> expiry;
  std::unique_ptr<StreamHub> streams;
  std::unique_ptr<machine::Sequencer> sequencer;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Router> router;
  std::vector<std::unique_ptr<Service>> services;
  // For handshakes, which may outlast the server in gRPC.
  struct Door {
    base::Mutex mutex;
    Impl* impl ABSL_GUARDED_BY(mutex) = nullptr;  // null: closed
  };
  const std::shared_ptr<Door> door = std::make_shared<Door>();
  std::unique_ptr<TlsIdentity> identity;  // outlives the server
  std::unique_ptr<Acceptor> acceptor;     // outlives the server, whose connections it watches
  std::unique_ptr<grpc::Server> server;
  std::string roots_file;
  Acceptor::Counts told;  // that metrics have counted
  uint64_t ticks = 0;
  absl::Status tls;                                  // what was last said of its files
  absl::Status trouble;                              // that was last told of
  std::string erasing;                               // why what is due is not erased, as last told
  absl::Time clock_was = absl::InfinitePast();       // at the last tick, by the clock …
  std::chrono::steady_clock::time_point steady_was;  // … and by one that nobody sets
  bool drained = false;

  absl::Status OpenJournal(const GroupModule& module, const JournalFactory& journals);
  void Assemble(const GroupModule& module, const entente::config::v1::RegimeProfile& profile,
                const base::Clock& clock, prometheus::Registry& registry);
  void LookAtTls();
  absl::Status Trouble(bool look_at_files);
  void TellOfTrouble(const absl::Status& trouble);
  void LookAtClock();
  void StartSequencer(size_t queue_max, const base::Clock& clock);
  void SignAgainIfReplaced();
  absl::Status CatchUp();
  void TellErased(const absl::Status& status, size_t done);
  [[noreturn]] void Die(const absl::Status& status);
  absl::Status WriteRoots() const {
    const auto now = directory->Get();
    const std::string pem = now->PartnerAuthoritiesPem() + now->ServiceAuthoritiesPem();
    // A full disk keeps nobody from starting where nothing has changed.
    if (base::ReadFile(roots_file) == pem || base::WriteFileAtomically(roots_file, pem)) {
      return absl::OkStatus();
    }
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", roots_file);
  }
};

absl::Status GroupServer::Impl::OpenJournal(const GroupModule& module,
                                            const JournalFactory& journals) {
  const std::string service = directory->Get()->trust_domain() + "/" + module.name();
  log_key = std::make_unique<LogKeyFile>(options.config.log_key_file(), *directory, module.name());
  ENTENTE_ASSIGN_OR_RETURN(signer, log_key->Open());
  ENTENTE_ASSIGN_OR_RETURN(journal, journals(options.config, service));
  machine =
      std::make_unique<machine::Machine>(directory->Get()->trust_domain(), module.name(), *reg);
  machine::ReplayOptions replay;
  replay.known = directory->Get()->PastLogVerifiers(module.name());
  replay.progress = [&](uint64_t done, uint64_t total) {
    telemetry::Log(Level::kInfo, "replaying",
                   {{field::kGroup, module.name()},
                    {"done", std::to_string(done)},
                    {"total", std::to_string(total)}});
  };
  ENTENTE_RETURN_IF_ERROR(machine::Replay(*journal, *machine, replay));
  // Ordered, and then the service was killed.
  if (const size_t due = machine->erasures_due().size(); due > 0) {
    const absl::Status erased = machine::CarryOutErasures(*machine, *journal);
    if (erased.code() == absl::StatusCode::kDataLoss) return erased;
    TellErased(erased, due - machine->erasures_due().size());
  }
  telemetry::Log(Level::kInfo, "replayed",
                 {{field::kGroup, module.name()},
                  {"records", std::to_string(machine->applied())},
                  {"fingerprint", machine->Fingerprint().hex()}});
  const std::string& heads = options.config.heads_file();
  // The journal is this process's alone by now.
  for (const std::string& file : {options.config.database_file(), heads}) {
    if (file.empty()) continue;
    base::RemoveAbandoned(std::filesystem::absolute(file).parent_path().string());
  }
  rollback = std::make_unique<RollbackWatch>(
      *machine, *directory, heads.empty() ? options.config.database_file() + ".heads" : heads,
      [this] { return CatchUp(); });
  return rollback->CheckKept();
}

// Stored bytes contradict each other: serving on would spread it. The next start must know of what
// was signed last.
void GroupServer::Impl::Die(const absl::Status& status) {
  telemetry::Log(Level::kError, "stopping", {{field::kError, base::Text(status)}});
  rollback->Keep();
  std::abort();
}

// On the sequencer's thread, or before it is there.
void GroupServer::Impl::TellErased(const absl::Status& status, size_t done) {
  if (done > 0) {
    if (feed != nullptr) feed->Forget();
    telemetry::Log(Level::kInfo, "erased",
                   {{field::kGroup, machine->group()}, {"documents", std::to_string(done)}});
  }
  const std::string error = status.ok() ? "" : base::Text(status);
  if (error == erasing) return;
  erasing = error;
  if (error.empty()) return;
  telemetry::Log(Level::kError, "not erased yet",
                 {{field::kGroup, machine->group()}, {field::kError, error}});
}

// Waits for the sequencer; not for its own thread, nor for one that must not wait.
absl::Status GroupServer::Impl::CatchUp() {
  struct Waiting {
    absl::Notification done;
    absl::Status status;
  };
  auto waiting = std::make_shared<Waiting>();
  ENTENTE_RETURN_IF_ERROR(sequencer->CatchUpNow([waiting](const absl::Status& status) {
    waiting->status = status;
    waiting->done.Notify();
  }));
  if (waiting->done.WaitForNotificationWithTimeout(absl::Seconds(10))) return waiting->status;
  return base::WithRetry(base::Refuse(absl::StatusCode::kUnavailable, Reason::kJournalFaulted,
                                      "the journal does not answer"),
                         absl::Seconds(1));
}

// A key that was replaced while the service was down: quiet ledgers are signed by the old one.
void GroupServer::Impl::SignAgainIfReplaced() {
  const auto own = entry::NoteVerifier::FromVkey(signer->Vkey());
  std::shared_lock lock(machine->mutex());
  for (const auto& [id, ledger] : machine->ledgers()) {
    if (!own.ok() || !entry::OpenNote(ledger.checkpoint, std::span(&*own, 1)).ok()) {
      return log_key->Again();
    }
  }
}

void GroupServer::Impl::StartSequencer(size_t queue_max, const base::Clock& clock) {
  machine::Sequencer::Dependencies dependencies{
      .journal = *journal,
      .machine = *machine,
      .directory = *directory,
      .verifier = verifier,
      .signer = *signer,
      .clock = clock,
      .committed =
          [this](std::shared_ptr<const machine::Commit> commit) {
            uint64_t documents = 0;
            for (const auto& record : commit->records) {
              documents += record.kind == journal::RecordKind::kDocument ? 1 : 0;
            }
            metrics->commits.Increment();
            metrics->documents_recorded.Increment(static_cast<double>(documents));
            feed->Add(*commit);
            streams->Published();
          },
      .fatal = [this](const absl::Status& status) { Die(status); },
      .erased = [this](const absl::Status& status, size_t due) { TellErased(status, due); }};
  sequencer = std::make_unique<machine::Sequencer>(
      std::move(dependencies),
      machine::Sequencer::Options{
          .queue_max = queue_max, .budgets = budgets, .state_bytes_max = memory.state});
  sequencer->Start();
}

void GroupServer::Impl::Assemble(const GroupModule& module,
                                 const entente::config::v1::RegimeProfile& profile,
                                 const base::Clock& clock, prometheus::Registry& registry) {
  const auto& limits = options.limits;
  metrics = std::make_unique<telemetry::Metrics>(registry, module.name());
  feed = std::make_unique<feed::Feed>(
      *machine, *journal,
      feed::Feed::Options{.bytes_max = static_cast<size_t>(OrDefault<int64_t>(
                              limits.feed_bytes_max(), static_cast<int64_t>(kFeedBytesMax)))});
  const size_t queue_max = static_cast<size_t>(OrDefault(limits.queue_max(), 1024));
  intake = std::make_unique<base::FairPool>(kThreads, kWaitingCallsMax);
  readers = std::make_unique<base::FairPool>(kThreads, kWaitingCallsMax);
  budget = std::make_unique<Budget>(Budget::Options{
      .shared_bytes_max = static_cast<size_t>(
          OrDefault<int64_t>(limits.in_flight_bytes_max(), Budget::Options().shared_bytes_max)),
      .agency_bytes_max = static_cast<size_t>(OrDefault<int64_t>(
          limits.agency_in_flight_bytes_max(), Budget::Options().agency_bytes_max))});
  guard = std::make_unique<Guard>(*directory, clock, module.name(),
                                  OrDefault(limits.submits_per_second_max(), 20000),
                                  OrDefault(limits.reads_per_second_max(), 2000));
  StreamHub::Options hub;
  hub.streams_per_agency_max = OrDefault(limits.streams_per_agency_max(), 16);
  hub.heartbeat = std::chrono::seconds(OrDefault(limits.heartbeat_s(), 10));
  hub.stall_timeout = std::chrono::seconds(OrDefault(limits.stall_timeout_s(), 60));
  hub.explain = [this](const std::string& peer, size_t before, size_t now) {
    if (acceptor == nullptr) return;
    if (before == 0) return acceptor->Expect(peer, now);
    now == 0 ? acceptor->Unread(peer, before) : acceptor->Explain(peer, now, before);
  };
  streams = std::make_unique<StreamHub>(
      *feed, *guard, *readers, *budget, hub,
      [this](const std::string& note) { return rollback->Shown(note); },
      [this](CallRecord& call, const absl::Status& status) {
        if (call.began == absl::InfinitePast()) call.began = backend->clock.Now();
        Report(*backend, call, status);
      },
      [this] { return CatchUp(); });
  expiry = std::make_unique<ExpiryWatch>(module.name(),
                                         std::vector<std::pair<std::string, std::string>>{
                                             {"tls", options.config.tls_certificate_file()},
                                             {"client", options.config.client_certificate_file()}},
                                         *metrics);
  StartSequencer(queue_max, clock);
  journal->Watch([this] { sequencer->OthersAppended(); });
  backend = std::make_unique<Backend>(Backend{*guard, *directory, clock, *machine, *journal,
                                              *sequencer, verifier, *streams, *intake, *readers,
                                              *budget, budgets, *metrics, options.audit});
  // Never more than everybody is guaranteed: others' bytes must not keep a stream from being read.
  backend->document_bytes_min =
      std::min(budget->options().agency_bytes_max / std::min(queue_max, kWaitingCallsMax),
               budget->options().guaranteed_bytes);
  backend->signed_alone.insert(profile.signing().signed_alone().begin(),
                               profile.signing().signed_alone().end());
  services = module.make_services(*backend, *reg);
  services.push_back(std::make_unique<ExchangeServiceImpl>(*backend));
  if (!reg->Dimensions().empty()) {
    services.push_back(std::make_unique<TrendServiceImpl>(
        *backend, *reg, OrDefault(profile.trends().min_originators(), kMinOriginators)));
  }
  router = std::make_unique<Router>(*backend);
  for (const auto& service : services) service->AddTo(*router);
}

GroupServer::GroupServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GroupServer::~GroupServer() {
  Drain();
  // The feed and the journal outlive whoever reads them.
  impl_->streams.reset();
}

absl::StatusOr<std::unique_ptr<GroupServer>> GroupServer::Open(
    Options options, const GroupModule& module, const entente::config::v1::RegimeProfile& profile,
    const identity::DirectorySource& directory, const base::Clock& clock,
    const JournalFactory& journals, prometheus::Registry& registry) {
  ENTENTE_RETURN_IF_ERROR(CheckSignedAlone(profile, module.group));
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->directory = &directory;
  impl->reg = module.group.make_register(profile);
  impl->budgets = machine::BudgetsOf(profile);
  int agencies = 0;
  for (const auto& partner : directory.Get()->proto().partners()) {
    agencies += partner.agencies_size();
  }
  impl->memory = PlanMemory(impl->options.limits, impl->options.groups, agencies);
  telemetry::Log(Level::kInfo, "memory",
                 {{field::kGroup, module.name()}, {"plan", impl->memory.Text()}});
  if (impl->options.memory == nullptr) impl->options.memory = std::make_shared<MemoryWatch>();
  impl->roots_file = impl->options.config.database_file() + ".client-roots.pem";
  ENTENTE_RETURN_IF_ERROR(impl->OpenJournal(module, journals));
  ENTENTE_RETURN_IF_ERROR(impl->WriteRoots());
  for (const auto& upstream : impl->options.config.upstreams()) {
    ENTENTE_ASSIGN_OR_RETURN(impl->following.emplace_back(),
                             module.follow(impl->options.config, upstream, directory, *impl->reg));
  }
  impl->Assemble(module, profile, clock, registry);
  impl->SignAgainIfReplaced();
  return std::unique_ptr<GroupServer>(new GroupServer(std::move(impl)));
}

namespace {

// Never more than there are descriptors for: each connection takes two, and the journal, followers'
// pages and logs need some.
Acceptor::Options ConnectionLimits(const entente::config::v1::Limits& limits) {
  Acceptor::Options options;
  options.connections_max = static_cast<size_t>(
      OrDefault(limits.connections_max(), static_cast<int>(options.connections_max)));
  options.unproven_max = static_cast<size_t>(
      OrDefault(limits.unproven_connections_max(), static_cast<int>(options.unproven_max)));
  options.per_agency_max = static_cast<size_t>(
      OrDefault(limits.connections_per_agency_max(), static_cast<int>(options.per_agency_max)));
  options.per_source_max = static_cast<size_t>(limits.connections_per_source_max());
  const size_t descriptors = RaiseDescriptorLimit();
  const size_t most = descriptors > 384 ? (descriptors - 256) / 2 : 64;
  options.connections_max = std::min(options.connections_max, most);
  options.waiting_max = std::min(options.waiting_max, most);
  return options;
}

}  // namespace

absl::Status GroupServer::Listen() {
  const auto& config = impl_->options.config;
  ENTENTE_ASSIGN_OR_RETURN(impl_->identity,
                           TlsIdentity::Open(config.tls_certificate_file(), config.tls_key_file(),
                                             "spiffe://" + impl_->directory->Get()->trust_domain() +
                                                 "/services/" + impl_->machine->group()));
  // Health is the Router's, behind the Guard.
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  Acceptor::Options connections = ConnectionLimits(impl_->options.limits);
  connections.memory = impl_->options.memory.get();
  connections.clock = &impl_->backend->clock;
  ENTENTE_ASSIGN_OR_RETURN(impl_->acceptor, Acceptor::Listen(config.listen(), connections));
  impl_->backend->acceptor = impl_->acceptor.get();
  {
    base::MutexLock lock(impl_->door->mutex);
    impl_->door->impl = impl_.get();
  }
  const auto accept = [door = impl_->door](const std::string& chain_pem) -> absl::Status {
    base::MutexLock lock(door->mutex);
    if (door->impl == nullptr) return absl::UnavailableError("shutting down");
    const auto caller = door->impl->guard->Identify(chain_pem);
    absl::Status status = caller.status();
    if (caller.ok() && !door->impl->acceptor->Admit(caller->agency.str())) {
      status = base::Refuse(
          absl::StatusCode::kResourceExhausted, Reason::kRateExceeded,
          "{} has opened too many connections that no call came over, or that were cut; "
          "let it keep one open, and try again in a minute",
          caller->agency.str());
    }
    if (!status.ok()) Report(*door->impl->backend, {.method = "handshake"}, status);
    return status;
  };
  impl_->acceptor->AddTo(builder,
                         MakeServerCredentials(*impl_->identity, impl_->roots_file, accept));
  builder.SetMaxReceiveMessageSize(static_cast<int>(kRequestBytesMax));
  grpc::ResourceQuota quota("entente");
  // Far above what is planned for: a quota that is used up ends whichever connection is next in its
  // queue. Acceptor ends, before that, those that use it up.
  const auto groups = static_cast<uint64_t>(std::max(impl_->options.groups, 1));
  builder.SetResourceQuota(
      quota.Resize(std::max(kTransportBytesMax, impl_->memory.limit / 2 / groups)));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
  // Pings are answered and, like all bytes, counted: gRPC's own protest at them takes 3 KiB each.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 64);
  // What is not read yet stays with the caller: a window of 64 KiB, which does not grow.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 8 << 10);
  // What a connection that is cut has left in gRPC's hands is parsed all the same.
  builder.AddChannelArgument(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, 32 << 10);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20000);
  builder.RegisterCallbackGenericService(impl_->router.get());
  impl_->server = builder.BuildAndStart();
  if (impl_->server == nullptr) {
    return base::Refuse(absl::StatusCode::kUnavailable, Reason::kConfigurationInvalid,
                        "cannot serve on {}", config.listen());
  }
  impl_->acceptor->Start();
  impl_->router->SetServing(true);
  return absl::OkStatus();
}

int GroupServer::port() const { return impl_->acceptor->port(); }
machine::Machine& GroupServer::machine() { return *impl_->machine; }
std::vector<std::string> GroupServer::Methods() const { return impl_->router->Methods(); }

void GroupServer::DirectoryChanged() {
  if (absl::Status status = impl_->WriteRoots(); !status.ok()) {
    telemetry::Log(Level::kError, "directory changed, but", {{field::kError, base::Text(status)}});
  }
  telemetry::Log(Level::kInfo, "directory changed",
                 {{field::kGroup, impl_->machine->group()},
                  {"serial", std::to_string(impl_->directory->Get()->serial())}});
  // Proof of a rollback by a key that was stolen stands no longer once the key is retired.
  if (impl_->rollback->JudgeAgain()) impl_->guard->Block(absl::OkStatus());
  impl_->streams->DirectoryChanged();
}

namespace {

// What "entente-admin backup" and "entente-admin fsck" have noted beside the journal: a time.
double TimeIn(const std::string& file) {
  const auto text = base::ReadFile(file);
  return text.has_value() ? std::strtod(text->c_str(), nullptr) : 0;
}

uint64_t AppliedBy(const machine::Machine& machine) {
  std::shared_lock lock(machine.mutex());
  return machine.applied();
}

size_t ErasuresDue(const machine::Machine& machine) {
  std::shared_lock lock(machine.mutex());
  return machine.erasures_due().size();
}

uint64_t FootprintOf(const machine::Machine& machine) {
  std::shared_lock lock(machine.mutex());
  return machine.Footprint();
}

// Per state: entries that it may read and has not acknowledged.
std::map<std::string, uint64_t> LagsOf(const machine::Machine& machine,
                                       const std::vector<std::string>& partners) {
  std::map<std::string, uint64_t> lags;
  std::shared_lock lock(machine.mutex());
  for (const std::string& state : partners) {
    uint64_t& lag = lags[state];
    for (const auto& [id, ledger] : machine.ledgers()) {
      if (!entry::Includes(ledger.audience, state, true)) continue;
      auto steps = ledger.acknowledged.find(state);
      lag +=
          ledger.tree.size() - (steps == ledger.acknowledged.end() ? 0 : steps->second.back().size);
    }
  }
  return lags;
}

}  // namespace

void GroupServer::RefreshLogKey() {
  const entry::NoteSigner* fresh = impl_->log_key->Look();
  if (fresh == nullptr) return;
  const absl::Status queued =
      impl_->sequencer->SignWith(*fresh, [impl = impl_.get(), fresh](const absl::Status& status) {
        if (status.ok()) impl->log_key->Taken(fresh);
        telemetry::Log(status.ok() ? Level::kInfo : Level::kError,
                       status.ok() ? "log key taken over" : "log key not taken over yet",
                       {{field::kGroup, impl->machine->group()},
                        {"vkey", fresh->Vkey()},
                        {field::kError, status.ok() ? "" : base::Text(status)}});
      });
  if (!queued.ok()) {
    telemetry::Log(Level::kWarn, "log key not taken over yet",
                   {{field::kGroup, impl_->machine->group()}, {field::kError, base::Text(queued)}});
  }
}

// A certificate that does not fit is said once; the one before it stays in force, so calls go on.
void GroupServer::Impl::LookAtTls() {
  if (identity == nullptr) return;
  const absl::Status now = identity->Look();
  if (now.ToString() == tls.ToString()) return;
  tls = now;
  telemetry::Log(now.ok() ? Level::kInfo : Level::kError,
                 now.ok() ? "certificate in force" : "certificate not taken over; see its files",
                 {{field::kGroup, machine->group()}, {field::kError, base::Text(now)}});
}

// Why calls are not answered as they should be; OK if they are.
absl::Status GroupServer::Impl::Trouble(bool look_at_files) {
  if (drained) {
    return base::Refuse(absl::StatusCode::kUnavailable, Reason::kServiceDraining, "shutting down");
  }
  ENTENTE_RETURN_IF_ERROR(guard->blocked());
  if (look_at_files) {
    // With room on the disk again the next document may be taken; if not, that is seen at once.
    const auto folder = std::filesystem::absolute(options.config.database_file()).parent_path();
    std::error_code ignored;
    constexpr uintmax_t kEnough = 64 << 20;
    if (base::ReasonOf(sequencer->trouble()) == std::string(ReasonName(Reason::kJournalFull)) &&
        std::filesystem::space(folder, ignored).available > kEnough) {
      sequencer->TroubleMayBeOver();
    }
  }
  // A database that is away is noticed before somebody needs it.
  sequencer->OthersAppended();
  ENTENTE_RETURN_IF_ERROR(sequencer->trouble());
  std::shared_lock lock(machine->mutex());
  return sequencer->CheckState();
}

void GroupServer::Impl::TellOfTrouble(const absl::Status& now) {
  const std::string reason = base::ReasonOf(now).value_or(now.ok() ? "" : "UNKNOWN");
  metrics->serving.Set(now.ok() ? 1 : 0);
  metrics->SetTrouble(reason);
  router->SetServing(now.ok() && server != nullptr);
  if (reason == base::ReasonOf(trouble).value_or(trouble.ok() ? "" : "UNKNOWN")) return;
  trouble = now;
  telemetry::Log(now.ok() || drained ? Level::kInfo : Level::kError,
                 now.ok() ? "serving again" : "not serving",
                 {{field::kGroup, machine->group()},
                  {field::kReason, reason},
                  {field::kError, base::Text(now)}});
}

// Recorded times are evidence, and a clock that somebody sets makes them untrue.
void GroupServer::Impl::LookAtClock() {
  constexpr absl::Duration kJump = absl::Seconds(5);
  const absl::Time now = base::SystemClock().Now();
  const auto steady = std::chrono::steady_clock::now();
  if (clock_was != absl::InfinitePast()) {
    const absl::Duration jumped = now - clock_was - absl::FromChrono(steady - steady_was);
    if (jumped > kJump || jumped < -kJump) {
      telemetry::Log(Level::kError, "the clock was set",
                     {{field::kGroup, machine->group()},
                      {"seconds", fmt::format("{:.0f}", absl::ToDoubleSeconds(jumped))}});
    }
  }
  clock_was = now;
  steady_was = steady;
  absl::Time recorded = absl::InfinitePast();
  {
    std::shared_lock lock(machine->mutex());
    for (const auto& [id, ledger] : machine->ledgers()) {
      recorded = std::max(recorded, ledger.recorded);
    }
  }
  metrics->clock_behind.Set(std::max(0.0, absl::ToDoubleSeconds(recorded - backend->clock.Now())));
}

void GroupServer::Tick(bool audited) {
  RefreshLogKey();
  impl_->router->Tick();
  if (impl_->journal->Head() > AppliedBy(*impl_->machine)) {
    impl_->sequencer->OthersAppended();  // again, should it have failed when it was told
  }
  auto& metrics = *impl_->metrics;
  const auto directory = impl_->directory->Get();
  metrics.queue_length.Set(static_cast<double>(impl_->sequencer->queued()));
  metrics.followers.Set(static_cast<double>(impl_->streams->streams()));
  metrics.feed_bytes.Set(static_cast<double>(impl_->feed->bytes()));
  metrics.in_flight_bytes.Set(static_cast<double>(impl_->budget->used()));
  metrics.open_calls.Set(static_cast<double>(impl_->router->open()));
  const uint64_t state_bytes = FootprintOf(*impl_->machine);
  impl_->options.memory->Note(impl_->memory, impl_->machine->group(), state_bytes);
  metrics.erasures_due.Set(static_cast<double>(ErasuresDue(*impl_->machine)));
  metrics.state_bytes.Set(static_cast<double>(state_bytes));
  metrics.state_bytes_max.Set(static_cast<double>(impl_->memory.state));
  if (impl_->acceptor != nullptr) {
    const Acceptor::Counts counts = impl_->acceptor->counts();
    Acceptor::Counts& told = impl_->told;
    metrics.SetConnections("waiting", static_cast<double>(counts.waiting));
    metrics.SetConnections("unproven", static_cast<double>(counts.unproven));
    metrics.SetConnections("proven", static_cast<double>(counts.proven));
    metrics.CountClosed("silent", counts.closed_silent - told.closed_silent);
    metrics.CountClosed("unproven", counts.closed_unproven - told.closed_unproven);
    metrics.CountClosed("unexplained", counts.closed_unexplained - told.closed_unexplained);
    metrics.CountClosed("memory", counts.closed_for_memory - told.closed_for_memory);
    metrics.CountClosed("accept_error", counts.accept_errors - told.accept_errors);
    told = counts;
  }
  metrics.journal_records.Set(static_cast<double>(impl_->journal->Head()));
  metrics.directory_serial.Set(static_cast<double>(directory->serial()));
  impl_->TellOfTrouble(impl_->Trouble(impl_->ticks % 15 == 0));
  impl_->LookAtClock();
  impl_->LookAtTls();
  if (!audited) {
    metrics.audit_failures.Increment();
    telemetry::Log(Level::kError, "cannot write the audit",
                   {{field::kGroup, impl_->machine->group()}});
  }
  if (!impl_->rollback->Keep()) {
    telemetry::Log(Level::kError, "cannot write the heads file",
                   {{field::kGroup, impl_->machine->group()}});
  }
  if (impl_->ticks++ % 15 != 0) return;
  const std::string& database = impl_->options.config.database_file();
  std::error_code ignored;
  metrics.journal_bytes.Set(static_cast<double>(std::filesystem::file_size(database, ignored)));
  const auto space =
      std::filesystem::space(std::filesystem::absolute(database).parent_path(), ignored);
  metrics.disk_free_bytes.Set(static_cast<double>(space.available));
  metrics.backup_time.Set(TimeIn(database + ".backup"));
  metrics.verified_time.Set(TimeIn(database + ".verified"));
  for (const auto& [state, lag] : LagsOf(*impl_->machine, directory->partners())) {
    metrics.SetLag(state, static_cast<double>(lag));
  }
  impl_->expiry->Look(*directory, base::SystemClock().Now());
}

void GroupServer::Drain() {
  if (std::exchange(impl_->drained, true)) return;
  const int seconds = OrDefault(impl_->options.limits.drain_timeout_s(), 10);
  if (impl_->server != nullptr) {
    impl_->router->SetServing(false);
    impl_->acceptor->Stop(absl::Seconds(seconds));
    impl_->budget->Close();
    impl_->streams->Drain(std::chrono::seconds(seconds));
    impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
  }
  // What was taken in is recorded before the journal closes.
  impl_->intake->Stop();
  impl_->journal->Watch(nullptr);
  impl_->sequencer->Stop();
  impl_->readers->Stop();
  impl_->following.clear();
  impl_->rollback->Keep();
  if (impl_->server != nullptr) impl_->server->Wait();
  base::MutexLock lock(impl_->door->mutex);
  impl_->door->impl = nullptr;
}

}  // namespace entente::rpc
