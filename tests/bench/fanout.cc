// Live fan-out and delivery latency, the same client code for Entente's Follow and etcd's watch:
// both streams are read as raw bytes, and a document is found in them by its number.
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "tests/bench/load.h"
#include "tests/bench/peers/etcd.grpc.pb.h"

namespace entente::bench {
namespace {

// What is sent and when; filled by submitters, read by followers.
struct Traffic {
  std::string prefix;  // before a document's number, in its name or key
  uint8_t tag = 0;     // of the repeated field that holds documents
  std::vector<std::atomic<int64_t>> sent_ns;
  explicit Traffic(int count) : sent_ns(static_cast<size_t>(count)) {}
};

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

// One stream on its own connection.
class Reader final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Reader(std::shared_ptr<grpc::Channel> channel, const std::string& method,
         const std::string& request, const Traffic& traffic, int expected)
      : stub_(channel), traffic_(traffic), expected_(expected) {
    stub_.PrepareBidiStreamingCall(&context_, method, {}, this);
    const grpc::Slice slice(request);
    request_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&request_);
    StartRead(&buffer_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    Count();
    StartRead(&buffer_);
  }
  void OnDone(const grpc::Status&) override {
    std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  // Waits for the first message, which says that the stream is at the head.
  void AwaitOpen() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return opened_ || done_; });
  }
  bool AwaitAll() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(120), [&] { return got_ >= expected_ || done_; });
    return got_ >= expected_;
  }
  void Close() {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
  }
  const std::vector<double>& latencies_ms() const { return latencies_ms_; }

 private:
  void Count() {
    const int64_t now = NowNs();
    grpc::Slice whole;
    if (!buffer_.DumpToSingleSlice(&whole).ok()) return;
    const auto* at = whole.begin();
    int found = 0;
    while (at < whole.end()) {
      const uint8_t tag = *at++;
      uint64_t value = 0;
      for (int shift = 0; at < whole.end(); shift += 7) {
        value |= static_cast<uint64_t>(*at & 0x7f) << shift;
        if ((*at++ & 0x80) == 0) break;
      }
      if ((tag & 7) != 2) continue;
      const std::string_view field(reinterpret_cast<const char*>(at), value);
      at += value;
      if (tag != traffic_.tag) continue;
      const size_t place = field.find(traffic_.prefix);
      if (place == std::string_view::npos) continue;
      ++found;
      size_t number = 0;
      std::from_chars(field.data() + place + traffic_.prefix.size(), field.data() + field.size(),
                      number);
      const int64_t sent = traffic_.sent_ns[number].load();
      latencies_ms_.push_back(static_cast<double>(now - sent) / 1e6);
    }
    std::lock_guard lock(mutex_);
    opened_ = true;
    got_ += found;
    if (found == 0 || got_ >= expected_) changed_.notify_all();
  }

  grpc::GenericStub stub_;
  const Traffic& traffic_;
  const int expected_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer buffer_;
  std::vector<double> latencies_ms_;  // reader's thread, until AwaitAll
  std::mutex mutex_;
  std::condition_variable changed_;
  bool opened_ = false;
  bool done_ = false;
  int got_ = 0;
};

// The resume point after everything that is recorded.
std::string HeadCursor(const std::string& address, const std::string& pki) {
  auto stub = pb::ExchangeService::NewStub(ConnectTls(address, pki));
  grpc::ClientContext context;
  pb::FollowRequest request;
  request.set_until_current(true);
  request.set_filter("originator=zz");  // leaf hashes only
  auto stream = stub->Follow(&context, request);
  pb::FollowResponse response;
  std::string cursor;
  while (stream->Read(&response)) {
    if (!response.cursor().empty()) cursor = response.cursor();
  }
  if (!stream->Finish().ok()) std::exit(1);
  return cursor;
}

struct System {
  std::string method;
  std::string request;
  std::function<bool(int thread, int i)> submit;
};

System MakeEntente(const std::string& address, const std::string& pki, int submitters, int count,
                   const std::string& run) {
  const auto agency = Must(sdk::Agency::Load(pki + "/agencies/jp/licensing/client.textproto"));
  auto documents = std::make_shared<std::vector<pb::SignedDocument>>(SignMany(*agency, count, run));
  auto stubs = std::make_shared<std::vector<std::unique_ptr<pb::ExchangeService::Stub>>>();
  for (int i = 0; i < submitters; ++i) {
    stubs->push_back(pb::ExchangeService::NewStub(ConnectTls(address, pki)));
  }
  pb::FollowRequest request;
  request.set_cursor(HeadCursor(address, pki));
  return {"/entente.exchange.v1.ExchangeService/Follow", request.SerializeAsString(),
          [documents, stubs](int thread, int i) {
            pb::SubmitRequest submit;
            *submit.mutable_signed_document() = (*documents)[static_cast<size_t>(i)];
            pb::SubmitResponse response;
            grpc::ClientContext context;
            return (*stubs)[static_cast<size_t>(thread)]->Submit(&context, submit, &response).ok();
          }};
}

System MakeEtcd(const std::string& address, const std::string& pki, int submitters,
                const std::string& run) {
  auto stubs = std::make_shared<std::vector<std::unique_ptr<etcdserverpb::KV::Stub>>>();
  for (int i = 0; i < submitters; ++i) {
    stubs->push_back(etcdserverpb::KV::NewStub(ConnectTls(address, pki)));
  }
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key("b" + run + "-");
  request.mutable_create_request()->set_range_end("b" + run + ".");
  const std::string value(1900, 'v');
  return {"/etcdserverpb.Watch/Watch", request.SerializeAsString(),
          [stubs, value, run](int thread, int i) {
            etcdserverpb::PutRequest put;
            put.set_key("b" + run + "-" + std::to_string(i) + ".");
            put.set_value(value);
            etcdserverpb::PutResponse response;
            grpc::ClientContext context;
            return (*stubs)[static_cast<size_t>(thread)]->Put(&context, put, &response).ok();
          }};
}

double Percentile(std::vector<double>& values, double part) {
  const auto at = static_cast<size_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

int Fanout(const std::string& system, const std::string& address, const std::string& pki,
           int followers, int submitters, int count, int rate) {
  const std::string run = UniqueRun();
  Traffic traffic(count);
  traffic.prefix = "b" + run + "-";
  traffic.tag = system == "etcd" ? 0x5a : 0x0a;
  const System use = system == "etcd" ? MakeEtcd(address, pki, submitters, run)
                                      : MakeEntente(address, pki, submitters, count, run);
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < followers; ++i) {
    readers.push_back(std::make_unique<Reader>(ConnectTls(address, pki), use.method, use.request,
                                               traffic, count));
  }
  for (auto& reader : readers) reader->AwaitOpen();
  std::atomic<int> failed{0};
  const auto began = Clock::now();
  RunThreads(submitters, count, [&](int thread, int i) {
    if (rate > 0) {
      std::this_thread::sleep_until(began + std::chrono::nanoseconds(1000000000LL / rate * i));
    }
    traffic.sent_ns[static_cast<size_t>(i)] = NowNs();
    if (!use.submit(thread, i)) ++failed;
  });
  int short_of = 0;
  for (auto& reader : readers) short_of += reader->AwaitAll() ? 0 : 1;
  const double seconds = Seconds(began);
  for (auto& reader : readers) reader->Close();
  if (failed > 0 || short_of > 0) {
    std::cerr << failed << " submissions failed, " << short_of << " followers fell short\n";
    return 1;
  }
  const std::string suffix = system + "_" + std::to_string(followers);
  if (rate == 0) {
    Print("fanout_" + suffix, 1.0 * count * followers / seconds, "deliveries/s");
    return 0;
  }
  std::vector<double> latencies;
  for (auto& reader : readers) {
    latencies.insert(latencies.end(), reader->latencies_ms().begin(), reader->latencies_ms().end());
  }
  Print("latency_p50_" + suffix, Percentile(latencies, 0.5) * 1000, "us");
  Print("latency_p99_" + suffix, Percentile(latencies, 0.99) * 1000, "us");
  return 0;
}

}  // namespace entente::bench
