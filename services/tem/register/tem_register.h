// TEM's state: editions of the Annex, proposals to change them with what was said, crosswalks to
// national lists, who applies which edition. Pure: no I/O, no clock.
#ifndef ENTENTE_SERVICES_TEM_REGISTER_TEM_REGISTER_H_
#define ENTENTE_SERVICES_TEM_REGISTER_TEM_REGISTER_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/register.h"
#include "services/core/machine/released_index.h"
#include "services/tem/agreement/agreement.h"
#include "services/tem/annex/assembly.h"
#include "services/tem/register/crosswalk_table.h"

namespace entente::tem {

// A proposal as it stands.
struct ProposalRecord {
  const machine::Chain* chain = nullptr;
  std::string number;  // "TEM/2016/PROP/003": counts its own audience's proposals only
  entry::pb::Marking marking;
  base::Digest text_digest;  // of the newest text
  v1::ProposalState state = v1::PROPOSAL_STATE_SUBMITTED;
  v1::Proposal body;  // the newest text
  annex::Footprint footprint;
  int texts = 0;
  bool said = false;  // anything was said about it
  std::vector<std::string> sponsors;
  struct Stance {
    v1::PositionKind kind = v1::POSITION_KIND_UNSPECIFIED;
    std::string text;
    int64_t recorded_micros = 0;
    uint32_t number = 0;  // of its chain
  };
  std::map<std::string, Stance> stances;  // by state, on the newest text
  std::vector<std::string> into;
  std::string in_edition;
  std::string meeting;         // that concluded on it last
  int64_t updated_micros = 0;  // it, or a position or the like on it

  std::string_view name() const { return chain->name(); }
  std::string_view originator_state() const { return chain->originator_state(); }
  // Neither ended nor in an edition.
  bool live() const;
  std::map<std::string, v1::PositionKind> kinds() const;
};

// An edition that was published.
struct EditionState {
  const machine::Chain* chain = nullptr;
  std::string edition;  // how it is cited
  std::string title;
  std::string base;
  std::string language;
  annex::Edition content;
};

// An approval of an edition. The Plenary's decisions will be put here, too: publishing asks for
// nothing else.
struct ApprovalState {
  std::string name;
  std::string edition;
  std::string base;
  base::Digest content_digest;
  std::vector<std::string> proposals;  // names
};

// What a state said last about an edition.
struct ImplementationState {
  v1::ImplementationStatus status;
  const machine::Chain* chain = nullptr;
};

class TemRegister final : public machine::Register {
 public:
  explicit TemRegister(entente::config::v1::RegimeProfile profile)
      : profile_(std::move(profile)), budgets_(machine::BudgetsOf(profile_)) {}

  absl::StatusOr<machine::Judgement> Validate(
      const document::VerifiedDocument& document,
      const machine::ValidationContext& context) const override;
  const machine::Group& group() const override;
  // Of positions and of how states apply an edition. Texts of the list stay whole, and nothing else
  // is kept in words.
  std::unique_ptr<machine::Restatement> RestateChain(const machine::Chain& chain) override;
  base::Digest Fingerprint() const override;
  uint64_t Footprint() const override { return footprint_; }
  std::multimap<std::string, std::string> Facts(std::string_view name) const override;
  std::vector<machine::FactField> FactFields() const override;

  // Null if there is none, or the reader may not read it.
  const ProposalRecord* Find(std::string_view name, const machine::Reader& reader) const {
    return proposals_.Of(chains().Find(name, reader));
  }
  // Calls `visit` with the proposals after `after` (null: from the first) that the reader may read,
  // by machine::Before, until it returns false.
  void Visit(const machine::Reader& reader, const machine::Chain* after,
             const std::function<bool(const ProposalRecord&)>& visit) const;
  // Live proposals that the reader may read and that meet this one somewhere: at most
  // kConflictsMax of the meetings.
  static constexpr size_t kConflictsMax = 200;
  std::vector<v1::Conflict> Conflicts(const ProposalRecord& proposal,
                                      const machine::Reader& reader) const;
  Agreement AgreementOn(const ProposalRecord& proposal,
                        std::span<const std::string> partners) const;

  // Published editions are public. "" is the newest; null: there is none such.
  const EditionState* FindEdition(std::string_view edition) const;
  // Oldest first.
  const std::map<std::string, std::unique_ptr<EditionState>, std::less<>>& editions() const {
    return editions_;
  }
  const CrosswalkTable& crosswalks() const { return crosswalks_; }
  // By edition and state.
  const std::map<std::pair<std::string, std::string>, std::vector<ImplementationState>>&
  implementations() const {
    return implementations_;
  }
  size_t size() const { return proposals_.size(); }

 private:
  void Apply(const machine::AppliedDocument& document) noexcept override;
  using Header = entry::pb::Document;
  // Rules of single kinds; they give the assigned name.
  absl::StatusOr<std::string> ValidateProposal(const document::VerifiedDocument& document) const;
  absl::StatusOr<std::string> ValidateClosure(const document::VerifiedDocument& document) const;
  absl::StatusOr<std::string> ValidateAnswer(const document::VerifiedDocument& document,
                                             const machine::ValidationContext& context,
                                             google::protobuf::Any& ruling) const;
  absl::Status ValidateComment(const Header& header, const ProposalRecord& proposal) const;
  absl::Status ValidatePosition(const Header& header, const ProposalRecord& proposal,
                                const std::string& state,
                                std::span<const std::string> partners) const;
  absl::Status ValidateSponsorship(const Header& header, const ProposalRecord& proposal,
                                   const std::string& state) const;
  absl::Status ValidateConclusion(const Header& header, const ProposalRecord& proposal,
                                  const machine::ValidationContext& context,
                                  google::protobuf::Any& ruling) const;
  absl::StatusOr<std::string> ValidateApproval(const document::VerifiedDocument& document,
                                               const machine::ValidationContext& context) const;
  absl::StatusOr<std::string> ValidateEdition(const document::VerifiedDocument& document,
                                              const machine::ValidationContext& context) const;
  absl::StatusOr<std::string> ValidateCrosswalk(const document::VerifiedDocument& document) const;
  absl::StatusOr<std::string> ValidateImplementation(
      const document::VerifiedDocument& document) const;
  // The proposal that a document revises or ends.
  absl::StatusOr<const ProposalRecord*> FindSuperseded(
      const document::VerifiedDocument& document) const;
  absl::Status CheckChanges(const v1::Proposal& body) const;
  // No id of a node that was in an edition is given to another.
  void CheckFreshIds(const v1::Proposal& body, const annex::Edition& edition,
                     const std::string& field, base::FieldViolations& violations) const;
  void NoteDependencies(const Header& header, const std::string& kind,
                        machine::Judgement& judgement) const;
  // The parts that an approval names, for assembling; refused unless each is agreed at its text.
  absl::StatusOr<std::vector<annex::Part>> PartsOf(const v1::EditionApproval& approval,
                                                   const machine::Reader& reader) const;

  void ApplyProposal(const machine::AppliedDocument& document);
  void ApplyClosure(const machine::AppliedDocument& document);
  void ApplyAnswer(const machine::AppliedDocument& document, const std::string& kind);
  void ApplyApproval(const machine::AppliedDocument& document);
  void ApplyEdition(const machine::AppliedDocument& document);
  void ApplyCrosswalk(const machine::AppliedDocument& document);
  void ApplyImplementation(const machine::AppliedDocument& document);
  // Puts a live proposal's footprint into the indexes, or takes it out.
  void IndexFootprint(const ProposalRecord& proposal, bool in);
  const ProposalRecord* ProposalOf(std::string_view name) const;

  const entente::config::v1::RegimeProfile profile_;
  const machine::Budgets budgets_;
  machine::OfChains<ProposalRecord> proposals_;
  machine::ReleasedIndex released_;                           // proposals
  std::map<std::string, int> numbered_;                       // by ledger and year
  std::map<std::string, std::set<uint32_t>> touched_by_;      // token -> chains of live proposals
  std::map<std::string, std::set<uint32_t>> depended_on_by_;  // the same
  std::map<std::string, std::unique_ptr<EditionState>, std::less<>> editions_;  // by edition
  std::set<std::string> node_ids_;                                              // of every edition
  std::map<std::string, ApprovalState, std::less<>> approvals_;                 // by name
  CrosswalkTable crosswalks_;
  std::map<std::pair<std::string, std::string>, std::vector<ImplementationState>> implementations_;
  uint64_t footprint_ = 0;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_REGISTER_TEM_REGISTER_H_
