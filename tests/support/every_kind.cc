#include "tests/support/every_kind.h"

#include <google/protobuf/text_format.h>

#include "entente/iem/v1/report.pb.h"
#include "entente/iem/v1/request.pb.h"
#include "entente/sample/v1/notice.pb.h"
#include "services/core/base/status.h"
#include "tests/support/test_annex.h"

namespace entente::testing {
namespace {

// The text format of a message, in which "TIP" stands for the digest.
template <typename Message>
Step::Body Says(const std::string& text) {
  return [text](const base::Digest& tip) {
    std::string filled = text;
    const size_t at = filled.find("TIP");
    if (at != std::string::npos) {
      std::string escaped;
      for (const char byte : tip.view()) {
        escaped += fmt::format("\\{:03o}", static_cast<unsigned char>(byte));
      }
      filled.replace(at, 3, escaped);
    }
    Message message;
    ENTENTE_CHECK(google::protobuf::TextFormat::ParseFromString(filled, &message));
    google::protobuf::Any packed;
    packed.PackFrom(message);
    return packed;
  };
}

Step::Body Fixed(const google::protobuf::Message& message) {
  google::protobuf::Any packed;
  packed.PackFrom(message);
  return [packed](const base::Digest&) { return packed; };
}

std::vector<Step> LeemSteps() {
  namespace v1 = leem::v1;
  v1::DenialNotification suspended;
  *suspended.mutable_content() = SampleContent();
  suspended.mutable_content()->set_act(v1::DENIAL_ACT_SUSPENDED);
  v1::DenialAmendment amended;
  *amended.mutable_content() = SampleContent();
  amended.mutable_content()->set_act(v1::DENIAL_ACT_REVOKED);
  amended.set_explanation("another act");
  const std::string denial = "partners/jp/denials/e1";
  return {
      {"jp", Fixed(suspended)},
      {"jp",
       Says<v1::SuspensionClosure>("closed_date { year: 2016 month: 10 day: 20 } "
                                   "outcome: OUTCOME_DENIED act: DENIAL_ACT_REVOKED"),
       denial},
      {"jp", Fixed(amended), denial},
      {"jp", Says<v1::DenialRenewal>("review_date { year: 2016 month: 10 day: 20 }"), denial},
      {"jp",
       Says<v1::DenialRevocation>(
           "effective_date { year: 2016 month: 11 day: 1 } explanation: \"no longer\""),
       denial},
  };
}

std::vector<Step> IemSteps() {
  namespace v1 = iem::v1;
  const std::string alert = "partners/jp/alerts/e1";
  const std::string request = "partners/jp/requests/e6";
  const std::string release = "partners/kr/releases/e11";
  return {
      {"jp", Says<v1::Alert>(
                 R"(urgency: URGENCY_FLASH kind: ALERT_KIND_TRANSIT summary: "Balloons"
                    authority: "Sample Centre" route: "jp" route: "aq" red_flags: "FRONT"
                    topics: "TRANSIT" source_reliability: SOURCE_RELIABILITY_B
                    information_credibility: 2 review_time { seconds: 4000000000 })")},
      {"kr", Says<v1::Sighting>(R"(result: SIGHTING_RESULT_SEEN country: "aq" text: "at sea")"),
       alert},
      {"kr", Says<v1::Assessment>(R"(usefulness: USEFULNESS_ACTED_ON text: "stopped")"), alert},
      {"jp", Says<v1::AlertClosure>(R"(outcome: OUTCOME_WITHDRAWN explanation: "wrong")"), alert},
      {"jp", Says<v1::TrendReport>(
                 R"(title: "t" period_start_time { seconds: 1 } period_end_time { seconds: 2 }
                    scope: "s" method: "m" data_basis: "d" topics: "TRANSIT"
                    purchase_countries: "aq" confidence: CONFIDENCE_LOW)")},
      {"jp", Says<v1::InformationRequest>(
                 R"(purpose: "an application" questions { code: "KNOWN" } addressees: "kr"
                    proposed_time { seconds: 1500000000 })")},
      {"kr", Says<v1::RequestReply>(R"(kind: REPLY_KIND_DATE_PROPOSED text: "later"
                                       proposed_time { seconds: 1600000000 })"),
       request},
      {"jp",
       Says<v1::RequestDateAgreement>(R"(addressee: "kr" agreed_time { seconds: 1600000000 })"),
       request},
      {"jp", Says<v1::RequestClosure>(R"(feedback: "thanks")"), request},
      // What is to be released.
      {"jp",
       Says<v1::Alert>(R"(urgency: URGENCY_ROUTINE kind: ALERT_KIND_ENTITY summary: "Kites"
                          authority: "Sample Centre" topics: "TRANSIT"
                          source_reliability: SOURCE_RELIABILITY_C information_credibility: 3
                          review_time { seconds: 4000000000 })"),
       "",
       {"jp", "kr"}},
      {"kr",
       Says<v1::ReleaseRequest>(R"(states: "nz" purpose: "a shipment")"),
       "",
       {"jp", "kr"},
       "partners/jp/alerts/e10"},
      {"jp",
       Says<v1::ReleaseDecision>(R"(outcome: RELEASE_OUTCOME_GRANTED states: "nz")"),
       release,
       {"jp", "kr"}},
  };
}

std::vector<Step> TemSteps() {
  namespace v1 = tem::v1;
  const std::string proposal = "partners/kr/proposals/e1";
  return {
      {"kr", Fixed(TextProposal("kite", "another text"))},
      {"nz", Says<v1::ProposalComment>(R"(kind: COMMENT_KIND_QUESTION text: "why" node: "kite")"),
       proposal},
      {"nz", Says<v1::ProposalSponsorship>(R"(text_digest: "TIP")"), proposal},
      {"jp",
       Says<v1::ProposalPosition>(R"(kind: POSITION_KIND_BLOCK text_digest: "TIP" text: "no")"),
       proposal},
      {"jp",
       Says<v1::ProposalConclusion>(
           R"(outcome: OUTCOME_CARRIED_FORWARD text_digest: "TIP" meeting: "Busan 2016 TEM")"),
       proposal},
      {"kr", Says<v1::ProposalClosure>(R"(outcome: OUTCOME_WITHDRAWN explanation: "later")"),
       proposal},
      {"kr", Says<v1::Crosswalk>(R"(jurisdiction: "kr" edition: "2016-03-17" source: "a gazette"
                                    rows { path: "3.A.1" code: "K1" relation: CROSSWALK_RELATION_EXACT
                                           valid_from_date: "2016-01-01" })")},
      {"kr", Says<v1::ImplementationStatus>(
                 R"(edition: "2016-03-17" state: IMPLEMENTATION_STATE_IN_FORCE
                    in_force_date: "2016-06-01" act: "Decree 7")")},
  };
}

std::vector<Step> SampleSteps() {
  namespace v1 = sample::v1;
  const std::string notice = "partners/jp/notices/e1";
  return {
      {"jp", Says<v1::Notice>(R"(topic: "tides" text: "high")")},
      {"jp", Says<v1::NoticeAmendment>(R"(text: "low")"), notice},
      {"kr", Says<v1::NoticeComment>(R"(text: "wet")"), notice},
      {"jp", Says<v1::NoticeWithdrawal>(R"(reason: "dry")"), notice},
  };
}

}  // namespace

std::vector<Step> EveryKind(const machine::Group& group) {
  const std::map<std::string_view, std::vector<Step> (*)()> steps = {
      {"leem", LeemSteps}, {"iem", IemSteps}, {"tem", TemSteps}, {"sample", SampleSteps}};
  const auto it = steps.find(group.name);
  return it == steps.end() ? std::vector<Step>() : it->second();
}

pb::Document Compose(const TestRegime& regime, const machine::Group& group, const Step& step,
                     size_t n, const std::map<std::string, base::Digest>& tips) {
  pb::Document document = regime.Denial(step.state, "e" + std::to_string(n), step.audience);
  const auto tip = tips.find(step.chain);
  *document.mutable_body() = step.body(tip == tips.end() ? base::Digest() : tip->second);
  if (!step.relates_to.empty()) {
    document = Linked(document, pb::Reference::RELATION_RELATES_TO, step.relates_to);
  }
  if (step.chain.empty()) return document;
  const std::string& url = document.body().type_url();
  const machine::Kind* kind = group.Find(url.substr(url.find('/') + 1));
  ENTENTE_CHECK(kind != nullptr);
  if (kind->role == machine::Role::kAnswers) {
    return Linked(document, pb::Reference::RELATION_ANSWERS, step.chain);
  }
  return Linked(document, pb::Reference::RELATION_SUPERSEDES, step.chain, tip->second);
}

}  // namespace entente::testing
