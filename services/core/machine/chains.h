// Everything that a regime does is a chain of documents, and what is said to it: a denial and its
// amendments, an alert and its sightings, a proposal and the positions on it. The chains of a group
// are told from assigned names ("X", "X/revisions/2", …) and from references of the relation
// ANSWERS, whatever the documents' bodies are.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_CHAINS_H_
#define ENTENTE_SERVICES_CORE_MACHINE_CHAINS_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/hash/hash.h"
#include "services/core/base/tight.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/kept_text.h"
#include "services/core/machine/ledger.h"
#include "services/core/rules/links.h"

namespace entente::machine {

struct Reader;

// A document and those that supersede it, one after another. All are in one ledger.
struct Chain {
  uint32_t number = 0;  // in order of recording; never leaves the service
  uint32_t index = 0;   // of its first document, in the ledger
  KeptText kept_name;   // of its first document: "partners/kr/denials/2016-0042"
  const Ledger* ledger = nullptr;
  absl::InlinedVector<uint64_t, 2> positions;  // of its documents, in the journal
  base::Digest tip;                            // of the newest document
  const Chain* answered = nullptr;             // what it was said to; null: nothing
  // What was said to it, by ledger: a reader is not made to walk what is hidden from it (law 6).
  struct Said {
    const Ledger* ledger = nullptr;
    std::vector<const Chain*> answers;  // in order
  };
  std::unique_ptr<std::vector<Said>> said_to_it;  // null: nothing
  bool erased = false;                            // one of its documents was ordered erased
  int64_t recorded_micros = 0;                    // its first document
  int64_t updated_micros = 0;                     // its newest document

  std::string_view name() const { return kept_name.view(); }
  std::string_view originator_state() const { return rules::StateOf(name()); }
  const entry::pb::Audience& audience() const { return ledger->audience; }
  std::span<const Said> said() const {
    return said_to_it == nullptr ? std::span<const Said>() : std::span<const Said>(*said_to_it);
  }
  // Whether something was said to it, whoever may read that, of which `is_that` holds.
  template <typename IsThat>
  bool AnyAnswer(const IsThat& is_that) const {
    const std::span<const Said> shelves = said();
    return std::any_of(shelves.begin(), shelves.end(), [&](const Said& shelf) {
      return std::any_of(shelf.answers.begin(), shelf.answers.end(),
                         [&](const Chain* answer) { return is_that(*answer); });
    });
  }
};

// The assigned name of a chain's next document: "X/revisions/2".
std::string NextName(const Chain& chain);

// Whether `a` comes before `b` in every list: by recorded time, ledger and index, which everybody
// who may read both can compute.
bool Before(const Chain& a, const Chain& b);

// Chains of one ledger, by Before.
using Run = std::span<const Chain* const>;
// Calls `visit` with the chains of all runs after `after` (null: from the first), by Before, until
// it returns false.
void VisitInOrder(std::vector<Run> runs, const Chain* after,
                  const std::function<bool(const Chain&)>& visit);

// Not thread-safe; the machine's lock guards it.
class Chains {
 public:
  Chains() = default;
  Chains(const Chains&) = delete;
  Chains& operator=(const Chains&) = delete;

  // A recorded document, in order. Null if its name continues a chain that is not there, or one of
  // another ledger, or is not the next one of it. It answers what it says it does if all who read
  // it read that, too: whatever a group checks, nobody learns of a chain by answering a name that
  // it has guessed (law 6).
  const Chain* Apply(const entry::pb::Leaf& leaf, const entry::pb::Document& header,
                     const base::Digest& digest, const Place& place);

  // Notes of the chain of the document with this name, which is there, that it was ordered erased.
  void NoteErased(std::string_view name);
  // The chain that the document with this assigned name belongs to; null if there is none.
  const Chain* FindAny(std::string_view name) const;
  // Where the document with this assigned name is in the journal; nothing if there is none.
  std::optional<uint64_t> PositionOf(std::string_view name) const;
  // As FindAny, null also if the reader may not read it.
  const Chain* Find(std::string_view name, const Reader& reader) const;
  // What was said to a chain, or to what was said to it, and the reader may read: so many at most,
  // by Before, after `after` (null: from the first).
  static std::vector<const Chain*> AnswersTo(const Chain& chain, const Reader& reader,
                                             const Chain* after = nullptr, size_t most = SIZE_MAX);
  size_t size() const { return chains_.size(); }
  const Chain& operator[](uint32_t number) const { return chains_[number]; }
  // Bytes of memory.
  uint64_t Footprint() const { return footprint_; }
  // Covers all of it.
  base::Digest Fingerprint() const;

 private:
  // What a document answers; null: nothing.
  const Chain* AnsweredBy(const entry::pb::Document& header) const;
  void Shelve(Chain& answer, Chain& to);

  std::deque<Chain> chains_;
  // Numbers of chains, found by their names.
  struct HashByName {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return absl::HashOf(name); }
    size_t operator()(uint32_t number) const { return (*this)((*chains)[number].name()); }
    const std::deque<Chain>* chains;
  };
  struct SameName {
    using is_transparent = void;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, std::string_view b) const { return (*chains)[a].name() == b; }
    const std::deque<Chain>* chains;
  };
  absl::flat_hash_set<uint32_t, HashByName, SameName> by_name_{0, {&chains_}, {&chains_}};
  uint64_t footprint_ = 0;
};

// What a register keeps of some chains, found by the chain.
template <typename T>
class OfChains {
 public:
  T& Add(const Chain& chain) {
    while (numbers_.size() <= chain.number) base::AppendTight(numbers_, kNone);
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
