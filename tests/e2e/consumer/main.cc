// Pushes one denial and follows until current: consumer CLIENT_CONFIG REFERENCE. Sample data,
// invented.
#include <iostream>

#include "clients/sdk/client.h"
#include "entente/iem/v1/matter_service.grpc.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "entente/tem/v1/annex_service.grpc.pb.h"

namespace sdk = entente::sdk;

namespace {

entente::leem::v1::DenialNotification SampleDenial() {
  entente::leem::v1::DenialNotification body;
  auto& content = *body.mutable_content();
  content.mutable_authority()->set_name("Sample Licensing Office");
  content.mutable_authority()->set_contact_point("denials@licensing.example");
  content.mutable_decision_date()->set_year(2016);
  content.mutable_decision_date()->set_month(10);
  content.mutable_decision_date()->set_day(3);
  content.set_act(entente::leem::v1::DENIAL_ACT_REFUSED);
  content.mutable_destination()->set_country("aq");
  content.mutable_catch_all()->set_basis("WMD_END_USE");
  content.set_item_description("Three-axis gyroscope");
  content.mutable_quantity()->set_not_stated_reason("not recorded");
  auto* consignee = content.add_parties();
  consignee->set_role(entente::leem::v1::PARTY_ROLE_CONSIGNEE);
  consignee->set_name("Penguin Instruments Trading");
  consignee->mutable_place()->set_country("aq");
  content.mutable_end_use()->set_text("Weather balloon stabilisation");
  content.add_reasons()->set_code("END_USER");
  return body;
}

// Every group's messages and services are in the package.
std::string GroupsThatLink() {
  return entente::iem::v1::MatterService::service_full_name() + std::string(" ") +
         entente::tem::v1::AnnexService::service_full_name();
}

absl::Status Run(const char* config, const char* reference) {
  auto agency = sdk::Agency::Load(config);
  if (!agency.ok()) return agency.status();
  auto client = sdk::Client::Connect(*agency, "leem");
  if (!client.ok()) return client.status();
  sdk::pb::Audience audience;
  audience.mutable_all_partners();
  sdk::pb::Marking marking;
  marking.set_level(sdk::pb::Marking::LEVEL_OFFICIAL);
  marking.set_tlp(sdk::pb::Marking::TLP_AMBER);
  auto document = (*client)->Sign((*client)->Compose(reference, audience, marking, SampleDenial()));
  if (!document.ok()) return document.status();
  auto receipt = (*client)->Submit(*document);
  if (!receipt.ok()) return receipt.status();
  return (*client)->Follow({.until_current = true}, [](const sdk::VerifiedEntry& entry) {
    std::cout << entry.name() << "\n";
    return absl::OkStatus();
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "consumer CLIENT_CONFIG REFERENCE (links " << GroupsThatLink() << ")\n";
    return 2;
  }
  const absl::Status status = Run(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
