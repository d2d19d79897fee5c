// What the measurements of this folder share.
#ifndef ENTENTE_TESTS_BENCH_LOAD_H_
#define ENTENTE_TESTS_BENCH_LOAD_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/sdk/agency.h"
#include "entente/exchange/v1/document.pb.h"

namespace entente::bench {

namespace pb = entente::exchange::v1;
using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point began);
// One line of results.
void Print(const std::string& name, double value, const std::string& unit);
// The value, or the end of the program.
template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::cerr << value.status() << "\n";
    std::exit(1);
  }
  return *std::move(value);
}
// Runs `work(thread, i)` on `threads` threads, `total` calls in all; seconds taken.
double RunThreads(int threads, int total, const std::function<void(int thread, int i)>& work);
// A word that no other run has used.
std::string UniqueRun();
// Signed denials of about 1.5 KiB with the references "b<run>-<i>.".
std::vector<pb::SignedDocument> SignMany(const sdk::Agency& agency, int count,
                                         const std::string& run);
// A channel over mTLS with a connection of its own, as agency licensing of jp.
std::shared_ptr<grpc::Channel> ConnectTls(const std::string& address, const std::string& pki);

// Live delivery: `followers` streams wait at the head while `submitters` closed loops submit
// `count` documents; then, with a rate above 0, the same at `rate` documents/s, timed from
// submission to each delivery. `system` is "entente" or "etcd".
int Fanout(const std::string& system, const std::string& address, const std::string& pki,
           int followers, int submitters, int count, int rate);

// A year of IEM: loads `alerts` and `reports` in bulk, then asks for trends while writing goes on.
int Year(const std::string& config, int alerts, int reports);

// Differences, conflicts and assembling of an Annex of 2,000 nodes, 50 editions, 500 proposals.
int Annex();

}  // namespace entente::bench

#endif  // ENTENTE_TESTS_BENCH_LOAD_H_
