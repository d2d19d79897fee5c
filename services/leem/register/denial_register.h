// The denial register: chains of documents, one per denial. Pure: no I/O, no clock, no gRPC.
//
// A chain starts with a DenialNotification. Each later document supersedes the newest one, by name
// and digest, so that two officers who change the same denial at once cannot overwrite each other.
#ifndef ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_REGISTER_H_
#define ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_REGISTER_H_

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "entente/config/v1/regime_profile.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/clock.h"
#include "services/core/base/status.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/register.h"
#include "services/core/machine/released_index.h"

namespace entente::leem {

struct RuleContext;
class RegimeList;

// Bytes of a denial's names of parties once they are folded for search, where a few letters can
// become many.
inline constexpr size_t kPartyNamesMax = 16 << 10;

// A stretch of time in which a denial is in force: from, inclusive, to until, exclusive.
struct Term {
  base::CivilDate from;
  base::CivilDate until;
};

// One denial: the fold of its documents. Contents stay in the journal; what queries filter by is
// here.
struct Chain {
  std::string name;  // "partners/kr/denials/2016-0042"
  std::shared_ptr<const entente::exchange::v1::Audience> audience;  // shared by the ledger's chains
  absl::InlinedVector<uint64_t, 1> positions;  // of its documents, in the journal
  uint32_t content_at = 0;          // which of them holds the newest content
  base::Digest tip;                 // digest of the newest document
  v1::DenialState state = v1::DENIAL_STATE_ACTIVE;
  v1::DenialAct act = v1::DENIAL_ACT_UNSPECIFIED;
  v1::Timeliness timeliness = v1::TIMELINESS_UNSPECIFIED;
  absl::InlinedVector<Term, 1> terms;
  base::CivilDate ended;                 // empty: not ended
  std::string destinations;              // newest first, two letters each
  absl::InlinedVector<std::string, 1> entries;  // control-list entries of the newest content
  std::set<std::string> former_entries;  // of earlier contents, for filters
  std::string route;                     // "ae>ir": transit, then destination; empty: direct
  // Folded, one a line, of the newest content; at most kPartyNamesMax bytes.
  std::string party_names;
  int64_t updated_micros = 0;

  std::string_view originator_state() const { return std::string_view(name).substr(9, 2); }
  std::string_view destination() const { return std::string_view(destinations).substr(0, 2); }
};

// Whether a denial is in force at a date: a pure function of its chain (whose terms the profile of
// the time has set) and the date.
bool InForce(const Chain& chain, const base::CivilDate& date);

// Which chains a query wants. Empty fields match all.
struct ChainFilter {
  std::string originator_state;
  std::string destination;
  std::string entry_prefix;
  std::string party_contains;  // any letter case
  v1::DenialAct act = v1::DENIAL_ACT_UNSPECIFIED;
  base::CivilDate in_force_date;
};

class DenialRegister final : public machine::Register {
 public:
  explicit DenialRegister(entente::config::v1::RegimeProfile profile)
      : profile_(std::move(profile)), budgets_(machine::BudgetsOf(profile_)) {}

  // Looks up cited entries of the regime's own list there from now on. Before documents come.
  void Consult(const RegimeList* regime_list) { regime_list_ = regime_list; }

  absl::StatusOr<machine::Judgement> Validate(
      const document::VerifiedDocument& document,
      const machine::ValidationContext& context) const override;
  absl::Status CheckAlone(const document::VerifiedDocument& document,
                          absl::Time now) const override;
  void Apply(const machine::AppliedDocument& document) noexcept override;
  base::Digest Fingerprint() const override;
  uint64_t Footprint() const override { return footprint_; }
  std::multimap<std::string, std::string> Facts(std::string_view name) const override;
  std::vector<std::string> FactNames() const override;
  std::vector<machine::Dimension> Dimensions() const override;
  void Observe(const machine::Reader& reader, std::string_view dimension,
               const std::function<void(const machine::Observation&)>& visit) const override;

  // Null if there is none, or the reader may not read it.
  const Chain* Find(std::string_view name, const machine::Reader& reader) const;
  // Up to `limit` chains that match and that the reader may read, in order of recording, after the
  // chain `after` (empty: from the start). Looks at no more than about `look_max` chains that the
  // reader may read (fewer where names are long); `more` tells whether to ask again after the last
  // chain looked at, in `last`. Chains that the reader may not read count for nothing.
  struct Page {
    std::vector<const Chain*> chains;
    const Chain* last = nullptr;
    bool more = false;
  };
  Page List(const ChainFilter& filter, const machine::Reader& reader, const Chain* after,
            size_t limit, size_t look_max) const;
  size_t size() const { return chains_.size(); }
  const entente::config::v1::RegimeProfile& profile() const { return profile_; }

 private:
  struct Step;  // a parsed body with what it does
  const Chain* FindAny(std::string_view name) const;
  absl::StatusOr<v1::DenialNotification> CheckNotification(
      const document::VerifiedDocument& document, absl::Time now) const;
  absl::StatusOr<Step> CheckRevision(const document::VerifiedDocument& document,
                                     absl::Time now) const;
  absl::StatusOr<machine::Judgement> ValidateNotification(
      const document::VerifiedDocument& document, const machine::ValidationContext& context) const;
  absl::StatusOr<machine::Judgement> ValidateRevision(
      const document::VerifiedDocument& document, const machine::ValidationContext& context) const;
  static void CheckBody(const Step& step, const RuleContext& rules,
                        base::FieldViolations& violations);
  absl::Status CheckProcedure(const Chain& chain, const Step& step) const;
  void ApplyContent(const v1::DenialContent& content, Chain& chain) const;
  void ApplyRevision(const machine::AppliedDocument& document, const Step& step,
                     const v1::DenialRuling& ruling, Chain& chain) const;

  const entente::config::v1::RegimeProfile profile_;
  const machine::Budgets budgets_;
  const RegimeList* regime_list_ = nullptr;
  std::deque<Chain> chains_;  // in order of recording
  absl::btree_map<std::string_view, uint32_t> by_name_;  // keys are the chains' own names
  machine::ReleasedIndex released_;  // all; by originator; by destination, former ones too
  uint64_t footprint_ = 0;
};

// Kinds of body that this register takes, full names.
bool IsDenialKind(std::string_view kind);

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_REGISTER_H_
