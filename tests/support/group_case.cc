#include "tests/support/group_case.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>

#include "entente/iem/v1/alert.pb.h"
#include "entente/sample/v1/notice.pb.h"
#include "services/core/base/status.h"
#include "services/iem/register/group.h"
#include "services/leem/register/group.h"
#include "services/tem/register/group.h"
#include "tests/support/sample/group.h"
#include "tests/support/test_annex.h"

namespace entente::testing {
namespace {

google::protobuf::Any Packed(const google::protobuf::Message& body) {
  google::protobuf::Any packed;
  packed.PackFrom(body);
  return packed;
}

template <typename Message>
Message Parsed(const std::string& text) {
  Message message;
  ENTENTE_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

// A group's body in text format, in which "$" stands for the number.
template <typename Message>
GroupCase::Body Text(const std::string& text) {
  return [text](int n) {
    std::string numbered = text;
    for (size_t at; (at = numbered.find('$')) != std::string::npos;) {
      numbered.replace(at, 1, std::to_string(n));
    }
    return Packed(Parsed<Message>(numbered));
  };
}

GroupCase LeemCase() {
  const auto content = [](int n) {
    leem::v1::DenialContent sample = SampleContent();
    sample.set_item_description("Gyroscope number " + std::to_string(n));
    if (n % 3 == 0) sample.mutable_destination()->set_country("kp");
    auto& transit = *sample.add_other_countries();
    transit.mutable_place()->set_country("ae");
    transit.set_role(leem::v1::COUNTRY_ROLE_TRANSIT);
    return sample;
  };
  GroupCase out{.group = &leem::kLeem, .profile = TestProfile()};
  out.opens = [content](int n) {
    leem::v1::DenialNotification body;
    *body.mutable_content() = content(n);
    return Packed(body);
  };
  out.revises = [content](int n) {
    leem::v1::DenialAmendment body;
    *body.mutable_content() = content(n);
    body.set_explanation("another gyroscope");
    return Packed(body);
  };
  out.filters = {"leem.destination=aq", "leem.entry=9.A.6"};
  out.ends = Text<leem::v1::DenialRevocation>(
      "effective_date { year: 2016 month: 11 day: 1 } explanation: \"no longer, $\"");
  return out;
}

GroupCase IemCase() {
  GroupCase out{.group = &iem::kIem, .profile = TestProfile()};
  *out.profile.mutable_iem() = Parsed<config::v1::IemRules>(
      R"(red_flags { code: "FRONT" } topics { code: "BROKERING" } topics { code: "TRANSIT" }
         questions { code: "KNOWN" } refusal_classes { code: "LAW" }
         flash_acknowledge_minutes: 60 release_lapse_days: 30 attachment_bytes_max: 10)");
  const auto alert = Text<iem::v1::Alert>(
      R"(urgency: URGENCY_FLASH kind: ALERT_KIND_TRANSIT summary: "Balloons, $"
         authority: "Sample Centre" route: "jp" route: "aq" red_flags: "FRONT"
         topics: "BROKERING" topics: "TRANSIT"
         source_reliability: SOURCE_RELIABILITY_B information_credibility: 2
         review_time { seconds: 4000000000 })");
  out.filters = {"iem.country=aq", "iem.state=open", "originator=kr AND iem.topic=TRANSIT"};
  out.opens = alert;
  out.revises = alert;
  out.answers = Text<iem::v1::Sighting>("result: SIGHTING_RESULT_SEEN country: \"aq\"");
  out.ends = Text<iem::v1::AlertClosure>("outcome: OUTCOME_WITHDRAWN explanation: \"wrong, $\"");
  return out;
}

GroupCase TemCase() {
  GroupCase out{.group = &tem::kTem, .profile = TemProfile()};
  out.prepare = [](TestRegime& regime) {
    MakeChair(regime, "jp");
    return Publication(regime, "jp", MiniatureEdition());
  };
  out.more = [](const TestRegime& regime) {
    tem::v1::Crosswalk codes = Parsed<tem::v1::Crosswalk>(
        R"(jurisdiction: "kr" edition: "2016-03-17"
           rows { path: "3.A.1" code: "K1" relation: CROSSWALK_RELATION_EXACT }
           rows { path: "3.A.1" code: "K\n2" relation: CROSSWALK_RELATION_BROADER }
           rows { path: "3.A.2" code: "K1" relation: CROSSWALK_RELATION_OVERLAPS })");
    std::vector<pb::Document> documents = {WithBody(regime.Denial("kr", "codes"), codes)};
    codes.mutable_rows(0)->set_code("K0");
    documents.push_back(WithBody(regime.Denial("kr", "hidden-codes", {"jp", "kr"}), codes));
    tem::v1::ImplementationStatus status;
    status.set_edition("2016-03-17");
    status.set_state(tem::v1::IMPLEMENTATION_STATE_NOT_STARTED);
    documents.push_back(WithBody(regime.Denial("kr", "status"), status));
    status.set_state(tem::v1::IMPLEMENTATION_STATE_IN_PROCESS);
    documents.push_back(WithBody(regime.Denial("kr", "hidden-status", {"jp", "kr"}), status));
    return documents;
  };
  const auto proposal = [](int n) {
    return Packed(TextProposal(n % 2 == 0 ? "kite" : "rope", "text " + std::to_string(n)));
  };
  out.filters = {"tem.node=kite", "tem.state=submitted"};
  out.opens = proposal;
  out.revises = proposal;
  out.answers = Text<tem::v1::ProposalComment>("kind: COMMENT_KIND_QUESTION text: \"well, $\"");
  out.ends =
      Text<tem::v1::ProposalClosure>("outcome: OUTCOME_WITHDRAWN explanation: \"no longer, $\"");
  return out;
}

GroupCase SampleCase() {
  GroupCase out{.group = &sample::kSample, .profile = TestProfile()};
  out.filters = {"sample.topic=tides", "sample.state=open"};
  out.opens = Text<sample::v1::Notice>("topic: \"tides\" text: \"high, $\"");
  out.revises = Text<sample::v1::NoticeAmendment>("text: \"low, $\"");
  out.answers = Text<sample::v1::NoticeComment>("text: \"wet, $\"");
  out.ends = Text<sample::v1::NoticeWithdrawal>("reason: \"dry, $\"");
  return out;
}

// A chain as the acts so far leave it.
struct Planned {
  Act opening;
  bool ended = false;
};

}  // namespace

std::vector<GroupCase> GroupCases() { return {LeemCase(), IemCase(), TemCase(), SampleCase()}; }

bool Act::Reaches(const std::string& reader) const {
  return audience.empty() || std::find(audience.begin(), audience.end(), reader) != audience.end();
}

std::vector<Act> RandomActs(const GroupCase& group, const std::vector<std::string>& states,
                            uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return random() % n; };
  const std::string type = group.opens(0).type_url();
  const auto* kind = group.group->Find(type.substr(type.find('/') + 1));
  std::vector<Planned> chains;
  std::vector<Act> acts;
  while (static_cast<int>(acts.size()) < count) {
    Act act{.state = states[below(states.size())], .number = static_cast<int>(acts.size())};
    Planned* chain = chains.empty() ? nullptr : &chains[below(chains.size())];
    const size_t what = below(10);
    if (chain == nullptr || what < 4) {
      act.chain = "partners/" + act.state + "/" + std::string(kind->folder) + "/" + act.reference();
      if (below(2) == 0) {
        std::set<std::string> readers = {act.state, states[below(states.size())]};
        act.audience.assign(readers.begin(), readers.end());
      }
      chains.push_back({act});
    } else if (what < 7) {
      if (!group.answers || chain->ended || !chain->opening.Reaches(act.state)) continue;
      act.what = Act::What::kAnswer;
      act.chain = chain->opening.chain;
      act.audience = chain->opening.audience;
      if (below(2) == 0) {
        std::set<std::string> readers = {act.state, chain->opening.state};
        act.audience.assign(readers.begin(), readers.end());
      }
    } else {
      if (chain->ended) continue;
      chain->ended = what == 9;
      act.what = chain->ended ? Act::What::kEnd : Act::What::kRevise;
      act.state = chain->opening.state;
      act.chain = chain->opening.chain;
      act.audience = chain->opening.audience;
    }
    acts.push_back(std::move(act));
  }
  return acts;
}

pb::Document Composer::Compose(const Act& act) const {
  pb::Document document = regime_.Denial(act.state, act.reference(), act.audience);
  using What = Act::What;
  const auto& body = act.what == What::kOpen     ? group_.opens
                     : act.what == What::kRevise ? group_.revises
                     : act.what == What::kAnswer ? group_.answers
                                                 : group_.ends;
  *document.mutable_body() = body(act.number);
  if (act.what == What::kOpen) return document;
  auto& link = *document.add_references();
  link.set_name(act.chain);
  if (act.what == What::kAnswer) {
    link.set_relation(pb::Reference::RELATION_ANSWERS);
    return document;
  }
  link.set_relation(pb::Reference::RELATION_SUPERSEDES);
  const auto tip = tips_.find(act.chain);
  if (tip != tips_.end()) link.set_digest(tip->second.str());
  return document;
}

}  // namespace entente::testing
