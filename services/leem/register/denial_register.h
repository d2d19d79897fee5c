// The denial register: what the documents of each denial's chain come to. Pure: no I/O, no clock,
// no gRPC. A chain starts with a DenialNotification.
#ifndef ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_REGISTER_H_
#define ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_REGISTER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "entente/config/v1/regime_profile.pb.h"
#include "entente/leem/v1/denial.pb.h"
#include "services/core/base/calendar.h"
#include "services/core/base/codes.h"
#include "services/core/base/status.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/register.h"
#include "services/core/machine/released_index.h"
#include "services/core/machine/word_set.h"
#include "services/leem/register/name_filter.h"
#include "services/leem/standing/standing.h"

namespace entente::leem {

struct RuleContext;
class RegimeList;

// One denial: the fold of its documents. Contents stay in the journal; what queries filter by is
// here.
struct Denial {
  const machine::Chain* chain = nullptr;
  Standing standing;
  uint32_t content_at = 0;    // which of its documents holds the newest content
  base::Letters destination;  // of the newest content; empty: its body was lost
  machine::WordSet entries;   // control-list entries of the newest content
  NameFilter names;           // of its parties
  // What most denials have nothing of.
  struct Rest {
    std::set<std::string> former_entries;  // of earlier contents, for filters
    std::string destinations;              // the same: two letters each
    std::string route;                     // "ae>ir": transit, then destination; empty: direct
  };
  std::unique_ptr<Rest> rest;  // null: nothing

  std::string_view name() const { return chain->name(); }
  std::string_view originator_state() const { return chain->originator_state(); }
  std::string_view route() const { return rest == nullptr ? std::string_view() : rest->route; }
  // Entries of all contents, and so of what a chain may have (Budgets).
  size_t facts() const {
    return entries.size() + (rest == nullptr ? 0 : rest->former_entries.size());
  }
};

// Which denials a query wants. Empty fields match all.
struct DenialFilter {
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
  const machine::Group& group() const override;
  std::unique_ptr<machine::Restatement> RestateChain(const machine::Chain& chain) override;
  base::Digest Fingerprint() const override;
  uint64_t Footprint() const override { return footprint_; }
  std::multimap<std::string, std::string> Facts(std::string_view name) const override;
  std::vector<machine::FactField> FactFields() const override;
  std::vector<machine::Dimension> Dimensions() const override;
  void Observe(const machine::Reader& reader, std::string_view dimension,
               const std::function<void(const machine::Observation&)>& visit) const override;

  // A denial that counts asks its own state for a renewal, an amendment or a revocation before the
  // last of its terms ends ("leem.renewal").
  void VisitOwing(const machine::Reader& reader, const machine::Chain* after,
                  const std::function<bool(const machine::Chain&)>& visit) const override;
  std::vector<machine::Obligation> ObligationsOf(const machine::Chain& chain,
                                                 const machine::Reader& reader,
                                                 std::span<const std::string> partners,
                                                 absl::Time now) const override;

  // Null if there is none, or the reader may not read it.
  const Denial* Find(std::string_view name, const machine::Reader& reader) const {
    return denials_.Of(chains().Find(name, reader));
  }
  // Calls `visit` with denials after the chain `after` (null: from the first) that the reader may
  // read, by machine::Before, until it returns false, and tells it whether they match: of those
  // that the filter's destination, or else its originator, leaves. kMaybe: all but that
  // `party_contains` must be looked for in the newest content.
  void Visit(const DenialFilter& filter, const machine::Reader& reader, const machine::Chain* after,
             const std::function<bool(const Denial&, Match)>& visit) const;
  size_t size() const { return denials_.size(); }
  const entente::config::v1::RegimeProfile& profile() const { return profile_; }

 private:
  struct Step;  // a parsed body with what it does
  void Apply(const machine::AppliedDocument& document) noexcept override;
  void ApplyTo(const machine::AppliedDocument& document, Denial& denial) const;
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
  absl::Status CheckProcedure(const Denial& denial, const Step& step) const;
  void ApplyContent(const v1::DenialContent& content, uint32_t number, Denial& denial) const;
  void ApplyRevision(const Step& step, const machine::AppliedDocument& document,
                     const v1::DenialRuling& ruling, Denial& denial) const;

  const entente::config::v1::RegimeProfile profile_;
  const machine::Budgets budgets_;
  const RegimeList* regime_list_ = nullptr;
  machine::OfChains<Denial> denials_;
  machine::ReleasedIndex released_;  // all; by originator; by destination, former ones too
  uint64_t footprint_ = 0;
};

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_REGISTER_DENIAL_REGISTER_H_
