// TEM's state: editions of the Annex, proposals to change them with what was said, crosswalks to
// national lists, who applies which edition. Pure: no I/O, no clock.
#ifndef ENTENTE_SERVICES_TEM_REGISTER_TEM_REGISTER_H_
#define ENTENTE_SERVICES_TEM_REGISTER_TEM_REGISTER_H_

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "services/core/machine/register.h"
#include "services/core/machine/released_index.h"
#include "services/tem/annex/assembly.h"
#include "services/tem/register/agreement.h"
#include "services/tem/register/crosswalk_table.h"

namespace entente::tem {

// A proposal as it stands.
struct ProposalState {
  std::string name;
  std::string number;  // "TEM/2016/PROP/003": counts its own audience's proposals only
  std::shared_ptr<const entry::pb::Audience> audience;
  entry::pb::Marking marking;
  std::string ledger;
  std::vector<uint64_t> positions;  // of its chain, in the journal
  uint64_t content_position = 0;    // of the newest text
  base::Digest tip;                 // digest of the newest document of the chain
  base::Digest text_digest;         // of the newest text
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
  };
  std::map<std::string, Stance> stances;  // by state, on the newest text
  std::vector<uint32_t> statements;       // numbers, rising
  std::vector<std::string> into;
  std::string in_edition;
  std::string meeting;  // that concluded on it last
  int64_t recorded_micros = 0;
  int64_t updated_micros = 0;

  std::string_view originator_state() const { return std::string_view(name).substr(9, 2); }
  // Neither ended nor in an edition.
  bool live() const;
  std::map<std::string, v1::PositionKind> kinds() const;
};

// Something that was said about a proposal.
struct Statement {
  std::string name;
  uint32_t proposal = 0;
  std::shared_ptr<const entry::pb::Audience> audience;
  std::string kind;  // short
  uint64_t position = 0;
};

// An edition that was published.
struct EditionState {
  std::string name;     // its document's assigned name
  std::string edition;  // how it is cited
  std::string title;
  std::string base;
  std::string language;
  uint64_t position = 0;
  int64_t recorded_micros = 0;
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
  std::shared_ptr<const entry::pb::Audience> audience;
  int64_t recorded_micros = 0;
};

class TemRegister final : public machine::Register {
 public:
  explicit TemRegister(entente::config::v1::RegimeProfile profile) : profile_(std::move(profile)) {}

  absl::StatusOr<machine::Judgement> Validate(
      const document::VerifiedDocument& document,
      const machine::ValidationContext& context) const override;
  void Apply(const machine::AppliedDocument& document) noexcept override;
  base::Digest Fingerprint() const override;
  uint64_t Footprint() const override { return footprint_; }
  std::multimap<std::string, std::string> Facts(std::string_view name) const override;
  std::vector<std::string> FactNames() const override;

  // Null if there is none, or the reader may not read it.
  const ProposalState* Find(std::string_view name, const machine::Reader& reader) const;
  const Statement* FindStatement(std::string_view name, const machine::Reader& reader) const;
  void Visit(const machine::Reader& reader, uint32_t begin,
             const std::function<bool(uint32_t number, const ProposalState&)>& visit) const;
  uint32_t NumberOf(const ProposalState& proposal) const {
    return by_name_.find(proposal.name)->second;
  }
  std::vector<const Statement*> StatementsOn(const ProposalState& proposal,
                                             const machine::Reader& reader) const;
  // Live proposals that the reader may read and that meet this one somewhere: at most
  // kConflictsMax of the meetings.
  static constexpr size_t kConflictsMax = 200;
  std::vector<v1::Conflict> Conflicts(const ProposalState& proposal,
                                      const machine::Reader& reader) const;
  Agreement AgreementOn(const ProposalState& proposal, std::span<const std::string> partners) const;

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
  using Header = entry::pb::Document;
  // Rules of single kinds; they give the assigned name.
  absl::StatusOr<std::string> ValidateProposal(const document::VerifiedDocument& document) const;
  absl::StatusOr<std::string> ValidateClosure(const document::VerifiedDocument& document) const;
  absl::StatusOr<std::string> ValidateStatement(const document::VerifiedDocument& document,
                                                const machine::ValidationContext& context,
                                                google::protobuf::Any& ruling) const;
  absl::Status ValidateComment(const Header& header, const ProposalState& proposal) const;
  absl::Status ValidatePosition(const Header& header, const ProposalState& proposal,
                                const std::string& state,
                                std::span<const std::string> partners) const;
  absl::Status ValidateSponsorship(const Header& header, const ProposalState& proposal,
                                   const std::string& state) const;
  absl::Status ValidateConclusion(const Header& header, const ProposalState& proposal,
                                  const machine::ValidationContext& context,
                                  google::protobuf::Any& ruling) const;
  absl::StatusOr<std::string> ValidateApproval(const document::VerifiedDocument& document,
                                               const machine::ValidationContext& context) const;
  absl::StatusOr<std::string> ValidateEdition(const document::VerifiedDocument& document,
                                              const machine::ValidationContext& context) const;
  absl::StatusOr<std::string> ValidateCrosswalk(const document::VerifiedDocument& document) const;
  absl::StatusOr<std::string> ValidateImplementation(
      const document::VerifiedDocument& document) const;
  absl::Status CheckRevises(const document::VerifiedDocument& document,
                            const ProposalState& proposal) const;
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
  void ApplyStatement(const machine::AppliedDocument& document, const std::string& kind);
  void ApplyApproval(const machine::AppliedDocument& document);
  void ApplyEdition(const machine::AppliedDocument& document);
  void ApplyCrosswalk(const machine::AppliedDocument& document);
  void ApplyImplementation(const machine::AppliedDocument& document);
  // Puts a live proposal's footprint into the indexes, or takes it out.
  void IndexFootprint(const ProposalState& proposal, bool in);
  const ProposalState* ProposalOf(std::string_view name) const;

  const entente::config::v1::RegimeProfile profile_;
  std::deque<ProposalState> proposals_;  // in order of recording
  std::deque<Statement> statements_;
  std::map<std::string, uint32_t, std::less<>> by_name_;
  std::map<std::string, uint32_t, std::less<>> statement_by_name_;
  machine::ReleasedIndex released_;
  std::map<std::string, int> numbered_;                       // by ledger and year
  std::map<std::string, std::set<uint32_t>> touched_by_;      // token -> live proposals
  std::map<std::string, std::set<uint32_t>> depended_on_by_;  // token -> live proposals
  std::map<std::string, std::unique_ptr<EditionState>, std::less<>> editions_;  // by edition
  std::set<std::string> node_ids_;                                              // of every edition
  std::map<std::string, ApprovalState, std::less<>> approvals_;                 // by name
  CrosswalkTable crosswalks_;
  std::map<std::pair<std::string, std::string>, std::vector<ImplementationState>> implementations_;
  std::set<std::string, std::less<>> names_;  // assigned to what has no entry of its own above
  uint64_t footprint_ = 0;
};

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_REGISTER_TEM_REGISTER_H_
