// A group's state machine, as the core sees it.
//
// Laws:
//
//   1. Validate may refuse and changes nothing. It depends only on the document, the context, and
//      the register's state of what the document names: its own name and its references. So
//      documents that name different things can be validated in one batch.
//
//   2. Apply cannot fail, reads no clock, and gives the same state for the same entries in the same
//      order, whatever the rules of today are: it obeys the stamp. Of a document that was erased
//      (erasure.h) it gets what remains, and of one that a disk has lost an empty body.
//
//   3. Fingerprint covers everything that answers depend on (fingerprint.h), the chains aside: they
//      have their own.
#ifndef ENTENTE_SERVICES_CORE_MACHINE_REGISTER_H_
#define ENTENTE_SERVICES_CORE_MACHINE_REGISTER_H_

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/core/document/document.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/chains.h"
#include "services/core/machine/fact_field.h"
#include "services/core/machine/observation.h"

namespace entente::machine {

// Who reads: a state, and whether it is a partner now.
struct Reader {
  std::string state;
  bool is_partner = false;
};

// What Validate may know besides the register's own state. What Apply needs of it must go into the
// ruling.
struct ValidationContext {
  absl::Time now;                              // becomes the stamp's recorded_time
  std::span<const std::string> partners = {};  // states that are partners now, sorted
  bool from_chair = false;                     // the originator leads the group
};

// What Validate fixes.
struct Judgement {
  std::string name;              // the document's assigned name, unique in the group
  google::protobuf::Any ruling;  // the group's own findings
  uint32_t rules_version = 0;
  // Keys that the judgement read, and that the document writes, beside its own name and references
  // (register law 1). Of two documents in one batch neither writes a key that the other reads or
  // writes: the later one waits for the next batch.
  std::vector<std::string> reads;
  std::vector<std::string> writes;
};

// A recorded document as Apply and queries get it.
struct AppliedDocument {
  uint64_t position = 0;  // in the journal; never leaves the service
  const entry::pb::Leaf& leaf;
  const entry::pb::Document& header;
  std::string_view kind;
  const Chain* chain = nullptr;  // that it is a document of
  uint32_t number = 0;           // which of them, from 1

  bool opens() const { return number == 1; }
  int64_t recorded_micros() const {
    return absl::ToUnixMicros(entry::GetTime(leaf.stamp().recorded_time()));
  }
};

// What a register keeps of one chain, made anew from the chain's documents as they are by now.
class Restatement {
 public:
  virtual ~Restatement() = default;
  // The chain's documents, in order. Changes nothing that is served.
  virtual void Apply(const AppliedDocument& document) noexcept = 0;
  // Puts it in the place of what is kept. The caller holds the machine's lock exclusively.
  virtual void Put() noexcept = 0;
};

// A restatement of a value that a register keeps for a chain.
template <typename T, typename ApplyTo, typename PutIn>
class RestatementOf final : public Restatement {
 public:
  RestatementOf(ApplyTo apply, PutIn put) : apply_(std::move(apply)), put_(std::move(put)) {}
  void Apply(const AppliedDocument& document) noexcept override { apply_(document, value_); }
  void Put() noexcept override { put_(std::move(value_)); }

 private:
  const ApplyTo apply_;
  const PutIn put_;
  T value_;
};
// `apply(document, value)` for each document, then `put(std::move(value))`.
template <typename T, typename ApplyTo, typename PutIn>
std::unique_ptr<Restatement> Restate(ApplyTo apply, PutIn put) {
  return std::make_unique<RestatementOf<T, ApplyTo, PutIn>>(std::move(apply), std::move(put));
}

struct Group;

// Something that a state owes until an instant.
struct Obligation {
  std::string kind;   // "iem.reply"
  std::string state;  // that owes it
  absl::Time due;
};

class Register {
 public:
  virtual ~Register() = default;
  // Applies a recorded document to its chain, and then to the group's state. False, and nothing is
  // changed, if its name continues a chain that is not there.
  bool Fold(AppliedDocument document, const base::Digest& digest, const Ledger& ledger) noexcept;
  void NoteErased(std::string_view name) { chains_.NoteErased(name); }
  // All chains of the group.
  const Chains& chains() const { return chains_; }
  // Whose register it is.
  virtual const Group& group() const = 0;
  // What it keeps of a chain, to be made anew; null: it keeps no words of it. Made, and its
  // documents applied, by the one writer.
  virtual std::unique_ptr<Restatement> RestateChain(const Chain& chain) = 0;
  virtual absl::StatusOr<Judgement> Validate(const document::VerifiedDocument& document,
                                             const ValidationContext& context) const = 0;
  // The part of Validate that needs no state: intake asks it on its own threads, so that what it
  // refuses costs the sequencer nothing. Reads nothing that Apply changes.
  virtual absl::Status CheckAlone(const document::VerifiedDocument&, absl::Time) const {
    return absl::OkStatus();
  }
  virtual base::Digest Fingerprint() const = 0;
  // Bytes of memory that the state takes, as footprint.h counts them. Asked after each batch.
  virtual uint64_t Footprint() const = 0;
  // Facts that a follower's filter may ask for, as in {"leem.destination", "ir"}, of the matter
  // that the document with this assigned name belongs to.
  virtual std::multimap<std::string, std::string> Facts(std::string_view name) const = 0;
  // The facts that filters may use, and what they may be.
  virtual std::vector<FactField> FactFields() const = 0;
  // What trends can be counted by; none: the group counts nothing.
  virtual std::vector<Dimension> Dimensions() const { return {}; }
  // Calls `visit` for all that the reader may read, by one of the dimensions.
  virtual void Observe(const Reader&, std::string_view,
                       const std::function<void(const Observation&)>&) const {}

  // Calls `visit` with the chains after `after` (null: from the first) that the reader may read and
  // that something may be owed for, to or by the reader's state, by Before, until it returns false.
  virtual void VisitOwing(const Reader&, const Chain*,
                          const std::function<bool(const Chain&)>&) const {}
  // What is owed for one of these chains, as far as the reader may read; `partners` are partners
  // now. Of every state: the caller leaves out what is not the reader's business.
  virtual std::vector<Obligation> ObligationsOf(const Chain&, const Reader&,
                                                std::span<const std::string>, absl::Time) const {
    return {};
  }

 protected:
  virtual void Apply(const AppliedDocument& document) noexcept = 0;

 private:
  Chains chains_;
};

}  // namespace entente::machine

#endif  // ENTENTE_SERVICES_CORE_MACHINE_REGISTER_H_
