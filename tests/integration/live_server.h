// A group's service, LEEM's unless told, over real TLS and SQLite on a free port, with a fake clock
// and a test regime.
#ifndef ENTENTE_TESTS_INTEGRATION_LIVE_SERVER_H_
#define ENTENTE_TESTS_INTEGRATION_LIVE_SERVER_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>

#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "entente/leem/v1/denial_service.grpc.pb.h"
#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/journal/engines/open_journal.h"
#include "services/core/rpc/edge/memory_plan.h"
#include "services/core/rpc/host/server_host.h"
#include "services/core/rpc/transport/grpc_status.h"
#include "services/leem/denial_service.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

class LiveServer {
 public:
  LiveServer(TestRegime& regime, const base::Clock& clock,
             const entente::config::v1::Limits& limits = {},
             const rpc::GroupModule& module = leem::LeemModule(),
             const entente::config::v1::RegimeProfile& profile = TestProfile(),
             rpc::JournalFactory journals = journal::OpenJournal)
      : regime_(regime),
        clock_(clock),
        limits_(limits),
        module_(module),
        profile_(profile),
        journals_(std::move(journals)) {
    Write("ca.crt", regime.service_authority().Pem());
    tls_ = regime.IssueServiceTls(module.name());
    Write("tls.crt", tls_->chain[0].Pem());
    Write("tls.key", tls_->key.Pem());
    Write("log.key", regime.log_key().Pem());
    EXPECT_OK(Start());
  }
  ~LiveServer() { Stop(); }

  absl::Status Start() {
    rpc::GroupServer::Options options;
    options.limits = limits_;
    options.audit = audit_.get();
    options.memory = memory_;
    options.config.set_group(module_.name());
    options.config.set_listen("127.0.0.1:" + std::to_string(port_));
    options.config.set_database_file(folder_.File("leem.db"));
    options.config.set_tls_certificate_file(folder_.File("tls.crt"));
    options.config.set_tls_key_file(folder_.File("tls.key"));
    options.config.set_log_key_file(folder_.File("log.key"));
    auto server = rpc::GroupServer::Open(options, module_, profile_, regime_.source(), clock_,
                                         journals_, *registry_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    if (absl::Status listens = server_->Listen(); !listens.ok()) return listens;
    port_ = server_->port();
    regime_.source().OnChange([this] { server_->DirectoryChanged(); });
    return absl::OkStatus();
  }
  void Stop() {
    regime_.source().OnChange(nullptr);
    if (server_ != nullptr) server_->Tick();
    server_.reset();
    registry_ = std::make_unique<prometheus::Registry>();
  }

  int port() const { return port_; }
  // From the next Start on.
  void UseMemory(std::shared_ptr<rpc::MemoryWatch> memory) { memory_ = std::move(memory); }
  // A channel with this TLS identity; null: no certificate at all.
  std::shared_ptr<grpc::Channel> Connect(const document::SigningIdentity* tls) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = regime_.service_authority().Pem();
    if (tls != nullptr) {
      options.pem_private_key = tls->key.Pem();
      for (const auto& certificate : tls->chain) options.pem_cert_chain += certificate.Pem();
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(16 << 20);
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                     grpc::SslCredentials(options), arguments);
  }
  std::shared_ptr<grpc::Channel> ConnectAs(const std::string& state) {
    const auto tls = regime_.IssueTls(state);
    return Connect(&tls);
  }
  // What grpc.health.v1 tells one of the partners: whether it serves.
  bool Healthy() {
    grpc::GenericStub stub(ConnectAs("jp"));
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
    call->StartCall();
    call->Finish(&response, &status, &queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    grpc::Slice answer;
    return status.ok() && response.DumpToSingleSlice(&answer).ok() && answer.size() == 2 &&
           answer.begin()[1] == 1;
  }
  rpc::GroupServer& server() { return *server_; }
  const document::SigningIdentity& tls() const { return *tls_; }
  std::string File(const std::string& name) const { return folder_.File(name); }
  // Replaces one of its files: ca.crt, tls.crt, tls.key, log.key.
  void Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(base::WriteFileAtomically(folder_.File(name), text));
  }
  // A metric of the service that is the only one of its name.
  double Metric(const std::string& name) const {
    for (const auto& family : registry_->Collect()) {
      if (family.name == name && family.metric.size() == 1) return family.metric[0].gauge.value;
    }
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }
  std::string AuditText() const { return base::ReadFile(folder_.File("audit.log")).value_or(""); }

 private:
  std::shared_ptr<rpc::MemoryWatch> memory_;
  TestRegime& regime_;
  base::testing::TempDir folder_;
  std::unique_ptr<telemetry::AuditLog> audit_ =
      telemetry::AuditLog::Open(folder_.File("audit.log"));
  const base::Clock& clock_;
  const entente::config::v1::Limits limits_;
  const rpc::GroupModule module_;
  const entente::config::v1::RegimeProfile profile_;
  const rpc::JournalFactory journals_;
  std::unique_ptr<prometheus::Registry> registry_ = std::make_unique<prometheus::Registry>();
  std::optional<document::SigningIdentity> tls_;
  int port_ = 0;  // any, and then the same
  std::unique_ptr<rpc::GroupServer> server_;
};

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_INTEGRATION_LIVE_SERVER_H_
