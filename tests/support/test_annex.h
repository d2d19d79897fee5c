// TEM's documents for tests: a miniature edition, published by the chair, and changes to it.
#ifndef ENTENTE_TESTS_SUPPORT_TEST_ANNEX_H_
#define ENTENTE_TESTS_SUPPORT_TEST_ANNEX_H_

#include <string>
#include <vector>

#include "entente/tem/v1/crosswalk.pb.h"
#include "entente/tem/v1/proposal.pb.h"
#include "services/tem/annex/edition.h"
#include "tests/support/test_regime.h"

namespace entente::testing {

// The agency of `state` leads TEM from now on, and nobody else does.
inline void MakeChair(TestRegime& regime, const std::string& state) {
  regime.Edit([&](config::v1::Directory& directory) {
    for (auto& partner : *directory.mutable_partners()) {
      for (auto& seat : *partner.mutable_agencies(0)->mutable_seats()) {
        if (seat.group() == "tem") seat.set_chair(partner.state() == state);
      }
    }
  });
}

inline config::v1::RegimeProfile TemProfile() {
  config::v1::RegimeProfile profile = TestProfile();
  profile.mutable_tem()->set_silent_agrees(true);
  profile.mutable_tem()->add_shared_jurisdictions()->set_code("eu");
  return profile;
}

inline void AddNode(tem::v1::AnnexEdition& edition, const std::string& id, const std::string& path,
                    tem::v1::NodeKind kind) {
  auto& node = *edition.add_nodes();
  node.set_id(id);
  node.set_path(path);
  node.set_kind(kind);
  node.set_text("text of " + id);
  if (kind == tem::v1::NODE_KIND_ITEM) node.set_category(tem::v1::CATEGORY_II);
}

// "kite" is 3.A.1, "rope" 3.A.2, "silk" 3.A.3; 3.A.4 is reserved; "wind" 3.A.5 refers to kite.
inline tem::v1::AnnexEdition MiniatureEdition() {
  tem::v1::AnnexEdition edition;
  edition.set_edition("2016-03-17");
  edition.set_title("Miniature");
  AddNode(edition, "item", "3", tem::v1::NODE_KIND_ITEM);
  AddNode(edition, "sub", "3.A", tem::v1::NODE_KIND_SUB_ITEM);
  for (const char* id : {"kite", "rope", "silk"}) {
    AddNode(edition, id, "3.A." + std::to_string(edition.nodes_size() - 1),
            tem::v1::NODE_KIND_ENTRY);
  }
  AddNode(edition, "parked", "3.A.4", tem::v1::NODE_KIND_ENTRY);
  edition.mutable_nodes(5)->clear_text();
  edition.mutable_nodes(5)->set_reserved(true);
  AddNode(edition, "wind", "3.A.5", tem::v1::NODE_KIND_ENTRY);
  edition.mutable_nodes(6)->add_cross_references("kite");
  return edition;
}

inline pb::Document WithBody(pb::Document document, const google::protobuf::Message& body) {
  document.mutable_body()->PackFrom(body);
  return document;
}

inline pb::Document Linked(pb::Document document, pb::Reference::Relation relation,
                           const std::string& name, const base::Digest& digest = {}) {
  auto* link = document.add_references();
  link->set_relation(relation);
  link->set_name(name);
  if (relation == pb::Reference::RELATION_SUPERSEDES) link->set_digest(digest.str());
  return document;
}

// The approval of an edition and its publication, by `chair`.
inline std::vector<pb::Document> Publication(const TestRegime& regime, const std::string& chair,
                                             const tem::v1::AnnexEdition& edition,
                                             const tem::v1::EditionApproval& given = {},
                                             const std::string& base_name = "") {
  tem::v1::EditionApproval approval = given;
  approval.set_edition(edition.edition());
  approval.set_base(edition.base());
  approval.set_decision("as it stood");
  approval.set_content_digest(tem::annex::ContentDigest(edition).str());
  const std::string reference = "approval-" + edition.edition();
  std::vector<pb::Document> documents = {WithBody(regime.Denial(chair, reference), approval)};
  pb::Document published = WithBody(regime.Denial(chair, edition.edition()), edition);
  published.mutable_audience()->mutable_public_();
  published.mutable_marking()->set_level(pb::Marking::LEVEL_UNMARKED);
  published.mutable_marking()->set_tlp(pb::Marking::TLP_CLEAR);
  published = Linked(published, pb::Reference::RELATION_ANSWERS,
                     "partners/" + chair + "/approvals/" + reference);
  if (!base_name.empty()) {
    published = Linked(published, pb::Reference::RELATION_RELATES_TO, base_name);
  }
  documents.push_back(std::move(published));
  return documents;
}

// A proposal that gives one node another text.
inline tem::v1::Proposal TextProposal(const std::string& node, const std::string& text) {
  tem::v1::Proposal proposal;
  proposal.set_title("Title");
  proposal.set_edition("2016-03-17");
  proposal.set_problem("Problem");
  proposal.set_rationale("Rationale");
  proposal.set_effect(tem::v1::EFFECT_ADDS);
  proposal.set_meeting("Busan 2016 TEM");
  auto& replace = *proposal.add_changes()->mutable_replace();
  replace.set_node(node);
  replace.set_text(text);
  return proposal;
}

}  // namespace entente::testing

#endif  // ENTENTE_TESTS_SUPPORT_TEST_ANNEX_H_
