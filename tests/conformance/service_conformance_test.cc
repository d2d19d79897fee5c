// What every group's service must keep, whatever it is about: each method that it serves, its own
// and the core's, called with everything that a caller could try.
#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/iem/matter_service.h"
#include "services/leem/denial_service.h"
#include "services/tem/proposal_service.h"
#include "tests/integration/live_server.h"
#include "tests/support/group_case.h"
#include "tests/support/sample/notice_service.h"

namespace entente {
namespace {

using base::testing::HasReason;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using testing::Act;
using testing::GroupCase;
using testing::LiveServer;

const std::vector<std::string> kStates = {"jp", "kr", "nz"};

rpc::GroupModule ModuleOf(const GroupCase& group) {
#define ENTENTE_GROUP(name, Name, port, follows) \
  if (group.group == &name::Name##Module().group) return name::Name##Module();
#include "services/groups.def"
#undef ENTENTE_GROUP
  return sample::SampleModule();
}

std::unique_ptr<Message> MakeMessage(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// What came back: all of it, byte by byte.
struct Answer {
  grpc::Status status;
  std::string response;

  std::string text() const {
    return fmt::format("{} {} {} {}\n", static_cast<int>(status.error_code()),
                       status.error_message(), base::ToHex(status.error_details()),
                       base::ToHex(response));
  }
};

// A service of the group, with the time that passes in it: a second with each call, so that no
// allowance runs out.
class World {
 public:
  World(const GroupCase& group, testing::TestRegime& regime)
      : server_(regime, clock_, {}, ModuleOf(group), group.profile) {
    for (const auto& state : kStates) channels_[state] = server_.ConnectAs(state);
  }
  Answer Call(const std::string& state, const std::string& method, const Message& request) {
    clock_.Advance(absl::Seconds(1));
    grpc::GenericStub stub(channels_.at(state));
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice bytes(request.SerializeAsString());
    grpc::ByteBuffer response;
    Answer answer;
    auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&bytes, 1), &queue);
    call->StartCall();
    call->Finish(&response, &answer.status, &queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    grpc::Slice slice;
    if (answer.status.ok() && response.DumpToSingleSlice(&slice).ok()) {
      answer.response.assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    EXPECT_NE(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << method;
    return answer;
  }
  void Submit(const exchange::v1::SignedDocument& document) {
    exchange::v1::SubmitRequest request;
    *request.mutable_signed_document() = document;
    exchange::v1::Document header;
    ASSERT_TRUE(header.ParseFromString(document.document()));
    const Answer answer = Call(header.originator().substr(9, 2), kSubmit, request);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message() << header.ShortDebugString();
  }
  // All that a state is given until it has all.
  std::string Follow(const std::string& state, const std::string& cursor,
                     const std::string& filter) {
    clock_.Advance(absl::Seconds(1));
    exchange::v1::FollowRequest request;
    request.set_cursor(cursor);
    request.set_filter(filter);
    request.set_until_current(true);
    grpc::ClientContext context;
    const auto stub = exchange::v1::ExchangeService::NewStub(channels_.at(state));
    auto reader = stub->Follow(&context, request);
    exchange::v1::FollowResponse response;
    std::string text;
    while (reader->Read(&response)) text += base::ToHex(response.SerializeAsString()) + "\n";
    return text + Answer{reader->Finish(), ""}.text();
  }
  // What comes of documents that are sent together.
  std::string SubmitMany(const std::string& state,
                         const std::vector<exchange::v1::SignedDocument>& documents) {
    clock_.Advance(absl::Seconds(1));
    grpc::ClientContext context;
    const auto stub = exchange::v1::ExchangeService::NewStub(channels_.at(state));
    auto stream = stub->SubmitMany(&context);
    exchange::v1::SubmitManyRequest request;
    exchange::v1::SubmitManyResponse response;
    std::string text;
    for (const auto& document : documents) {
      *request.mutable_signed_document() = document;
      stream->Write(request);
      if (stream->Read(&response)) text += base::ToHex(response.SerializeAsString()) + "\n";
    }
    stream->WritesDone();
    return text + Answer{stream->Finish(), ""}.text();
  }
  void Wait(absl::Duration time) { clock_.Advance(time); }
  // Methods that take one message and give one, by name.
  std::map<std::string, const MethodDescriptor*> Methods() {
    std::map<std::string, const MethodDescriptor*> methods;
    for (const std::string& name : server_.server().Methods()) {
      std::string full = name.substr(1);
      std::replace(full.begin(), full.end(), '/', '.');
      const auto* method =
          google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full);
      if (method == nullptr || method->server_streaming() || method->client_streaming()) continue;
      methods[name] = method;
    }
    return methods;
  }
  static constexpr char kSubmit[] = "/entente.exchange.v1.ExchangeService/Submit";

 private:
  base::testing::FakeClock clock_;
  LiveServer server_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

using Request = std::unique_ptr<Message>;

exchange::v1::Audience Listed(const std::vector<std::string>& states) {
  exchange::v1::Audience audience;
  for (const std::string& state : states) audience.mutable_listed()->add_states(state);
  return audience;
}

class ServiceConformanceTest : public ::testing::TestWithParam<GroupCase> {
 protected:
  ServiceConformanceTest() {
    if (group().prepare) {
      for (const auto& document : group().prepare(regime_)) {
        signed_.emplace_back(true, regime_.Sign(document));
      }
    }
    testing::Composer composer(group(), regime_);
    const auto acts = testing::RandomActs(group(), kStates, 11, 40);
    std::vector<std::string> later;  // names of revisions and answers
    for (const Act& act : acts) {
      const auto document = composer.Compose(act);
      const auto signed_document = regime_.Sign(document);
      composer.Took(act, testing::TestRegime::DigestOf(signed_document));
      signed_.emplace_back(act.Reaches("nz"), signed_document);
      ledgers_.insert(entry::LedgerIdOf(group().name(), document.audience()));
      if (act.what == Act::What::kOpen) {
        names_.push_back(act.chain);
      } else if (later.size() < 8 && act.what == Act::What::kAnswer) {
        const std::string type = document.body().type_url();
        const auto* kind = group().group->Find(type.substr(type.find('/') + 1));
        later.push_back(fmt::format("partners/{}/{}/{}", act.state, kind->folder, act.reference()));
      } else if (later.size() < 4) {
        later.push_back(act.chain + "/revisions/2");
      }
    }
    names_.insert(names_.end(), later.begin(), later.end());
    if (group().more) {
      for (const auto& document : group().more(regime_)) {
        const bool open = entry::Includes(document.audience(), "nz", true);
        signed_.emplace_back(open, regime_.Sign(document));
      }
    }
    const std::string nowhere = names_[0] + "-none";
    names_.push_back(nowhere);
    names_.emplace_back();
    MakeAttempts(acts, composer, nowhere);
  }
  // An outsider's tries at what is hidden, and at what is nowhere.
  void MakeAttempts(const std::vector<Act>& acts, const testing::Composer& composer,
                    const std::string& nowhere) {
    for (Act attempt : acts) {
      if (attempt.what == Act::What::kOpen || attempt.Reaches("nz") || attempts_.size() > 8) {
        continue;
      }
      for (const std::string& chain : {attempt.chain, nowhere}) {
        attempt.state = "nz";
        attempt.audience = {"jp", "nz"};
        auto document = composer.Compose(attempt);
        document.mutable_references(0)->set_name(chain);
        if (attempt.what != Act::What::kAnswer) {
          document.mutable_references(0)->set_digest(base::Digest().str());
        }
        attempts_.push_back(regime_.Sign(document));
      }
    }
    // And something new, which is taken in either world.
    for (Act opening : acts) {
      if (opening.what != Act::What::kOpen) continue;
      opening.state = "nz";
      opening.audience = {"jp", "nz"};
      opening.number = 999;
      attempts_.push_back(regime_.Sign(composer.Compose(opening)));
      break;
    }
  }
  // Everything happens, or only what reaches nz; an hour lies between any two.
  void Live(World& world, bool hidden_too) const {
    for (const auto& [open, document] : signed_) {
      world.Wait(absl::Hours(1));
      if (open || hidden_too) {
        world.Submit(document);
      } else {
        world.Wait(absl::Seconds(1));
      }
    }
  }
  // What a caller could put into a field of this name.
  std::vector<std::string> Candidates(const FieldDescriptor& field) const {
    const std::string& name = field.name();
    if (name == "name") return names_;
    if (name == "ledger") return {ledgers_.begin(), ledgers_.end()};
    if (name == "filter") {
      std::vector<std::string> filters = {"", "originator=jp", "x"};
      for (const auto& kind : group().group->kinds) {
        filters.push_back("kind=" + std::string(document::ShortKind(kind.message)));
      }
      filters.insert(filters.end(), group().filters.begin(), group().filters.end());
      return filters;
    }
    // Of a typed filter.
    if (name == "originator_state") return {"", "jp"};
    if (name == "destination") return {"", "aq"};
    if (name == "party_contains") return {"", "PENGUIN"};
    if (name == "dimension") {
      std::vector<std::string> dimensions = {"x"};
      const auto reg = group().group->make_register(group().profile);
      for (const auto& dimension : reg->Dimensions()) dimensions.push_back(dimension.name);
      return dimensions;
    }
    if (name == "first_month") return {"2016-01"};
    if (name == "last_month") return {"2016-12"};
    if (name.find("edition") != std::string::npos) return {"", "2016-03-17"};
    if (name == "path") return {"", "3", "3.A.1"};
    if (name == "code") return {"", "K1"};
    if (name == "id") return {"", "kite"};
    return {""};
  }
  // One request for each choice of what its fields may hold.
  std::vector<Request> Requests(const google::protobuf::Descriptor* type) const {
    std::vector<Request> requests;
    if (type == exchange::v1::SubmitRequest::descriptor() ||
        type == exchange::v1::ValidateRequest::descriptor()) {
      for (const auto& attempt : attempts_) {
        Request request = MakeMessage(type);
        request->GetReflection()
            ->MutableMessage(request.get(), type->FindFieldByName("signed_document"))
            ->CopyFrom(attempt);
        requests.push_back(std::move(request));
      }
      return requests;
    }
    requests.push_back(MakeMessage(type));
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      if (field.is_repeated()) continue;
      std::vector<Request> more;
      for (const Request& request : requests) Vary(*request, field, more);
      if (!more.empty()) requests = std::move(more);
    }
    return requests;
  }
  void Vary(const Message& request, const FieldDescriptor& field, std::vector<Request>& out) const {
    const auto vary = [&](const std::function<void(Message&)>& set) {
      Request& one = out.emplace_back(request.New());
      one->CopyFrom(request);
      set(*one);
    };
    const auto* reflection = request.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && field.name() != "page_token") {
      for (const std::string& value : Candidates(field)) {
        vary([&](Message& m) { reflection->SetString(&m, &field, value); });
      }
    } else if (field.name() == "filter") {
      for (Request& filter : Requests(field.message_type())) {
        vary([&](Message& m) { reflection->MutableMessage(&m, &field)->CopyFrom(*filter); });
      }
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
      for (const int value : {0, 1}) {
        vary([&](Message& m) { reflection->SetInt32(&m, &field, value); });
      }
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
      for (const unsigned value : {0U, 1U, 3U}) {
        vary([&](Message& m) { reflection->SetUInt64(&m, &field, value); });
      }
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      for (const int value : {0, 1}) {
        vary([&](Message& m) { reflection->SetEnumValue(&m, &field, value); });
      }
    }
  }
  // Calls until the last page; gives all answers.
  std::vector<Answer> CallThrough(World& world, const std::string& state,
                                  const MethodDescriptor& method, const std::string& name,
                                  const Message& request) const {
    std::vector<Answer> answers;
    Request page(request.New());
    page->CopyFrom(request);
    const auto* token = request.GetDescriptor()->FindFieldByName("page_token");
    const auto* next = method.output_type()->FindFieldByName("next_page_token");
    while (answers.size() < 200) {
      answers.push_back(world.Call(state, name, *page));
      if (token == nullptr || next == nullptr || !answers.back().status.ok()) break;
      const auto response = MakeMessage(method.output_type());
      EXPECT_TRUE(response->ParseFromString(answers.back().response));
      const std::string at = response->GetReflection()->GetString(*response, next);
      if (at.empty()) break;
      page->GetReflection()->SetString(page.get(), token, at);
    }
    return answers;
  }
  std::vector<std::pair<std::string, Request>> ExactRequests(World& world,
                                                             const std::string& state) const;
  // All that comes to a state by streams, and of what it says that it holds.
  std::string AskStreams(World& world, const std::string& state) {
    std::string text;
    std::vector<std::string> filters = group().filters;
    filters.insert(filters.end(), {"", "originator=jp", "x"});
    for (const std::string& filter : filters) text += world.Follow(state, "", filter);
    for (const std::string& ledger : ledgers_) {
      const std::string service = "mtcr.example/" + group().name();
      text +=
          world.Follow(state, fmt::format("entente-cursor-v1\n{}\n{} 1\n", service, ledger), "");
    }
    if (state == "nz") text += world.SubmitMany(state, attempts_);
    for (const std::string& ledger : ledgers_) {
      exchange::v1::AcknowledgeRequest request;
      *request.add_acknowledgements() =
          regime_.Acknowledge(state, group().name(), ledger, {1, crypto::Sha256("guessed")});
      text += world.Call(state, "/entente.exchange.v1.ExchangeService/Acknowledge", request).text();
    }
    return text;
  }
  static constexpr char kValidate[] = "/entente.exchange.v1.ExchangeService/Validate";
  static bool Brings(const std::string& name) {
    return name == World::kSubmit || name == kValidate;
  }
  // What acts: it is asked by AskStreams, and has tests of its own.
  static bool Reads(const std::string& name) {
    return !Brings(name) && name != "/entente.exchange.v1.ExchangeService/Acknowledge";
  }
  const GroupCase& group() const { return GetParam(); }

  base::testing::FakeClock clock_;
  testing::TestRegime regime_{kStates, clock_.Now()};
  std::vector<std::pair<bool, exchange::v1::SignedDocument>> signed_;  // whether it reaches nz
  std::vector<std::string> names_;
  std::set<std::string> ledgers_;
  std::vector<exchange::v1::SignedDocument> attempts_;
};

// Law 6.
TEST_P(ServiceConformanceTest, AnOutsiderCannotTellTwoWorldsApart) {
  std::map<std::string, std::string> seen[2];
  std::set<std::string> answered;
  size_t calls = 0;
  for (int world_number = 0; world_number < 2; ++world_number) {
    World world(group(), regime_);
    Live(world, world_number == 1);
    // Before they are submitted: of what is new it says most.
    const auto* validated = exchange::v1::ValidateRequest::descriptor();
    size_t stamps = 0;
    for (const Request& request : Requests(validated)) {
      const Answer answer = world.Call("nz", kValidate, *request);
      exchange::v1::ValidateResponse response;
      stamps += answer.status.ok() && response.ParseFromString(answer.response) &&
                !response.has_receipt();
      seen[world_number]["nz"] += request->ShortDebugString() + ": " + answer.text();
    }
    EXPECT_GT(stamps, 0u) << "nothing new is validated";
    for (const std::string state : {"nz", "jp"}) {
      for (const auto& [name, method] : world.Methods()) {
        if (!Reads(name) && (!Brings(name) || state != "nz")) continue;
        for (const Request& request : Requests(method->input_type())) {
          for (const Answer& answer : CallThrough(world, state, *method, name, *request)) {
            if (answer.status.ok()) answered.insert(name);
            seen[world_number][state] +=
                name + " " + request->ShortDebugString() + ": " + answer.text();
            ++calls;
          }
        }
        EXPECT_TRUE(answered.count(name) != 0 || !Reads(name)) << name << " never says anything";
      }
      seen[world_number][state] += AskStreams(world, state);
    }
  }
  EXPECT_GT(calls, 300u);
  EXPECT_TRUE(seen[0]["nz"] == seen[1]["nz"]) << [&] {
    const auto [a, b] = std::mismatch(seen[0]["nz"].begin(), seen[0]["nz"].end(),
                                      seen[1]["nz"].begin(), seen[1]["nz"].end());
    const size_t from = seen[0]["nz"].rfind('\n', static_cast<size_t>(a - seen[0]["nz"].begin()));
    return seen[0]["nz"].substr(from, 2000) + "\nand in the other world\n" +
           seen[1]["nz"].substr(from, 2000);
  }();
  EXPECT_TRUE(seen[0]["jp"] != seen[1]["jp"]) << "the test could not fail";
}

constexpr char kObligations[] = "/entente.exchange.v1.ExchangeService/ListObligations";

// All elements of an answer's list, as bytes.
std::vector<std::string> ElementsOf(const MethodDescriptor& method, const std::string& bytes) {
  std::vector<std::string> elements;
  const auto response = MakeMessage(method.output_type());
  EXPECT_TRUE(response->ParseFromString(bytes));
  for (int i = 0; i < method.output_type()->field_count(); ++i) {
    const FieldDescriptor* field = method.output_type()->field(i);
    if (!field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        field->name() == "heads") {
      continue;
    }
    for (int at = 0; at < response->GetReflection()->FieldSize(*response, field); ++at) {
      elements.push_back(
          response->GetReflection()->GetRepeatedMessage(*response, field, at).SerializeAsString());
    }
  }
  return elements;
}

TEST_P(ServiceConformanceTest, PagesOfOneHoldWhatOneLargePageHolds) {
  World world(group(), regime_);
  Live(world, true);
  size_t lists = 0;
  std::map<std::string, size_t> elements;
  for (const auto& [name, method] : world.Methods()) {
    const auto* size = method->input_type()->FindFieldByName("page_size");
    if (size == nullptr) continue;
    ++lists;
    for (const Request& request : Requests(method->input_type())) {
      if (request->GetReflection()->GetInt32(*request, size) != 1) continue;
      std::vector<std::string> single;
      for (const Answer& answer : CallThrough(world, "jp", *method, name, *request)) {
        const auto page = ElementsOf(*method, answer.response);
        // What is owed for one chain stays together.
        EXPECT_TRUE(page.size() <= 1 || name == kObligations) << name;
        single.insert(single.end(), page.begin(), page.end());
      }
      request->GetReflection()->SetInt32(request.get(), size, 0);
      const auto whole = CallThrough(world, "jp", *method, name, *request);
      EXPECT_EQ(single, ElementsOf(*method, whole[0].response))
          << name << " " << request->ShortDebugString();
      elements[name] += single.size();
    }
  }
  EXPECT_GE(lists, 4u);
  // Nothing is said to a denial, and nobody owes anything for a proposal.
  const std::set<std::string> empty = {"leem ListAnswers", "tem ListObligations"};
  for (const auto& [name, count] : elements) {
    const std::string method = name.substr(name.rfind('/') + 1);
    EXPECT_TRUE(count > 1 || empty.count(group().name() + " " + method) != 0)
        << name << " had no pages";
  }
}

Request WithHead(const Message& request, const FieldDescriptor* field,
                 const exchange::v1::Head& head) {
  Request with(request.New());
  with->CopyFrom(request);
  with->GetReflection()->AddMessage(with.get(), field)->CopyFrom(head);
  return with;
}

// A read that names heads waits for them. One that names a hidden ledger waits as for one that is
// nowhere: a ledger may come with its first document.
TEST_P(ServiceConformanceTest, AReadWaitsForTheHeadsThatItNames) {
  World world(group(), regime_);
  Live(world, true);
  const std::string hidden = entry::LedgerIdOf(group().name(), Listed({"jp", "kr"}));
  const std::string nowhere = entry::LedgerIdOf(group().name(), Listed({"jp"}));
  ASSERT_EQ(ledgers_.count(hidden), 1u);
  // They say themselves which part of a ledger they ask of, or are no answer of the ledgers.
  const std::set<std::string> headless = {"GetEntry",       "GetCheckpoint",    "ListLedgers",
                                          "ProveInclusion", "ProveConsistency", "GetBudget"};
  for (const auto& [name, method] : world.Methods()) {
    if (!Reads(name) || headless.count(method->name()) != 0) continue;
    EXPECT_NE(method->input_type()->FindFieldByName("at_least"), nullptr) << name;
    EXPECT_NE(method->input_type()->FindFieldByName("exactly"), nullptr) << name;
    EXPECT_NE(method->output_type()->FindFieldByName("heads"), nullptr) << name;
    const auto* at_least = method->input_type()->FindFieldByName("at_least");
    if (at_least == nullptr) continue;
    bool asked = false;
    for (const Request& request : Requests(method->input_type())) {
      if (!world.Call("jp", name, *request).status.ok()) continue;
      asked = true;
      exchange::v1::Head head;
      head.set_ledger(hidden);
      head.set_size(1);
      EXPECT_TRUE(world.Call("jp", name, *WithHead(*request, at_least, head)).status.ok()) << name;
      const Answer waits = world.Call("nz", name, *WithHead(*request, at_least, head));
      EXPECT_EQ(waits.status.error_code(), grpc::StatusCode::UNAVAILABLE) << name;
      head.set_ledger(nowhere);
      std::string same = world.Call("nz", name, *WithHead(*request, at_least, head)).text();
      for (size_t at; (at = same.find(nowhere)) != std::string::npos;) {
        same.replace(at, nowhere.size(), hidden);
      }
      EXPECT_EQ(waits.status.error_message(),
                same.substr(same.find(' ') + 1).substr(0, waits.status.error_message().size()))
          << name;
      break;
    }
    EXPECT_TRUE(asked) << name << " never says anything";
  }
}

// One request of each method that answers of exact heads, by a state's heads of now; each is
// checked to give what it gives without them.
std::vector<std::pair<std::string, Request>> ServiceConformanceTest::ExactRequests(
    World& world, const std::string& state) const {
  std::vector<std::pair<std::string, Request>> exact;
  size_t methods = 0;
  for (const auto& [name, method] : world.Methods()) {
    const auto* exactly = method->input_type()->FindFieldByName("exactly");
    if (exactly == nullptr) continue;
    ++methods;
    const auto* at_least = method->input_type()->FindFieldByName("at_least");
    const auto* heads = method->output_type()->FindFieldByName("heads");
    for (Request& request : Requests(method->input_type())) {
      const Answer plain = world.Call(state, name, *request);
      if (!plain.status.ok()) continue;
      const auto response = MakeMessage(method->output_type());
      EXPECT_TRUE(response->ParseFromString(plain.response));
      const auto* reflection = request->GetReflection();
      for (int i = 0; i < response->GetReflection()->FieldSize(*response, heads); ++i) {
        reflection->AddMessage(request.get(), at_least)
            ->CopyFrom(response->GetReflection()->GetRepeatedMessage(*response, heads, i));
      }
      EXPECT_GT(reflection->FieldSize(*request, at_least), 1) << name;
      reflection->SetBool(request.get(), exactly, true);
      EXPECT_EQ(world.Call(state, name, *request).response, plain.response) << name;
      exact.emplace_back(name, std::move(request));
      break;
    }
  }
  // A state that delivered nothing is told of no delivery.
  EXPECT_GE(exact.size() + (state == "nz" ? 1 : 0), methods);
  return exact;
}

// What a copy at the same heads can be compared with.
TEST_P(ServiceConformanceTest, AnAnswerIsOfExactlyTheHeadsThatWereAskedFor) {
  World world(group(), regime_);
  Live(world, true);
  const auto of_jp = ExactRequests(world, "jp");
  const auto of_nz = ExactRequests(world, "nz");
  const auto call = [&](const std::string& state, const auto& exact) {
    return rpc::FromGrpcStatus(world.Call(state, exact.first, *exact.second).status);
  };
  for (const auto& [name, request] : of_jp) {
    const Request forked(request->New());
    forked->CopyFrom(*request);
    const auto* at_least = request->GetDescriptor()->FindFieldByName("at_least");
    auto& head = dynamic_cast<exchange::v1::Head&>(
        *request->GetReflection()->MutableRepeatedMessage(forked.get(), at_least, 0));
    head.mutable_root()->at(0) ^= 1;
    EXPECT_THAT(rpc::FromGrpcStatus(world.Call("jp", name, *forked).status),
                HasReason(base::Reason::kLedgerForked));
  }
  const Act more{.state = "jp", .number = 1000, .audience = {"jp"}};
  world.Submit(regime_.Sign(testing::Composer(group(), regime_).Compose(more)));
  for (const auto& exact : of_jp) {
    EXPECT_THAT(call("jp", exact), HasReason(base::Reason::kHeadPassed)) << exact.first;
  }
  for (const auto& exact : of_nz) {
    EXPECT_OK(call("nz", exact)) << "hidden from nz, and told: " << exact.first;
  }
}

// What deploys a group reads the list; what serves it knows what it can follow.
TEST(GroupsConformanceTest, EachFollowsWhatTheListSays) {
#define ENTENTE_GROUP(name, Name, port, follows) \
  EXPECT_EQ(fmt::format("{}", fmt::join(name::Name##Module().upstreams, " ")), #follows);
#include "services/groups.def"
#undef ENTENTE_GROUP
}

INSTANTIATE_TEST_SUITE_P(Groups, ServiceConformanceTest, ::testing::ValuesIn(testing::GroupCases()),
                         [](const auto& one) { return one.param.name(); });

}  // namespace
}  // namespace entente
