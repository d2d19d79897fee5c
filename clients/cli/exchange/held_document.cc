#include "clients/cli/exchange/held_document.h"

#include <filesystem>
#include <iostream>
#include <utility>

#include "clients/cli/base/context.h"
#include "services/core/base/clock.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/crypto/hash.h"

namespace entente::cli {
namespace {

using base::Reason;

// Asks for one signature: the others may still come.
class SomeSignatures final : public document::SignerTrust {
 public:
  explicit SomeSignatures(const document::SignerTrust& trust) : trust_(trust) {}
  absl::StatusOr<document::Signer> AcceptSigner(const crypto::Certificate& leaf,
                                                std::span<const crypto::Certificate> chain,
                                                absl::Time time) const override {
    return trust_.AcceptSigner(leaf, chain, time);
  }
  int SignaturesRequired(std::string_view) const override { return 1; }

 private:
  const document::SignerTrust& trust_;
};

}  // namespace

std::string GroupOfKind(std::string_view type_url) {
  const std::string_view kind = type_url.substr(type_url.rfind('/') + 1);
  const size_t begin = kind.find('.') + 1;
  return std::string(kind.substr(begin, kind.find('.', begin) - begin));
}

absl::Status Hold(const document::pb::SignedDocument& signed_document, const std::string& path) {
  if (std::filesystem::exists(path)) {
    return base::RefuseArgument(Reason::kFieldInvalid,
                                "{} is there already; hold each document in a file of its own",
                                path);
  }
  if (!base::WriteFileAtomically(path, ToJson(signed_document, true), 0600)) {
    return base::RefuseArgument(Reason::kConfigurationInvalid, "cannot write {}", path);
  }
  const bool draft = signed_document.signatures().empty();
  std::cerr << fmt::format(
      "{} in {}; {} signs it with \"entente sign {}\", and \"entente submit {}\" sends it\n",
      draft ? "drafted" : "held", path, draft ? "an officer" : "another officer", path, path);
  return absl::OkStatus();
}

absl::StatusOr<HeldDocument> CheckHeld(document::pb::SignedDocument signed_document,
                                       const document::SignerTrust& trust) {
  HeldDocument held;
  held.signed_document = signed_document;
  if (signed_document.signatures().empty()) {
    ENTENTE_ASSIGN_OR_RETURN(held.parsed, document::ParseRemains(std::move(signed_document)));
    held.group = GroupOfKind(held.parsed->kind);
    return held;
  }
  ENTENTE_ASSIGN_OR_RETURN(held.parsed, document::Parse(std::move(signed_document)));
  document::Verifier verifier;
  ENTENTE_ASSIGN_OR_RETURN(const auto verified, verifier.Verify(held.parsed, SomeSignatures(trust),
                                                                base::SystemClock().Now()));
  held.signers = verified.signers();
  held.group = GroupOfKind(held.parsed->kind);
  return held;
}

std::string SeenFile(const sdk::Agency& agency, const document::pb::Document& header) {
  const auto key = crypto::Sha256(
      {header.originator(), "\n", header.body().type_url(), "\n", header.reference()});
  return agency.StateFile("seen/" + key.hex());
}

absl::StatusOr<HeldDocument> ReadHeld(const std::string& path, const document::SignerTrust& trust) {
  document::pb::SignedDocument signed_document;
  ENTENTE_RETURN_IF_ERROR(FromJsonFile(path, signed_document));
  auto held = CheckHeld(std::move(signed_document), trust);
  if (!held.ok()) return base::WithPrefix(held.status(), path);
  return held;
}

}  // namespace entente::cli
