#include "services/core/machine/chains.h"

#include <algorithm>
#include <tuple>

#include "services/core/machine/fingerprint.h"
#include "services/core/machine/footprint.h"
#include "services/core/machine/register.h"
#include "services/core/rules/links.h"

namespace entente::machine {
namespace {

uint64_t BytesOf(const Chain& chain) {
  constexpr uint64_t kIndexed = 32;
  return sizeof(Chain) + kIndexed + HeapBytes(chain.name) + HeapBytes(chain.positions) +
         HeapBytes(chain.answers);
}

bool Reads(const Reader& reader, const Chain& chain) {
  return entry::Includes(chain.audience(), reader.state, reader.is_partner);
}

}  // namespace

bool Before(const Chain& a, const Chain& b) {
  return std::tie(a.recorded_micros, a.ledger->id, a.index) <
         std::tie(b.recorded_micros, b.ledger->id, b.index);
}

const Chain* Chains::Apply(const entry::pb::Leaf& leaf, const entry::pb::Document& header,
                           const base::Digest& digest, const Place& place) {
  const std::string& name = leaf.stamp().name();
  const int64_t micros = rules::Micros(leaf.stamp().recorded_time());
  const std::string_view of = rules::ChainOf(name);
  Chain* chain = nullptr;
  if (of.size() != name.size()) {
    auto it = by_name_.find(of);
    if (it == by_name_.end() || chains_[it->second].ledger != place.ledger) return nullptr;
    chain = &chains_[it->second];
    footprint_ -= BytesOf(*chain);
  } else {
    if (by_name_.contains(name)) return nullptr;
    chain = &chains_.emplace_back();
    chain->number = static_cast<uint32_t>(chains_.size()) - 1;
    chain->name = name;
    chain->ledger = place.ledger;
    chain->index = place.index;
    chain->recorded_micros = micros;
    by_name_.emplace(chain->name, chain->number);
    const auto* said = rules::ReferenceOf(header, rules::Reference::RELATION_ANSWERS);
    if (said != nullptr && FindAny(said->name()) != nullptr) {
      Chain& to = chains_[FindAny(said->name())->number];
      Chain& first = to.answered == nullptr ? to : chains_[to.answered->number];
      footprint_ -= BytesOf(first);
      first.answers.push_back(chain);
      footprint_ += BytesOf(first);
      chain->answered = &first;
    }
  }
  chain->positions.push_back(place.position);
  chain->tip = digest;
  chain->updated_micros = micros;
  footprint_ += BytesOf(*chain);
  return chain;
}

const Chain* Chains::FindAny(std::string_view name) const {
  auto it = by_name_.find(rules::ChainOf(name));
  return it == by_name_.end() ? nullptr : &chains_[it->second];
}

const Chain* Chains::Find(std::string_view name, const Reader& reader) const {
  const Chain* chain = FindAny(name);
  return chain != nullptr && Reads(reader, *chain) ? chain : nullptr;
}

base::Digest Chains::Fingerprint() const {
  FingerprintHash hash;
  for (const Chain& chain : chains_) {
    const auto& [number, name, ledger, index, positions, tip, answered, answers, recorded_micros,
                 updated_micros] = chain;
    hash.Add(number, name, ledger->id, index, positions, tip, recorded_micros, updated_micros,
             answered == nullptr ? number : answered->number, answers.size());
    for (const Chain* answer : answers) hash.Add(answer->number);
  }
  return hash.digest();
}

std::vector<const Chain*> Chains::AnswersTo(const Chain& chain, const Reader& reader) const {
  std::vector<const Chain*> answers;
  for (const Chain* answer : chain.answers) {
    if (Reads(reader, *answer)) answers.push_back(answer);
  }
  std::sort(answers.begin(), answers.end(),
            [](const Chain* a, const Chain* b) { return Before(*a, *b); });
  return answers;
}

bool Register::Fold(AppliedDocument document, const base::Digest& digest,
                    const Ledger& ledger) noexcept {
  const Place place{&ledger, document.leaf.stamp().index(), document.position};
  document.chain = chains_.Apply(document.leaf, document.header, digest, place);
  if (document.chain == nullptr) return false;
  Apply(document);
  return true;
}

}  // namespace entente::machine
