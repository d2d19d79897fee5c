// A year of IEM, invented from a seed: alerts and reports loaded in bulk, then trends over all of
// it while writing goes on.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "clients/sdk/signing.h"
#include "entente/exchange/v1/exchange_service.grpc.pb.h"
#include "entente/exchange/v1/trend_service.grpc.pb.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "services/core/document/document.h"
#include "services/core/entry/entry.h"
#include "tests/bench/load.h"

namespace entente::bench {
namespace {

namespace v1 = entente::iem::v1;

const std::vector<std::string> kCountries = {"ae", "aq", "cn", "gs", "io", "jp", "kr", "nz", "tf"};
const std::vector<std::string> kEntries = {"2.A.1", "3.A.2", "6.C.1", "9.A.6", "9.A.7", "12.A.4"};
const std::vector<std::string> kFlags = {"FALSE_END_USE", "FRONT_COMPANY", "ODD_ROUTE",
                                         "SPLIT_ORDERS"};
const std::vector<std::string> kTopics = {"BROKERING", "KEY_TECHNOLOGY", "TRANSIT"};

pb::Document Blank(const std::string& originator, const std::string& reference) {
  pb::Document document;
  document.set_originator(originator);
  document.set_reference(reference);
  document.mutable_composed_time()->set_seconds(1477040400);
  document.mutable_audience()->mutable_all_partners();
  document.mutable_marking()->set_level(pb::Marking::LEVEL_OFFICIAL);
  document.mutable_marking()->set_tlp(pb::Marking::TLP_AMBER);
  return document;
}

pb::Document Invent(const std::string& originator, const std::string& reference, bool report,
                    std::mt19937& random) {
  const auto one_of = [&](const std::vector<std::string>& list) {
    return list[random() % list.size()];
  };
  pb::Document document = Blank(originator, reference);
  if (report) {
    v1::TrendReport body;
    body.set_title("Invented");
    body.mutable_period_start_time()->set_seconds(1);
    body.mutable_period_end_time()->set_seconds(2);
    body.set_scope("Invented");
    body.set_method("A seed");
    body.set_data_basis("None");
    body.add_topics(one_of(kTopics));
    body.add_purchase_countries(one_of(kCountries));
    body.set_confidence(v1::CONFIDENCE_LOW);
    body.set_gaps(std::string(1000, 'g'));
    document.mutable_body()->PackFrom(body);
    return document;
  }
  v1::Alert body;
  body.set_urgency(static_cast<v1::Urgency>(1 + random() % 3));
  body.set_kind(static_cast<v1::AlertKind>(1 + random() % 10));
  body.set_summary(std::string(700, 's'));
  body.set_authority("Sample Analysis Centre");
  auto* item = body.add_items();
  item->set_list("mtcr-annex");
  item->set_entry(one_of(kEntries));
  for (int i = 0; i < 3; ++i) body.add_route(one_of(kCountries));
  body.add_red_flags(one_of(kFlags));
  body.add_topics(one_of(kTopics));
  body.set_source_reliability(v1::SOURCE_RELIABILITY_B);
  body.set_information_credibility(2);
  body.mutable_review_time()->set_seconds(4000000000);
  document.mutable_body()->PackFrom(body);
  return document;
}

int Load(const sdk::Agency& agency, const std::vector<pb::SignedDocument>& documents) {
  auto stub = pb::ExchangeService::NewStub(Must(agency.Connect("iem")));
  grpc::ClientContext context;
  auto stream = stub->SubmitMany(&context);
  int refused = 0;
  std::thread reader([&] {
    pb::SubmitManyResponse response;
    while (stream->Read(&response)) {
      if (response.has_error() && refused++ == 0) std::cerr << response.error().message() << "\n";
    }
  });
  pb::SubmitManyRequest request;
  for (const auto& document : documents) {
    *request.mutable_signed_document() = document;
    if (!stream->Write(request)) break;
  }
  stream->WritesDone();
  reader.join();
  return stream->Finish().ok() ? refused : refused + 1;
}

}  // namespace

int Year(const std::string& config, int alerts, int reports) {
  const auto agency = Must(sdk::Agency::Load(config));
  const std::string run = UniqueRun();
  const auto make = [&](int count, int first_report, const std::string& prefix) {
    std::vector<pb::SignedDocument> documents(static_cast<size_t>(count));
    RunThreads(2, count, [&](int, int i) {
      std::mt19937 random(static_cast<uint32_t>(i));
      documents[static_cast<size_t>(i)] =
          sdk::Sign(*agency, Invent(agency->name().str(), prefix + run + "-" + std::to_string(i),
                                    i >= first_report, random))
              .value();
    });
    return documents;
  };
  const auto documents = make(alerts + reports, alerts, "y");
  const auto began = Clock::now();
  int refused = Load(*agency, documents);
  Print("year_load", (alerts + reports) / Seconds(began), "docs/s");
  const auto later = make(4000, 4000, "z");
  std::atomic<bool> writing{true};
  std::thread writer([&] {
    refused += Load(*agency, later);
    writing = false;
  });
  auto stub = pb::TrendService::NewStub(Must(agency->Connect("iem")));
  std::vector<double> times;
  const std::vector<std::string> dimensions = {"item", "country", "route", "method", "kind"};
  const std::string month = absl::FormatTime("%Y-%m", absl::Now(), absl::UTCTimeZone());
  while (writing || times.size() < 200) {
    pb::GetTrendsRequest request;
    request.set_dimension(dimensions[times.size() % dimensions.size()]);
    request.set_first_month(std::to_string(std::stoi(month.substr(0, 4)) - 1) + month.substr(4));
    request.set_last_month(month);
    pb::GetTrendsResponse response;
    grpc::ClientContext context;
    const auto asked = Clock::now();
    if (!stub->GetTrends(&context, request, &response).ok()) ++refused;
    times.push_back(Seconds(asked) * 1000);
  }
  writer.join();
  std::sort(times.begin(), times.end());
  Print("trends_p50", times[times.size() / 2], "ms");
  Print("trends_p99", times[times.size() * 99 / 100], "ms");
  return refused > 0 ? 1 : 0;
}

}  // namespace entente::bench
