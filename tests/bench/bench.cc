// Load for the benchmarks: one subcommand per measurement, one number a line, as "name value unit".
// tests/bench/run starts servers and peers, calls these in interleaved rounds, and prints ratios.
#include <fcntl.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "clients/sdk/agency.h"
#include "clients/sdk/signing.h"
#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"
#include "services/core/feed/feed.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/machine/sequencer.h"
#include "services/leem/register/denial_register.h"
#include "tests/bench/load.h"
#include "tests/bench/peers/etcd.grpc.pb.h"
#include "tests/support/test_regime.h"

namespace entente::bench {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// A signed denial of about 1.5 KiB.
pb::Document MakeDenial(const std::string& originator, const std::string& reference) {
  pb::Document document;
  document.set_originator(originator);
  document.set_reference(reference);
  document.mutable_composed_time()->set_seconds(1477040400);
  document.mutable_audience()->mutable_all_partners();
  document.mutable_marking()->set_level(pb::Marking::LEVEL_OFFICIAL);
  document.mutable_marking()->set_tlp(pb::Marking::TLP_AMBER);
  leem::v1::DenialNotification body;
  *body.mutable_content() = testing::SampleContent();
  body.mutable_content()->set_remarks(std::string(330, 'r'));
  document.mutable_body()->PackFrom(body);
  return document;
}

std::string ReadFile(const std::string& path) {
  auto text = base::ReadFile(path);
  if (!text) {
    std::cerr << "cannot read " << path << "\n";
    std::exit(1);
  }
  return *text;
}

}  // namespace

double Seconds(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

void Print(const std::string& name, double value, const std::string& unit) {
  std::cout << name << " " << value << " " << unit << std::endl;
}

double RunThreads(int threads, int total, const std::function<void(int thread, int i)>& work) {
  std::atomic<int> next{0};
  std::vector<std::thread> pool;
  const auto began = Clock::now();
  for (int t = 0; t < threads; ++t) {
    pool.emplace_back([&, t] {
      for (int i = next++; i < total; i = next++) work(t, i);
    });
  }
  for (auto& thread : pool) thread.join();
  return Seconds(began);
}

std::string UniqueRun() {
  return std::to_string(std::chrono::system_clock::now().time_since_epoch().count() / 1000);
}

std::vector<pb::SignedDocument> SignMany(const sdk::Agency& agency, int count,
                                         const std::string& run) {
  std::vector<pb::SignedDocument> documents(static_cast<size_t>(count));
  RunThreads(2, count, [&](int, int i) {
    const std::string reference = "b" + run + "-" + std::to_string(i) + ".";
    documents[static_cast<size_t>(i)] =
        sdk::Sign(agency, MakeDenial(agency.name().str(), reference)).value();
  });
  return documents;
}

// The same with one signature for all of an audience.
std::vector<pb::SignedDocument> SignAtOnce(const sdk::Agency& agency, int count,
                                           const std::string& run) {
  std::vector<pb::SignedDocument> documents;
  std::vector<pb::SignedDocument*> to_sign;
  for (int i = 0; i < count; ++i) {
    const std::string reference = "a" + run + "-" + std::to_string(i) + ".";
    documents.push_back(document::Unsigned(MakeDenial(agency.name().str(), reference)));
  }
  for (auto& one : documents) to_sign.push_back(&one);
  const auto began = Clock::now();
  if (!sdk::AddSignatures(agency, to_sign).ok()) std::abort();
  Print("sign_at_once", Seconds(began) * 1e6 / count, "us");
  return documents;
}

std::shared_ptr<grpc::Channel> ConnectTls(const std::string& address, const std::string& pki) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadFile(pki + "/authorities/services.crt");
  options.pem_private_key = ReadFile(pki + "/agencies/jp/licensing/tls.key");
  options.pem_cert_chain = ReadFile(pki + "/agencies/jp/licensing/tls.crt");
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetSslTargetNameOverride("localhost");
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

namespace {

int Submit(const std::string& config, int callers, int count) {
  const auto agency = Must(sdk::Agency::Load(config));
  const auto documents = SignMany(*agency, count, UniqueRun());
  std::vector<std::unique_ptr<pb::ExchangeService::Stub>> stubs;
  for (int i = 0; i < callers; ++i) {
    stubs.push_back(pb::ExchangeService::NewStub(Must(agency->Connect("leem"))));
  }
  std::atomic<int> refused{0};
  const auto call = [&](int thread, int i) {
    pb::SubmitRequest request;
    *request.mutable_signed_document() = documents[static_cast<size_t>(i)];
    pb::SubmitResponse response;
    grpc::ClientContext context;
    if (!stubs[static_cast<size_t>(thread)]->Submit(&context, request, &response).ok()) ++refused;
  };
  for (int i = 0; i < callers; ++i) call(i, i);  // connections are made before the clock runs
  const double seconds =
      RunThreads(callers, count - callers, [&](int t, int i) { call(t, i + callers); });
  if (refused > 0) std::cerr << refused << " refused\n";
  Print("submit_" + std::to_string(callers), (count - callers) / seconds, "/s");
  return refused > 0 ? 1 : 0;
}

int Stream(const std::string& config, int streams, int count, bool at_once) {
  const auto agency = Must(sdk::Agency::Load(config));
  const auto documents =
      at_once ? SignAtOnce(*agency, count, UniqueRun()) : SignMany(*agency, count, UniqueRun());
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  const auto began = Clock::now();
  for (int s = 0; s < streams; ++s) {
    threads.emplace_back([&, s] {
      auto stub = pb::ExchangeService::NewStub(Must(agency->Connect("leem")));
      grpc::ClientContext context;
      auto stream = stub->SubmitMany(&context);
      std::thread reader([&] {
        pb::SubmitManyResponse response;
        while (stream->Read(&response)) refused += response.has_error() ? 1 : 0;
      });
      for (size_t i = static_cast<size_t>(s); i < documents.size();
           i += static_cast<size_t>(streams)) {
        pb::SubmitManyRequest request;
        *request.mutable_signed_document() = documents[i];
        if (!stream->Write(request)) break;
      }
      stream->WritesDone();
      reader.join();
      if (!stream->Finish().ok()) ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  Print((at_once ? "batch_" : "stream_") + std::to_string(streams), count / Seconds(began), "/s");
  if (refused > 0) std::cerr << refused << " refused\n";
  return refused > 0 ? 1 : 0;
}

int EtcdPut(const std::string& address, const std::string& pki, int callers, int count) {
  std::vector<std::unique_ptr<etcdserverpb::KV::Stub>> stubs;
  for (int i = 0; i < callers; ++i) {
    stubs.push_back(etcdserverpb::KV::NewStub(ConnectTls(address, pki)));
  }
  const std::string value(1900, 'v');  // a signed denial's size
  const std::string run = UniqueRun();
  std::atomic<int> failed{0};
  const auto call = [&](int thread, int i) {
    etcdserverpb::PutRequest request;
    request.set_key("b" + run + "-" + std::to_string(i));
    request.set_value(value);
    etcdserverpb::PutResponse response;
    grpc::ClientContext context;
    if (!stubs[static_cast<size_t>(thread)]->Put(&context, request, &response).ok()) ++failed;
  };
  for (int i = 0; i < callers; ++i) call(i, i);
  const double seconds =
      RunThreads(callers, count - callers, [&](int t, int i) { call(t, i + callers); });
  Print("etcd_" + std::to_string(callers), (count - callers) / seconds, "/s");
  return failed > 0 ? 1 : 0;
}

// Follows on `followers` connections until each has `count` documents; documents/s all together.
int Follow(const std::string& name, const std::string& address, const std::string& pki,
           const std::string& method, int followers, int count) {
  std::vector<std::thread> threads;
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  for (int f = 0; f < followers; ++f) {
    threads.emplace_back([&] {
      auto channel = ConnectTls(address, pki);
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30));
      ++ready;
      while (!go) std::this_thread::yield();
      grpc::ClientContext context;
      grpc::CompletionQueue queue;
      grpc::GenericStub stub(channel);
      auto call = stub.PrepareCall(&context, method, &queue);
      void* tag = nullptr;
      bool ok = false;
      const auto wait = [&] { return queue.Next(&tag, &ok) && ok; };
      call->StartCall(nullptr);
      wait();
      pb::FollowRequest request;
      const grpc::Slice slice(request.SerializeAsString());
      call->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
      wait();
      int got = 0;
      while (got < count) {
        grpc::ByteBuffer buffer;
        call->Read(&buffer, nullptr);
        if (!wait()) break;
        // Counting documents by size is enough, and costs nothing next to parsing them.
        grpc::Slice whole;
        if (!buffer.DumpToSingleSlice(&whole).ok()) break;
        const auto* at = whole.begin();
        while (at < whole.end() && *at == 0x0a) {  // field 1, deliveries
          uint64_t length = 0;
          int shift = 0;
          for (++at; at < whole.end(); ++at, shift += 7) {
            length |= static_cast<uint64_t>(*at & 0x7f) << shift;
            if ((*at & 0x80) == 0) break;
          }
          at += 1 + length;
          ++got;
        }
      }
      context.TryCancel();
      grpc::Status status;
      call->Finish(&status, nullptr);
      queue.Next(&tag, &ok);
    });
  }
  while (ready < followers) std::this_thread::yield();
  const auto began = Clock::now();
  go = true;
  for (auto& thread : threads) thread.join();
  Print(name + "_" + std::to_string(followers), 1.0 * count * followers / Seconds(began), "docs/s");
  return 0;
}

// The floor for catching up: the same bytes, 16 documents per message, serialised beforehand.
class FloorReactor final : public grpc::ServerGenericBidiReactor {
 public:
  FloorReactor(const grpc::ByteBuffer& message, int messages) : message_(message), left_(messages) {
    StartRead(&request_);
  }
  void OnReadDone(bool) override { Next(); }
  void OnWriteDone(bool ok) override { ok ? Next() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_-- > 0) return StartWrite(&message_);
    Finish(grpc::Status::OK);
  }
  grpc::ByteBuffer request_;
  const grpc::ByteBuffer message_;
  int left_;
};

class FloorService final : public grpc::CallbackGenericService {
 public:
  FloorService(grpc::ByteBuffer message, int messages)
      : message_(std::move(message)), messages_(messages) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new FloorReactor(message_, messages_);
  }

 private:
  const grpc::ByteBuffer message_;
  const int messages_;
};

int FloorServe(const std::string& listen, const std::string& pki, int count) {
  const auto agency = Must(sdk::Agency::Load(pki + "/agencies/jp/licensing/client.textproto"));
  const auto document = SignMany(*agency, 1, UniqueRun())[0];
  journal::Record record;
  record.header = std::string(260, 'l');
  record.body = document.SerializeAsString();
  const std::string one = feed::SerialiseDelivery("all", record);
  std::string message;
  for (int i = 0; i < 16; ++i) message += one;
  const grpc::Slice slice(message);
  FloorService service(grpc::ByteBuffer(&slice, 1), count / 16 + 1);
  grpc::ServerBuilder builder;
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = agency->directory().PartnerAuthoritiesPem();
  tls.pem_key_cert_pairs.push_back(
      {*base::ReadFile(pki + "/services/leem.key"), *base::ReadFile(pki + "/services/leem.crt")});
  builder.AddListeningPort(listen, grpc::SslServerCredentials(tls));
  builder.RegisterCallbackGenericService(&service);
  auto server = builder.BuildAndStart();
  server->Wait();
  return 0;
}

// One committer thread, callers that block until their record is durable.
double GroupCommit(int callers, int count, const std::function<void(size_t batch)>& commit) {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  size_t waiting = 0;
  uint64_t taken = 0;
  uint64_t finished = 0;
  uint64_t tickets = 0;
  bool stop = false;
  std::thread committer([&] {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return waiting > 0 || stop; });
      if (waiting == 0) return;
      const size_t batch = std::exchange(waiting, 0);
      taken += batch;
      lock.unlock();
      commit(batch);
      lock.lock();
      finished = taken;
      done.notify_all();
    }
  });
  const double seconds = RunThreads(callers, count, [&](int, int) {
    std::unique_lock lock(mutex);
    const uint64_t ticket = ++tickets;
    ++waiting;
    wake.notify_one();
    done.wait(lock, [&] { return finished >= ticket; });
  });
  {
    std::lock_guard lock(mutex);
    stop = true;
  }
  wake.notify_all();
  committer.join();
  return seconds;
}

int JournalBench(const std::string& folder, int callers, int count) {
  const std::string body(1500, 'b');
  const std::string header(250, 'h');
  const base::Digest digest = crypto::Sha256(body);
  {
    const std::string path = folder + "/raw";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const std::string row = header + body;
    const double seconds = GroupCommit(callers, count, [&](size_t batch) {
      std::string all;
      for (size_t i = 0; i < batch; ++i) all += row;
      if (::write(fd, all.data(), all.size()) < 0 || ::fdatasync(fd) != 0) std::abort();
    });
    ::close(fd);
    ::unlink(path.c_str());
    Print("raw_" + std::to_string(callers), count / seconds, "/s");
  }
  {
    const std::string path = folder + "/journal.db";
    auto journal = Must(journal::SqliteJournal::Open({.path = path, .service = "bench"}));
    absl::flat_hash_map<base::Digest, uint64_t> index;  // the idempotency check
    uint64_t number = 0;
    const double seconds = GroupCommit(callers, count, [&](size_t batch) {
      std::vector<journal::Record> records;
      for (size_t i = 0; i < batch; ++i) {
        const base::Digest key = crypto::Sha256(std::to_string(number++));
        if (!index.emplace(key, number).second) std::abort();
        records.push_back({journal::RecordKind::kDocument, header, body, digest});
      }
      if (!journal->Append(journal->Head(), records).ok()) std::abort();
    });
    journal.reset();
    std::filesystem::remove(path);
    Print("journal_" + std::to_string(callers), count / seconds, "/s");
  }
  return 0;
}

// As many letters as a denial's names may have, each of which folds to eleven times its bytes: of
// all legal documents these take most memory for their size.
void AddNamesThatGrow(pb::Document& document) {
  leem::v1::DenialNotification body;
  document.body().UnpackTo(&body);
  std::string name;
  for (int i = 0; i < 450; ++i) name += "\xef\xb7\xba";
  body.mutable_content()->mutable_parties(1)->add_aliases()->set_name(name);
  document.mutable_body()->PackFrom(body);
}

// Fills a journal with `count` denials through the sequencer, and says what submitting and listing
// cost at each power of ten.
int Fill(const std::string& path, int count, bool names_grow) {
  base::testing::FakeClock clock;
  testing::TestRegime regime({"jp", "kr", "nz"}, clock.Now());
  std::ofstream(path + ".vkey") << regime.log_signer().Vkey();
  leem::DenialRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "leem", reg);
  auto journal = Must(journal::SqliteJournal::Open({.path = path, .service = "mtcr.example/leem"}));
  document::Verifier verifier;
  machine::Sequencer sequencer({.journal = *journal,
                                .machine = machine,
                                .directory = regime.source(),
                                .verifier = verifier,
                                .signer = regime.log_signer(),
                                .clock = clock,
                                .committed = [](auto) {},
                                .fatal = [](const absl::Status&) { std::abort(); }},
                               {.queue_max = 4096, .batch_max = 256});
  constexpr int kChunk = 2048;
  double sequenced = 0;
  int since = 0;
  for (int done = 0; done < count; done += kChunk) {
    std::vector<std::optional<document::VerifiedDocument>> chunk(kChunk);
    RunThreads(2, kChunk, [&](int, int i) {
      auto document = MakeDenial("partners/jp/agencies/licensing", std::to_string(done + i));
      if (names_grow) AddNamesThatGrow(document);
      chunk[static_cast<size_t>(i)] = Must(regime.SignAndVerify(document));
    });
    const auto began = Clock::now();
    for (auto& document : chunk) {
      if (!sequencer
               .Submit(*document, 1,
                       [](auto r) {
                         if (!r.ok()) std::abort();
                       })
               .ok())
        return 1;
    }
    while (sequencer.RunOnce()) {
    }
    clock.Advance(absl::Hours(3));  // within what a state may have recorded in a day
    sequenced += Seconds(began);
    since += kChunk;
    const int now = done + kChunk;
    for (int mark : {10000, 100000, 1000000}) {
      if (now < mark || now - kChunk >= mark) continue;
      Print("sequence_at_" + std::to_string(mark), sequenced / since * 1e6, "us/doc");
      const auto list_began = Clock::now();
      const machine::Reader reader{.state = "kr", .is_partner = true};
      for (int i = 0; i < 1000; ++i) {
        std::vector<const leem::Denial*> page;
        reg.Visit({}, reader, nullptr, [&](const leem::Denial& denial, leem::Match match) {
          if (match == leem::Match::kYes) page.push_back(&denial);
          return page.size() < 50;
        });
      }
      Print("list_at_" + std::to_string(mark), Seconds(list_began) * 1e3, "us/page");
      sequenced = 0;
      since = 0;
    }
  }
  return 0;
}

double ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

int Restart(const std::string& path) {
  const auto scan = [&] {
    sqlite3* db = nullptr;
    sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_exec(db, "PRAGMA mmap_size=8589934592", nullptr, nullptr, nullptr);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db, "SELECT body FROM record ORDER BY position", -1, &statement, nullptr);
    uint64_t bytes = 0;
    const auto began = Clock::now();
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, 0));
      const int size = sqlite3_column_bytes(statement, 0);
      for (int i = 0; i < size; i += 64) bytes += static_cast<unsigned char>(data[i]);
    }
    const double seconds = Seconds(began);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return bytes == 0 ? -1 : seconds;
  };
  scan();  // warms the page cache
  const double scanned = scan();
  const double before = ResidentMiB();
  leem::DenialRegister reg(testing::TestProfile());
  machine::Machine machine("mtcr.example", "leem", reg);
  auto journal = Must(journal::SqliteJournal::Open(
      {.path = path, .service = "mtcr.example/leem", .read_only = true}));
  const auto key = Must(entry::NoteVerifier::FromVkey(ReadFile(path + ".vkey")));
  const auto began = Clock::now();
  const absl::Status status = machine::Replay(*journal, machine, {.known = {key}});
  const double replayed = Seconds(began);
  if (!status.ok()) std::cerr << status << "\n";
  Print("scan", scanned, "s");
  Print("replay", replayed, "s");
  Print("replay_ratio", replayed / scanned, "x");
  Print("memory_per_denial", (ResidentMiB() - before) * 1048576 / static_cast<double>(reg.size()),
        "bytes");
  return status.ok() ? 0 : 1;
}

int VerifyFloor() {
  auto key = Must(crypto::PrivateKey::Generate(crypto::KeyKind::kP256));
  const std::string message(1536, 'm');
  const std::string signature = key.Sign(message);
  const double began = CpuSeconds();
  for (int i = 0; i < 5000; ++i) {
    if (!key.public_key().Verify(signature, message).ok()) return 1;
  }
  Print("verify", (CpuSeconds() - began) / 5000 * 1e6, "us");
  return 0;
}

int Main(const std::vector<std::string>& a) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const auto number = [&](size_t i) { return std::stoi(a.at(i)); };
  const std::string verb = a.empty() ? "" : a[0];
  if (verb == "submit") return Submit(a.at(1), number(2), number(3));
  if (verb == "stream") return Stream(a.at(1), number(2), number(3), false);
  if (verb == "batch") return Stream(a.at(1), number(2), number(3), true);
  if (verb == "etcd") return EtcdPut(a.at(1), a.at(2), number(3), number(4));
  if (verb == "follow" || verb == "floor-follow") {
    return Follow(verb == "follow" ? "follow" : "floor", a.at(1), a.at(2),
                  "/entente.exchange.v1.ExchangeService/Follow", number(3), number(4));
  }
  if (verb == "fanout") {
    return Fanout(a.at(1), a.at(2), a.at(3), number(4), number(5), number(6), number(7));
  }
  if (verb == "annex") return Annex();
  if (verb == "year") return Year(a.at(1), number(2), number(3));
  if (verb == "floor-serve") return FloorServe(a.at(1), a.at(2), number(3));
  if (verb == "journal") return JournalBench(a.at(1), number(2), number(3));
  if (verb == "fill") return Fill(a.at(1), number(2), a.size() > 3 && a.at(3) == "names");
  if (verb == "restart") return Restart(a.at(1));
  if (verb == "verify") return VerifyFloor();
  std::cerr << "see tests/bench/README.md\n";
  return 1;
}

}  // namespace
}  // namespace entente::bench

int main(int argc, char** argv) {
  return entente::bench::Main(std::vector<std::string>(argv + 1, argv + argc));
}
