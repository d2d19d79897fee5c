// Metrics of one group's service, named after the Prometheus conventions.
#ifndef ENTENTE_SERVICES_CORE_TELEMETRY_METRICS_H_
#define ENTENTE_SERVICES_CORE_TELEMETRY_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>

namespace entente::telemetry {

class Metrics {
 public:
  Metrics(prometheus::Registry& registry, const std::string& group);

  // entente_rpcs_total{group,method,code}
  void CountRpc(const std::string& method, const std::string& code);

  prometheus::Counter& documents_recorded;  // entente_documents_recorded_total
  prometheus::Counter& documents_refused;   // entente_documents_refused_total
  prometheus::Counter& commits;             // entente_journal_commits_total
  prometheus::Gauge& journal_records;       // entente_journal_records
  prometheus::Gauge& queue_length;          // entente_sequencer_queue_length
  prometheus::Gauge& followers;             // entente_followers
  prometheus::Gauge& feed_bytes;            // entente_feed_bytes
  prometheus::Gauge& in_flight_bytes;       // entente_in_flight_bytes
  prometheus::Gauge& state_bytes;           // entente_state_bytes
  prometheus::Gauge& state_bytes_max;       // entente_state_bytes_max
  prometheus::Gauge& erasures_due;          // entente_erasures_due
  prometheus::Gauge& open_calls;            // entente_open_calls
  prometheus::Gauge& directory_serial;      // entente_directory_serial
  prometheus::Gauge& serving;               // entente_serving
  prometheus::Gauge& clock_behind;          // entente_clock_behind_seconds
  prometheus::Gauge& journal_bytes;         // entente_journal_bytes
  prometheus::Gauge& disk_free_bytes;       // entente_disk_free_bytes
  prometheus::Gauge& backup_time;           // entente_backup_timestamp_seconds
  prometheus::Gauge& verified_time;         // entente_verified_timestamp_seconds
  prometheus::Counter& audit_failures;      // entente_audit_failures_total

  // entente_follower_lag_entries{group,state}
  void SetLag(const std::string& state, double entries);
  // entente_trouble{group,reason}: 1 for the reason why it does not serve; none while it does
  void SetTrouble(const std::string& reason);
  // entente_connections{group,state}: waiting, unproven, proven
  void SetConnections(const std::string& state, double connections);
  // entente_connections_closed_total{group,why}
  void CountClosed(const std::string& why, uint64_t connections);
  // entente_certificate_expiry_timestamp_seconds{group,certificate}
  void SetExpiry(const std::string& certificate, double seconds);

 private:
  prometheus::Family<prometheus::Gauge>& lags_;
  prometheus::Family<prometheus::Gauge>& expiries_;
  prometheus::Family<prometheus::Counter>& rpcs_;
  prometheus::Family<prometheus::Gauge>& connections_;
  prometheus::Family<prometheus::Gauge>& troubles_;
  prometheus::Gauge* trouble_ = nullptr;
  prometheus::Family<prometheus::Counter>& closed_;
  const std::string group_;
};

// Serves a registry over HTTP for Prometheus; nothing if `listen` is empty or taken.
class MetricsEndpoint {
 public:
  MetricsEndpoint(const std::string& listen, std::shared_ptr<prometheus::Registry> registry);
  ~MetricsEndpoint();
  bool serving() const { return impl_ != nullptr; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace entente::telemetry

#endif  // ENTENTE_SERVICES_CORE_TELEMETRY_METRICS_H_
