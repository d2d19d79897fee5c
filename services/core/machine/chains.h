// Everything that a regime does is a chain of documents, and what is said to it: a denial and its
// amendments, an alert and its sightings, a proposal and the positions on it. The chains of a group
// are told from assigned names ("X", "X/revisions/2", …) and from references of the relation
// ANSWERS, whatever the documents' bodies are.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_CHAINS_H_
#define ENTENTE_SERVICES_CORE_MACHINE_CHAINS_H_

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "services/core/machine/ledger.h"

namespace entente::machine {

struct Reader;

// A document and those that supersede it, one after another. All are in one ledger.
struct Chain {
  uint32_t number = 0;  // in order of recording; never leaves the service
  std::string name;     // of its first document: "partners/kr/denials/2016-0042"
  const Ledger* ledger = nullptr;
  uint64_t index = 0;                          // of its first document, in the ledger
  absl::InlinedVector<uint64_t, 1> positions;  // of its documents, in the journal
  base::Digest tip;                            // of the newest document
  const Chain* answered = nullptr;             // what it was said to; null: nothing
  std::vector<const Chain*> answers;           // what was said to it, in order of recording
  int64_t recorded_micros = 0;                 // its first document
  int64_t updated_micros = 0;                  // its newest document

  std::string_view originator_state() const { return std::string_view(name).substr(9, 2); }
  const entry::pb::Audience& audience() const { return ledger->audience; }
};

// Whether `a` comes before `b` in every list: by recorded time, ledger and index, which everybody
// who may read both can compute.
bool Before(const Chain& a, const Chain& b);

// Not thread-safe; the machine's lock guards it.
class Chains {
 public:
  // A recorded document, in order. Null if its name continues a chain that is not there, or one of
  // another ledger.
  const Chain* Apply(const entry::pb::Leaf& leaf, const entry::pb::Document& header,
                     const base::Digest& digest, const Place& place);

  // The chain that the document with this assigned name belongs to; null if there is none.
  const Chain* FindAny(std::string_view name) const;
  // The same, null also if the reader may not read it.
  const Chain* Find(std::string_view name, const Reader& reader) const;
  // What was said to a chain, or to what was said to it, and the reader may read, by Before.
  std::vector<const Chain*> AnswersTo(const Chain& chain, const Reader& reader) const;
  size_t size() const { return chains_.size(); }
  const Chain& operator[](uint32_t number) const { return chains_[number]; }
  // Bytes of memory.
  uint64_t Footprint() const { return footprint_; }
  // Covers all of it.
  base::Digest Fingerprint() const;

 private:
  std::deque<Chain> chains_;
  absl::btree_map<std::string_view, uint32_t> by_name_;  // keys are the chains' own names
  uint64_t footprint_ = 0;
};

// What a register keeps of some chains, found by the chain.
template <typename T>
class OfChains {
 public:
  T& Add(const Chain& chain) {
    if (numbers_.size() <= chain.number) numbers_.resize(chain.number + size_t{1}, kNone);
    numbers_[chain.number] = static_cast<uint32_t>(values_.size());
    return values_.emplace_back();
  }
  const T* Of(const Chain* chain) const {
    if (chain == nullptr || chain->number >= numbers_.size()) return nullptr;
    const uint32_t number = numbers_[chain->number];
    return number == kNone ? nullptr : &values_[number];
  }
  T* Of(const Chain* chain) { return const_cast<T*>(std::as_const(*this).Of(chain)); }
  size_t size() const { return values_.size(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  std::deque<T> values_;  // in order of recording
  std::vector<uint32_t> numbers_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_CHAINS_H_
