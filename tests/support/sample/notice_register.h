// The sample group's state: notices and what was said to them. Pure: no I/O, no clock.
#ifndef ENTENTE_TESTS_SUPPORT_SAMPLE_NOTICE_REGISTER_H_
#define ENTENTE_TESTS_SUPPORT_SAMPLE_NOTICE_REGISTER_H_

#include <map>
#include <string>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/sample/v1/notice.pb.h"
#include "services/core/machine/budgets.h"
#include "services/core/machine/group.h"
#include "services/core/machine/released_index.h"

namespace entente::sample {

// How long readers have for a comment.
inline constexpr absl::Duration kCommentTime = absl::Hours(24 * 14);

struct Notice {
  const machine::Chain* chain = nullptr;
  std::string topic;
  std::string text;  // the newest
  bool withdrawn = false;
  int64_t comment_micros = 0;  // by when readers owe a comment

  std::string_view name() const { return chain->name(); }
};

class NoticeRegister final : public machine::Register {
 public:
  explicit NoticeRegister(entente::config::v1::RegimeProfile profile)
      : profile_(std::move(profile)), budgets_(machine::BudgetsOf(profile_)) {}

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
  std::vector<machine::FactField> FactFields() const override {
    return {{"sample.topic", {}, {}}, {"sample.state", {}, {}}};
  }
  std::vector<machine::Dimension> Dimensions() const override { return {{"topic", true}}; }
  void Observe(const machine::Reader& reader, std::string_view dimension,
               const std::function<void(const machine::Observation&)>& visit) const override;
  // A comment on a notice that goes on ("sample.comment").
  void VisitOwing(const machine::Reader& reader, const machine::Chain* after,
                  const std::function<bool(const machine::Chain&)>& visit) const override {
    released_.Visit(reader, "", after, visit);
  }
  std::vector<machine::Obligation> ObligationsOf(const machine::Chain& chain,
                                                 const machine::Reader& reader,
                                                 std::span<const std::string> partners,
                                                 absl::Time now) const override;

  // Null if there is none, or the reader may not read it.
  const Notice* Find(std::string_view name, const machine::Reader& reader) const {
    return notices_.Of(chains().Find(name, reader));
  }
  // Calls `visit` with the notices after `after` (null: from the first) that the reader may read,
  // by machine::Before, until it returns false.
  void Visit(const machine::Reader& reader, const machine::Chain* after,
             const std::function<bool(const Notice&)>& visit) const {
    released_.Visit(reader, "", after,
                    [&](const machine::Chain& chain) { return visit(*notices_.Of(&chain)); });
  }
  // "open" or "withdrawn", as filters ask for it.
  static std::string StateOf(const Notice& notice) {
    return notice.withdrawn ? "withdrawn" : "open";
  }

 private:
  void Apply(const machine::AppliedDocument& document) noexcept override;
  static void ApplyTo(const machine::AppliedDocument& document, Notice& notice);
  absl::StatusOr<std::string> NameOf(const document::VerifiedDocument& document,
                                     const machine::Kind& kind) const;

  const entente::config::v1::RegimeProfile profile_;
  const machine::Budgets budgets_;
  machine::OfChains<Notice> notices_;
  machine::ReleasedIndex released_;
  uint64_t footprint_ = 0;
};

}  // namespace entente::sample

#endif  // ENTENTE_TESTS_SUPPORT_SAMPLE_NOTICE_REGISTER_H_
