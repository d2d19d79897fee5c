#include "services/core/machine/chains.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <tuple>

#include "fmt/format.h"
#include "services/core/entry/audience.h"
#include "services/core/machine/fingerprint.h"
#include "services/core/machine/footprint.h"
#include "services/core/machine/register.h"
#include "services/core/rules/body.h"
#include "services/core/rules/checks.h"
#include "services/core/rules/links.h"

namespace entente::machine {
namespace {

uint64_t BytesOf(const Chain& chain) {
  constexpr uint64_t kIndexed = 10;
  uint64_t bytes =
      sizeof(Chain) + kIndexed + chain.kept_name.HeapBytes() + HeapBytes(chain.positions);
  if (chain.said_to_it != nullptr) {
    bytes += AllocationBytes(sizeof(std::vector<Chain::Said>)) + HeapBytes(*chain.said_to_it);
  }
  return bytes;
}

uint64_t BytesOf(const Chain::Said& shelf) { return HeapBytes(shelf.answers); }

// The assigned name of a chain's document by its number, from 2 on.
std::string NameAt(const Chain& chain, uint64_t number) {
  return fmt::format("{}/revisions/{}", chain.name(), number);
}

bool Reads(const Reader& reader, const Ledger& ledger) {
  return entry::Includes(ledger.audience, reader.state, reader.is_partner);
}

}  // namespace

bool Before(const Chain& a, const Chain& b) {
  return std::tie(a.recorded_micros, a.ledger->id, a.index) <
         std::tie(b.recorded_micros, b.ledger->id, b.index);
}

void VisitInOrder(std::vector<Run> runs, const Chain* after,
                  const std::function<bool(const Chain&)>& visit) {
  const auto before = [](const Chain* a, const Chain* b) { return Before(*a, *b); };
  const auto later = [](const Run& a, const Run& b) { return Before(*b.front(), *a.front()); };
  for (Run& run : runs) {
    if (after == nullptr) break;
    run = run.subspan(
        static_cast<size_t>(std::upper_bound(run.begin(), run.end(), after, before) - run.begin()));
  }
  runs.erase(std::remove_if(runs.begin(), runs.end(), [](const Run& run) { return run.empty(); }),
             runs.end());
  std::make_heap(runs.begin(), runs.end(), later);  // the first one on top
  while (runs.size() > 1) {
    std::pop_heap(runs.begin(), runs.end(), later);
    Run& run = runs.back();
    if (!visit(*run.front())) return;
    run = run.subspan(1);
    if (run.empty()) {
      runs.pop_back();
    } else {
      std::push_heap(runs.begin(), runs.end(), later);
    }
  }
  if (runs.empty()) return;
  for (const Chain* chain : runs.front()) {
    if (!visit(*chain)) return;
  }
}

std::string NextName(const Chain& chain) { return NameAt(chain, chain.positions.size() + 1); }

const Chain* Chains::Apply(const entry::pb::Leaf& leaf, const entry::pb::Document& header,
                           const base::Digest& digest, const Place& place) {
  const std::string& name = leaf.stamp().name();
  const int64_t micros = rules::Micros(leaf.stamp().recorded_time());
  const std::string_view of = rules::ChainOf(name);
  Chain* chain = nullptr;
  if (of.size() != name.size()) {
    auto it = by_name_.find(of);
    if (it == by_name_.end() || chains_[*it].ledger != place.ledger) return nullptr;
    chain = &chains_[*it];
    if (name != NextName(*chain)) return nullptr;
    footprint_ -= BytesOf(*chain);
  } else {
    if (by_name_.contains(name)) return nullptr;
    const Chain* answered = AnsweredBy(header);
    chain = &chains_.emplace_back();
    chain->number = static_cast<uint32_t>(chains_.size()) - 1;
    chain->kept_name = KeptText(name);
    chain->ledger = place.ledger;
    chain->index = static_cast<uint32_t>(place.index);
    chain->recorded_micros = micros;
    by_name_.insert(chain->number);
    if (answered != nullptr) Shelve(*chain, chains_[answered->number]);
  }
  chain->positions.push_back(place.position);
  chain->tip = digest;
  chain->updated_micros = micros;
  footprint_ += BytesOf(*chain);
  return chain;
}

const Chain* Chains::AnsweredBy(const entry::pb::Document& header) const {
  const auto* reference = rules::ReferenceOf(header, rules::Reference::RELATION_ANSWERS);
  const Chain* chain = reference == nullptr ? nullptr : FindAny(reference->name());
  if (chain == nullptr || !rules::Within(header.audience(), chain->audience())) return nullptr;
  if (chain->answered == nullptr) return chain;
  return rules::Within(header.audience(), chain->answered->audience()) ? chain->answered : nullptr;
}

void Chains::Shelve(Chain& answer, Chain& to) {
  footprint_ -= BytesOf(to);
  if (to.said_to_it == nullptr) to.said_to_it = std::make_unique<std::vector<Chain::Said>>();
  std::vector<Chain::Said>& shelves = *to.said_to_it;
  auto shelf = std::find_if(shelves.begin(), shelves.end(),
                            [&](const Chain::Said& one) { return one.ledger == answer.ledger; });
  if (shelf == shelves.end()) {
    shelves.push_back({answer.ledger, {}});
    shelf = std::prev(shelves.end());
  }
  footprint_ -= BytesOf(*shelf);
  shelf->answers.push_back(&answer);
  footprint_ += BytesOf(*shelf) + BytesOf(to);
  answer.answered = &to;
}

void Chains::NoteErased(std::string_view name) { chains_[FindAny(name)->number].erased = true; }

const Chain* Chains::FindAny(std::string_view name) const {
  auto it = by_name_.find(rules::ChainOf(name));
  return it == by_name_.end() ? nullptr : &chains_[*it];
}

std::optional<uint64_t> Chains::PositionOf(std::string_view name) const {
  const Chain* chain = FindAny(name);
  if (chain == nullptr) return std::nullopt;
  if (name == chain->name()) return chain->positions[0];
  const std::string_view digits = name.substr(name.rfind('/') + 1);
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (number < 2 || number > chain->positions.size() || name != NameAt(*chain, number)) {
    return std::nullopt;
  }
  return chain->positions[number - 1];
}

const Chain* Chains::Find(std::string_view name, const Reader& reader) const {
  const Chain* chain = FindAny(name);
  return chain != nullptr && Reads(reader, *chain->ledger) ? chain : nullptr;
}

base::Digest Chains::Fingerprint() const {
  FingerprintHash hash;
  for (const Chain& chain : chains_) {
    const auto& [number, index, name, ledger, positions, tip, answered, said_to_it, erased,
                 recorded_micros, updated_micros] = chain;
    hash.Add(number, erased, name.view(), ledger->id, index, positions, tip, recorded_micros,
             updated_micros, answered == nullptr ? number : answered->number, chain.said().size());
    for (const Chain::Said& shelf : chain.said()) {
      hash.Add(shelf.ledger->id, shelf.answers.size());
      for (const Chain* answer : shelf.answers) hash.Add(answer->number);
    }
  }
  return hash.digest();
}

std::vector<const Chain*> Chains::AnswersTo(const Chain& chain, const Reader& reader,
                                            const Chain* after, size_t most) {
  std::vector<Run> runs;
  for (const Chain::Said& shelf : chain.said()) {
    if (Reads(reader, *shelf.ledger)) runs.emplace_back(shelf.answers);
  }
  std::vector<const Chain*> answers;
  VisitInOrder(std::move(runs), after, [&](const Chain& answer) {
    if (answers.size() == most) return false;
    answers.push_back(&answer);
    return true;
  });
  return answers;
}

}  // namespace entente::machine
