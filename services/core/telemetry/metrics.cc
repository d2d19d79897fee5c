#include "services/core/telemetry/metrics.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

namespace entente::telemetry {
namespace {

prometheus::Counter& Counter(prometheus::Registry& registry, const std::string& name,
                             const std::string& help, const std::string& group) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(
      {{"group", group}});
}

prometheus::Gauge& Gauge(prometheus::Registry& registry, const std::string& name,
                         const std::string& help, const std::string& group) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({{"group", group}});
}

}  // namespace

Metrics::Metrics(prometheus::Registry& registry, const std::string& group)
    : documents_recorded(Counter(registry, "entente_documents_recorded_total",
                                 "Documents recorded since start.", group)),
      documents_refused(Counter(registry, "entente_documents_refused_total",
                                "Submitted documents refused since start.", group)),
      commits(Counter(registry, "entente_journal_commits_total",
                      "Journal transactions since start.", group)),
      journal_records(Gauge(registry, "entente_journal_records", "Records in the journal.", group)),
      queue_length(Gauge(registry, "entente_sequencer_queue_length",
                         "Commands waiting for the sequencer.", group)),
      followers(Gauge(registry, "entente_followers", "Open Follow streams.", group)),
      feed_bytes(
          Gauge(registry, "entente_feed_bytes", "Bytes of serialised entries in memory.", group)),
      in_flight_bytes(Gauge(registry, "entente_in_flight_bytes",
                            "Bytes that requests, answers and streams hold.", group)),
      state_bytes(Gauge(registry, "entente_state_bytes",
                        "Bytes of memory that what is recorded takes.", group)),
      state_bytes_max(
          Gauge(registry, "entente_state_bytes_max", "Bytes of memory that it may take.", group)),
      erasures_due(Gauge(registry, "entente_erasures_due",
                         "Documents that were ordered erased and are there still.", group)),
      open_calls(Gauge(registry, "entente_open_calls", "Unary calls that have not ended.", group)),
      directory_serial(
          Gauge(registry, "entente_directory_serial", "Serial of the directory in force.", group)),
      serving(Gauge(registry, "entente_serving", "1 while calls are answered.", group)),
      clock_behind(Gauge(registry, "entente_clock_behind_seconds",
                         "How far the clock is behind the newest recorded time.", group)),
      journal_bytes(Gauge(registry, "entente_journal_bytes", "Size of the journal's file.", group)),
      disk_free_bytes(
          Gauge(registry, "entente_disk_free_bytes", "Free space on the journal's disk.", group)),
      backup_time(Gauge(registry, "entente_backup_timestamp_seconds",
                        "When the newest verified backup was made; 0: none is known.", group)),
      verified_time(Gauge(registry, "entente_verified_timestamp_seconds",
                          "When fsck last found the journal, or a copy of it, whole; 0: unknown.",
                          group)),
      audit_failures(Counter(registry, "entente_audit_failures_total",
                             "Seconds in which the audit could not be written.", group)),
      lags_(prometheus::BuildGauge()
                .Name("entente_follower_lag_entries")
                .Help("Entries that a state may read and has not acknowledged.")
                .Register(registry)),
      expiries_(prometheus::BuildGauge()
                    .Name("entente_certificate_expiry_timestamp_seconds")
                    .Help("When a certificate expires.")
                    .Register(registry)),
      rpcs_(prometheus::BuildCounter()
                .Name("entente_rpcs_total")
                .Help("Calls finished since start, by method and code.")
                .Register(registry)),
      connections_(
          prometheus::BuildGauge()
              .Name("entente_connections")
              .Help("Connections: waiting (silent yet), unproven (no authorised call yet), "
                    "proven.")
              .Register(registry)),
      troubles_(prometheus::BuildGauge()
                    .Name("entente_trouble")
                    .Help("Why a group does not serve.")
                    .Register(registry)),
      closed_(prometheus::BuildCounter()
                  .Name("entente_connections_closed_total")
                  .Help("Connections that the service closed, by why.")
                  .Register(registry)),
      group_(group) {}

void Metrics::SetTrouble(const std::string& reason) {
  if (trouble_ != nullptr) troubles_.Remove(std::exchange(trouble_, nullptr));
  if (reason.empty()) return;
  trouble_ = &troubles_.Add({{"group", group_}, {"reason", reason}});
  trouble_->Set(1);
}

void Metrics::SetConnections(const std::string& state, double connections) {
  connections_.Add({{"group", group_}, {"state", state}}).Set(connections);
}

void Metrics::CountClosed(const std::string& why, uint64_t connections) {
  closed_.Add({{"group", group_}, {"why", why}}).Increment(static_cast<double>(connections));
}

void Metrics::CountRpc(const std::string& method, const std::string& code) {
  rpcs_.Add({{"group", group_}, {"method", method}, {"code", code}}).Increment();
}

void Metrics::SetLag(const std::string& state, double entries) {
  lags_.Add({{"group", group_}, {"state", state}}).Set(entries);
}

void Metrics::SetExpiry(const std::string& certificate, double seconds) {
  expiries_.Add({{"group", group_}, {"certificate", certificate}}).Set(seconds);
}

struct MetricsEndpoint::Impl {
  explicit Impl(const std::string& listen) : exposer(listen, 1) {}
  prometheus::Exposer exposer;
};

MetricsEndpoint::MetricsEndpoint(const std::string& listen,
                                 std::shared_ptr<prometheus::Registry> registry) {
  if (listen.empty()) return;
  try {  // the library reports a taken address by an exception
    impl_ = std::make_unique<Impl>(listen);
    impl_->exposer.RegisterCollectable(registry);
  } catch (const std::exception&) {
    impl_ = nullptr;
  }
}

MetricsEndpoint::~MetricsEndpoint() = default;

}  // namespace entente::telemetry
