// TEM's figures: an Annex of 2,000 nodes, 50 editions, 500 live proposals, invented from a seed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "services/core/entry/audience.h"
#include "services/tem/annex/testing/random_annex.h"
#include "services/tem/register/tem_register.h"
#include "tests/bench/load.h"
#include "tests/support/test_annex.h"

namespace entente::bench {
namespace {

namespace v1 = entente::tem::v1;
namespace annex = entente::tem::annex;

// A register that things are put into without asking Validate.
class Filled {
 public:
  explicit Filled(const testing::TestRegime& regime)
      : regime_(regime), reg_(testing::TemProfile()) {}
  void Put(const pb::Document& document, const std::string& name) {
    pb::Leaf leaf;
    const auto signed_document = regime_.Sign(document);
    leaf.set_document_digest(testing::TestRegime::DigestOf(signed_document).str());
    leaf.mutable_stamp()->set_ledger(entry::LedgerIdOf("tem", document.audience()));
    leaf.mutable_stamp()->set_name(name);
    leaf.mutable_stamp()->mutable_recorded_time()->set_seconds(1477040400);
    const std::string& url = document.body().type_url();
    machine::Ledger& ledger = ledgers_[leaf.stamp().ledger()];
    ledger.id = leaf.stamp().ledger();
    ledger.audience = document.audience();
    leaf.mutable_stamp()->set_index(position_);
    reg_.Fold({position_++, leaf, document, url.substr(url.find('/') + 1)},
              *base::Digest::From(leaf.document_digest()), ledger);
  }
  const tem::TemRegister& reg() const { return reg_; }

 private:
  const testing::TestRegime& regime_;
  std::map<std::string, machine::Ledger> ledgers_;
  tem::TemRegister reg_;
  uint64_t position_ = 0;
};

annex::Edition Changed(annex::testing::RandomAnnex& random, const annex::Edition& base, int count) {
  annex::Edition current = Must(annex::Draft(base).Finish("bench"));
  for (int done = 0; done < count;) {
    annex::ChangeList one;
    *one.Add() = random.MakeChange(current);
    annex::Draft draft(current);
    base::FieldViolations violations;
    draft.Apply(one, "bench", violations);
    auto next = draft.Finish("bench");
    // What shrinks the list to nothing is not what delegates do.
    if (!violations.empty() || !next.ok() || next->size() + 20 < current.size()) continue;
    current = *std::move(next);
    ++done;
  }
  return current;
}

struct Times {
  std::vector<double> values;
  void Report(const std::string& name) {
    std::sort(values.begin(), values.end());
    Print(name + "_p50", values[values.size() / 2], "ms");
    Print(name + "_max", values.back(), "ms");
  }
};

// The peer: git's word diff of the two as text, one node a line.
void WordDiffOf(const annex::Edition& before, const annex::Edition& after) {
  const auto folder = std::filesystem::temp_directory_path() / UniqueRun();
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const annex::Edition& edition) {
    std::ofstream out(folder / name);
    for (const auto& place : edition.places()) out << place.path << " " << place.node->text << "\n";
  };
  write("a", before);
  write("b", after);
  const std::string command = "git diff --no-index --word-diff=porcelain " +
                              (folder / "a").string() + " " + (folder / "b").string() +
                              " >/dev/null 2>&1";
  Times times;
  for (int i = 0; i < 5; ++i) {
    const auto began = Clock::now();
    if (std::system(command.c_str()) < 0) return;
    times.values.push_back(Seconds(began) * 1000);
  }
  times.Report("annex_git_word_diff");
  std::filesystem::remove_all(folder);
}

}  // namespace

int Annex() {
  base::testing::FakeClock clock;
  testing::TestRegime regime({"jp", "kr", "nz"}, clock.Now());
  annex::testing::RandomAnnex random(7);
  std::vector<annex::Edition> editions;
  editions.push_back(random.MakeEdition(2000));
  while (editions.size() < 50) editions.push_back(Changed(random, editions.back(), 20));
  Filled filled(regime);
  for (size_t i = 0; i < editions.size(); ++i) {
    v1::AnnexEdition proto;
    proto.set_edition(std::to_string(1967 + i) + "-01-01");
    proto.set_title("Bench");
    editions[i].AddNodesTo(proto.mutable_nodes());
    const auto documents = testing::Publication(regime, "jp", proto);
    filled.Put(documents[0], "partners/jp/approvals/approval-" + proto.edition());
    filled.Put(documents[1], "partners/jp/editions/" + proto.edition());
  }
  const annex::Edition& newest = editions.back();
  std::deque<v1::Proposal> proposals;
  std::vector<annex::Part> parts;
  std::set<std::string> taken;
  for (int i = 0; i < 500; ++i) {
    const auto& place = newest[static_cast<int>(random.Below(newest.size()))];
    v1::Proposal proposal = testing::TextProposal(place.node->id, random.Text());
    proposal.set_edition("2016-01-01");
    const std::string name = "partners/kr/proposals/" + std::to_string(i);
    filled.Put(testing::WithBody(regime.Denial("kr", std::to_string(i)), proposal), name);
    if (place.node->reserved || !taken.insert(place.node->id).second) continue;
    proposals.push_back(std::move(proposal));
    parts.push_back({name, std::to_string(i), "m", &proposals.back(), &newest});
  }
  Times diffs;
  for (size_t a = 0; a < editions.size(); a += 7) {
    for (size_t b = 0; b < editions.size(); ++b) {
      const auto began = Clock::now();
      const auto differences = annex::Compare(editions[a], editions[b]);
      diffs.values.push_back(Seconds(began) * 1000);
      if (a != b && differences.empty()) return 1;
    }
  }
  Print("annex_nodes", static_cast<double>(newest.size()), "nodes");
  diffs.Report("annex_diff");
  WordDiffOf(editions.front(), editions.back());
  Times conflicts;
  Times views;
  filled.reg().Visit({.state = "jp", .is_partner = true}, nullptr, [&](const auto& proposal) {
    const auto began = Clock::now();
    filled.reg().Conflicts(proposal, {.state = "jp", .is_partner = true});
    conflicts.values.push_back(Seconds(began) * 1000);
    return true;
  });
  conflicts.Report("annex_conflicts");
  Times judging;
  for (int i = 0; i < 50; ++i) {
    v1::Proposal proposal = testing::TextProposal(newest[200].node->id, random.Text());
    proposal.set_edition("2016-01-01");
    auto verified = Must(regime.SignAndVerify(
        testing::WithBody(regime.Denial("nz", "v" + std::to_string(i)), proposal)));
    const auto began = Clock::now();
    if (const auto judged = filled.reg().Validate(verified, {.now = clock.Now()}); !judged.ok()) {
      std::cerr << judged.status() << "\n";
      return 1;
    }
    judging.values.push_back(Seconds(began) * 1000);
  }
  judging.Report("annex_validate");
  Times assembling;
  for (int i = 0; i < 10; ++i) {
    const auto began = Clock::now();
    Must(annex::Assemble(newest, parts, "bench"));
    assembling.values.push_back(Seconds(began) * 1000);
  }
  Print("annex_parts", static_cast<double>(parts.size()), "proposals");
  assembling.Report("annex_assemble");
  return 0;
}

}  // namespace entente::bench
