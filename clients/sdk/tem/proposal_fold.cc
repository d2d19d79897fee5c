#include "clients/sdk/tem/proposal_fold.h"

#include <algorithm>

namespace entente::sdk {

TextStanding StandingOf(const std::vector<VerifiedEntry>& answers, const std::string& sponsor,
                        const std::string& text_digest,
                        const std::function<bool(const VerifiedEntry&)>& chaired) {
  TextStanding standing;
  standing.sponsors = {sponsor};
  for (const VerifiedEntry& entry : answers) {
    const auto& body = entry.document.body();
    const std::string state = entry.originator().state;
    tem::v1::ProposalPosition position;
    tem::v1::ProposalConclusion conclusion;
    tem::v1::ProposalSponsorship sponsorship;
    if (body.UnpackTo(&position)) {
      if (position.text_digest() == text_digest) standing.positions[state] = position.kind();
    } else if (body.UnpackTo(&conclusion)) {
      if (conclusion.text_digest() != text_digest ||
          conclusion.outcome() != tem::v1::ProposalConclusion::OUTCOME_AGREED || !chaired(entry)) {
        continue;
      }
      standing.meeting = conclusion.meeting();
      tem::v1::TemRuling ruling;
      entry.leaf.stamp().ruling().UnpackTo(&ruling);
      standing.partners.assign(ruling.partners().begin(), ruling.partners().end());
    } else if (body.UnpackTo(&sponsorship)) {
      // A withdrawal counts whatever text it names.
      std::erase(standing.sponsors, state);
      if (!sponsorship.withdrawn() && sponsorship.text_digest() == text_digest) {
        standing.sponsors.push_back(state);
      }
    }
  }
  return standing;
}

}  // namespace entente::sdk
