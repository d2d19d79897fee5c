// IEM's state: matters (alerts, trend reports, requests for information, release requests) and what
// was said to them. Pure: no I/O, no clock.
#ifndef ENTENTE_SERVICES_IEM_REGISTER_MATTER_REGISTER_H_
#define ENTENTE_SERVICES_IEM_REGISTER_MATTER_REGISTER_H_

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/matter_service.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "entente/iem/v1/request.pb.h"
#include "services/core/base/codes.h"
#include "services/core/entry/entry.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/kept_text.h"
#include "services/core/machine/register.h"
#include "services/core/machine/released_index.h"
#include "services/core/machine/word_set.h"
#include "services/core/rules/checks.h"
#include "services/iem/register/facts.h"

namespace entente::iem {

enum class MatterKind : uint8_t { kAlert, kReport, kRequest, kRelease };

// A matter with the queries' view of its newest content.
struct Matter {
  const machine::Chain* chain = nullptr;
  MatterKind kind = MatterKind::kAlert;
  rules::Restriction restriction;  // of the newest content
  bool flash = false;              // an alert that must be read at once
  v1::MatterState state = v1::MATTER_STATE_OPEN;
  uint32_t content_at = 0;                        // which of its documents holds the newest content
  uint32_t newest_index = 0;                      // of its newest document, in the ledger
  int64_t review_micros = 0;                      // 0: none
  machine::WordSet facts;                         // of the newest content, in the register's book
  std::unique_ptr<std::set<std::string>> former;  // and of earlier ones; null: none

  // Until when its readers acknowledge a flash, or a withdrawal.
  struct Acknowledging {
    int64_t newest_due_micros = 0;  // the newest document
    int64_t flash_due_micros = 0;   // the document that made it a flash
    uint32_t flash_index = 0;       // and where that is, in the ledger
  };
  std::unique_ptr<Acknowledging> acknowledging;  // null: nothing is owed
  // What a request for information or for a release says.
  struct Asked {
    int64_t due_micros = 0;     // of a request: the proposed time; of a release: when it lapses
    machine::WordSet states;    // of a request: its addressees; of a release: those it is for
    machine::KeptText subject;  // of a release: the document's name
  };
  std::unique_ptr<Asked> asks;  // null: asks nothing

  // To read, and to write.
  const Acknowledging& acknowledgement() const;
  Acknowledging& acknowledgement();
  const Asked& asked() const;
  Asked& asked();

  std::string_view name() const { return chain->name(); }
  std::string_view originator_state() const { return chain->originator_state(); }
};

// Something that was said to a matter.
struct Answer {
  const machine::Chain* chain = nullptr;
  rules::Restriction restriction;
  base::Letters country;    // of a sighting
  base::Letters addressee;  // of a date agreement
  v1::SightingResult sighting = v1::SIGHTING_RESULT_UNSPECIFIED;
  v1::ReplyKind reply = v1::REPLY_KIND_UNSPECIFIED;
  v1::ReleaseOutcome outcome = v1::RELEASE_OUTCOME_UNSPECIFIED;
  int64_t date_micros = 0;                           // proposed or agreed
  std::unique_ptr<std::vector<std::string>> states;  // granted; null: none

  std::string_view originator_state() const { return chain->originator_state(); }
};

class MatterRegister final : public machine::Register {
 public:
  explicit MatterRegister(entente::config::v1::RegimeProfile profile)
      : profile_(std::move(profile)), budgets_(machine::BudgetsOf(profile_)), book_(profile_) {}

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

  // Null if there is none, or the reader may not read it.
  const Matter* Find(std::string_view name, const machine::Reader& reader) const {
    return matters_.Of(chains().Find(name, reader));
  }
  // Calls `visit` with the matters after `after` (null: from the first) of a state ("": of all)
  // that the reader may read, by machine::Before, until it returns false.
  void Visit(const machine::Reader& reader, const std::string& originator,
             const machine::Chain* after, const std::function<bool(const Matter&)>& visit) const;
  // What was said to a matter and the reader may read, by machine::Before.
  std::vector<const Answer*> AnswersTo(const Matter& matter, const machine::Reader& reader) const;

  // How a request stands with each addressee at a time; `partners` are asked where none are named.
  std::vector<v1::AddresseeStatus> Addressees(const Matter& request, const machine::Reader& reader,
                                              std::span<const std::string> partners,
                                              absl::Time now) const;
  // What was decided on a release request; LAPSED once the time of its ruling has passed without
  // a word.
  v1::ReleaseOutcome OutcomeOf(const Matter& release, const machine::Reader& reader, absl::Time now,
                               std::vector<std::string>& states) const;
  // States that have not acknowledged a flash, or the withdrawal of an alert, and until when they
  // owe that. Whoever had the routine version has not had the flash, and who acts on it must learn
  // that it was withdrawn. An update gives more time for itself, not for what came before it.
  std::vector<machine::Obligation> Unacknowledged(const Matter& matter,
                                                  std::span<const std::string> partners) const;
  // An alert's review ("iem.review"), a reply to a request ("iem.reply"), a decision on a release
  // ("iem.decision"), and what Unacknowledged gives ("iem.acknowledgement").
  void VisitOwing(const machine::Reader& reader, const machine::Chain* after,
                  const std::function<bool(const machine::Chain&)>& visit) const override;
  std::vector<machine::Obligation> ObligationsOf(const machine::Chain& chain,
                                                 const machine::Reader& reader,
                                                 std::span<const std::string> partners,
                                                 absl::Time now) const override;
  // "Alert" and the like, as filters ask for it, and "open".
  static std::string_view KindOf(const Matter& matter);
  static std::string StateOf(const Matter& matter);
  size_t size() const { return matters_.size(); }
  const FactBook& book() const { return book_; }
  const entente::config::v1::RegimeProfile& profile() const { return profile_; }

 private:
  void Apply(const machine::AppliedDocument& document) noexcept override;
  // A matter, or what was said to one.
  struct Source;
  absl::StatusOr<Source> FindSource(const std::string& name,
                                    const document::VerifiedDocument& document) const;
  absl::Status ValidateRevision(const document::VerifiedDocument& document,
                                const Matter& matter) const;
  absl::Status ValidateAnswer(const document::VerifiedDocument& document, const Matter& matter,
                              absl::Time now) const;
  absl::Status ValidateReply(const document::VerifiedDocument& document,
                             const Matter& request) const;
  absl::Status ValidateAgreement(const document::VerifiedDocument& document,
                                 const Matter& request) const;
  absl::Status ValidateDecision(const document::VerifiedDocument& document, const Matter& release,
                                absl::Time now) const;
  absl::Status ValidateRelease(const document::VerifiedDocument& document) const;
  absl::Status ValidateAddressees(const document::VerifiedDocument& document) const;
  absl::Status CheckSources(const document::VerifiedDocument& document) const;
  bool Granted(const std::string& source, const std::string& asker, const std::string& state) const;
  void ApplyTo(const machine::AppliedDocument& document, Matter& matter) const;
  void ApplyContent(const machine::AppliedDocument& document, Matter& matter) const;
  static void ApplyAnswer(const machine::AppliedDocument& document, Answer& answer);
  // What the profile of the day says of a document that was found good. `revised` is null where it
  // opens a matter.
  v1::MatterRuling RulingOf(const document::VerifiedDocument& document, const Matter* revised,
                            absl::Time now) const;

  const entente::config::v1::RegimeProfile profile_;
  const machine::Budgets budgets_;
  const FactBook book_;
  machine::OfChains<Matter> matters_;
  machine::OfChains<Answer> answers_;
  uint64_t footprint_ = 0;
  // By the name of the source.
  std::map<std::string, std::vector<const machine::Chain*>, std::less<>> releases_of_;
  machine::ReleasedIndex released_;  // by originator's state; "": all
};

}  // namespace entente::iem

#endif  // ENTENTE_SERVICES_IEM_REGISTER_MATTER_REGISTER_H_
